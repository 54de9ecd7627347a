//! The live checks of a ticket: asked for with the request, taken beside the pages, the same for sender and staff.

use super::evidence::findings;
use super::{Desk, Done, Refusal};
use crate::checks::{Snapshot, Subject};
use crate::domain::dns::is_public;
use crate::domain::id::Id;
use crate::domain::ticket::{Actor, By, Ticket, Who};
use crate::domain::time::{DAY, MINUTE};
use crate::evidence::Findings;
use crate::store::snapshots::{self, Wanted};
use crate::store::tickets::Origin;
use crate::store::{Tx, assessments, evidence, tickets};

/// How many snapshots one ticket gets in a day.
const DAILY_MOST: i64 = 20;

/// How long a process has for taking one before another may try.
const CLAIM: i64 = MINUTE;

/// How many are taken at once.
const AT_ONCE: i64 = 8;

/// The two newest snapshots of a ticket.
#[derive(Debug, Clone, Default)]
pub struct Snapshots {
    /// The newest.
    pub now: Option<Snapshot>,
    /// The one before.
    pub before: Option<Snapshot>,
    /// Whether one is on its way.
    pub is_coming: bool,
}

impl Desk {
    /// Asks for the first snapshot of a ticket, inside the transaction that makes it.
    pub(super) async fn want_snapshot(&self, tx: &mut Tx, ticket: Id, by: Actor) -> sqlx::Result<()> {
        if !self.checks.are_on() {
            return Ok(());
        }
        let now = self.now();
        snapshots::ask(&mut **tx, Wanted { id: Id::new(now), ticket_id: ticket }, by, now).await
    }

    /// Asks for another snapshot.
    ///
    /// # Errors
    /// `Invalid` when there are no checks, or the ticket had many today.
    pub async fn check_again(&self, who: &Who, ticket: &Ticket) -> Done<()> {
        if !self.checks.are_on() {
            return Err(Refusal::invalid("checks-are-off"));
        }
        let mut tx = self.db.begin().await?;
        if snapshots::waits(&mut *tx, ticket.id).await? {
            return Ok(());
        }
        if snapshots::count_since(&mut *tx, ticket.id, self.now().plus(-DAY)).await? >= DAILY_MOST {
            return Err(Refusal::invalid("checks-often"));
        }
        let by = if who.kind == Actor::Sender { Actor::Sender } else { Actor::Staff };
        self.want_snapshot(&mut tx, ticket.id, by).await?;
        Ok(tx.commit().await?)
    }

    /// Asks for another snapshot before the policy lifts by what an old one shows.
    pub(super) async fn check_for_policy(&self, ticket: &Ticket) -> Done<()> {
        let mut tx = self.db.begin().await?;
        if !snapshots::waits(&mut *tx, ticket.id).await? {
            self.want_snapshot(&mut tx, ticket.id, Actor::System).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes the snapshots that were asked for, several at once; gives how many.
    pub async fn take_snapshots(&self) -> Done<usize> {
        let due = snapshots::due(self.db.pool(), self.now(), AT_ONCE).await?;
        let taken = futures_util::future::join_all(due.iter().map(|wanted| self.take_snapshot(*wanted))).await;
        let mut count = 0;
        for one in taken {
            count += usize::from(one?);
        }
        Ok(count)
    }

    /// Takes one snapshot, unless another process does; says whether it did.
    async fn take_snapshot(&self, wanted: Wanted) -> Done<bool> {
        let now = self.now();
        if !snapshots::claim(self.db.pool(), wanted.id, now, now.plus(CLAIM)).await? {
            return Ok(false);
        }
        let subject = self.subject_of(wanted.ticket_id).await?;
        // Without a place among the runs the claim ends by itself, and it is tried again.
        let is_again = !snapshots::newest(self.db.pool(), wanted.ticket_id, 1).await?.is_empty();
        let snapshot = if is_again {
            self.checks.run_again(&subject, &self.clock).await
        } else {
            self.checks.run(&subject, &self.clock).await
        };
        let Some(snapshot) = snapshot else { return Ok(false) };
        let body = serde_json::to_string(&*snapshot).map_err(anyhow::Error::from)?;
        let mut tx = self.db.begin().await?;
        let is_new = snapshots::put(&mut *tx, wanted.id, &body, self.now()).await?;
        assessments::want(&mut *tx, wanted.ticket_id, self.now()).await?;
        tx.commit().await?;
        Ok(is_new)
    }

    /// What is checked for a ticket: its address, and what the sender's own evidence shows of it.
    async fn subject_of(&self, ticket: Id) -> Done<Subject> {
        let mut named = tickets::networks(self.db.pool(), ticket).await?;
        named.sort_by_key(|(_, origin)| *origin == Origin::Evidence);
        let addr = named.iter().map(|(net, _)| *net).find(|net| net.is_single() && is_public(net.first()));
        let addr = addr.map(crate::domain::net::Net::first);
        let pieces = evidence::of_ticket(self.db.pool(), ticket).await?;
        let own = pieces.iter().filter(|piece| piece.author_kind == By::Sender);
        Ok(subject(addr, &own.map(findings).collect::<Vec<_>>()))
    }

    /// The newest snapshots of a ticket.
    pub async fn snapshots(&self, ticket: Id) -> Done<Snapshots> {
        let pool = self.db.pool();
        let mut bodies = snapshots::newest(pool, ticket, 2).await?.into_iter();
        let mut next = || bodies.next().and_then(|body| serde_json::from_str(&body).ok());
        Ok(Snapshots { now: next(), before: next(), is_coming: snapshots::waits(pool, ticket).await? })
    }
}

/// The subject of an address, with name, domains and signatures from what the reader found.
#[must_use]
pub fn subject(addr: Option<std::net::IpAddr>, found: &[Findings]) -> Subject {
    let replies = || found.iter().flat_map(|one| &one.replies).filter(|reply| addr.is_none() || reply.ip == addr);
    let headers = || found.iter().filter_map(|one| one.header.as_ref());
    let border = headers().filter(|header| header.border_ip == addr).find_map(|header| header.border_helo.as_deref());
    let helo = replies().find_map(|reply| reply.helo.as_deref()).or(border);
    let sender = replies().find_map(|reply| reply.sender_domain.as_deref());
    let path = headers().find_map(|header| header.return_path_domain.as_deref());
    let from = headers().find_map(|header| header.from_domain.as_deref());
    let signatures: Vec<(String, String)> = headers()
        .flat_map(|header| &header.dkim_signatures)
        .filter_map(|signature| Some((signature.domain.clone()?, signature.selector.clone()?)))
        .take(20)
        .collect();
    Subject::new(addr, helo, sender.or(path).or(from)).with_mail(from, &signatures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Reply, header};

    #[test]
    fn the_evidence_names_what_is_checked() {
        let addr = "203.0.113.7".parse().ok();
        let reply = |ip: &str, helo: &str| Reply {
            ip: ip.parse().ok(),
            helo: Some(helo.to_owned()),
            sender_domain: Some("news.sender.example".to_owned()),
            ..Reply::default()
        };
        let signature = header::DkimSignature {
            domain: Some("Sender.example".to_owned()),
            selector: Some("s1".to_owned()),
            algorithm: None,
        };
        let header = header::Header {
            from_domain: Some("sender.example".to_owned()),
            dkim_signatures: vec![signature.clone(), signature],
            ..header::Header::default()
        };
        let found = Findings {
            replies: vec![reply("192.0.2.1", "other.example"), reply("203.0.113.7", "mail.sender.example")],
            header: Some(header),
            ..Findings::default()
        };
        let subject = subject(addr, &[found]);
        assert_eq!(
            (subject.helo.as_deref(), subject.domain.as_deref()),
            (Some("mail.sender.example"), Some("news.sender.example"))
        );
        assert_eq!((subject.from.as_deref(), subject.signatures.len()), (Some("sender.example"), 1));
    }
}
