//! Requests beyond the limits are held until their mail address is confirmed: who reads the mail of that address is let
//! in, whatever else comes from the same network. Nobody but its sender sees a held request.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::bounds::Bound;
use super::request::{Request, Submitted};
use super::{Desk, Done, Refusal};
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret};
use crate::domain::net::{Net, parse_addr};
use crate::domain::ticket::Kind;
use crate::domain::time::{HOUR, MINUTE, Time};
use crate::mail::notice;
use crate::store::held::{self, Hashes};
use crate::store::outbox::{self, Auto, Mail, MailState};
use crate::store::{Tx, evidence};

/// How long a request is held. Its evidence waits longer for a ticket, so that it is still there.
pub const LASTS: i64 = 6 * HOUR;

/// How many are held at once.
const MOST: i64 = 5_000;

/// How long it is believed that there is no room.
const FULL: i64 = MINUTE / 4;

/// How many forms for each that is taken one visitor may send: mistakes, second tries, and files that are read first.
const TRIES: i64 = 2;

/// Why a form is not even read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Too much came from this visitor or its neighbourhood.
    Visitor,
    /// Too much came in all.
    All,
}

/// A held request, for whoever reads the mail of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its key.
    pub id: Id,
    /// What is asked for.
    pub kind: Kind,
    /// The addresses and networks that were typed.
    pub nets: Vec<Net>,
    /// When it came.
    pub at: Time,
}

/// A request as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// [`Request::kind`].
    kind: String,
    /// [`Request::email`].
    email: String,
    /// [`Request::name`].
    name: String,
    /// [`Request::message`].
    message: String,
    /// [`Request::typed`].
    typed: Vec<String>,
    /// [`Request::case_code`].
    case_code: Option<String>,
    /// [`Request::evidence`].
    evidence: Vec<i64>,
    /// [`Request::once`].
    once: Option<String>,
    /// [`Request::client`].
    client: String,
    /// [`Request::lang`].
    lang: String,
    /// [`Request::suspected`].
    suspected: Option<String>,
}

impl Desk {
    /// Whether a form of this visitor is not even read: this one is counted. Nothing is asked of the database.
    #[must_use]
    pub fn is_closed(&self, client: std::net::IpAddr) -> Option<Closed> {
        let [own, near, all] = self.bounds_of("held", client);
        let tries = Bound::new(
            format!("form:{}", crate::domain::net::visitor(client)),
            HOUR,
            self.config.limits.requests_per_hour.saturating_mul(TRIES),
        );
        if !self.count_here(&tries) {
            return Some(Closed::Visitor);
        }
        if self.has_room(&self.bounds_of("request", client)) {
            return None;
        }
        match (self.has_room(&[own, near]), self.has_room(&[all, no_room()])) {
            (false, _) => Some(Closed::Visitor),
            (true, false) => Some(Closed::All),
            (true, true) => None,
        }
    }

    /// Holds a request until its mail address is confirmed, and asks for that by mail, once an hour for each address.
    /// The second sending of a form is held already.
    ///
    /// # Errors
    /// `Beyond` when there is no room for it either; `TooMuch` when there is none in all.
    pub async fn hold(&self, request: &Request) -> Done<()> {
        let once = self.once(request).map(|(hash, _)| hash);
        if let Some(once) = &once
            && held::has_once(self.db.pool(), once).await?
        {
            return Ok(());
        }
        let bounds = self.bounds_of_request("held", request);
        if !self.has_room(&bounds) {
            return Err(self.fullness(&bounds));
        }
        self.find_room_to_hold().await?;
        let (now, secret) = (self.now(), Secret::new());
        let (id, body) = (Id::new(now), serde_json::to_string(&stored(request)).context("writing a request as JSON")?);
        let mut tx = self.db.begin().await?;
        let counts = self.count_in(&mut tx, &bounds).await?.ok_or_else(|| self.fullness(&bounds))?;
        let hashes = Hashes { secret: secret.hash(), once };
        match held::insert(&mut *tx, id, &hashes, &request.email, &body, now).await {
            // The other sending of the form came first.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(()),
            stored => stored?,
        }
        self.ask_to_confirm(&mut tx, id, request, &secret).await?;
        tx.commit().await?;
        self.learn(&bounds, &counts);
        Ok(())
    }

    /// Why nothing more is held: too much came from this visitor, its neighbourhood or with this address, or in all.
    fn fullness(&self, [own, near, mail, _]: &[Bound; 4]) -> Refusal {
        let is_their_own = ![own, near, mail].into_iter().all(|bound| self.knows_room(bound));
        if is_their_own { Refusal::Beyond } else { Refusal::TooMuch }
    }

    /// Refuses when too many are held, or too many bytes of evidence wait.
    async fn find_room_to_hold(&self) -> Done<()> {
        let full = held::count(self.db.pool(), MOST).await? >= MOST || !self.has_room_for_evidence().await?;
        if full {
            self.known.learn(&no_room(), 1, self.now());
        }
        if full { Err(Refusal::TooMuch) } else { Ok(()) }
    }

    /// Queues the mail that asks for the confirmation, unless one went to this address within the hour.
    async fn ask_to_confirm(&self, tx: &mut Tx, id: Id, request: &Request, secret: &Secret) -> sqlx::Result<()> {
        let (now, hour) = (self.now(), self.now().plus(-HOUR));
        if outbox::was_sent_to(&mut **tx, &request.email, notice::CONFIRM, hour).await? {
            return Ok(());
        }
        let recent = outbox::count_since(&mut **tx, &request.email, hour).await?;
        let notice = notice::confirm(self.notice_setting(), &request.lang, secret.reveal());
        let mail = Mail {
            id: Id::new(now),
            message_id: format!("<held.{id}@{}>", self.config.mail.from.domain()),
            ticket_id: None,
            notice: notice.name.to_owned(),
            recipient: request.email.clone(),
            token: Secret::new().reveal().to_owned(),
            in_reply_to: None,
            auto: Auto::Generated,
            subject: notice.subject,
            body: notice.body,
            state: MailState::Queued,
            attempts: 0,
            next_at: if recent >= self.config.mail.most_per_hour { now.plus(HOUR) } else { now },
            last_error: None,
            created_at: now,
            sent_at: None,
            confirmation_id: None,
            due_at: None,
            unsubscribe: None,
        };
        outbox::add(&mut **tx, &mail).await
    }

    /// What waits for the confirmation of the mail address that a secret was mailed to.
    ///
    /// # Errors
    /// `NotFound` for a secret that is none, or not any more.
    pub async fn held_of(&self, presented: &str) -> Done<Vec<Waiting>> {
        let all = self.stored_of(presented).await?;
        Ok(all
            .into_iter()
            .map(|(id, at, request)| Waiting { id, kind: request.kind, nets: request.typed, at })
            .collect())
    }

    /// Makes a ticket of a held request, for whoever reads the mail of its address. The limits do not count any more.
    ///
    /// # Errors
    /// `NotFound` for a secret that is none, or a request that does not wait any more.
    pub async fn confirm_held(&self, presented: &str, id: Id) -> Done<Submitted> {
        let mut all = self.stored_of(presented).await?.into_iter();
        let (_, _, mut request) = all.find(|(held, _, _)| *held == id).ok_or(Refusal::NotFound)?;
        let mut waiting = Vec::new();
        for id in request.evidence {
            // A piece that another form took meanwhile is with the ticket of that one.
            let piece = evidence::find(self.db.pool(), id).await?;
            if piece.is_some_and(|piece| piece.ticket_id.is_none() && piece.purged_at.is_none()) {
                waiting.push(id);
            }
        }
        request.evidence = waiting;
        self.take(&request, &[], Some(id)).await
    }

    /// The requests that wait for the confirmation of an address, as they were sent.
    async fn stored_of(&self, presented: &str) -> Done<Vec<(Id, Time, Request)>> {
        let (secret, since) = (Secret::presented(presented), self.now().plus(-LASTS));
        let email = held::address_of(self.db.pool(), &secret.hash(), since).await?.ok_or(Refusal::NotFound)?;
        let all = held::waiting(self.db.pool(), &email, since).await?;
        Ok(all.into_iter().filter_map(|one| Some((one.id, one.created_at, request(&one.body)?))).collect())
    }
}

/// The bound that is full while nothing can be held.
fn no_room() -> Bound {
    Bound::new("held-room".to_owned(), FULL, 1)
}

/// A request as it is stored.
fn stored(request: &Request) -> Stored {
    Stored {
        kind: request.kind.as_str().to_owned(),
        email: request.email.as_str().to_owned(),
        name: request.name.clone(),
        message: request.message.clone(),
        typed: request.typed.iter().map(ToString::to_string).collect(),
        case_code: request.case_code.clone(),
        evidence: request.evidence.iter().map(|id| id.0).collect(),
        once: request.once.clone(),
        client: request.client.to_string(),
        lang: request.lang.clone(),
        suspected: request.suspected.clone(),
    }
}

/// A request as it was sent; `None` when a later version stored what this one cannot read.
fn request(body: &str) -> Option<Request> {
    let stored: Stored = serde_json::from_str(body).ok()?;
    Some(Request {
        kind: stored.kind.parse().ok()?,
        email: Email::parse(&stored.email).ok()?,
        name: stored.name,
        message: stored.message,
        typed: stored.typed.iter().filter_map(|net| Net::parse(net).ok()).collect(),
        case_code: stored.case_code,
        evidence: stored.evidence.into_iter().map(Id).collect(),
        once: stored.once,
        client: parse_addr(&stored.client).ok()?,
        lang: stored.lang,
        suspected: stored.suspected,
    })
}
