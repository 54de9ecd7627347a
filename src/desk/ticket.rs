//! Work on a ticket: claim, assign, note, answer, resolve; and what its sender does on the status page.

use super::{About, Desk, Done, Refusal};
use crate::domain::id::{Id, Secret};
use crate::domain::staff::Staff;
use crate::domain::ticket::{By, Message, Resolution, State, Ticket, Who, storable};
use crate::mail::notice::{self, LiftFacts};
use crate::store::outbox::Auto;
use crate::store::{Tx, assessments, evidence, messages, staff, tickets};

/// The longest message that is kept, in characters.
pub const MESSAGE_MOST: usize = 200_000;

/// How many messages a sender may add to one ticket.
const MESSAGES_MOST: i64 = 200;

impl Desk {
    /// Gives a ticket to a member of the staff or to nobody, if it is still at `version`.
    ///
    /// # Errors
    /// `Stale` when somebody else changed it meanwhile.
    pub async fn assign(&self, by: &Staff, ticket: Id, version: i64, to: Option<Id>) -> Done<()> {
        may_work(by)?;
        let mut tx = self.db.begin().await?;
        let name = match to {
            Some(id) => {
                staff::find(&mut *tx, id).await?.filter(|s| s.disabled_at.is_none()).ok_or(Refusal::NotFound)?.name
            }
            None => String::new(),
        };
        if !tickets::assign(&mut *tx, ticket, version, to, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.record(&mut tx, &Who::staff(&by.name), "ticket.assigned", &name, About::ticket(ticket)).await?;
        Ok(tx.commit().await?)
    }

    /// Adds a note for staff only.
    pub async fn note(&self, by: &Staff, ticket: Id, text: &str) -> Done<()> {
        may_work(by)?;
        let text = some_text(text)?;
        let mut tx = self.db.begin().await?;
        tickets::find(&mut *tx, ticket).await?.ok_or(Refusal::NotFound)?;
        self.say(&mut tx, ticket, By::Note, &by.name, &text).await?;
        tickets::touch(&mut *tx, ticket, self.now()).await?;
        self.record(&mut tx, &Who::staff(&by.name), "ticket.noted", "", About::ticket(ticket)).await?;
        Ok(tx.commit().await?)
    }

    /// Answers the sender; the ticket then waits for them, or stays open.
    pub async fn answer(&self, by: &Staff, ticket: Id, text: &str, wait: bool) -> Done<()> {
        may_work(by)?;
        let text = some_text(text)?;
        let state = if wait { State::Waiting } else { State::Open };
        let mut tx = self.db.begin().await?;
        let ticket = tickets::find(&mut *tx, ticket).await?.ok_or(Refusal::NotFound)?;
        if !tickets::set_state(&mut *tx, ticket.id, state, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.say(&mut tx, ticket.id, By::Staff, &by.name, &text).await?;
        self.record(&mut tx, &Who::staff(&by.name), "ticket.answered", "", About::ticket(ticket.id)).await?;
        let secret = self.fresh_link(&mut tx, ticket.id).await?;
        let mail = notice::answered(self.notice_setting(), &ticket, &text, secret.reveal());
        self.notify(&mut tx, &ticket, mail, Auto::No).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a ticket with a resolution and its reasons.
    pub async fn resolve(&self, by: &Staff, ticket: Id, resolution: Resolution, text: &str) -> Done<()> {
        may_work(by)?;
        let text = some_text(text)?;
        if resolution == Resolution::Lifted {
            return Err(Refusal::Invalid("a ticket is resolved as lifted by lifting its block".to_owned()));
        }
        let mut tx = self.db.begin().await?;
        let ticket = tickets::find(&mut *tx, ticket).await?.ok_or(Refusal::NotFound)?;
        self.end_ticket(&mut tx, &Who::staff(&by.name), &ticket, resolution, &text, &[]).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a ticket inside a transaction: state, message, event and mail.
    pub(super) async fn end_ticket(
        &self,
        tx: &mut Tx,
        who: &Who,
        ticket: &Ticket,
        resolution: Resolution,
        text: &str,
        lifts: &[LiftFacts],
    ) -> Done<()> {
        if !tickets::resolve(&mut **tx, ticket.id, resolution, self.now()).await? {
            return Err(Refusal::Stale);
        }
        if !text.is_empty() {
            self.say(tx, ticket.id, By::Staff, &who.name, text).await?;
        }
        self.record(tx, who, "ticket.resolved", resolution.as_str(), About::ticket(ticket.id)).await?;
        let secret = self.fresh_link(tx, ticket.id).await?;
        let mail = notice::resolved(self.notice_setting(), ticket, resolution, text, lifts, secret.reveal());
        self.notify(tx, ticket, mail, Auto::Generated).await?;
        Ok(())
    }

    /// Opens a resolved ticket again.
    pub async fn reopen(&self, by: &Staff, ticket: Id) -> Done<()> {
        may_work(by)?;
        let mut tx = self.db.begin().await?;
        if !tickets::reopen(&mut *tx, ticket, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.record(&mut tx, &Who::staff(&by.name), "ticket.reopened", "", About::ticket(ticket)).await?;
        Ok(tx.commit().await?)
    }

    /// Says that a ticket is no machine's work.
    pub async fn clear_suspicion(&self, by: &Staff, ticket: Id) -> Done<()> {
        may_work(by)?;
        let mut tx = self.db.begin().await?;
        if !tickets::clear_suspicion(&mut *tx, ticket, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.record(&mut tx, &Who::staff(&by.name), "ticket.cleared", "", About::ticket(ticket)).await?;
        Ok(tx.commit().await?)
    }

    /// The ticket of this code, for whoever knows one of its secrets.
    pub async fn ticket_for(&self, code: &str, secret: &Secret) -> Done<Ticket> {
        tickets::find_by_secret(self.db.pool(), code, &secret.hash()).await?.ok_or(Refusal::NotFound)
    }

    /// The sender adds a message, evidence or both; a resolved ticket opens again. The second sending of one form is one.
    pub async fn sender_adds(&self, ticket: &Ticket, text: &str, pieces: &[Id], once: Option<&str>) -> Done<()> {
        let text = storable(text, MESSAGE_MOST);
        if text.trim().is_empty() && pieces.is_empty() {
            return Err(Refusal::Invalid("write something or choose a file".to_owned()));
        }
        let now = self.now();
        let once = once.filter(|key| (16..=200).contains(&key.len()));
        let once = once.map(|key| crate::domain::id::hash(format!("{} {key} {text}", ticket.id).as_bytes()));
        let mut tx = self.db.begin().await?;
        if messages::count(&mut *tx, ticket.id, By::Sender).await? >= MESSAGES_MOST {
            return Err(Refusal::Invalid("this request has very many messages; please send a new one".to_owned()));
        }
        let message = message(ticket.id, By::Sender, &ticket.name, &text, now);
        match messages::insert(&mut *tx, &message, once.as_deref()).await {
            Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
                return Ok(());
            }
            other => other?,
        }
        for id in pieces {
            evidence::attach(&mut *tx, *id, ticket.id, By::Sender).await?;
        }
        self.name_found(&mut tx, ticket.id, pieces).await?;
        let reopened = tickets::reopen(&mut *tx, ticket.id, now).await?;
        if !reopened && ticket.state == State::Waiting {
            tickets::set_state(&mut *tx, ticket.id, State::Open, now).await?;
        } else if !reopened {
            tickets::touch(&mut *tx, ticket.id, now).await?;
        }
        assessments::want(&mut *tx, ticket.id, now).await?;
        let what = if reopened { "ticket.reopened" } else { "ticket.added" };
        self.record(&mut tx, &Who::sender(), what, "", About::ticket(ticket.id)).await?;
        Ok(tx.commit().await?)
    }

    /// The sender takes the request back.
    pub async fn withdraw(&self, ticket: &Ticket) -> Done<()> {
        let mut tx = self.db.begin().await?;
        self.end_ticket(&mut tx, &Who::sender(), ticket, Resolution::Withdrawn, "", &[]).await?;
        Ok(tx.commit().await?)
    }

    /// A further secret for the status page, for a mail.
    pub(super) async fn fresh_link(&self, tx: &mut Tx, ticket: Id) -> sqlx::Result<Secret> {
        let secret = Secret::new();
        tickets::add_link(&mut **tx, ticket, &secret.hash(), self.now()).await?;
        Ok(secret)
    }

    /// Stores a message.
    async fn say(&self, tx: &mut Tx, ticket: Id, by: By, author: &str, text: &str) -> sqlx::Result<()> {
        messages::insert(&mut **tx, &message(ticket, by, author, text, self.now()), None).await
    }
}

/// A message of a ticket.
fn message(ticket: Id, by: By, author: &str, text: &str, now: crate::domain::time::Time) -> Message {
    Message {
        id: Id::new(now),
        ticket_id: ticket,
        at: now,
        author_kind: by,
        author: author.to_owned(),
        text: text.to_owned(),
        purged_at: None,
    }
}

/// Refuses readers.
pub(super) fn may_work(by: &Staff) -> Done<()> {
    if by.role.may_work() { Ok(()) } else { Err(Refusal::NotAllowed) }
}

/// The text as it is stored; refuses an empty one.
fn some_text(text: &str) -> Done<String> {
    let text = storable(text, MESSAGE_MOST);
    if text.trim().is_empty() { Err(Refusal::Invalid("write a text".to_owned())) } else { Ok(text) }
}
