//! The first admin, made by a one-time link.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::view::{mendable, typed_email};
use crate::app::App;
use crate::desk::Refusal;
use crate::desk::auth::SignIn;
use crate::domain::email::Email;
use crate::domain::id::Secret;
use crate::domain::staff::{PASSWORD_MIN, password_fits};
use crate::web::client::Client;
use crate::web::error::Result;
use crate::web::extract::{Form, Query};
use crate::web::form::Faults;
use crate::web::session;
use crate::web::shell::Shell;

/// The key in the link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The secret.
    key: String,
}

/// What is typed in; the passwords are never shown again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The secret.
    key: String,
    /// The mail address.
    email: String,
    /// The name.
    name: String,
    /// The password.
    password: String,
    /// The password once more.
    again: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/setup.html")]
struct SetupPage {
    /// What all pages share.
    shell: Shell,
    /// The secret; empty when the link is of no use (any more).
    key: String,
    /// The address that was typed.
    email: String,
    /// The name that was typed.
    called: String,
    /// What is wrong.
    faults: Faults,
}

impl SetupPage {
    /// The hint about passwords.
    fn password_hint(&self) -> String {
        self.shell.t1("password-length", "least", PASSWORD_MIN)
    }
}

/// Asks for the first admin.
pub async fn form(State(app): State<App>, shell: Shell, Query(asked): Query<Asked>) -> Result<Response> {
    let open = app.desk.setup_is_open(&Secret::presented(&asked.key)).await?;
    if !open {
        return Ok(closed(shell));
    }
    let (email, called, faults) = (String::new(), String::new(), Faults::default());
    Ok(SetupPage { shell, key: asked.key, email, called, faults }.into_response())
}

/// Makes the first admin and signs it in.
pub async fn submit(
    State(app): State<App>,
    shell: Shell,
    Client(client): Client,
    Form(typed): Form<Typed>,
) -> Result<Response> {
    let token = Secret::presented(&typed.key);
    if !app.desk.setup_is_open(&token).await? {
        return Ok(closed(shell));
    }
    let (email, faults) = typed.read(&shell);
    let Some(email) = email.filter(|_| faults.is_empty()) else { return Ok(typed.again(shell, faults)) };
    match app.desk.set_up(&token, &email, &typed.name, &typed.password).await {
        Ok(()) => {}
        Err(Refusal::NotFound) => return Ok(closed(shell)),
        Err(refusal) => {
            let faults = Faults::one("password", mendable(&shell, refusal)?);
            return Ok(typed.again(shell, faults));
        }
    }
    let next = Redirect::to("/staff/tickets");
    Ok(match app.desk.sign_in(email.as_str(), &typed.password, client).await? {
        SignIn::Welcome(token) => ([(SET_COOKIE, session::set_cookie(&app.desk.config, &token))], next).into_response(),
        SignIn::Wrong | SignIn::Later => next.into_response(),
    })
}

impl Typed {
    /// The address, and what is wrong with any field.
    fn read(&self, shell: &Shell) -> (Option<Email>, Faults) {
        let mut faults = Faults::default();
        let email = typed_email(shell, &mut faults, "email", &self.email);
        if !password_fits(&self.password) {
            faults.add("password", shell.t1("password-length", "least", PASSWORD_MIN));
        } else if self.password != self.again {
            faults.add("again", shell.t("password-differs"));
        }
        (email, faults)
    }

    /// The same page with what was typed, but the passwords.
    fn again(self, shell: Shell, faults: Faults) -> Response {
        let page = SetupPage { shell, key: self.key, email: self.email, called: self.name, faults };
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    }
}

/// The page of a link that is used up, too old or wrong.
fn closed(shell: Shell) -> Response {
    let (key, email, called) = (String::new(), String::new(), String::new());
    (StatusCode::NOT_FOUND, SetupPage { shell, key, email, called, faults: Faults::default() }).into_response()
}
