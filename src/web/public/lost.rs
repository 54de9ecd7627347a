//! A sender who lost the link of a request has it mailed to the address that the request gave.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::domain::id::fold_code;
use crate::domain::time::HOUR;
use crate::web::client::Client;
use crate::web::error::Result;
use crate::web::extract::Form;
use crate::web::form::Faults;
use crate::web::guard;
use crate::web::shell::Shell;

/// How often a visitor may ask in an hour.
const TRIES_MOST: i64 = 10;

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The code of the request.
    code: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/lost.html")]
pub struct Page {
    /// What all pages share.
    shell: Shell,
    /// What was typed.
    code: String,
    /// What is wrong with it.
    faults: Faults,
    /// Whether it was asked for.
    is_done: bool,
}

/// Shows the form.
pub async fn form(shell: Shell) -> Page {
    Page { shell, code: String::new(), faults: Faults::default(), is_done: false }
}

/// Mails the link, if there is such a request; says the same in either case.
pub async fn submit(
    State(app): State<App>,
    Client(client): Client,
    shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<Response> {
    guard::count(&app, "lost", client, HOUR, TRIES_MOST).await?;
    let code = fold_code(&typed.code);
    if code.is_empty() {
        let faults = Faults::one("code", shell.t("lost-empty"));
        let page = Page { shell, code: typed.code, faults, is_done: false };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    app.desk.mail_link_again(&code).await?;
    Ok(Page { shell, code: String::new(), faults: Faults::default(), is_done: true }.into_response())
}
