//! What staff do with a ticket: claim, assign, note, answer, resolve, reopen, lift.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::lift::{MOMENT, Typed};
use super::ticket::{Asked, Draft, find, page};
use super::view::address;
use crate::app::App;
use crate::desk::lift::Lift;
use crate::desk::ticket::{Seen, Told};
use crate::desk::{Done, Refusal};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Resolution, Ticket, Who};
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Path};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// Who shall work on a ticket.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Assignment {
    /// The key of a member; empty: nobody.
    assignee: String,
    /// The version that was looked at.
    version: String,
}

/// A note for staff.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Its text.
    note: String,
}

/// An answer to the sender.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Its text.
    answer: String,
    /// Whether the ticket stays in work instead of waiting for the sender.
    stays_open: Option<String>,
    /// The version that was looked at.
    version: String,
}

/// An end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ending {
    /// How it ends.
    resolution: String,
    /// Why.
    closing: String,
    /// The version that was looked at.
    version: String,
}

/// One act on its way: everything that its outcome needs.
struct Act {
    /// What the pages work with.
    app: App,
    /// What all pages share.
    shell: Shell,
    /// Who acts.
    me: Staff,
    /// The ticket.
    ticket: Ticket,
    /// What was typed.
    draft: Draft,
}

/// Gives a ticket to somebody or to nobody.
pub async fn assign(
    State(app): State<App>,
    me: SignedIn,
    Path(code): Path<String>,
    Form(form): Form<Assignment>,
) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    let to = match form.assignee.as_str() {
        "" => None,
        id => Some(id.parse::<Id>().map_err(|_| Error::NotFound)?),
    };
    app.desk.assign(&me.staff, ticket.id, version(&form.version), to).await?;
    Ok(back(&ticket, "assigned"))
}

/// Asks for the live checks again.
pub async fn check_again(State(app): State<App>, me: SignedIn, Path(code): Path<String>) -> Result<Redirect> {
    let ticket = find(&app, &code).await?;
    app.desk.check_again(&Who::staff(&me.staff.name), &ticket).await?;
    Ok(Redirect::to(&format!("/staff/tickets/{}#checks", ticket.code)))
}

/// Adds a note for staff.
pub async fn note(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(code): Path<String>,
    Form(form): Form<Note>,
) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    let draft = Draft { note: form.note, ..Draft::default() };
    let act = Act { app, shell, me: me.staff, ticket, draft };
    let done = act.app.desk.note(&act.me, act.ticket.id, &act.draft.note).await;
    act.outcome("note", "noted", done).await
}

/// Answers the sender.
pub async fn answer(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(code): Path<String>,
    Form(form): Form<Reply>,
) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    let draft = Draft { answer: form.answer, stays_open: form.stays_open.is_some(), ..Draft::default() };
    let act = Act { app, shell, me: me.staff, ticket, draft };
    let seen = act.seen(&form.version);
    let done = act.app.desk.answer(&act.me, seen, &act.draft.answer, !act.draft.stays_open).await;
    act.outcome("answer", "answered", done).await
}

/// Ends a ticket without a lift.
pub async fn resolve(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(code): Path<String>,
    Form(form): Form<Ending>,
) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    let resolution = form.resolution.parse::<Resolution>();
    let draft = Draft { resolution: form.resolution, closing: form.closing, ..Draft::default() };
    let act = Act { app, shell, me: me.staff, ticket, draft };
    let Ok(resolution) = resolution else {
        let what = act.shell.t("close-resolution-missing");
        return act.again(StatusCode::UNPROCESSABLE_ENTITY, Faults::one("resolution", what)).await;
    };
    let seen = act.seen(&form.version);
    let done = act.app.desk.resolve(&act.me, seen, resolution, &act.draft.closing).await;
    act.outcome("closing", "resolved", done).await
}

/// Opens a resolved ticket again.
pub async fn reopen(State(app): State<App>, me: SignedIn, Path(code): Path<String>) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    app.desk.reopen(&me.staff, ticket.id).await?;
    Ok(back(&ticket, "reopened"))
}

/// Says that a ticket is no machine's work.
pub async fn clear(State(app): State<App>, me: SignedIn, Path(code): Path<String>) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    app.desk.clear_suspicion(&me.staff, ticket.id).await?;
    Ok(back(&ticket, "cleared"))
}

/// Lifts a block for a ticket.
pub async fn lift(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(code): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response> {
    let ticket = find(&app, &code).await?;
    let read = typed.read(&shell);
    let (seen, answer, stays_open) = (typed.version.clone(), typed.answer.clone(), typed.stays_open.is_some());
    let draft = Draft { lift: Some(typed), ..Draft::default() };
    let act = Act { app, shell, me: me.staff, ticket, draft };
    let lift = match read {
        Err(faults) => return act.again(StatusCode::UNPROCESSABLE_ENTITY, faults).await,
        Ok(lift) => Lift { ticket: Some(Told { ticket: act.seen(&seen), answer, stays_open }), ..lift },
    };
    let done = if stays_open { "part-lifted" } else { "lifted" };
    match act.app.desk.lift(&act.me, lift).await {
        Ok(lifted) => {
            act.app.desk.await_confirmation(lifted.confirmation, MOMENT).await?;
            Ok(Redirect::to(&done_path(&act.ticket, done, &lifted.net.to_string())).into_response())
        }
        Err(refusal) => act.outcome("reason", "", Err(refusal)).await,
    }
}

impl Act {
    /// The ticket as it was looked at; a form that does not say when that was is taken as it is.
    fn seen(&self, seen: &str) -> Seen {
        Seen { id: self.ticket.id, version: (!seen.is_empty()).then(|| version(seen)) }
    }

    /// The page again, with what was typed, because the ticket changed meanwhile.
    async fn stale(self, field: &'static str) -> Result<Response> {
        let what = self.shell.t("ticket-stale");
        self.again(StatusCode::CONFLICT, Faults::one(field, what)).await
    }

    /// The page again, with what was typed and what is wrong.
    async fn again(self, status: StatusCode, faults: Faults) -> Result<Response> {
        let Self { app, shell, me, ticket, draft } = self;
        let ticket = find(&app, &ticket.code).await?;
        let draft = Draft { faults, ..draft };
        Ok((status, page(&app, shell, &me, ticket, &Asked::default(), draft).await?).into_response())
    }

    /// Goes on to the ticket, or shows the page again with what can be mended.
    async fn outcome(self, field: &'static str, done: &str, outcome: Done<()>) -> Result<Response> {
        match outcome {
            Ok(()) => Ok(back(&self.ticket, done)),
            Err(Refusal::Invalid(what)) => {
                let faults = Faults::one(field, self.shell.say(&what));
                self.again(StatusCode::UNPROCESSABLE_ENTITY, faults).await
            }
            Err(Refusal::Stale) => self.stale(field).await,
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// The version in a form; anything else is none that ever was.
fn version(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

/// Leads back to the ticket, which says what was done.
fn back(ticket: &Ticket, done: &str) -> Response {
    Redirect::to(&done_path(ticket, done, "")).into_response()
}

/// The address of a ticket that says what was done.
fn done_path(ticket: &Ticket, done: &str, net: &str) -> String {
    let path = address(&format!("/staff/tickets/{}", ticket.code), &[("done", done), ("net", net)]);
    format!("{path}#done")
}
