//! Staff sign in and out.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::desk::auth::SignIn;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Query};
use crate::web::session::{self, SignedIn, Visitor, safe_next};
use crate::web::shell::Shell;

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A path of this portal.
    next: String,
}

/// What is typed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The mail address.
    email: String,
    /// The password; it is never shown again.
    password: String,
    /// Where to go on.
    next: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/sign-in.html")]
struct SignInPage {
    /// What all pages share.
    shell: Shell,
    /// The address that was typed.
    email: String,
    /// Where to go on.
    next: String,
    /// The name of the sentence that says why it did not work.
    fault: &'static str,
}

/// Asks who it is; whoever is signed in goes on.
pub async fn form(shell: Shell, known: Visitor, Query(asked): Query<Asked>) -> Response {
    let next = safe_next(&asked.next).to_owned();
    match known {
        Visitor::Staff(_) => Redirect::to(&next).into_response(),
        Visitor::Unknown => Error::Unavailable.into_response(),
        Visitor::Nobody => SignInPage { shell, email: String::new(), next, fault: "" }.into_response(),
    }
}

/// Signs in.
pub async fn submit(
    State(app): State<App>,
    shell: Shell,
    Client(client): Client,
    Form(typed): Form<Typed>,
) -> Result<Response> {
    let next = safe_next(&typed.next).to_owned();
    let email: String = typed.email.trim().chars().take(254).collect();
    let page = |fault| SignInPage { shell, email: email.clone(), next: next.clone(), fault };
    Ok(match app.desk.sign_in(&email, &typed.password, client).await? {
        SignIn::Welcome(token) => {
            ([(SET_COOKIE, session::set_cookie(&app.desk.config, &token))], Redirect::to(&next)).into_response()
        }
        SignIn::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, page("sign-in-wrong")).into_response(),
        SignIn::Later => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "3600")], page("sign-in-later")).into_response()
        }
    })
}

/// Signs out.
pub async fn leave(State(app): State<App>, me: SignedIn) -> Result<Response> {
    app.desk.sign_out(&me.staff, &me.session).await?;
    let cookie = [(SET_COOKIE, session::clear_cookie(&app.desk.config))];
    Ok((cookie, Redirect::to("/staff/sign-in")).into_response())
}
