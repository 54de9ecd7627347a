//! Blocks and exemptions are added and changed.

use super::ticket::may_work;
use super::{About, Desk, Done, Refusal};
use crate::domain::block::{Block, BlockState, Exemption, Lasts, NewBlock, Probation};
use crate::domain::cause::Cause;
use crate::domain::id::{Id, case_code};
use crate::domain::net::Net;
use crate::domain::protected::Why;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Who, storable, storable_line};
use crate::domain::time::Time;
use crate::domain::words::quoted;
use crate::locale::Sentence;
use crate::mail::notice;
use crate::store::changes::Subject;
use crate::store::outbox::Auto;
use crate::store::{Tx, assessments, blocks, exemptions, probations, tickets};

/// What came of adding a block.
#[derive(Debug, Clone)]
pub struct Added {
    /// The block as it stands now.
    pub block: Block,
    /// Whether it is new; else the live one of the same network and source was renewed.
    pub is_new: bool,
}

impl Desk {
    /// Adds a block for a member of the staff. `despite` is the network once more, typed by a lead who means it although
    /// it is protected.
    pub async fn add_block_by(&self, by: &Staff, new: NewBlock, despite: Option<Net>) -> Done<Added> {
        may_work(by)?;
        if !by.role.may_lift(new.net) {
            return Err(Refusal::NotAllowed);
        }
        self.add_block_despite(&Who::staff(&by.name), new, despite.filter(|_| by.role.may_exempt())).await
    }

    /// Adds a block, also of a protected network if `despite` names just that.
    pub async fn add_block_despite(&self, who: &Who, new: NewBlock, despite: Option<Net>) -> Done<Added> {
        if despite != Some(new.net) {
            self.check_protected(new.net)?;
        }
        self.put_block(who, new).await
    }

    /// Refuses protected networks, with the reason.
    pub(super) fn check_protected(&self, net: Net) -> Done<()> {
        match self.config.protected.meets(net) {
            None => Ok(()),
            Some((_, Why::Wide)) => Err(Refusal::Invalid(Sentence::new("block-protected-wide").with("net", net))),
            Some((other, why)) => Err(Refusal::Invalid(
                Sentence::new("block-protected").with("net", net).with("other", other).with("why", why),
            )),
        }
    }

    /// Adds a block, or renews the live one of the same network and source. Newer evidence ends probations inside it.
    ///
    /// # Errors
    /// When the cause is unknown; the message lists those there are. When the network is protected.
    pub async fn add_block(&self, who: &Who, new: NewBlock) -> Done<Added> {
        self.add_block_despite(who, new, None).await
    }

    /// Adds or renews a block whose network was looked at.
    async fn put_block(&self, who: &Who, new: NewBlock) -> Done<Added> {
        let cause = self.cause(&new.cause)?;
        let fresh = self.block_of(who, cause, &new, BlockState::Live);
        let mut tx = self.begin_change().await?;
        let live = blocks::find_live(&mut *tx, fresh.net, &fresh.source).await?;
        let added = match live.filter(|b| b.is_live(self.now())) {
            Some(old) => self.renew(&mut tx, who, old, fresh).await?,
            None => self.insert_block(&mut tx, who, fresh).await?,
        };
        self.end_probations(&mut tx, who, &added.block).await?;
        tx.commit().await?;
        self.follow().await;
        Ok(added)
    }

    /// The cause of this code.
    pub(super) fn cause(&self, code: &str) -> Done<&Cause> {
        let causes = &self.content.causes;
        causes.find(code).ok_or_else(|| {
            let known = causes.codes();
            Refusal::Invalid(Sentence::new("cause-unknown").with("given", quoted(code)).with("known", known))
        })
    }

    /// The block that `new` describes, beginning now.
    pub(super) fn block_of(&self, who: &Who, cause: &Cause, new: &NewBlock, state: BlockState) -> Block {
        let now = self.now();
        Block {
            id: Id::new(now),
            net: new.net,
            cause: cause.code.clone(),
            action: cause.action,
            case_code: case_code(),
            source: storable_line(&new.source, 80),
            note: storable(&new.note, 2_000),
            evidence_at: new.evidence_at.unwrap_or(now),
            since: now,
            until: new.lasts.unwrap_or_else(|| cause.lasts()).end(now),
            state,
            created_by: who.name.clone(),
            lifted_at: None,
            lifted_by: None,
            lift_reason: None,
            hits: 0,
            first_hit_at: None,
            last_hit_at: None,
        }
    }

    /// Writes cause, end and evidence of `fresh` into the live block; its case link stays good.
    async fn renew(&self, tx: &mut Tx, who: &Who, old: Block, fresh: Block) -> Done<Added> {
        let block = Block {
            cause: fresh.cause,
            action: fresh.action,
            note: if fresh.note.is_empty() { old.note.clone() } else { fresh.note },
            evidence_at: fresh.evidence_at.max(old.evidence_at),
            until: later(old.until, fresh.until),
            ..old
        };
        if !blocks::renew(&mut **tx, &block).await? {
            return Err(Refusal::Stale);
        }
        self.change(tx, Subject::Block, block.id).await?;
        self.record(tx, who, "block.renewed", &block.cause, about(&block)).await?;
        Ok(Added { block, is_new: false })
    }

    /// Stores a new block. A live one whose end has passed, but that no job wrote down yet, makes room first.
    async fn insert_block(&self, tx: &mut Tx, who: &Who, block: Block) -> Done<Added> {
        if let Some(old) = blocks::find_live(&mut **tx, block.net, &block.source).await? {
            blocks::expire(&mut **tx, old.id, self.now()).await?;
            self.change(tx, Subject::Block, old.id).await?;
        }
        let mut block = block;
        while blocks::find_by_case(&mut **tx, &block.case_code).await?.is_some() {
            block.case_code = case_code();
        }
        blocks::insert(&mut **tx, &block, None).await?;
        self.change(tx, Subject::Block, block.id).await?;
        self.record(tx, who, "block.added", &block.cause, about(&block)).await?;
        Ok(Added { block, is_new: true })
    }

    /// Ends the probations inside and around a block whose evidence is newer than their lifts.
    pub(super) async fn end_probations(&self, tx: &mut Tx, who: &Who, block: &Block) -> Done<()> {
        let now = self.now();
        let mut all = probations::running_inside(&mut **tx, block.net, now).await?;
        let around = probations::covering(&mut **tx, block.net).await?;
        all.extend(around.into_iter().filter(|p| p.net != block.net && p.ended_at.is_none() && now < p.until));
        for probation in all {
            self.end_probation(tx, who, &probation, block).await?;
        }
        Ok(())
    }

    /// Ends one probation if a block has newer evidence than its lift and reaches it, and goes on with its ticket: what was
    /// taken out of this very block stays free, so its probation goes on.
    pub(super) async fn end_probation(&self, tx: &mut Tx, who: &Who, probation: &Probation, block: &Block) -> Done<()> {
        if block.evidence_at <= probation.since {
            return Ok(());
        }
        let exempt = exemptions::covering(&mut **tx, probation.net, self.now()).await?;
        let is_spared = exempt.iter().any(|exemption| exemption.block_id.is_none_or(|id| id == block.id));
        if is_spared || !probations::end(&mut **tx, probation.id, "newer evidence", self.now()).await? {
            return Ok(());
        }
        self.change(tx, Subject::Probation, probation.id).await?;
        let about = About { ticket: probation.ticket_id, block: Some(block.id), net: Some(probation.net) };
        self.record(tx, who, "probation.ended", &block.cause, about).await?;
        match probation.ticket_id {
            Some(ticket) => self.blocked_again(tx, ticket, probation, block).await,
            None => Ok(()),
        }
    }

    /// Opens the ticket of a lift again and tells its sender whether the cause is the same.
    async fn blocked_again(&self, tx: &mut Tx, id: Id, probation: &Probation, block: &Block) -> Done<()> {
        let Some(ticket) = tickets::find(&mut **tx, id).await? else { return Ok(()) };
        if !tickets::reopen(&mut **tx, id, self.now()).await? {
            return Ok(());
        }
        let is_same = probation.cause == block.cause;
        let about = About { ticket: Some(id), block: Some(block.id), net: Some(probation.net) };
        let word = if is_same { "same" } else { "new" };
        self.record(tx, &Who::system(), "ticket.blocked-again", word, about).await?;
        assessments::want(&mut **tx, id, self.now()).await?;
        let secret = self.fresh_link(tx, id).await?;
        let mail = notice::blocked_again(self.notice_setting(), &ticket, block, is_same, secret.reveal());
        Ok(self.notify(tx, &ticket, mail, Auto::Generated).await?)
    }

    /// Ends the probations that blocks of other ways in, such as an import, have overtaken.
    pub(super) async fn end_overtaken(&self, who: &Who) -> Done<()> {
        let all = probations::list(self.db.pool(), self.now()).await?;
        self.end_those_overtaken(who, all).await
    }

    /// Ends the probations of addresses that were taken out of a block with newer evidence and fell back into it.
    pub async fn end_fallen_back(&self) -> Done<()> {
        let fallen = probations::fallen_back(self.db.pool(), self.now()).await?;
        self.end_those_overtaken(&Who::system(), fallen).await
    }

    /// Ends those of these probations that a live block with newer evidence reaches.
    async fn end_those_overtaken(&self, who: &Who, all: Vec<Probation>) -> Done<()> {
        let now = self.now();
        for probation in all {
            let covering = blocks::covering(self.db.pool(), probation.net, 200).await?;
            for block in covering.iter().filter(|b| b.is_live(now) && b.evidence_at > probation.since) {
                let mut tx = self.begin_change().await?;
                self.end_probation(&mut tx, who, &probation, block).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Gives a live block another end.
    pub async fn set_block_end(&self, by: &Staff, id: Id, lasts: Lasts) -> Done<Option<Time>> {
        may_work(by)?;
        let now = self.now();
        let until = lasts.end(now);
        let mut tx = self.begin_change().await?;
        let block = blocks::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        if !by.role.may_lift(block.net) {
            return Err(Refusal::NotAllowed);
        }
        self.check_protected_cause(by, &block)?;
        if !blocks::set_until(&mut *tx, id, until, now).await? {
            return Err(Self::ended(block.state_at(now)));
        }
        self.change(&mut tx, Subject::Block, id).await?;
        let detail = until.map_or_else(|| "never".to_owned(), Time::human);
        self.record(&mut tx, &Who::staff(&by.name), "block.end-set", &detail, about(&block)).await?;
        tx.commit().await?;
        self.follow().await;
        Ok(until)
    }

    /// Adds an exemption.
    pub async fn add_exemption(&self, by: &Staff, net: Net, lasts: Lasts, note: &str) -> Done<Id> {
        if !by.role.may_exempt() {
            return Err(Refusal::NotAllowed);
        }
        let note = storable(note, 2_000);
        if note.trim().is_empty() {
            return Err(Refusal::invalid("exemption-reasonless"));
        }
        let now = self.now();
        let exemption = Exemption {
            id: Id::new(now),
            net,
            block_id: None,
            since: now,
            until: lasts.end(now),
            note,
            created_by: by.name.clone(),
            ended_at: None,
        };
        let mut tx = self.begin_change().await?;
        exemptions::insert(&mut *tx, &exemption).await?;
        self.change(&mut tx, Subject::Exemption, exemption.id).await?;
        let about = About { net: Some(net), ..About::default() };
        self.record(&mut tx, &Who::staff(&by.name), "exemption.added", &exemption.note, about).await?;
        tx.commit().await?;
        self.follow().await;
        Ok(exemption.id)
    }

    /// Ends an exemption or a carve-out.
    pub async fn end_exemption(&self, by: &Staff, id: Id) -> Done<()> {
        if !by.role.may_exempt() {
            return Err(Refusal::NotAllowed);
        }
        let mut tx = self.begin_change().await?;
        let exemption = exemptions::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        if !exemptions::end(&mut *tx, id, &by.name, self.now()).await? {
            return Err(Refusal::Stale);
        }
        self.change(&mut tx, Subject::Exemption, id).await?;
        let about = About { block: exemption.block_id, net: Some(exemption.net), ..About::default() };
        self.record(&mut tx, &Who::staff(&by.name), "exemption.ended", "", about).await?;
        tx.commit().await?;
        self.follow().await;
        Ok(())
    }
}

/// The later of two ends; none is the latest.
fn later(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    Some(a?.max(b?))
}

/// What an event about a block is about.
fn about(block: &Block) -> About {
    About { ticket: None, block: Some(block.id), net: Some(block.net) }
}
