//! Where a sender confirms the mail address of a request that was held. Opening the link does nothing: scanners open links too.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::desk::held::Waiting;
use crate::domain::id::Id;
use crate::domain::ticket::status_path;
use crate::domain::time::MINUTE;
use crate::web::client::Client;
use crate::web::error::Result;
use crate::web::extract::{Form, Path};
use crate::web::guard;
use crate::web::shell::Shell;

/// How many secrets a visitor may try in a minute.
const TRIES_MOST: i64 = 60;

/// How many networks of a request are shown.
const NETS_MOST: usize = 5;

/// Which request is confirmed.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    /// Its key.
    id: i64,
}

/// The page of the link.
#[derive(Template, WebTemplate)]
#[template(path = "public/confirm.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The secret of the link.
    token: String,
    /// What waits.
    waiting: Vec<Waiting>,
}

impl Page {
    /// What a request is about.
    fn about(&self, waiting: &Waiting) -> String {
        let nets: Vec<String> = waiting.nets.iter().take(NETS_MOST).map(ToString::to_string).collect();
        let more = if waiting.nets.len() > NETS_MOST { " …" } else { "" };
        if nets.is_empty() { self.shell.t("confirm-without") } else { format!("{}{more}", nets.join(", ")) }
    }
}

/// Shows what waits.
pub async fn show(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<Response> {
    guard::count(&app, "confirm", client, MINUTE, TRIES_MOST).await?;
    let waiting = app.desk.held_of(&token).await?;
    let robots = [(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"))];
    Ok((robots, Page { shell, token, waiting }).into_response())
}

/// Takes the confirmation of one request, which becomes a ticket.
pub async fn submit(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Redirect> {
    guard::count(&app, "confirm", client, MINUTE, TRIES_MOST).await?;
    let waiting = app.desk.held_of(&token).await?;
    if !waiting.iter().any(|one| one.id.0 == chosen.id) {
        return Ok(Redirect::to(&format!("/confirm/{token}")));
    }
    let submitted = app.desk.confirm_held(&token, Id(chosen.id)).await?;
    Ok(Redirect::to(&format!("{}&new=yes", status_path(&submitted.code, submitted.secret.reveal()))))
}
