//! Whether a lift holds everywhere: asked for with the lift, looked for step by step, told to the sender.

use std::net::IpAddr;
use std::time::Duration;

use super::followers::{ALIVE, Crowd, EDGE_ALIVE};
use super::{Desk, Done};
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::{HOUR, MINUTE, SECOND, Time};
use crate::locale::texts;
use crate::mail::notice::{self, Effectiveness};
use crate::store::changes::{self, Position};
use crate::store::confirmations::{self, Confirmation, Effect, Step, StepKind};
use crate::store::{Tx, outbox, tickets};

/// How long a confirmation is looked for before it is given up.
const GIVE_UP: i64 = HOUR;

/// How long a confirmation is this process's own while it looks.
const LOCK: i64 = 15 * SECOND;

/// How much longer than the set time a mail waits when nobody looks for its confirmation: it is not lost with the job.
const GRACE: i64 = 20 * SECOND;

/// How many addresses of a network are tried before one is taken that shows whether its lift holds.
const TRIED: u128 = 16;

/// How often a page that waits for a confirmation looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A confirmation with its steps.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// How far it is.
    pub whole: Confirmation,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Confirmed {
    /// The steps at which mail servers are decided about: all but the commit.
    fn places(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.kind != StepKind::Commit)
    }

    /// At how many places the lift is seen, and at how many it has to be.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.places().filter(|step| step.state == Effect::Confirmed).count(), self.places().count())
    }
}

impl Desk {
    /// Asks for the confirmation of a lift in its transaction, after its last change.
    pub(super) async fn request_confirmation(
        &self,
        tx: &mut Tx,
        id: Id,
        net: Net,
        block: Id,
        ticket: Option<Id>,
    ) -> sqlx::Result<()> {
        let now = self.now();
        let position = changes::position(&mut **tx).await?;
        let new = Confirmation {
            id,
            net,
            block_id: block,
            ticket_id: ticket,
            epoch: position.epoch,
            number: position.n,
            state: Effect::Requested,
            requested_at: now,
            settled_at: None,
            next_at: now,
        };
        confirmations::insert(&mut **tx, &new).await?;
        let commit = step(StepKind::Commit, "", Effect::Confirmed, "number", position.n.to_string(), now);
        confirmations::put_step(&mut **tx, id, &commit).await
    }

    /// Until when a mail waits for the confirmation of its lift, whatever becomes of that.
    pub(super) fn waits_until(&self) -> Time {
        self.now().plus(self.config.lift_wait + GRACE)
    }

    /// The next confirmation that somebody has to look for.
    pub async fn next_confirmation(&self) -> Done<Option<Confirmed>> {
        let now = self.now();
        let pool = self.db.pool();
        let Some(whole) = confirmations::claim(pool, now, now.plus(LOCK)).await? else { return Ok(None) };
        let steps = confirmations::steps(pool, whole.id).await?;
        Ok(Some(Confirmed { whole, steps }))
    }

    /// An address that shows whether the lift of `net` holds: one that no other entry blocks.
    ///
    /// # Errors
    /// The entry that blocks it still, when there is no such address.
    pub fn probe(&self, net: Net) -> Result<IpAddr, Hit> {
        let now = self.now();
        let mut blocked = None;
        for addr in candidates(net) {
            match self.blocklist.ask(addr, now) {
                Verdict::Blocked(hit) => blocked = blocked.or(Some(hit)),
                Verdict::Free | Verdict::Unknown => return Ok(addr),
            }
        }
        blocked.map_or(Ok(net.first()), Err)
    }

    /// Takes what was seen of a confirmation, adds what followers and edges report, and notes how far it is. A sender who
    /// waits for it is told once it is settled, or the set time is over.
    pub async fn confirm(&self, confirmation: &Confirmation, seen: Vec<Step>) -> Done<Effect> {
        let pool = self.db.pool();
        let now = self.now();
        let there = changes::position(pool).await?;
        let need = if there.epoch == confirmation.epoch { confirmation.number } else { there.n };
        let need = Position { n: need, epoch: there.epoch };
        let mut steps = seen;
        steps.extend(self.said_by_crowd(&self.crowd().await?, &need, now));
        for step in &steps {
            confirmations::put_step(pool, confirmation.id, step).await?;
        }
        self.drop_ended(confirmation.id, &steps).await?;
        let all = confirmations::steps(pool, confirmation.id).await?;
        let state = self.state(confirmation, &all, now);
        let settled = matches!(state, Effect::Confirmed | Effect::Failed).then_some(now);
        confirmations::put(pool, confirmation.id, state, settled, next_look(confirmation, now)).await?;
        if state != Effect::Requested {
            let whole = Confirmation { state, settled_at: settled, ..confirmation.clone() };
            self.tell_of_effect(&Confirmed { whole, steps: all }).await?;
        }
        Ok(state)
    }

    /// What followers and edges that count say of a number.
    fn said_by_crowd(&self, crowd: &Crowd, need: &Position, now: Time) -> Vec<Step> {
        let own = self.blocklist.standing(now).map(|standing| standing.position);
        let alive = crowd.followers.iter().filter(|f| now.since(f.seen_at) < ALIVE && f.name != self.process.name);
        let followers = alive.map(|f| reached(StepKind::Follower, &f.name, &f.epoch, f.number, need, now));
        let edges = crowd.edges.iter().filter(|e| now.since(e.seen_at) < EDGE_ALIVE);
        let edges = edges.map(|e| reached(StepKind::Edge, &e.name, &e.epoch, e.number, need, now));
        let own = own.map(|p| reached(StepKind::Follower, &self.process.name, &p.epoch, p.n, need, now));
        own.into_iter().chain(followers).chain(edges).collect()
    }

    /// Leaves out steps of processes and edges that do not count any more.
    async fn drop_ended(&self, id: Id, now_there: &[Step]) -> Done<()> {
        for old in confirmations::steps(self.db.pool(), id).await? {
            let reports = matches!(old.kind, StepKind::Follower | StepKind::Edge);
            if reports && !now_there.iter().any(|step| step.kind == old.kind && step.name == old.name) {
                confirmations::drop_step(self.db.pool(), id, old.kind, &old.name).await?;
            }
        }
        Ok(())
    }

    /// How far a confirmation is by its steps and its age.
    fn state(&self, confirmation: &Confirmation, steps: &[Step], now: Time) -> Effect {
        let age = now.since(confirmation.requested_at);
        if steps.iter().all(|step| step.state == Effect::Confirmed) {
            Effect::Confirmed
        } else if age >= GIVE_UP || steps.iter().any(|step| step.state == Effect::Failed) {
            Effect::Failed
        } else if age >= self.config.lift_wait {
            Effect::Late
        } else {
            Effect::Requested
        }
    }

    /// Lets the mails of a lift go, with what is known of its effect.
    async fn tell_of_effect(&self, known: &Confirmed) -> Done<()> {
        for mail in outbox::waiting(self.db.pool(), known.whole.id).await? {
            let Some(ticket) = mail.ticket_id else { continue };
            let Some(ticket) = tickets::find(self.db.pool(), ticket).await? else { continue };
            let (done, total) = known.count();
            let state = Effectiveness { state: known.whole.state, done, total, at: known.whole.settled_at };
            let body = notice::with_effect(&texts(&ticket.lang), &mail.body, &state);
            outbox::release(self.db.pool(), mail.id, &body).await?;
        }
        Ok(())
    }

    /// Waits for a moment until a confirmation is settled, where somebody looks for it.
    pub async fn await_confirmation(&self, id: Id, most: Duration) -> Done<()> {
        if !self.process.confirms() {
            return Ok(());
        }
        let settled = async {
            loop {
                match confirmations::find(self.db.pool(), id).await {
                    Ok(Some(found)) if found.settled_at.is_none() => tokio::time::sleep(LOOK_EVERY).await,
                    _ => return,
                }
            }
        };
        let _ = tokio::time::timeout(most, settled).await;
        Ok(())
    }

    /// The confirmations of the lifts of a ticket, newest first.
    pub async fn confirmations_of_ticket(&self, ticket: Id, most: i64) -> Done<Vec<Confirmed>> {
        self.with_steps(confirmations::of_ticket(self.db.pool(), ticket, most).await?).await
    }

    /// The confirmations of lifts of or out of a block, newest first.
    pub async fn confirmations_of_block(&self, block: Id, most: i64) -> Done<Vec<Confirmed>> {
        self.with_steps(confirmations::of_block(self.db.pool(), block, most).await?).await
    }

    /// Confirmations with their steps.
    async fn with_steps(&self, all: Vec<Confirmation>) -> Done<Vec<Confirmed>> {
        let mut known = Vec::new();
        for whole in all {
            let steps = confirmations::steps(self.db.pool(), whole.id).await?;
            known.push(Confirmed { whole, steps });
        }
        Ok(known)
    }
}

/// A step as it was seen.
#[must_use]
pub fn step(kind: StepKind, name: &str, state: Effect, what: &str, value: String, at: Time) -> Step {
    Step { kind, name: name.to_owned(), state, what: what.to_owned(), value, at }
}

/// The step of somebody who reports a number.
fn reached(kind: StepKind, name: &str, epoch: &str, number: i64, need: &Position, now: Time) -> Step {
    let is_there = epoch == need.epoch && number >= need.n;
    let (state, what) = if is_there { (Effect::Confirmed, "number") } else { (Effect::Late, "behind") };
    step(kind, name, state, what, number.to_string(), now)
}

/// When it is looked for again: soon after the lift, then more and more seldom.
fn next_look(confirmation: &Confirmation, now: Time) -> Time {
    let age = now.since(confirmation.requested_at);
    let pauses = [(SECOND, SECOND / 10), (20 * SECOND, SECOND / 2), (MINUTE, 5 * SECOND)];
    let pause = pauses.iter().find(|(until, _)| age < *until).map_or(30 * SECOND, |(_, pause)| *pause);
    now.plus(pause)
}

/// Addresses of a network, spread over it: first, last, and some between. The test entry of DNSBLs is none of them.
fn candidates(net: Net) -> impl Iterator<Item = IpAddr> {
    use crate::domain::net::{from_number, number};
    let (first, last) = (number(net.first()), number(net.last()));
    let gap = ((last - first) / TRIED).max(1);
    let spread = (0..TRIED).map(move |n| first + n * gap).take_while(move |n| *n <= last).chain([last]);
    spread.map(from_number).filter(|addr| *addr != IpAddr::from([127, 0, 0, 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_probed_inside_of_it() {
        for text in ["203.0.113.7", "203.0.113.0/24", "2001:db8::/64", "2001:db8::1", "203.0.113.6/31", "::/0"] {
            let net = Net::parse(text).unwrap();
            let all: Vec<IpAddr> = candidates(net).collect();
            assert!(
                !all.is_empty() && all.iter().all(|addr| net.covers(Net::single(*addr)) || text == "::/0"),
                "{text}"
            );
            assert_eq!(all.first(), Some(&net.first()), "{text}");
        }
    }
}
