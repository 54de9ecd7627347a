//! The operator of a proven range files requests for many of its addresses at once; each is a ticket like any other, with the
//! range's proof, so that the policy decides about it alone.

use std::net::IpAddr;

use super::bounds::Bound;
use super::request::{Request, new_ticket};
use super::{About, Desk, Done, Refusal};
use crate::domain::filing::{Answer, Row};
use crate::domain::id::{Id, Secret};
use crate::domain::net::Net;
use crate::domain::proof::{HOLDS, Proof, Way, claimed};
use crate::domain::ticket::{Kind, Ticket, Who};
use crate::domain::time::{DAY, MINUTE};
use crate::locale::texts;
use crate::store::{proofs, tickets};

/// How many requests are filed for one range within a day.
const DAILY_MOST: i64 = 500;

/// What came of one address of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The line it stands in.
    pub line: u64,
    /// The address.
    pub addr: IpAddr,
    /// What came of it.
    pub answer: Answer,
    /// The request for it.
    pub ticket: Option<Id>,
}

impl Desk {
    /// The proof of a range whose token this is, and the ticket that it belongs to.
    ///
    /// # Errors
    /// `NotFound` for a token that is none, `Invalid` for one whose proof is missing or old.
    pub async fn range_of(&self, token: &str) -> Done<(Ticket, Proof)> {
        let found = proofs::find_by_range(self.db.pool(), &Secret::presented(token).hash()).await?;
        let proof = found.filter(|proof| proof.met_at.is_some()).ok_or(Refusal::NotFound)?;
        let ticket = tickets::find(self.db.pool(), proof.ticket_id).await?.ok_or(Refusal::NotFound)?;
        self.holds(&proof)?;
        Ok((ticket, proof))
    }

    /// Whether a proof of a range still holds.
    fn holds(&self, proof: &Proof) -> Done<()> {
        let holds = proof.is_range() && proof.opens_more(self.now());
        if holds { Ok(()) } else { Err(Refusal::invalid("range-unproven")) }
    }

    /// Files requests for addresses of a proven range; says of each what came of it. What was filed before is not filed again.
    ///
    /// # Errors
    /// `Invalid` when the proof does not hold.
    pub async fn file(&self, whole: &Ticket, proof: &Proof, rows: &[Row], client: IpAddr) -> Done<Vec<Filed>> {
        self.holds(proof)?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let (answer, ticket) = self.file_one(whole, proof, row, client).await?;
            all.push(Filed { line: row.line, addr: row.addr, answer, ticket });
        }
        if all.iter().any(|filed| filed.answer == Answer::Filed) {
            self.follow().await;
        }
        Ok(all)
    }

    /// Files the request for one address.
    async fn file_one(&self, whole: &Ticket, proof: &Proof, row: &Row, client: IpAddr) -> Done<(Answer, Option<Id>)> {
        let now = self.now();
        let Some(hit) = self.blocklist.find(row.addr, now) else { return Ok((Answer::NotBlocked, None)) };
        let bounds = [
            Bound::new(format!("range:{}", proof.net), DAY, DAILY_MOST),
            Bound::new("range-all".to_owned(), MINUTE, self.config.limits.requests_per_minute),
        ];
        let mut tx = self.begin_change().await?;
        let net = Net::single(row.addr);
        if let Some(open) = tickets::find_open_of_range(&mut *tx, proof.id, net).await? {
            return Ok((Answer::Open, Some(open.id)));
        }
        if !self.has_room(&bounds) {
            return Ok((Answer::Later, None));
        }
        let Some(counts) = self.count_in(&mut tx, &bounds).await? else { return Ok((Answer::Later, None)) };
        let request = Self::request_of(whole, row, client);
        let ticket = new_ticket(&request, now);
        self.write_ticket(&mut tx, &request, &ticket, None, &self.filed_secret(ticket.id)).await?;
        tickets::set_range(&mut *tx, ticket.id, proof.id).await?;
        self.open_mail_token(&mut tx, ticket.id).await?;
        let claim = claimed(row.addr, Some(hit.net));
        let shown = if proof.net.covers(claim) { claim } else { net };
        let own = super::prove::new_proof(ticket.id, shown, now);
        proofs::insert(&mut *tx, &own, &self.proof_hashes(own.id)).await?;
        let detail = proof.met_detail.as_deref().unwrap_or_default();
        proofs::meet(&mut *tx, own.id, proof.met_way.unwrap_or(Way::Dns), detail, now).await?;
        let about = About { ticket: Some(ticket.id), block: None, net: Some(shown) };
        self.record(&mut tx, &Who::sender(), "proof.met", &proof.net.to_string(), about).await?;
        tx.commit().await?;
        self.learn(&bounds, &counts);
        Ok((Answer::Filed, Some(ticket.id)))
    }

    /// The request for one address of a range.
    fn request_of(whole: &Ticket, row: &Row, client: IpAddr) -> Request {
        let said = || texts(&whole.lang).t1("range-message", "code", &whole.code);
        Request {
            kind: Kind::Unblock,
            email: whole.email.clone(),
            name: whole.name.clone(),
            message: if row.message.is_empty() { said() } else { row.message.clone() },
            typed: vec![Net::single(row.addr)],
            case_code: None,
            evidence: Vec::new(),
            once: None,
            client,
            lang: whole.lang.clone(),
            suspected: whole.suspected.clone(),
        }
    }

    /// What opens the page of a request that was filed for an address of a range.
    #[must_use]
    pub fn filed_secret(&self, ticket: Id) -> Secret {
        Secret::derived(&self.status_key, format!("filed {ticket}").as_bytes())
    }

    /// Until when requests can be filed by a proof.
    #[must_use]
    pub fn range_until(proof: &Proof) -> Option<crate::domain::time::Time> {
        proof.met_at.map(|met| met.plus(HOLDS))
    }
}
