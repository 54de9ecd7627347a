//! One's own account: password and sessions.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::view::mendable;
use crate::app::App;
use crate::domain::staff::{PASSWORD_MIN, password_fits};
use crate::store::sessions::{self, Session};
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// The path of the page.
const PATH: &str = "/staff/account";

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// What was just done.
    done: String,
}

/// The passwords; they are never shown again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The present one.
    old: String,
    /// The new one.
    password: String,
    /// The new one once more.
    again: String,
}

/// The session that is ended.
#[derive(Debug, Deserialize)]
pub struct Ended {
    /// The hash of its token.
    session: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/account.html")]
struct AccountPage {
    /// What all pages share.
    shell: Shell,
    /// The sessions.
    sessions: Vec<Session>,
    /// The hash of this session's token.
    here: String,
    /// What is wrong.
    faults: Faults,
    /// The word for what was just done.
    done: String,
}

/// Shows the account.
pub async fn show(State(app): State<App>, shell: Shell, me: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    Ok(page(&app, shell, &me, Faults::default(), asked.done).await?.into_response())
}

/// Gives oneself another password; all other sessions end.
pub async fn set_password(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response> {
    let mut faults = Faults::default();
    if !password_fits(&typed.password) {
        faults.add("password", shell.t1("password-length", "least", PASSWORD_MIN));
    } else if typed.password != typed.again {
        faults.add("again", shell.t("password-differs"));
    } else {
        match app.desk.change_password(&me.staff, &me.session, &typed.old, &typed.password).await {
            Ok(()) => return Ok(Redirect::to(&format!("{PATH}?done=password#done")).into_response()),
            Err(refusal) => faults.add("old", mendable(&shell, refusal)?),
        }
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, shell, &me, faults, String::new()).await?).into_response())
}

/// Ends one of one's own sessions.
pub async fn end_session(State(app): State<App>, me: SignedIn, Form(ended): Form<Ended>) -> Result<Redirect> {
    if !app.desk.sign_out(&me.staff, &ended.session).await? {
        return Err(Error::Stale);
    }
    Ok(Redirect::to(&format!("{PATH}?done=session#done")))
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, me: &SignedIn, faults: Faults, done: String) -> Result<AccountPage> {
    let sessions = sessions::of_staff(app.desk.db.pool(), me.staff.id, app.desk.now()).await?;
    Ok(AccountPage { shell, sessions, here: me.session.clone(), faults, done })
}

impl AccountPage {
    /// Whether this is the session that looks at the page.
    fn is_here(&self, session: &Session) -> bool {
        session.token_hash == self.here
    }

    /// The hint about passwords.
    fn password_hint(&self) -> String {
        self.shell.t1("password-length", "least", PASSWORD_MIN)
    }

    /// What was just done, in words; nothing for words that are not ours.
    fn done_text(&self) -> String {
        let known = ["password", "session"];
        if known.contains(&self.done.as_str()) { self.shell.word("account-done", &self.done) } else { String::new() }
    }
}
