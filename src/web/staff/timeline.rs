//! One line of time for a ticket: what was said, what was done, what was mailed.

use crate::app::App;
use crate::domain::id::Id;
use crate::domain::ticket::{By, Message, visible};
use crate::domain::time::Time;
use crate::store::outbox::Mail;
use crate::store::{events, messages, outbox};
use crate::web::error::Result;
use crate::web::shell::Shell;

use super::view::{Happening, happening, line};

/// One thing that happened.
#[derive(Debug)]
pub enum Moment {
    /// Somebody wrote.
    Said(Said),
    /// Somebody did something.
    Done(Happening),
    /// A mail was queued.
    Mailed(Mail),
}

/// A message as it is shown.
#[derive(Debug)]
pub struct Said {
    /// The message, with as much of its text as was read.
    pub message: Message,
    /// Who wrote it, made showable.
    pub author: String,
    /// The text that is shown.
    pub text: String,
    /// Whether there is more of it.
    pub is_cut: bool,
}

impl Moment {
    /// When it happened, and what comes first within one moment.
    fn order(&self) -> (Time, Id) {
        match self {
            Self::Said(said) => (said.message.at, said.message.id),
            Self::Done(done) => (done.event.at, done.event.id),
            Self::Mailed(mail) => (mail.created_at, mail.id),
        }
    }
}

/// Puts together what happened to a ticket, oldest first; the message `whole` is read in full.
pub async fn of_ticket(app: &App, shell: &Shell, ticket: Id, whole: Option<Id>) -> Result<Vec<Moment>> {
    let pool = app.desk.db.pool();
    let mut moments = Vec::new();
    for message in messages::heads_of_ticket(pool, ticket).await? {
        let full = if Some(message.id) == whole { messages::find(pool, message.id).await? } else { None };
        moments.push(Moment::Said(said(full.unwrap_or(message), whole)));
    }
    let events = events::of_ticket(pool, ticket).await?.into_iter().filter(|event| !is_told_by_message(&event.what));
    moments.extend(events.map(|event| Moment::Done(happening(&shell.texts, event))));
    moments.extend(outbox::of_ticket(pool, ticket).await?.into_iter().map(Moment::Mailed));
    moments.sort_by_key(Moment::order);
    Ok(moments)
}

/// Whether the message that belongs to an event says the same.
fn is_told_by_message(what: &str) -> bool {
    matches!(what, "ticket.noted" | "ticket.answered" | "ticket.added")
}

/// A message as it is shown.
fn said(message: Message, whole: Option<Id>) -> Said {
    let is_cut = Some(message.id) != whole && message.text.chars().count() >= messages::HEAD;
    Said { author: line(&message.author, 80), text: visible(&message.text), is_cut, message }
}

impl Said {
    /// The word for who wrote it, which is a class too.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.message.author_kind.as_str()
    }

    /// The name of the sentence that says who wrote it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match (self.message.author_kind, self.author.is_empty()) {
            (By::Sender, true) => "said-sender",
            (By::Sender, false) => "said-sender-name",
            (By::Unverified, _) => "said-unverified",
            (By::Staff, _) => "said-staff",
            (By::Note, _) => "said-note",
        }
    }

    /// Whether there is nothing to show: it was purged, or only evidence came with it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether staff wrote it, to the sender or to each other.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self.message.author_kind, By::Staff | By::Note)
    }
}
