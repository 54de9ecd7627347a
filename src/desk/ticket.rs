//! Work on a ticket: claim, assign, note, answer, resolve; and what its sender does on the status page.

use super::request::{owner, words_of};
use super::{About, Desk, Done, Refusal};
use crate::domain::id::{Id, Secret, hash};
use crate::domain::staff::Staff;
use crate::domain::ticket::{By, Message, Resolution, State, Ticket, Who, storable};
use crate::domain::time::HOUR;
use crate::mail::notice::{self, LiftFacts};
use crate::store::outbox::Auto;
use crate::store::{Tx, assessments, limits, messages, staff, tickets};

/// The longest message that is kept, in characters.
pub const MESSAGE_MOST: usize = 200_000;

/// How many messages may come through the page of one request.
const MESSAGES_MOST: i64 = 40;

/// A ticket as somebody looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its key.
    pub id: Id,
    /// The version that was looked at; none: whatever it is.
    pub version: Option<i64>,
}

impl From<Id> for Seen {
    fn from(id: Id) -> Self {
        Self { id, version: None }
    }
}

/// What the sender of a ticket is told of a lift.
#[derive(Debug, Clone)]
pub struct Told {
    /// The ticket.
    pub ticket: Seen,
    /// What staff write to it.
    pub answer: String,
    /// Whether the ticket goes on after it.
    pub stays_open: bool,
}

/// What the sender of a ticket adds to it.
#[derive(Debug, Clone, Copy)]
pub struct Added<'a> {
    /// A message.
    pub text: &'a str,
    /// Held pieces of evidence.
    pub pieces: &'a [Id],
    /// What tells a second sending of the same.
    pub once: Option<&'a str>,
    /// Who wrote it, when that is not who opened the ticket.
    pub author: Option<&'a str>,
    /// Whether a secret of the ticket came with it.
    pub is_verified: bool,
}

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

    /// The ticket as it stands in this transaction.
    ///
    /// # Errors
    /// `Stale` when it is not any more at the version that was looked at.
    async fn looked_at(&self, tx: &mut Tx, seen: Seen) -> Done<Ticket> {
        let ticket = tickets::find(&mut **tx, seen.id).await?.ok_or(Refusal::NotFound)?;
        if seen.version.is_none_or(|version| version == ticket.version) { Ok(ticket) } else { Err(Refusal::Stale) }
    }

    /// Answers the sender; the ticket then waits for them, or stays open.
    ///
    /// # Errors
    /// `Stale` when it has ended, or is not any more at the version that was looked at.
    pub async fn answer(&self, by: &Staff, seen: impl Into<Seen>, text: &str, wait: bool) -> Done<()> {
        may_work(by)?;
        let text = some_text(text)?;
        let state = if wait { State::Waiting } else { State::Open };
        let mut tx = self.db.begin().await?;
        let ticket = self.looked_at(&mut tx, seen.into()).await?;
        self.turn(&mut tx, &ticket, state).await?;
        self.say(&mut tx, ticket.id, By::Staff, &by.name, &text).await?;
        self.record(&mut tx, &Who::staff(&by.name), "ticket.answered", "", About::ticket(ticket.id)).await?;
        let secret = self.fresh_link(&mut tx, ticket.id).await?;
        let mail = notice::answered(self.notice_setting(), &ticket, &text, secret.reveal());
        self.notify(&mut tx, &ticket, mail, Auto::No).await?;
        Ok(tx.commit().await?)
    }

    /// Moves an open ticket on, unless it changed since it was read.
    async fn turn(&self, tx: &mut Tx, ticket: &Ticket, state: State) -> Done<()> {
        let moved = tickets::set_state(&mut **tx, ticket.id, ticket.version, state, self.now()).await?;
        if moved { Ok(()) } else { Err(Refusal::Stale) }
    }

    /// Ends a ticket with a resolution and its reasons.
    ///
    /// # Errors
    /// `Stale` when it has ended, or is not any more at the version that was looked at.
    pub async fn resolve(&self, by: &Staff, seen: impl Into<Seen>, resolution: Resolution, text: &str) -> Done<()> {
        may_work(by)?;
        let text = some_text(text)?;
        if resolution == Resolution::Lifted {
            return Err(Refusal::invalid("resolve-by-lift"));
        }
        let mut tx = self.db.begin().await?;
        let ticket = self.looked_at(&mut tx, seen.into()).await?;
        self.end_ticket(&mut tx, &Who::staff(&by.name), &ticket, resolution, &text, &[]).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a ticket inside a transaction, unless it changed since it was read: state, message, event and mail.
    pub(super) async fn end_ticket(
        &self,
        tx: &mut Tx,
        who: &Who,
        ticket: &Ticket,
        resolution: Resolution,
        text: &str,
        lifts: &[LiftFacts],
    ) -> Done<()> {
        if !tickets::resolve(&mut **tx, ticket.id, ticket.version, resolution, self.now()).await? {
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

    /// Tells the sender of a ticket what was lifted for it; the ticket ends with it unless it shall stay open. One that
    /// was seen to have ended is opened for it.
    pub(super) async fn tell_of_lift(&self, tx: &mut Tx, who: &Who, told: &Told, facts: LiftFacts) -> Done<()> {
        let mut ticket = self.looked_at(tx, told.ticket).await?;
        let answer = storable(&told.answer, MESSAGE_MOST);
        if told.ticket.version.is_some() && tickets::reopen(&mut **tx, ticket.id, self.now()).await? {
            self.record(tx, who, "ticket.reopened", "", About::ticket(ticket.id)).await?;
            ticket = self.looked_at(tx, ticket.id.into()).await?;
        }
        if !told.stays_open {
            return self.end_ticket(tx, who, &ticket, Resolution::Lifted, &answer, &[facts]).await;
        }
        self.turn(tx, &ticket, State::Open).await?;
        if !answer.is_empty() {
            self.say(tx, ticket.id, By::Staff, &who.name, &answer).await?;
        }
        let secret = self.fresh_link(tx, ticket.id).await?;
        let mail = notice::part_lifted(self.notice_setting(), &ticket, &answer, &facts, secret.reveal());
        Ok(self.notify(tx, &ticket, mail, Auto::Generated).await?)
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
        assessments::want(&mut *tx, ticket, self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// The ticket of this code, for whoever knows one of its secrets. Of the open ticket that it was added to nothing
    /// is told but its end.
    pub async fn ticket_for(&self, code: &str, secret: &Secret) -> Done<Ticket> {
        let pool = self.db.pool();
        let ticket = tickets::find_by_secret(pool, code, &secret.hash()).await?.ok_or(Refusal::NotFound)?;
        let Some(whole) = ticket.joined_to else { return Ok(ticket) };
        let whole = tickets::find(pool, whole).await?.ok_or(Refusal::NotFound)?;
        Ok(ticket.ended_like(&whole))
    }

    /// The sender adds a message, evidence or both; a resolved ticket opens again. The second sending of one form is one.
    pub async fn sender_adds(&self, ticket: &Ticket, text: &str, pieces: &[Id], once: Option<&str>) -> Done<()> {
        self.add_to(ticket, Added { text, pieces, once, author: None, is_verified: true }).await
    }

    /// Adds what came from outside, by the page or by mail.
    pub(super) async fn add_to(&self, ticket: &Ticket, added: Added<'_>) -> Done<()> {
        let text = storable(added.text, MESSAGE_MOST);
        if text.trim().is_empty() && added.pieces.is_empty() {
            return Err(Refusal::invalid("addition-empty"));
        }
        let now = self.now();
        let once = once_hash(ticket, &text, added.once);
        let mut tx = self.db.begin().await?;
        if messages::count_sent(&mut *tx, ticket.id).await? >= MESSAGES_MOST {
            return Err(Refusal::invalid("addition-many"));
        }
        let mut owner = owner(ticket);
        if !added.is_verified {
            owner.by = By::Unverified;
        }
        let mut message = words_of(ticket, owner, &text, now);
        if let Some(author) = added.author {
            author.clone_into(&mut message.author);
        }
        let is_first = messages::insert(&mut *tx, &message, once.as_deref()).await?;
        self.add_missing(&mut tx, owner, added.pieces).await?;
        if is_first {
            self.hear(&mut tx, ticket).await?;
        }
        assessments::want(&mut *tx, ticket.id, now).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the sender added this by an earlier sending of the same form.
    pub async fn added_before(&self, ticket: &Ticket, text: &str, once: Option<&str>) -> Done<bool> {
        let Some(once) = once_hash(ticket, &storable(text, MESSAGE_MOST), once) else { return Ok(false) };
        Ok(messages::is_known(self.db.pool(), &once).await?)
    }

    /// Makes a ticket staff's turn because something was added through the page of it, or of a request joined to it.
    async fn hear(&self, tx: &mut Tx, page: &Ticket) -> Done<()> {
        let mut reopened = self.stir(tx, page.id).await?;
        if let Some(whole) = page.joined_to {
            if !page.is_open() {
                self.record(tx, &Who::sender(), "ticket.reopened", "", About::ticket(page.id)).await?;
            }
            reopened = self.stir(tx, whole).await?;
        }
        let what = if reopened { "ticket.reopened" } else { "ticket.added" };
        let about = About::ticket(page.joined_to.unwrap_or(page.id));
        Ok(self.record(tx, &Who::sender(), what, "", about).await?)
    }

    /// Notes that something came for a ticket; says whether that opened it again.
    async fn stir(&self, tx: &mut Tx, ticket: Id) -> sqlx::Result<bool> {
        let is_open = tickets::wake(&mut **tx, ticket, self.now()).await?;
        Ok(!is_open && tickets::reopen(&mut **tx, ticket, self.now()).await?)
    }

    /// The sender takes the request back. One that was added to a ticket ends alone; staff of the ticket are told.
    pub async fn withdraw(&self, ticket: &Ticket) -> Done<()> {
        let mut tx = self.db.begin().await?;
        let stored = self.looked_at(&mut tx, ticket.id.into()).await?;
        match stored.joined_to {
            None => self.end_ticket(&mut tx, &Who::sender(), &stored, Resolution::Withdrawn, "", &[]).await?,
            Some(whole) => self.end_joined(&mut tx, &stored, whole).await?,
        }
        Ok(tx.commit().await?)
    }

    /// Ends a request that was added to a ticket.
    async fn end_joined(&self, tx: &mut Tx, joined: &Ticket, whole: Id) -> Done<()> {
        let end = Resolution::Withdrawn;
        if !tickets::resolve(&mut **tx, joined.id, joined.version, end, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.record(tx, &Who::sender(), "ticket.resolved", end.as_str(), About::ticket(joined.id)).await?;
        Ok(self.record(tx, &Who::sender(), "ticket.join-ended", &joined.code, About::ticket(whole)).await?)
    }

    /// Mails a fresh link to the status page to the ticket's own address, once an hour at most. Whoever asks is not told
    /// whether there is such a ticket.
    pub async fn mail_link_again(&self, code: &str) -> Done<()> {
        let mut tx = self.db.begin().await?;
        let Some(ticket) = tickets::find_by_code(&mut *tx, code).await? else { return Ok(()) };
        if limits::count(&mut *tx, &format!("link:{}", ticket.id), HOUR, self.now()).await? > 1 {
            return Ok(());
        }
        let secret = self.fresh_link(&mut tx, ticket.id).await?;
        let mail = notice::link_again(self.notice_setting(), &ticket, secret.reveal());
        self.notify(&mut tx, &ticket, mail, Auto::Generated).await?;
        Ok(tx.commit().await?)
    }

    /// A further secret for the status page, for a mail.
    pub(super) async fn fresh_link(&self, tx: &mut Tx, ticket: Id) -> sqlx::Result<Secret> {
        let secret = Secret::new();
        tickets::add_link(&mut **tx, ticket, &secret.hash(), self.now()).await?;
        Ok(secret)
    }

    /// Stores what staff write.
    async fn say(&self, tx: &mut Tx, ticket: Id, by: By, author: &str, text: &str) -> sqlx::Result<()> {
        let now = self.now();
        let message = Message {
            id: Id::new(now),
            ticket_id: ticket,
            join_id: None,
            at: now,
            author_kind: by,
            author: author.to_owned(),
            text: text.to_owned(),
            purged_at: None,
        };
        messages::insert(&mut **tx, &message, None).await?;
        Ok(())
    }
}

/// What tells a second sending of the same form. A different text is a different form.
fn once_hash(ticket: &Ticket, text: &str, once: Option<&str>) -> Option<String> {
    let key = once.filter(|key| (16..=200).contains(&key.len()))?;
    Some(hash(format!("{} {key} {text}", ticket.id).as_bytes()))
}

/// Refuses readers.
pub(super) fn may_work(by: &Staff) -> Done<()> {
    if by.role.may_work() { Ok(()) } else { Err(Refusal::NotAllowed) }
}

/// The text as it is stored; refuses an empty one.
fn some_text(text: &str) -> Done<String> {
    let text = storable(text, MESSAGE_MOST);
    if text.trim().is_empty() { Err(Refusal::invalid("message-empty")) } else { Ok(text) }
}
