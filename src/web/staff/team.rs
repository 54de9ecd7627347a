//! The team: who there is, and what an admin changes.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::view::{mendable, typed_email};
use crate::app::App;
use crate::desk::Done;
use crate::domain::id::Id;
use crate::domain::staff::{PASSWORD_MIN, Role, Staff};
use crate::domain::ticket::Who;
use crate::store::staff;
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Path, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// The path of the page.
const PATH: &str = "/staff/team";

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// What was just done.
    done: String,
}

/// A new member as it is typed; the password is never shown again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The mail address.
    email: String,
    /// The name.
    name: String,
    /// The role.
    role: String,
    /// The first password.
    password: String,
}

/// Another role.
#[derive(Debug, Deserialize)]
pub struct NewRole {
    /// The role.
    role: String,
}

/// Another password.
#[derive(Debug, Deserialize)]
pub struct NewPassword {
    /// The password.
    password: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/team.html")]
struct TeamPage {
    /// What all pages share.
    shell: Shell,
    /// Everybody.
    team: Vec<Staff>,
    /// What stands in the form.
    typed: Typed,
    /// What is wrong with it.
    faults: Faults,
    /// The word for what was just done.
    done: String,
}

/// Shows the team.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    Ok(page(&app, shell, Typed::default(), Faults::default(), asked.done).await?.into_response())
}

/// Adds a member.
pub async fn add(State(app): State<App>, shell: Shell, me: SignedIn, Form(typed): Form<Typed>) -> Result<Response> {
    if !me.staff.role.may_manage_staff() {
        return Err(Error::NotAllowed);
    }
    let mut faults = Faults::default();
    let email = typed_email(&shell, &mut faults, "email", &typed.email);
    let role = faults.take("role", typed.role.parse::<Role>());
    if let (Some(email), Some(role)) = (email, role) {
        let who = Who::staff(&me.staff.name);
        match app.desk.add_staff(&who, &email, &typed.name, role, &typed.password).await {
            Ok(_) => return Ok(done("added")),
            Err(refusal) => faults.add("password", mendable(&shell, refusal)?),
        }
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, shell, typed, faults, String::new()).await?).into_response())
}

/// Gives a member another role.
pub async fn set_role(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<NewRole>,
) -> Result<Response> {
    let role = form.role.parse::<Role>()?;
    let outcome = app.desk.set_role(&me.staff, Id(id), role).await;
    changed(&app, shell, "role-set", outcome).await
}

/// Takes a member's right to sign in.
pub async fn disable(State(app): State<App>, shell: Shell, me: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    let outcome = app.desk.set_disabled(&me.staff, Id(id), true).await;
    changed(&app, shell, "disabled", outcome).await
}

/// Gives a member the right to sign in back.
pub async fn enable(State(app): State<App>, shell: Shell, me: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    let outcome = app.desk.set_disabled(&me.staff, Id(id), false).await;
    changed(&app, shell, "enabled", outcome).await
}

/// Gives a member another password.
pub async fn set_password(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<NewPassword>,
) -> Result<Response> {
    let outcome = app.desk.reset_password(&me.staff, Id(id), &form.password).await;
    changed(&app, shell, "password", outcome).await
}

/// Leads back to the page, or shows it again with what is wrong.
async fn changed(app: &App, shell: Shell, word: &str, outcome: Done<()>) -> Result<Response> {
    match outcome {
        Ok(()) => Ok(done(word)),
        Err(refusal) => {
            let faults = Faults::one("members", mendable(&shell, refusal)?);
            let page = page(app, shell, Typed::default(), faults, String::new()).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Leads back to the page, which says what was done.
fn done(word: &str) -> Response {
    Redirect::to(&format!("{PATH}?done={word}#done")).into_response()
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, typed: Typed, faults: Faults, done: String) -> Result<TeamPage> {
    let team = staff::list(app.desk.db.pool()).await?;
    Ok(TeamPage { shell, team, typed, faults, done })
}

impl TeamPage {
    /// The roles with their names.
    fn roles(&self) -> impl Iterator<Item = (&'static str, String)> {
        Role::ALL.iter().map(|role| (role.as_str(), self.shell.word("role", role.as_str())))
    }

    /// The role that the form for a new member holds.
    fn typed_role(&self) -> &str {
        if self.typed.role.is_empty() { "agent" } else { &self.typed.role }
    }

    /// The hint about passwords.
    fn password_hint(&self) -> String {
        self.shell.t1("password-length", "least", PASSWORD_MIN)
    }

    /// Whether this member is who looks at the page.
    fn is_me(&self, member: &Staff) -> bool {
        self.shell.is_me(&Some(member.id))
    }

    /// What was just done, in words; nothing for words that are not ours.
    fn done_text(&self) -> String {
        let known = ["added", "role-set", "disabled", "enabled", "password"];
        if known.contains(&self.done.as_str()) { self.shell.word("team-done", &self.done) } else { String::new() }
    }
}
