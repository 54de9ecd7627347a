//! Where a sender shows control over an address: a request from it, or a link that its postmaster got.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::desk::prove::Attempt;
use crate::domain::net::Net;
use crate::domain::time::MINUTE;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::Path;
use crate::web::guard;
use crate::web::shell::Shell;

/// How many tokens a visitor may try in a minute.
const TRIES_MOST: i64 = 60;

/// The page of a mailed link, and of what came of an attempt.
#[derive(Template, WebTemplate)]
#[template(path = "public/prove.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The heading.
    title: String,
    /// What is said below it.
    text: String,
    /// The token, where a button confirms it.
    token: Option<String>,
}

/// Shows the page of a mailed link. Opening it does nothing: scanners of mail open links too.
pub async fn show(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<Response> {
    guard::count(&app, "prove", client, MINUTE, TRIES_MOST).await?;
    let Some(proof) = app.desk.proof_of_link(&token).await? else {
        let (title, text) = (shell.t("prove-post-title"), shell.t("prove-post-text"));
        return Ok(Page { title, text, token: None, shell }.into_response());
    };
    if proof.met_at.is_some() {
        return Ok(met(shell, proof.net).into_response());
    }
    let title = shell.t1("prove-confirm-title", "net", proof.net);
    let text = shell.t2("prove-confirm-text", "net", proof.net, "provider", &shell.provider);
    Ok(Page { title, text, token: Some(token), shell }.into_response())
}

/// Takes a web request from the address, or the confirmation of a mailed link.
pub async fn submit(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response> {
    guard::count(&app, "prove", client, MINUTE, TRIES_MOST).await?;
    let attempt = match app.desk.prove_by_web(&token, client).await? {
        Attempt::Unknown => app.desk.confirm_link(&token).await?,
        other => other,
    };
    let (status, page) = match attempt {
        Attempt::Met(proof) => (StatusCode::OK, met(shell, proof.net)),
        Attempt::Elsewhere(net) => {
            let title = shell.t("prove-elsewhere-title");
            let text = shell.t2("prove-elsewhere-text", "client", client, "net", net);
            (StatusCode::FORBIDDEN, Page { title, text, token: None, shell })
        }
        Attempt::Unknown => return Err(Error::NotFound),
    };
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return Ok((status, page).into_response());
    }
    let text = format!("{}\n{}\n", page.title, page.text);
    Ok((status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The page that says that it is shown.
fn met(shell: Shell, net: Net) -> Page {
    Page { title: shell.t1("prove-met-title", "net", net), text: shell.t("prove-met-text"), token: None, shell }
}
