//! A sender shows control over an address: by a mail or a web request from it, by a record in the DNS, by a mailed link.
//!
//! Tokens are derived from the portal's key and the proof's own key, so that the page can show them while only hashes are
//! stored; each serves one way, one ticket and one network.

use std::net::IpAddr;

use super::{About, Desk, Done, Refusal};
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret, hash};
use crate::domain::net::Net;
use crate::domain::proof::{Proof, Sighting, Way, claimed, is_provable_range, record_text};
use crate::domain::ticket::{Ticket, Who};
use crate::domain::time::{DAY, MINUTE, Time};
use crate::locale::Sentence;
use crate::mail::notice;
use crate::store::changes::Subject;
use crate::store::mail_tokens::{self, MailToken, Purpose};
use crate::store::outbox::Auto;
use crate::store::proofs::{self, Hashes};
use crate::store::{Tx, assessments, limits, tickets};

/// How long a proof can be given.
const OPEN: i64 = 7 * DAY;

/// How many proofs one ticket may have.
const MOST: usize = 20;

/// How long one mailbox is left in peace after a link.
const MAILBOX_PEACE: i64 = DAY;

/// The mailboxes that a link may go to (RFC 2142).
pub const MAILBOXES: [&str; 2] = ["postmaster", "abuse"];

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// Control is shown.
    Met(Proof),
    /// It came from elsewhere than this network.
    Elsewhere(Net),
    /// There is no such token, or its time is over.
    Unknown,
}

impl Desk {
    /// Begins a proof for an address or a range of a ticket; a second time does nothing.
    ///
    /// # Errors
    /// `Invalid` when the ticket is not about it, or the range is none that can be proven.
    pub async fn begin_proof(&self, ticket: &Ticket, wanted: Net) -> Done<()> {
        let now = self.now();
        let is_range = !wanted.is_single();
        if is_range && !is_provable_range(wanted) {
            return Err(Refusal::invalid("proof-range"));
        }
        let block = self.blocklist.find(wanted.first(), now).map(|hit| hit.net);
        let mut tx = self.begin_change().await?;
        let named = tickets::networks(&mut *tx, ticket.id).await?;
        if !ticket.is_open() || !named.iter().any(|(net, _)| *net == wanted) {
            return Err(Refusal::invalid("proof-elsewhere"));
        }
        if proofs::of_ticket(&mut *tx, ticket.id).await?.len() >= MOST {
            return Err(Refusal::invalid("proof-many"));
        }
        let net = if is_range { wanted } else { claimed(wanted.first(), block) };
        proofs::drop_expired(&mut *tx, ticket.id, net, now).await?;
        let mut proof = new_proof(ticket.id, net, now);
        proof.range_hash = is_range.then(|| self.range_token(proof.id).hash());
        if proofs::insert(&mut *tx, &proof, &self.proof_hashes(proof.id)).await? {
            self.open_proof_mail(&mut tx, &proof).await?;
            self.record(&mut tx, &Who::sender(), "proof.begun", "", about(&proof)).await?;
            tx.commit().await?;
            self.follow().await;
        }
        Ok(())
    }

    /// Lets mail with the token of a proof pass the gateways, from the network of the proof only.
    async fn open_proof_mail(&self, tx: &mut Tx, proof: &Proof) -> Done<()> {
        if !self.config.gateways.policy_first || proof.is_range() {
            return Ok(());
        }
        let now = self.now();
        let token = MailToken {
            id: Id::new(now),
            token_hash: hash(self.proof_token(Way::Mail, proof.id).as_bytes()),
            purpose: Purpose::Proof,
            ticket_id: proof.ticket_id,
            expires_at: proof.expires_at,
            net: Some(proof.net),
        };
        mail_tokens::insert(&mut **tx, &token, now).await?;
        self.change(tx, Subject::Token, token.id).await?;
        Ok(())
    }

    /// The token of a proof for one way.
    #[must_use]
    pub fn proof_token(&self, way: Way, proof: Id) -> String {
        Secret::derived(&self.status_key, format!("proof {way} {proof}").as_bytes()).reveal().to_owned()
    }

    /// The token with which requests for the addresses of a proven range are filed.
    #[must_use]
    pub fn range_token(&self, proof: Id) -> Secret {
        Secret::derived(&self.status_key, format!("range {proof}").as_bytes())
    }

    /// The hashes of the tokens that are looked up.
    pub(super) fn proof_hashes(&self, proof: Id) -> Hashes {
        let of = |way| hash(self.proof_token(way, proof).as_bytes());
        Hashes { web: of(Way::Web), mail: of(Way::Mail), link: of(Way::Mailbox) }
    }

    /// A web request with a token came from `client`.
    pub async fn prove_by_web(&self, token: &str, client: IpAddr) -> Done<Attempt> {
        let found = proofs::find_by_web(self.db.pool(), &Secret::presented(token).hash()).await?;
        self.given_from(found, Way::Web, client).await
    }

    /// A gateway saw a mail to a token.
    pub async fn prove_by_mail(&self, sighting: &Sighting) -> Done<Attempt> {
        let found = proofs::find_by_mail(self.db.pool(), &sighting.token_hash).await?;
        self.given_from(found, Way::Mail, sighting.client).await
    }

    /// Notes a proof that came from an address, if that is the right one.
    async fn given_from(&self, found: Option<Proof>, way: Way, client: IpAddr) -> Done<Attempt> {
        let Some(proof) = found.filter(|proof| !proof.is_range()) else { return Ok(Attempt::Unknown) };
        if !proof.net.covers(Net::single(client)) {
            return Ok(Attempt::Elsewhere(proof.net));
        }
        self.meet(proof, way, &client.to_string()).await
    }

    /// Notes that a proof was given. The second time of the same is none.
    async fn meet(&self, proof: Proof, way: Way, detail: &str) -> Done<Attempt> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        if !proofs::meet(&mut *tx, proof.id, way, detail, now).await? {
            return Ok(if proof.met_at.is_some() { Attempt::Met(proof) } else { Attempt::Unknown });
        }
        self.record(&mut tx, &Who::sender(), "proof.met", way.as_str(), about(&proof)).await?;
        tickets::touch(&mut *tx, proof.ticket_id, now).await?;
        assessments::want(&mut *tx, proof.ticket_id, now).await?;
        tx.commit().await?;
        Ok(Attempt::Met(Proof { met_way: Some(way), met_at: Some(now), met_detail: Some(detail.to_owned()), ..proof }))
    }

    /// The proof of this key, if it is of this ticket.
    pub async fn proof_of(&self, ticket: &Ticket, id: Id) -> Done<Proof> {
        let found = proofs::find(self.db.pool(), id).await?;
        found.filter(|proof| proof.ticket_id == ticket.id).ok_or(Refusal::NotFound)
    }

    /// Looks for the record of a proof at once, and from time to time from then on. Says whether it is there.
    pub async fn look_for_record(&self, proof: &Proof) -> Done<bool> {
        let now = self.now();
        let next = now.plus(if now.since(proof.created_at) < DAY { 2 * MINUTE } else { 30 * MINUTE });
        let next = Some(next).filter(|next| *next < proof.expires_at && proof.is_open(now));
        if !proofs::look_next(self.db.pool(), proof, next).await? || !proof.is_open(now) {
            return Ok(false);
        }
        let text = record_text(&self.proof_token(Way::Dns, proof.id));
        let Some(name) = self.checks.proof_record(proof.net, &text).await else { return Ok(false) };
        Ok(matches!(self.meet(proof.clone(), Way::Dns, &name).await?, Attempt::Met(_)))
    }

    /// Looks for all records that are due; gives how many were found.
    pub async fn look_for_records(&self) -> Done<usize> {
        let due = proofs::due(self.db.pool(), self.now(), 20).await?;
        let looked = futures_util::future::join_all(due.iter().map(|proof| self.look_for_record(proof))).await;
        let mut found = 0;
        for one in looked {
            found += usize::from(one?);
        }
        Ok(found)
    }

    /// Mails the link of a proof to a mailbox of the domain that vouches for the address.
    ///
    /// # Errors
    /// `Invalid` when no domain vouches for it, or the mailbox had such a mail within a day.
    pub async fn mail_proof_link(&self, ticket: &Ticket, proof: &Proof, mailbox: &str) -> Done<()> {
        let now = self.now();
        let local = MAILBOXES.into_iter().find(|known| *known == mailbox).ok_or(Refusal::NotFound)?;
        let no_domain = || Refusal::invalid("proof-nameless");
        if !ticket.is_open() || !proof.is_open(now) {
            return Err(Refusal::Stale);
        }
        if proof.is_range() {
            return Err(no_domain());
        }
        let addr = self.addr_of(proof).await?;
        let domain = self.checks.vouching_domain(addr).await.ok_or_else(no_domain)?;
        let to = Email::parse(&format!("{local}@{domain}")).map_err(|_| no_domain())?;
        let mut tx = self.db.begin().await?;
        limits::take_turn(&mut tx, &format!("mailbox:{}", hash(to.folded().as_bytes()))).await?;
        let peace = now.plus(-MAILBOX_PEACE);
        let last = proofs::last_mailed(&mut *tx, to.as_str()).await?;
        if last.is_some_and(|last| last > peace)
            || !proofs::set_mailed(&mut *tx, proof.id, to.as_str(), peace, now).await?
        {
            return Err(Refusal::Invalid(Sentence::new("proof-mailed").with("to", to)));
        }
        let link = format!("{}/prove/{}", self.config.http.public_url, self.proof_token(Way::Mailbox, proof.id));
        let mail = notice::proof_link(self.notice_setting(), ticket, proof.net, &link);
        self.notify_other(&mut tx, ticket, &to, mail, Auto::Generated).await?;
        self.record(&mut tx, &Who::sender(), "proof.mailed", to.as_str(), about(proof)).await?;
        Ok(tx.commit().await?)
    }

    /// The address that a proof is for: of a /64 the one that the ticket names.
    async fn addr_of(&self, proof: &Proof) -> Done<IpAddr> {
        let named = tickets::networks(self.db.pool(), proof.ticket_id).await?;
        let inside = named.iter().map(|(net, _)| *net).find(|net| net.is_single() && proof.net.covers(*net));
        Ok(inside.unwrap_or(proof.net).first())
    }

    /// The open proof that a mailed link leads to.
    pub async fn proof_of_link(&self, token: &str) -> Done<Option<Proof>> {
        let found = proofs::find_by_link(self.db.pool(), &Secret::presented(token).hash()).await?;
        Ok(found.filter(|proof| proof.met_at.is_some() || proof.is_open(self.now())))
    }

    /// Whoever reads the mailbox confirms.
    pub async fn confirm_link(&self, token: &str) -> Done<Attempt> {
        match self.proof_of_link(token).await? {
            Some(proof) => {
                let mailbox = proof.mailed_to.clone().unwrap_or_default();
                self.meet(proof, Way::Mailbox, &mailbox).await
            }
            None => Ok(Attempt::Unknown),
        }
    }
}

/// A proof that was just asked for.
pub(super) fn new_proof(ticket: Id, net: Net, now: Time) -> Proof {
    Proof {
        id: Id::new(now),
        ticket_id: ticket,
        net,
        created_at: now,
        expires_at: now.plus(OPEN),
        look_at: None,
        mailed_to: None,
        met_way: None,
        met_at: None,
        met_detail: None,
        range_hash: None,
    }
}

/// What an event of a proof is about.
fn about(proof: &Proof) -> About {
    About { ticket: Some(proof.ticket_id), block: None, net: Some(proof.net) }
}
