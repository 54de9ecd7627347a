//! Mail to the portal's own addresses: an answer becomes a message of its ticket, a bounce is noted at the mail that
//! came back, of a mail that shows control its header becomes evidence. What a machine sent is dropped.

use super::ticket::Added;
use super::{About, Desk, Done, Refusal};
use crate::domain::id::{Id, hash};
use crate::domain::ticket::{By, Ticket, Who, storable_line};
use crate::domain::time::HOUR;
use crate::mail::letter::{Attached, Letter};
use crate::store::evidence::{Form, Owner};
use crate::store::mail_tokens::{self, Purpose};
use crate::store::outbox::{self, Mail};
use crate::store::{evidence, limits, tickets};

/// How many mails to a proof of one ticket become evidence in an hour.
const PROOFS_AN_HOUR: i64 = 3;

/// How mail was handed to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Its sender (RFC 5321 4.5.5: empty for what nobody may answer).
    pub sender: String,
    /// The address of ours that it goes to.
    pub recipient: String,
}

/// What came of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is a message of the ticket with this code.
    Added(String),
    /// Its header is evidence of the ticket with this code.
    Evidence(String),
    /// It says that a mail of the ticket with this code did not arrive.
    Bounced(String),
    /// It is nobody's answer; says why.
    Dropped(&'static str),
}

/// The part of an address of ours before the `+`, and the token behind it.
fn token_of<'a>(recipient: &'a str, domain: &str) -> Option<(&'a str, &'a str)> {
    let (local, at) = recipient.trim().trim_start_matches('<').trim_end_matches('>').rsplit_once('@')?;
    local.split_once('+').filter(|_| at.eq_ignore_ascii_case(domain))
}

impl Desk {
    /// Takes a mail.
    ///
    /// # Errors
    /// `NotFound` when it belongs to no ticket, `Invalid` when its ticket takes no more.
    pub async fn take_mail(&self, envelope: &Envelope, bytes: &[u8]) -> Done<Taken> {
        let Some(letter) = Letter::parse(bytes) else { return Ok(Taken::Dropped("it has no header")) };
        if let Some(id) = &letter.message_id
            && outbox::find_by_message_id(self.db.pool(), id).await?.is_some()
        {
            return Ok(Taken::Dropped("it is our own mail that came back"));
        }
        let is_automatic = envelope.sender.trim_matches(['<', '>', ' ']).is_empty() || letter.automatic.is_some();
        match token_of(&envelope.recipient, self.config.mail.from.domain()) {
            Some((role, token)) if role.eq_ignore_ascii_case("unblock") => self.keep_proof_header(token, letter).await,
            Some((role, token)) if role.eq_ignore_ascii_case("bounce") && is_automatic => {
                self.note_bounce(token, bytes).await
            }
            _ if is_automatic => Ok(Taken::Dropped("a machine sent it")),
            Some((_, token)) => {
                let ticket = self.ticket_of_token(token, Purpose::Ticket).await?.ok_or(Refusal::NotFound)?;
                self.add_letter(&ticket, letter, bytes, true).await
            }
            None => {
                let ticket = self.ticket_of_thread(&letter).await?.ok_or(Refusal::NotFound)?;
                self.add_letter(&ticket, letter, bytes, false).await
            }
        }
    }

    /// The ticket that a live token belongs to.
    async fn ticket_of_token(&self, token: &str, purpose: Purpose) -> Done<Option<Ticket>> {
        let folded = token.to_ascii_lowercase();
        let live = mail_tokens::find_live(self.db.pool(), &hash(folded.as_bytes()), self.now()).await?;
        match live.filter(|found| found.purpose == purpose) {
            Some(found) => Ok(tickets::find(self.db.pool(), found.ticket_id).await?),
            None => Ok(None),
        }
    }

    /// The ticket of the mail that a mail answers.
    async fn ticket_of_thread(&self, letter: &Letter) -> Done<Option<Ticket>> {
        for id in &letter.answers {
            let answered = outbox::find_by_message_id(self.db.pool(), id).await?;
            if let Some(ticket) = answered.and_then(|mail| mail.ticket_id) {
                return Ok(tickets::find(self.db.pool(), ticket).await?);
            }
        }
        Ok(None)
    }

    /// Adds an answer to its ticket. The same mail delivered twice is one.
    async fn add_letter(&self, ticket: &Ticket, letter: Letter, bytes: &[u8], is_verified: bool) -> Done<Taken> {
        let mut pieces = Vec::new();
        for file in &letter.attached {
            pieces.push(self.keep_attached(file).await?);
        }
        let other = letter.from.filter(|from| from.folded() != ticket.email.folded());
        let mut text = letter.text;
        for name in &letter.left_out {
            text.push_str("\n[");
            text.push_str(&storable_line(name, 120));
            text.push(']');
        }
        let once = letter.message_id.map_or_else(|| hash(bytes), |id| hash(id.as_bytes()));
        let author = other.as_ref().map(|from| storable_line(from.as_str(), 254));
        let added = Added { text: &text, pieces: &pieces, once: Some(&once), author: author.as_deref(), is_verified };
        self.add_to(ticket, added).await?;
        Ok(Taken::Added(ticket.code.clone()))
    }

    /// Holds an attachment as evidence.
    async fn keep_attached(&self, file: &Attached) -> Done<Id> {
        let mut incoming = self.begin_evidence(Form::File, &file.name).await?;
        self.take_evidence(&mut incoming, &file.bytes).await?;
        Ok(self.complete_evidence(incoming).await?.id)
    }

    /// Keeps the header of a mail to a proof as evidence. That it came shows nothing: only the gateway knows from where.
    async fn keep_proof_header(&self, token: &str, letter: Letter) -> Done<Taken> {
        let ticket = self.ticket_of_token(token, Purpose::Proof).await?.ok_or(Refusal::NotFound)?;
        let bucket = format!("proof-mail:{}", ticket.id);
        if limits::count(self.db.pool(), &bucket, HOUR, self.now()).await? > PROOFS_AN_HOUR {
            return Ok(Taken::Dropped("there are enough mails to this proof for now"));
        }
        let file = Attached { name: "header.eml".to_owned(), bytes: letter.header };
        let piece = self.keep_attached(&file).await?;
        let mut tx = self.db.begin().await?;
        let owner = Owner { ticket: ticket.id, join: None, by: By::Unverified };
        evidence::attach(&mut *tx, piece, owner).await?;
        self.name_found(&mut tx, ticket.id, &[piece]).await?;
        self.record(&mut tx, &Who::sender(), "proof.mail-kept", "", About::ticket(ticket.id)).await?;
        tx.commit().await?;
        Ok(Taken::Evidence(ticket.code))
    }

    /// Notes that a mail of a ticket did not arrive, when a report says so for good (RFC 3464).
    async fn note_bounce(&self, token: &str, bytes: &[u8]) -> Done<Taken> {
        let ticket = self.ticket_of_token(token, Purpose::Ticket).await?.ok_or(Refusal::NotFound)?;
        let found = self.read_unstored(bytes.to_vec()).await?;
        let is_failure = |status: &str| status.starts_with('5');
        let Some(reply) = found.replies.iter().find(|reply| reply.enhanced_status.as_deref().is_some_and(is_failure))
        else {
            return Ok(Taken::Dropped("it reports no failure"));
        };
        let why = storable_line(&reply.text, 500);
        let mails = outbox::of_ticket(self.db.pool(), ticket.id).await?;
        let named = |mail: &&Mail| memchr::memmem::find(bytes, mail.message_id.as_bytes()).is_some();
        let Some(mail) = mails.iter().rev().find(named) else {
            return Ok(Taken::Dropped("it names no mail of ours"));
        };
        let mut tx = self.db.begin().await?;
        if outbox::bounced(&mut *tx, mail.id, &why).await? {
            self.record(&mut tx, &Who::system(), "mail.bounced", &why, About::ticket(ticket.id)).await?;
        }
        tx.commit().await?;
        Ok(Taken::Bounced(ticket.code))
    }
}
