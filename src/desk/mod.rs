//! What people and programs do, one transaction each: ask, join, answer, lift, resolve, import, sign in.
//!
//! Every act checks who may, changes the database by conditional statements, records an event, queues the mail that it
//! promises, and, when it changed the block list, waits until this process follows the change.

use std::net::IpAddr;
use std::sync::Arc;

use crate::blocklist::BlockList;
use crate::checks::Checks;
use crate::config::Config;
use crate::content::Content;
use crate::domain::block::BlockState;
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret, hash};
use crate::domain::net::{Net, visitor};
use crate::domain::ticket::{Event, Ticket, Who};
use crate::domain::time::{DAY, HOUR, Time};
use crate::locale::{FALLBACK, Sentence, texts};
use crate::mail::notice::{Notice, Setting};
use crate::store::changes::Subject;
use crate::store::mail_tokens::{self, MailToken, Purpose};
use crate::store::outbox::{self, Auto, Mail, MailState};
use crate::store::{Db, Tx, events};

pub mod assess;
pub mod auth;
pub mod blocks;
pub mod bounds;
pub mod bulk;
pub mod changes;
pub mod confirm;
pub mod evidence;
pub mod followers;
pub mod gateways;
pub mod held;
pub mod hits;
pub mod import;
pub mod inbound;
pub mod lift;
pub mod mails;
mod password;
pub mod process;
pub mod prove;
pub mod ranges;
pub mod request;
pub mod snapshot;
pub mod sweep;
pub mod ticket;
pub mod undo;
pub mod watch;
pub mod watches;

/// What every act needs: the database, the clock, the list, the content and the settings.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: crate::domain::time::Clock,
    /// The block list of this process.
    pub blocklist: Arc<BlockList>,
    /// Causes, articles, answers.
    pub content: Arc<Content>,
    /// The settings.
    pub config: Arc<Config>,
    /// The live checks.
    pub checks: Arc<Checks>,
    /// What this process knows of the counts of the limits.
    pub known: Arc<bounds::Known>,
    /// The key that secrets are derived with.
    pub status_key: [u8; 32],
    /// The visitor whose forms are taken in, if it is one.
    pub visitor: Option<Net>,
    /// This process, as one that follows the list.
    pub process: Arc<process::Process>,
    /// Fetches of feeds that wait to be noted.
    pub fetches: Arc<gateways::Fetches>,
    /// The changes that streams asked for last.
    pub last_delta: Arc<changes::LastDelta>,
}

/// Why an act did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, or the one who asks may not know.
    #[error("{}", texts(FALLBACK).t("refusal-not-found"))]
    NotFound,
    /// The role does not allow it.
    #[error("{}", texts(FALLBACK).t("refusal-not-allowed"))]
    NotAllowed,
    /// It changed meanwhile; look again.
    #[error("{}", texts(FALLBACK).t("refusal-stale"))]
    Stale,
    /// There is no room for so much that no request has taken.
    #[error("too much waits already that no request has taken")]
    TooMuch,
    /// It is more than is taken in this time.
    #[error("too much came in a short time")]
    Beyond,
    /// Something that was given makes no sense; says what.
    #[error("{0}")]
    Invalid(Sentence),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Something else failed.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl Refusal {
    /// Something that was given makes no sense, for which there is a sentence without values.
    #[must_use]
    pub fn invalid(sentence: &'static str) -> Self {
        Self::Invalid(Sentence::new(sentence))
    }
}

/// The outcome of an act.
pub type Done<T> = Result<T, Refusal>;

/// What an event is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct About {
    /// The ticket.
    pub ticket: Option<Id>,
    /// The block.
    pub block: Option<Id>,
    /// The network.
    pub net: Option<Net>,
}

impl About {
    /// A ticket.
    #[must_use]
    pub fn ticket(id: Id) -> Self {
        Self { ticket: Some(id), ..Self::default() }
    }
}

impl Desk {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The same desk for a visitor at this address: what they send in is counted for their network until a ticket takes it.
    #[must_use]
    pub fn visited_from(&self, client: IpAddr) -> Self {
        Self { visitor: Some(visitor(client)), ..self.clone() }
    }

    /// What notices need to know.
    #[must_use]
    pub fn notice_setting(&self) -> Setting<'_> {
        Setting {
            public_url: &self.config.http.public_url,
            provider: &self.config.provider,
            inbound: self.config.mail.inbound,
            causes: &self.content.causes,
        }
    }

    /// Records an event.
    pub async fn record(&self, tx: &mut Tx, who: &Who, what: &str, detail: &str, about: About) -> sqlx::Result<()> {
        let now = self.now();
        let event = Event {
            id: Id::new(now),
            at: now,
            actor_kind: who.kind,
            actor: who.name.clone(),
            what: what.to_owned(),
            detail: detail.chars().take(2_000).collect(),
            ticket_id: about.ticket,
            block_id: about.block,
            net: about.net.map(|n| n.to_string()),
        };
        events::add(&mut **tx, &event).await
    }

    /// Starts a transaction that changes the block list. It holds the change log from its first statement: one that took
    /// the rows of several blocks before it would wait for another that has one of them and waits for the log.
    pub(super) async fn begin_change(&self) -> sqlx::Result<Tx> {
        let mut tx = self.db.begin().await?;
        crate::store::changes::hold(&mut tx).await?;
        Ok(tx)
    }

    /// Appends to the change log.
    pub async fn change(&self, tx: &mut Tx, subject: Subject, id: Id) -> sqlx::Result<i64> {
        crate::store::changes::append(tx, subject, id, self.now()).await
    }

    /// Follows what was just committed, so that the next query of a gateway of this process obeys it.
    /// The commit stands whatever happens here; a failure is logged and mended by the next poll.
    pub async fn follow(&self) {
        if self.blocklist.is_held() {
            said(self.blocklist.catch_up_ahead(&self.db, &self.clock).await);
        }
    }

    /// Follows all that was committed to its end, also a long import.
    pub async fn follow_all(&self) {
        if self.blocklist.is_held() {
            said(self.blocklist.catch_up(&self.db, &self.clock).await);
        }
    }

    /// Queues a mail about a ticket to its sender.
    pub async fn notify(&self, tx: &mut Tx, ticket: &Ticket, notice: Notice, auto: Auto) -> sqlx::Result<()> {
        self.notify_other(tx, ticket, &ticket.email, notice, auto).await
    }

    /// Queues a mail about a ticket. An address that got many mails within the hour waits for the next one.
    pub(super) async fn notify_other(
        &self,
        tx: &mut Tx,
        ticket: &Ticket,
        to: &Email,
        notice: Notice,
        auto: Auto,
    ) -> sqlx::Result<()> {
        let mail = self.mail(tx, ticket, to, notice, auto).await?;
        outbox::add(&mut **tx, &mail).await
    }

    /// A mail about a ticket, before it is queued.
    async fn mail(&self, tx: &mut Tx, ticket: &Ticket, to: &Email, notice: Notice, auto: Auto) -> sqlx::Result<Mail> {
        let now = self.now();
        let recent = outbox::count_since(&mut **tx, to, now.plus(-HOUR)).await?;
        let wait = if recent >= self.config.mail.most_per_hour { HOUR } else { 0 };
        let due = now.plus(wait);
        let held = notice.awaits.filter(|_| self.config.lift_wait > 0).map(|_| self.waits_until());
        let id = Id::new(now);
        Ok(Mail {
            id,
            message_id: format!("<{}.{}@{}>", ticket.code, id, self.config.mail.from.domain()),
            ticket_id: Some(ticket.id),
            notice: notice.name.to_owned(),
            recipient: to.clone(),
            token: self.mail_token(ticket.id),
            in_reply_to: outbox::last_of_ticket(&mut **tx, ticket.id).await?,
            auto,
            subject: notice.subject,
            body: notice.body,
            state: MailState::Queued,
            attempts: 0,
            next_at: held.map_or(due, |until| until.max(due)),
            last_error: None,
            created_at: now,
            sent_at: None,
            confirmation_id: notice.awaits,
            due_at: held.map(|_| due),
            unsubscribe: None,
        })
    }

    /// The token in the mail addresses of a ticket; it can be found again and is stored as a hash only.
    #[must_use]
    pub fn mail_token(&self, ticket: Id) -> String {
        Secret::derived(&self.status_key, format!("mail token {ticket}").as_bytes()).reveal().to_owned()
    }

    /// Makes mail to the addresses of a ticket pass the gateways for a year.
    pub async fn open_mail_token(&self, tx: &mut Tx, ticket: Id) -> sqlx::Result<()> {
        let now = self.now();
        let id = Id::new(now);
        let token = MailToken {
            id,
            token_hash: hash(self.mail_token(ticket).as_bytes()),
            purpose: Purpose::Ticket,
            ticket_id: ticket,
            expires_at: now.plus(365 * DAY),
            net: None,
        };
        mail_tokens::insert(&mut **tx, &token, now).await?;
        self.change(tx, Subject::Token, id).await?;
        Ok(())
    }

    /// The words of a state, for messages of refusal.
    #[must_use]
    pub fn ended(state: BlockState) -> Refusal {
        Refusal::Invalid(Sentence::new("block-ended").with("state", state))
    }
}

/// Tells the log when the list could not be followed: the commit stands, and the next poll mends it.
fn said(followed: anyhow::Result<()>) {
    if let Err(error) = followed {
        tracing::warn!(error = format!("{error:#}"), "the block list could not follow at once");
    }
}
