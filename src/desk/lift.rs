//! A block is lifted: a whole entry, or one address out of wider ones, with probation, in one transaction.

use super::ticket::{Told, may_work};
use super::{About, Desk, Done, Refusal};
use crate::blocklist::index::Hit;
use crate::domain::block::{Block, BlockState, Exemption, Probation};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Who, storable};
use crate::domain::time::{DAY, Time};
use crate::locale::Sentence;
use crate::mail::notice::LiftFacts;
use crate::store::changes::{self, Subject};
use crate::store::{Tx, blocks, exemptions, probations};

/// The longest probation that a lift may give.
pub const PROBATION_MOST: i64 = 365 * DAY;

/// What is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole entry.
    Entry,
    /// Only this network (usually one address), out of every block that covers it.
    Only(Net),
}

/// A lift, as it is asked for.
#[derive(Debug, Clone)]
pub struct Lift {
    /// The block.
    pub block: Id,
    /// How much of it.
    pub scope: Scope,
    /// Why, for the history.
    pub reason: String,
    /// The length of the probation in milliseconds; 0: none.
    pub probation: i64,
    /// The ticket it is for, and what its sender is told.
    pub ticket: Option<Told>,
}

/// Who lifts, why, and for which ticket: what all that belongs to one lift says in the history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act<'a> {
    /// Who.
    pub(super) who: &'a Who,
    /// Why.
    pub(super) reason: &'a str,
    /// The ticket.
    pub(super) ticket: Option<Id>,
    /// The bulk lift that it is part of.
    pub(super) bulk: Option<Id>,
}

/// What came of a lift.
#[derive(Debug, Clone)]
pub struct Lifted {
    /// What is free now.
    pub net: Net,
    /// The block that still answers for its first address, if one does.
    pub still: Option<Hit>,
    /// The confirmation that it holds everywhere.
    pub confirmation: Id,
}

impl Desk {
    /// Lifts a block for a member of the staff.
    ///
    /// # Errors
    /// `NotAllowed` when the role may not lift so wide a network, `Stale` when the block or ticket has ended meanwhile.
    pub async fn lift(&self, by: &Staff, lift: Lift) -> Done<Lifted> {
        may_work(by)?;
        let block = blocks::find(self.db.pool(), lift.block).await?.ok_or(Refusal::NotFound)?;
        let net = match lift.scope {
            Scope::Entry => block.net,
            Scope::Only(net) if block.net.covers(net) => net,
            Scope::Only(net) => {
                return Err(Refusal::Invalid(Sentence::new("lift-outside").with("net", net).with("block", block.net)));
            }
        };
        if !by.role.may_lift(net) {
            return Err(Refusal::NotAllowed);
        }
        self.check_protected_causes(by, &block, lift.scope).await?;
        self.lift_as(&Who::staff(&by.name), &block, net, &lift).await
    }

    /// Leaves blocks of protected causes to leads, also those that a lift of one address would take it out of.
    async fn check_protected_causes(&self, by: &Staff, block: &Block, scope: Scope) -> Done<()> {
        let now = self.now();
        let all = match scope {
            Scope::Entry => vec![block.clone()],
            Scope::Only(net) => blocks::covering(self.db.pool(), net, 200).await?,
        };
        all.iter().filter(|block| block.is_live(now)).try_for_each(|block| self.check_protected_cause(by, block))
    }

    /// Leaves a block of a protected cause to leads.
    pub(super) fn check_protected_cause(&self, by: &Staff, block: &Block) -> Done<()> {
        let cause = self.content.causes.find(&block.cause);
        if by.role.may_exempt() || cause.is_none_or(|cause| !cause.protected) {
            return Ok(());
        }
        Err(Refusal::Invalid(Sentence::new("lift-protected-cause").with("net", block.net).with("cause", &block.cause)))
    }

    /// Lifts a block for whoever was found to be allowed.
    pub async fn lift_as(&self, who: &Who, block: &Block, net: Net, lift: &Lift) -> Done<Lifted> {
        let mut tx = self.db.begin().await?;
        let confirmation = self.lift_within(&mut tx, who, block, net, lift).await?;
        tx.commit().await?;
        self.follow_lift().await;
        Ok(Lifted { net, still: self.blocklist.find(net.first(), self.now()), confirmation })
    }

    /// Lifts inside a transaction; whoever commits it follows the lift. Gives the key of its confirmation.
    pub(super) async fn lift_within(&self, tx: &mut Tx, who: &Who, block: &Block, net: Net, lift: &Lift) -> Done<Id> {
        let reason = storable(&lift.reason, 2_000);
        if reason.trim().is_empty() {
            return Err(Refusal::invalid("lift-reasonless"));
        }
        changes::hold(tx).await?;
        let act = Act { who, reason: &reason, ticket: lift.ticket.as_ref().map(|told| told.ticket.id), bulk: None };
        let confirmation = Id::new(self.now());
        let out_of = match lift.scope {
            Scope::Entry => {
                self.end_block(tx, act, block).await?;
                None
            }
            Scope::Only(_) => self.take_out(tx, act, block, net).await?,
        };
        let until = self.start_probation(tx, act, block, net, lift.probation).await?;
        if let Some(told) = &lift.ticket {
            let facts = LiftFacts { net, out_of, cause: block.cause.clone(), probation_until: until, confirmation };
            self.tell_of_lift(tx, who, told, facts).await?;
        }
        self.request_confirmation(tx, confirmation, net, block.id, act.ticket).await?;
        Ok(confirmation)
    }

    /// Follows a lift, and wakes who confirms it.
    pub(super) async fn follow_lift(&self) {
        self.follow().await;
        self.process.tell_of_lift();
    }

    /// Ends one live block.
    async fn end_block(&self, tx: &mut Tx, act: Act<'_>, block: &Block) -> Done<()> {
        let now = self.now();
        if !self.end_if_live(tx, act, block).await? {
            let state = blocks::find(&mut **tx, block.id).await?.map_or(BlockState::Lifted, |b| b.state_at(now));
            return Err(if state == BlockState::Live { Refusal::Stale } else { Self::ended(state) });
        }
        Ok(())
    }

    /// Ends a block; says whether it was live.
    pub(super) async fn end_if_live(&self, tx: &mut Tx, act: Act<'_>, block: &Block) -> Done<bool> {
        if !blocks::lift(&mut **tx, block.id, &act.who.name, act.reason, act.bulk, self.now()).await? {
            return Ok(false);
        }
        self.change(tx, Subject::Block, block.id).await?;
        self.tell(tx, act, "block.lifted", act.reason, block, block.net).await?;
        Ok(true)
    }

    /// Takes `net` out of every live block that covers it: those of just `net` end, wider ones are carved.
    /// Gives the widest network that it was carved out of.
    async fn take_out(&self, tx: &mut Tx, act: Act<'_>, block: &Block, net: Net) -> Done<Option<Net>> {
        let now = self.now();
        let live: Vec<Block> =
            blocks::covering(&mut **tx, net, 200).await?.into_iter().filter(|b| b.is_live(now)).collect();
        if !live.iter().any(|b| b.id == block.id) {
            return Err(Self::ended(block.state_at(now)));
        }
        let carved: Vec<Option<Id>> =
            exemptions::covering(&mut **tx, net, now).await?.iter().map(|exemption| exemption.block_id).collect();
        let left: Vec<Block> = live.into_iter().filter(|covering| !carved.contains(&Some(covering.id))).collect();
        if left.is_empty() {
            return Err(Refusal::Invalid(Sentence::new("lift-taken-out").with("net", net)));
        }
        let mut widest = None;
        for covering in left {
            if covering.net == net {
                self.end_block(tx, act, &covering).await?;
            } else {
                self.carve(tx, act, &covering, net).await?;
                widest = widest.filter(|w: &Net| w.covers(covering.net)).or(Some(covering.net));
            }
        }
        Ok(widest)
    }

    /// Makes an exemption that counts for one block only.
    async fn carve(&self, tx: &mut Tx, act: Act<'_>, block: &Block, net: Net) -> Done<()> {
        let now = self.now();
        let exemption = Exemption {
            id: Id::new(now),
            net,
            block_id: Some(block.id),
            since: now,
            until: block.until,
            note: act.reason.to_owned(),
            created_by: act.who.name.clone(),
            ended_at: None,
        };
        exemptions::insert(&mut **tx, &exemption).await?;
        self.change(tx, Subject::Exemption, exemption.id).await?;
        Ok(self.tell(tx, act, "block.carved", act.reason, block, net).await?)
    }

    /// Records a part of a lift.
    async fn tell(
        &self,
        tx: &mut Tx,
        act: Act<'_>,
        what: &str,
        detail: &str,
        block: &Block,
        net: Net,
    ) -> sqlx::Result<()> {
        let about = About { ticket: act.ticket, block: Some(block.id), net: Some(net) };
        self.record(tx, act.who, what, detail, about).await
    }

    /// Starts a probation; gives its end.
    pub(super) async fn start_probation(
        &self,
        tx: &mut Tx,
        act: Act<'_>,
        block: &Block,
        net: Net,
        length: i64,
    ) -> Done<Option<Time>> {
        if length <= 0 {
            return Ok(None);
        }
        let now = self.now();
        let until = now.plus(length.min(PROBATION_MOST));
        let probation = Probation {
            id: Id::new(now),
            net,
            cause: block.cause.clone(),
            since: now,
            until,
            ticket_id: act.ticket,
            created_by: act.who.name.clone(),
            ended_at: None,
            ended_why: None,
        };
        probations::insert(&mut **tx, &probation, act.bulk).await?;
        self.change(tx, Subject::Probation, probation.id).await?;
        self.tell(tx, act, "probation.started", &until.human(), block, net).await?;
        Ok(Some(until))
    }

    /// Lifts every live block of exactly `net`, for programs and the command line; gives how many there were.
    ///
    /// # Errors
    /// When there is none; the message names the wider block that covers it, if one does.
    pub async fn lift_net(&self, who: &Who, net: Net, reason: &str) -> Done<usize> {
        let now = self.now();
        let covering = blocks::covering(self.db.pool(), net, 200).await?;
        let (exact, wider): (Vec<Block>, Vec<Block>) =
            covering.into_iter().filter(|b| b.is_live(now)).partition(|b| b.net == net);
        if exact.is_empty() {
            return Err(Refusal::Invalid(match wider.first() {
                Some(block) => Sentence::new("lift-wider-only")
                    .with("net", net)
                    .with("block", block.net)
                    .with("cause", &block.cause),
                None => Sentence::new("lift-not-blocked").with("net", net),
            }));
        }
        let act = Act { who, reason, ticket: None, bulk: None };
        let mut tx = self.begin_change().await?;
        for block in &exact {
            self.end_block(&mut tx, act, block).await?;
            self.start_probation(&mut tx, act, block, net, self.config.probation).await?;
        }
        if let Some(block) = exact.first() {
            self.request_confirmation(&mut tx, Id::new(now), net, block.id, None).await?;
        }
        tx.commit().await?;
        self.follow_lift().await;
        Ok(exact.len())
    }

    /// Lifts only `net` out of the wider blocks that cover it, for the command line.
    ///
    /// # Errors
    /// When nothing covers it.
    pub async fn lift_only(&self, who: &Who, net: Net, reason: &str) -> Done<()> {
        let now = self.now();
        let covering = blocks::covering(self.db.pool(), net, 200).await?;
        let block = covering.into_iter().find(|b| b.is_live(now));
        let block = block.ok_or_else(|| Refusal::Invalid(Sentence::new("lift-not-blocked").with("net", net)))?;
        let lift = Lift {
            block: block.id,
            scope: Scope::Only(net),
            reason: reason.to_owned(),
            probation: self.config.probation,
            ticket: None,
        };
        self.lift_as(who, &block, net, &lift).await.map(|_| ())
    }
}
