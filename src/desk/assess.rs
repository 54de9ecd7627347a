//! The published policy at work: every ticket is assessed when something about it changes, and lifted when all holds.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::lift::{Lift, Scope};
use super::ticket::Told;
use super::{About, Desk, Done, Refusal};
use crate::checks::{Outcome, Subject};
use crate::domain::block::Block;
use crate::domain::dns::is_public;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::policy::{self, Assessment, Decision, Facts, Standing};
use crate::domain::proof::{Way, claimed};
use crate::domain::ticket::{Actor, Kind, Ticket, Who};
use crate::domain::time::{DAY, HOUR, MINUTE, Time};
use crate::locale::texts;
use crate::store::assessments::{self, Assessed};
use crate::store::tickets::Origin;
use crate::store::{blocks, exemptions, limits, probations, proofs, tickets};

/// How long a process has for one assessment before another may try.
const CLAIM: i64 = MINUTE;

/// How many tickets are assessed in one go.
const AT_ONCE: i64 = 20;

/// How long a page waits for checks that were not made in the last minutes.
const OUTLOOK_WAITS: Duration = Duration::from_millis(800);

/// The name of the policy as one who acts.
const NAME: &str = "policy";

/// How old checks may be when the policy lifts by them.
const FRESH: i64 = HOUR;

/// How many blocks inside a proven /64 are looked at.
const INNER_MOST: i64 = 200;

/// What an assessment is made of, and what it would lift.
struct Case {
    /// The facts.
    facts: Facts,
    /// What is lifted: the proven address or its /64.
    net: Option<Net>,
    /// The narrowest block in force.
    block: Option<Block>,
    /// The operator of its network.
    origin: Option<String>,
    /// When the checks were made.
    checked_at: Option<Time>,
}

impl Desk {
    /// Assesses the tickets that are due; gives how many.
    pub async fn assess_due(&self) -> Done<usize> {
        let mut count = 0;
        for ticket in assessments::due(self.db.pool(), self.now(), AT_ONCE).await? {
            count += usize::from(self.assess(ticket).await?);
        }
        Ok(count)
    }

    /// Assesses one ticket, unless another process does; says whether it did.
    async fn assess(&self, id: Id) -> Done<bool> {
        let now = self.now();
        let claim = now.plus(CLAIM);
        if !assessments::claim(self.db.pool(), id, now, claim).await? {
            return Ok(false);
        }
        let ticket = tickets::find(self.db.pool(), id).await?.ok_or(Refusal::NotFound)?;
        if !ticket.is_open() {
            assessments::rest(self.db.pool(), id, claim).await?;
            return Ok(false);
        }
        let mut case = self.case(&ticket).await?;
        let mut found = policy::assess(&self.config.policy, &case.facts);
        if found.decision == Decision::Lift && self.has_old_checks(&case) {
            self.check_for_policy(&ticket).await?;
            case.facts.in_order = None;
            found = policy::assess(&self.config.policy, &case.facts);
        }
        if self.note_assessment(&ticket, &found, claim).await? && found.decision == Decision::Lift {
            self.lift_by_policy(&ticket).await?;
        }
        Ok(true)
    }

    /// Whether the checks that a lift would go by were made too long ago, as after waiting.
    fn has_old_checks(&self, case: &Case) -> bool {
        let is_old = case.checked_at.is_some_and(|at| self.now().since(at) > FRESH);
        is_old && self.checks.are_on() && !self.config.policy.checks.is_empty()
    }

    /// Stores an assessment, and records it when it says something else than the one before; says whether it still holds.
    async fn note_assessment(&self, ticket: &Ticket, found: &Assessment, claim: Time) -> Done<bool> {
        let now = self.now();
        let body = serde_json::to_string(found).map_err(anyhow::Error::from)?;
        // A lift that fails half-way is tried again after a minute.
        let due_at = if found.decision == Decision::Lift { Some(now.plus(MINUTE)) } else { found.until };
        let outcome = found.decision.as_str().to_owned();
        let mut tx = self.db.begin().await?;
        let before = assessments::find(&mut *tx, ticket.id).await?;
        let is_known = before.and_then(|before| Assessment::recorded(&before.body)).is_some_and(|it| it.is_like(found));
        if !is_known {
            self.record(&mut tx, &by_policy(), "policy.assessed", &body, About::ticket(ticket.id)).await?;
        }
        if !assessments::put(&mut *tx, ticket.id, &Assessed { at: now, outcome, body, due_at }, claim).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Gathers what the policy needs to know of a ticket.
    async fn case(&self, ticket: &Ticket) -> Done<Case> {
        let own = self.asked_about(ticket.id).await?;
        let net = own.first().copied().filter(|net| net.is_single() && is_public(net.first()));
        let snapshots = self.snapshots(ticket.id).await?;
        let origin = snapshots.now.as_ref().and_then(origin_of);
        let checked_at = snapshots.now.as_ref().map(|now| now.at);
        let (mut facts, live) = self.facts(net, origin.as_deref()).await?;
        let block = live.into_iter().next();
        if let Some(net) = net {
            let back = self.now().plus(-self.config.policy.lookback);
            let others = assessments::others_of_sender(self.db.pool(), NAME, &ticket.email, net, back).await?;
            facts.others_lifted = facts.others_lifted.max(others);
        }
        let proof = match net {
            Some(net) => self.best_proof(ticket.id, net, block.as_ref().map(|block| block.net)).await?,
            None => None,
        };
        if let Some((_, proven)) = proof.filter(|(_, proven)| !proven.is_single()) {
            facts.blocks.extend(self.standings_inside(proven).await?);
        }
        let is_request = matches!(ticket.kind, Kind::Unblock | Kind::ConnectionsRefused);
        let facts = Facts {
            named: own.len(),
            is_suspected: ticket.suspected.is_some() || !is_request,
            proof: proof.map(|(way, _)| way),
            others: self.others(ticket, proof.map(|(_, net)| net)).await?,
            of_sender: assessments::lifts_of_sender(self.db.pool(), &ticket.email, self.now().plus(-DAY)).await?,
            in_order: (!snapshots.is_coming).then(|| snapshots.now.map(|now| in_order(&now)).unwrap_or_default()),
            ..facts
        };
        Ok(Case { facts, net: proof.map(|(_, net)| net).or(net), block, origin, checked_at })
    }

    /// The blocks inside a proven /64: its probation shields from them too, so their causes count.
    async fn standings_inside(&self, net: Net) -> Done<Vec<Standing>> {
        let inner = blocks::live_inside(self.db.pool(), net, INNER_MOST).await?;
        let are_all = inner.len() < usize::try_from(INNER_MOST).unwrap_or_default();
        let now = self.now();
        let live = inner.iter().filter(|block| block.is_live(now)).map(|block| self.standing(block));
        Ok(live.map(|one| Standing { may_lift: one.may_lift && are_all, ..one }).collect())
    }

    /// What a ticket asks to unblock: what was typed; without that the single addresses of the evidence that are blocked.
    pub async fn asked_about(&self, ticket: Id) -> Done<Vec<Net>> {
        let named = tickets::networks(self.db.pool(), ticket).await?;
        let (typed, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|(_, origin)| *origin == Origin::Typed);
        let now = self.now();
        let is_blocked = |net: &Net| net.is_single() && self.blocklist.find(net.first(), now).is_some();
        let found = || others.iter().map(|(net, _)| *net).filter(is_blocked).collect();
        Ok(if typed.is_empty() { found() } else { typed.into_iter().map(|(net, _)| net).collect() })
    }

    /// What is known of an address apart from any ticket, and the blocks in force against it.
    async fn facts(&self, net: Option<Net>, origin: Option<&str>) -> Done<(Facts, Vec<Block>)> {
        let (pool, now) = (self.db.pool(), self.now());
        let live = match net {
            Some(net) if self.blocklist.find(net.first(), now).is_some() => self.in_force(net).await?,
            _ => Vec::new(),
        };
        let (day, back) = (now.plus(-DAY), now.plus(-self.config.policy.lookback));
        let (mut of_network, mut others_lifted, mut declined) = (0, 0, 0);
        if let Some(net) = net {
            let wide = Net::around(net.first(), if net.is_v4() { 24 } else { 48 });
            of_network = probations::count_by(pool, NAME, wide, day).await?;
            others_lifted = probations::others_lifted(pool, NAME, wide, net, back).await?;
            declined = assessments::declined(pool, net, back).await?;
        }
        let of_origin = match origin {
            Some(origin) => assessments::lifts_of_origin(pool, origin, day).await?,
            None => 0,
        };
        let facts = Facts {
            named: usize::from(net.is_some()),
            is_address: net.is_some(),
            is_suspected: false,
            blocks: live.iter().map(|block| self.standing(block)).collect(),
            proof: None,
            in_order: None,
            repeats: self.repeats(net).await?,
            others_lifted,
            declined,
            others: 0,
            of_sender: 0,
            of_network,
            of_origin,
            now,
        };
        Ok((facts, live))
    }

    /// What the policy would say of a request for an address that is asked now, as far as is known without one, and the
    /// names of the live checks that are in order.
    pub async fn outlook(&self, addr: IpAddr) -> Done<(Assessment, Vec<String>)> {
        let subject = Subject::new(Some(addr), None, None);
        let run = tokio::time::timeout(OUTLOOK_WAITS, self.checks.run(&subject, &self.clock));
        let snapshot = run.await.ok().flatten();
        let origin = snapshot.as_deref().and_then(origin_of);
        let net = Some(Net::single(addr)).filter(|_| is_public(addr));
        let (facts, _) = self.facts(net, origin.as_deref()).await?;
        let in_order = snapshot.as_deref().map(in_order).unwrap_or_default();
        let facts = Facts { in_order: Some(in_order.clone()), ..facts };
        Ok((policy::assess(&self.config.policy, &facts), in_order))
    }

    /// The blocks in force against a network that were not carved out, the narrowest first.
    async fn in_force(&self, net: Net) -> Done<Vec<Block>> {
        let now = self.now();
        let carved: Vec<Option<Id>> =
            exemptions::covering(self.db.pool(), net, now).await?.iter().map(|exemption| exemption.block_id).collect();
        let covering = blocks::covering(self.db.pool(), net, 200).await?;
        let mut live: Vec<Block> =
            covering.into_iter().filter(|block| block.is_live(now) && !carved.contains(&Some(block.id))).collect();
        live.sort_by_key(|block| std::cmp::Reverse(block.net.prefix_len()));
        Ok(live)
    }

    /// A block as the policy sees it. Causes that the catalogue no longer has are left to a person.
    fn standing(&self, block: &Block) -> Standing {
        let cause = self.content.causes.find(&block.cause);
        Standing {
            cause: block.cause.clone(),
            may_lift: cause.is_some_and(|cause| cause.policy_lift),
            is_protected: cause.is_none_or(|cause| cause.protected),
            since: block.since,
        }
    }

    /// How control over an address was shown for a ticket, and over how much: in a way that counts, if there is one. That
    /// of a /64 counts as long as nothing narrower blocks the address.
    async fn best_proof(&self, ticket: Id, addr: Net, block: Option<Net>) -> Done<Option<(Way, Net)>> {
        let all = proofs::of_ticket(self.db.pool(), ticket).await?;
        let widest = claimed(addr.first(), block);
        let own = all.iter().filter(|proof| proof.net.covers(addr) && widest.covers(proof.net));
        let met = own.filter_map(|proof| Some((proof.met_way?, proof.net)));
        Ok(met.max_by_key(|(way, net)| (self.config.policy.proofs.contains(way), net.prefix_len())))
    }

    /// How many other senders showed control over the same within the look-back time.
    async fn others(&self, ticket: &Ticket, proven: Option<Net>) -> Done<i64> {
        let Some(net) = proven else { return Ok(0) };
        let since = self.now().plus(-self.config.policy.lookback);
        Ok(proofs::other_senders(self.db.pool(), net, &ticket.email, since).await?)
    }

    /// How often the address, or what covers it, was lifted within the look-back time. Of an IPv6 /64 every address is
    /// the same.
    async fn repeats(&self, net: Option<Net>) -> Done<i64> {
        let Some(net) = net else { return Ok(0) };
        let since = self.now().plus(-self.config.policy.lookback);
        let whole = if net.is_v4() { net } else { Net::around(net.first(), 64) };
        let mut all = probations::covering(self.db.pool(), whole).await?;
        if whole != net {
            all.extend(probations::begun_inside(self.db.pool(), whole, since).await?);
        }
        let times: BTreeSet<Time> = all.iter().map(|lift| lift.since).filter(|at| *at > since).collect();
        Ok(i64::try_from(times.len()).unwrap_or(i64::MAX))
    }

    /// Lifts what was proven, ends the ticket and tells its sender. Lifts by the policy take turns over all processes, and
    /// each looks at all facts once more, so that daily caps hold; what changed meanwhile is left for the next time.
    async fn lift_by_policy(&self, ticket: &Ticket) -> Done<()> {
        let mut tx = self.db.begin().await?;
        limits::take_turn(&mut tx, NAME).await?;
        let case = self.case(ticket).await?;
        let found = policy::assess(&self.config.policy, &case.facts);
        let (Decision::Lift, Some(net), Some(block)) = (found.decision, case.net, case.block) else {
            assessments::want(&mut *tx, ticket.id, self.now()).await?;
            return Ok(tx.commit().await?);
        };
        let way = case.facts.proof.map_or("", Way::as_str);
        let lift = Lift {
            block: block.id,
            scope: Scope::Only(net),
            reason: texts(crate::locale::FALLBACK).t1("policy-reason", "way", way),
            probation: self.config.probation,
            ticket: Some(Told {
                ticket: ticket.id.into(),
                answer: texts(&ticket.lang).t("policy-answer"),
                stays_open: false,
            }),
        };
        match self.lift_within(&mut tx, &by_policy(), &block, net, &lift).await {
            Ok(_) => {
                assessments::set_lifted(&mut *tx, ticket.id, case.origin.as_deref(), self.now()).await?;
                tx.commit().await?;
                self.follow_lift().await;
                Ok(())
            }
            Err(Refusal::Stale | Refusal::Invalid(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// What the policy says of a ticket.
    pub async fn assessment(&self, ticket: Id) -> Done<Option<Assessment>> {
        let found = assessments::find(self.db.pool(), ticket).await?;
        Ok(found.and_then(|found| Assessment::recorded(&found.body)))
    }
}

/// The policy as one who acts.
fn by_policy() -> Who {
    Who { kind: Actor::System, name: NAME.to_owned() }
}

/// The names of the checks that are in order; of several of one name all have to be.
fn in_order(snapshot: &crate::checks::Snapshot) -> Vec<String> {
    let bad = |name: &str| snapshot.checks.iter().any(|other| other.name == name && other.outcome != Outcome::Pass);
    snapshot.checks.iter().map(|check| check.name.to_string()).filter(|name| !bad(name)).collect()
}

/// The operator of the network, as the check found it.
fn origin_of(snapshot: &crate::checks::Snapshot) -> Option<String> {
    let check = snapshot.checks.iter().find(|check| check.name == "origin")?;
    check.values.iter().find(|(name, _)| name == "asn").map(|(_, asn)| asn.clone())
}
