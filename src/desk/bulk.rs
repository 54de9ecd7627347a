//! Many blocks are lifted by one act, in turns that let others write, each as a single lift does; and taken back.
//!
//! What was begun is a row: whoever finds one that nobody works on goes on with it, so nothing is lost with a process.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::import::{SHARED_LEAST, TURN};
use super::lift::{Act, PROBATION_MOST};
use super::{About, Desk, Done, Refusal};
use crate::domain::block::{Block, Probation};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Who, storable, storable_line};
use crate::domain::time::{SECOND, Time};
use crate::locale::Sentence;
use crate::store::bulks::{self, Bulk, BulkState, Filter};
use crate::store::changes::Subject;
use crate::store::{blocks, probations};

/// How many rows are read at once.
const PAGE: i64 = 1_000;

/// How many blocks a preview shows.
const SAMPLE: i64 = 10;

/// How long one is its worker's own after each turn.
const LOCK: i64 = 30 * SECOND;

/// A bulk lift, as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Which blocks.
    pub filter: Filter,
    /// Why.
    pub reason: String,
    /// The length of each probation in milliseconds; 0: none.
    pub probation: i64,
    /// How many blocks whoever asks was told of, if anybody was: more are not lifted.
    pub at_most: Option<i64>,
    /// Whether a change of more than the set share of the list is meant.
    pub sure: bool,
}

/// What a bulk lift would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// How many blocks fit.
    pub count: i64,
    /// How many there are in all.
    pub there: i64,
    /// How many of each cause.
    pub causes: Vec<(String, i64)>,
    /// How many of each source.
    pub sources: Vec<(String, i64)>,
    /// Some of them.
    pub sample: Vec<Block>,
    /// Whether it is more than the set share of the list.
    pub is_large: bool,
}

impl Preview {
    /// How much of the list it is, in whole percent.
    #[must_use]
    pub fn percent(&self) -> i64 {
        self.count.saturating_mul(100) / self.there.max(1)
    }
}

/// When work stops for now; never, when there is none.
type Deadline = Option<Instant>;

impl Desk {
    /// Says what a bulk lift would do, and changes nothing.
    ///
    /// # Errors
    /// When nothing is named, or a cause that there is not.
    pub async fn preview_bulk(&self, filter: Filter) -> Done<Preview> {
        let filter = self.checked(filter)?;
        let (pool, now) = (self.db.pool(), self.now());
        let (mut causes, mut sources, mut count) = (BTreeMap::new(), BTreeMap::new(), 0);
        for share in bulks::shares(pool, &filter, now).await? {
            *causes.entry(share.cause).or_default() += share.count;
            *sources.entry(share.source).or_default() += share.count;
            count += share.count;
        }
        let there = blocks::count_live(pool).await?;
        let sample = bulks::page(pool, &filter, now, Id(i64::MAX), &filter.first(), SAMPLE).await?;
        let (causes, sources) = (by_count(causes), by_count(sources));
        Ok(Preview { count, there, causes, sources, sample, is_large: self.is_large(count, there) })
    }

    /// Whether so many of so many blocks are more than the set share.
    pub(super) fn is_large(&self, count: i64, there: i64) -> bool {
        let most = there.saturating_mul(self.config.change_share) / 100;
        self.config.change_share < 100 && there >= SHARED_LEAST && count > most
    }

    /// The filter as the store knows it, if it means anything.
    fn checked(&self, filter: Filter) -> Done<Filter> {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let source = filter.source.and_then(|source| some(storable_line(&source, 80)));
        let cause = filter.cause.and_then(|cause| some(cause.trim().to_owned()));
        let cause = cause.map(|code| self.cause(&code).map(|cause| cause.code.clone())).transpose()?;
        if filter.net.is_none() && source.is_none() && cause.is_none() {
            return Err(Refusal::invalid("bulk-all"));
        }
        Ok(Filter { net: filter.net, source, cause })
    }

    /// Begins a bulk lift for a member of the staff.
    ///
    /// # Errors
    /// `NotAllowed` for all but leads and admins: there may be wide networks and protected causes among the blocks.
    pub async fn begin_bulk_by(&self, by: &Staff, plan: Plan) -> Done<Id> {
        if !by.role.may_exempt() {
            return Err(Refusal::NotAllowed);
        }
        self.begin_bulk(&Who::staff(&by.name), plan).await
    }

    /// Begins a bulk lift; [`Desk::work_on_bulk`] does it.
    ///
    /// # Errors
    /// When no block fits, more than expected, or more than the set share of the list and nobody said that this is meant.
    pub async fn begin_bulk(&self, who: &Who, plan: Plan) -> Done<Id> {
        let reason = storable(&plan.reason, 2_000);
        if reason.trim().is_empty() {
            return Err(Refusal::invalid("lift-reasonless"));
        }
        self.settle_imports().await?;
        let filter = self.checked(plan.filter)?;
        let Preview { count, there, is_large, .. } = self.preview_bulk(filter.clone()).await?;
        check_count(count, plan.at_most)?;
        if is_large && !plan.sure {
            let sentence = Sentence::new("bulk-share").with("count", count).with("there", there);
            return Err(Refusal::Invalid(sentence.with("share", self.config.change_share)));
        }
        let now = self.now();
        let bulk = fresh(who, filter, reason, plan.probation.clamp(0, PROBATION_MOST), count, now);
        let mut tx = self.begin_change().await?;
        bulks::insert(&mut *tx, &bulk, now.plus(LOCK)).await?;
        let detail = format!("{}: {}", described(&bulk.filter), bulk.reason);
        self.record(&mut tx, who, "bulk.begun", &detail, about(&bulk)).await?;
        tx.commit().await?;
        Ok(bulk.id)
    }

    /// Begins to take a bulk lift back, for a member of the staff.
    pub async fn begin_bulk_undo_by(&self, by: &Staff, id: Id) -> Done<()> {
        if !by.role.may_exempt() {
            return Err(Refusal::NotAllowed);
        }
        self.begin_bulk_undo(&Who::staff(&by.name), id).await
    }

    /// Begins to take a bulk lift back, whether all of it was done or a part; [`Desk::work_on_bulk`] does it.
    ///
    /// # Errors
    /// When it was taken back already, or a list of one of its sources is coming in.
    pub async fn begin_bulk_undo(&self, who: &Who, id: Id) -> Done<()> {
        self.settle_imports().await?;
        let mut tx = self.begin_change().await?;
        if bulks::begin_undo(&mut *tx, id, who, self.now().plus(LOCK)).await? {
            return Ok(tx.commit().await?);
        }
        let bulk = bulks::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        Err(Refusal::invalid(if bulk.stands() { "bulk-list-comes" } else { "bulk-not-standing" }))
    }

    /// Works on a bulk lift or its way back for so long, or to its end; gives how it stands then.
    pub async fn work_on_bulk(&self, id: Id, time: Option<Duration>) -> Done<Bulk> {
        let bulk = bulks::find(self.db.pool(), id).await?.ok_or(Refusal::NotFound)?;
        self.work(bulk, time.map(|time| Instant::now() + time)).await?;
        self.follow_lift().await;
        bulks::find(self.db.pool(), id).await?.ok_or(Refusal::NotFound)
    }

    /// Goes on with what others began and nobody works on; says whether there was anything.
    pub async fn continue_bulks(&self) -> Done<bool> {
        let now = self.now();
        let Some(bulk) = bulks::claim(self.db.pool(), now, now.plus(LOCK)).await? else { return Ok(false) };
        self.work(bulk, None).await?;
        self.follow_lift().await;
        Ok(true)
    }

    /// Does what is left to do; leaves it to others at the deadline.
    async fn work(&self, bulk: Bulk, deadline: Deadline) -> Done<()> {
        let is_done = match bulk.state {
            BulkState::Lifting => self.lift_all(&bulk, deadline).await?,
            BulkState::Undoing => self.restore_all(&bulk, deadline).await? && self.end_all(&bulk, deadline).await?,
            BulkState::Lifted | BulkState::Undone => return Ok(()),
        };
        match bulk.state {
            _ if !is_done => Ok(bulks::leave(self.db.pool(), bulk.id).await?),
            BulkState::Lifting => self.finish_bulk(&bulk).await,
            _ => self.finish_bulk_undo(&bulk).await,
        }
    }

    /// Lifts all blocks that fit; says whether it came to the end.
    async fn lift_all(&self, bulk: &Bulk, deadline: Deadline) -> Done<bool> {
        let mut from = bulk.filter.first();
        loop {
            let page = bulks::page(self.db.pool(), &bulk.filter, self.now(), bulk.upto, &from, PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            from = last.net.first_hex();
            let mut left = page.into_iter();
            while left.len() > 0 {
                if !self.lift_turn(bulk, &mut left).await? || is_over(deadline) {
                    return Ok(false);
                }
                self.db.pause().await;
            }
        }
    }

    /// Lifts for one turn; says whether the bulk lift goes on.
    async fn lift_turn(&self, bulk: &Bulk, left: &mut impl Iterator<Item = Block>) -> Done<bool> {
        let who = bulk.who();
        let act = Act { who: &who, reason: &bulk.reason, ticket: None, bulk: Some(bulk.id) };
        let mut tx = self.begin_change().await?;
        let begun = Instant::now();
        let mut lifted = 0;
        for block in left {
            if self.end_if_live(&mut tx, act, &block).await? {
                self.start_probation(&mut tx, act, &block, block.net, bulk.probation).await?;
                lifted += 1;
            }
            if begun.elapsed() > TURN {
                break;
            }
        }
        let goes_on = bulks::count_lifted(&mut *tx, bulk.id, lifted, self.now().plus(LOCK)).await?;
        if goes_on {
            tx.commit().await?;
        }
        Ok(goes_on)
    }

    /// Notes that all was lifted, and asks for the confirmation that this holds everywhere.
    async fn finish_bulk(&self, bulk: &Bulk) -> Done<()> {
        let mut tx = self.begin_change().await?;
        if !bulks::finish_lifting(&mut *tx, bulk.id, self.now()).await? {
            return Ok(());
        }
        let lifted = bulks::find(&mut *tx, bulk.id).await?.map_or(0, |bulk| bulk.lifted);
        if let Some(block) = bulks::lifted_page(&mut *tx, bulk.id, Id(0), 1).await?.first() {
            self.request_confirmation(&mut tx, Id::new(self.now()), block.net, block.id, None).await?;
        }
        let detail = format!("{}: {lifted} lifted", described(&bulk.filter));
        self.record(&mut tx, &bulk.who(), "bulk.lifted", &detail, about(bulk)).await?;
        Ok(tx.commit().await?)
    }

    /// Puts all blocks back that still have a reason; says whether it came to the end.
    async fn restore_all(&self, bulk: &Bulk, deadline: Deadline) -> Done<bool> {
        let mut after = Id(0);
        loop {
            let page = bulks::lifted_page(self.db.pool(), bulk.id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = last.id;
            let mut left = page.into_iter();
            while left.len() > 0 {
                if !self.restore_turn(bulk, &mut left).await? || is_over(deadline) {
                    return Ok(false);
                }
                self.db.pause().await;
            }
        }
    }

    /// Puts blocks back for one turn; says whether the way back goes on.
    async fn restore_turn(&self, bulk: &Bulk, left: &mut impl Iterator<Item = Block>) -> Done<bool> {
        let (who, now) = (bulk.undoer(), self.now());
        let mut tx = self.begin_change().await?;
        let begun = Instant::now();
        let mut restored = 0;
        for block in left {
            if bulks::restore(&mut *tx, block.id, bulk.id, now).await? {
                self.change(&mut tx, Subject::Block, block.id).await?;
                let about = About { ticket: None, block: Some(block.id), net: Some(block.net) };
                self.record(&mut tx, &who, "block.restored", &block.cause, about).await?;
                restored += 1;
            }
            if begun.elapsed() > TURN {
                break;
            }
        }
        let goes_on = bulks::count_restored(&mut *tx, bulk.id, restored, now.plus(LOCK)).await?;
        if goes_on {
            tx.commit().await?;
        }
        Ok(goes_on)
    }

    /// Ends the probations that it gave; says whether it came to the end.
    async fn end_all(&self, bulk: &Bulk, deadline: Deadline) -> Done<bool> {
        loop {
            let page = bulks::probations_page(self.db.pool(), bulk.id, Id(0), PAGE).await?;
            if page.is_empty() {
                return Ok(true);
            }
            let mut left = page.into_iter();
            while left.len() > 0 {
                if !self.end_turn(bulk, &mut left).await? || is_over(deadline) {
                    return Ok(false);
                }
                self.db.pause().await;
            }
        }
    }

    /// Ends probations for one turn; says whether the way back goes on.
    async fn end_turn(&self, bulk: &Bulk, left: &mut impl Iterator<Item = Probation>) -> Done<bool> {
        let (who, now) = (bulk.undoer(), self.now());
        let mut tx = self.begin_change().await?;
        let begun = Instant::now();
        for probation in left {
            if probations::end(&mut *tx, probation.id, "taken back", now).await? {
                self.change(&mut tx, Subject::Probation, probation.id).await?;
                let about = About { ticket: None, block: None, net: Some(probation.net) };
                self.record(&mut tx, &who, "probation.undone", "", about).await?;
            }
            if begun.elapsed() > TURN {
                break;
            }
        }
        let goes_on = bulks::count_restored(&mut *tx, bulk.id, 0, now.plus(LOCK)).await?;
        if goes_on {
            tx.commit().await?;
        }
        Ok(goes_on)
    }

    /// Notes that it was taken back.
    async fn finish_bulk_undo(&self, bulk: &Bulk) -> Done<()> {
        let mut tx = self.begin_change().await?;
        if !bulks::finish_undo(&mut *tx, bulk.id, self.now()).await? {
            return Ok(());
        }
        let Some(Bulk { lifted, restored, .. }) = bulks::find(&mut *tx, bulk.id).await? else { return Ok(()) };
        let detail = format!("{}: {restored} of {lifted} blocked again", described(&bulk.filter));
        self.record(&mut tx, &bulk.undoer(), "bulk.undone", &detail, about(bulk)).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether it is time to stop.
fn is_over(deadline: Deadline) -> bool {
    deadline.is_some_and(|end| Instant::now() >= end)
}

/// Counts, the greatest first.
fn by_count(counts: BTreeMap<String, i64>) -> Vec<(String, i64)> {
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

/// Refuses to lift nothing, and more than somebody was told of.
fn check_count(count: i64, at_most: Option<i64>) -> Done<()> {
    match at_most {
        _ if count == 0 => Err(Refusal::invalid("bulk-none")),
        Some(most) if count > most => {
            Err(Refusal::Invalid(Sentence::new("bulk-more").with("count", count).with("most", most)))
        }
        _ => Ok(()),
    }
}

/// One that begins.
fn fresh(who: &Who, filter: Filter, reason: String, probation: i64, expected: i64, now: Time) -> Bulk {
    Bulk {
        id: Id::new(now),
        state: BulkState::Lifting,
        filter,
        reason,
        probation,
        upto: Id(0),
        expected,
        lifted: 0,
        restored: 0,
        actor_kind: who.kind,
        created_by: who.name.clone(),
        created_at: now,
        lifted_at: None,
        undo_kind: None,
        undone_by: None,
        undone_at: None,
    }
}

/// What a filter means, for the history.
#[must_use]
pub fn described(filter: &Filter) -> String {
    let net = filter.net.map(|net| format!("inside {net}"));
    let source = filter.source.as_ref().map(|source| format!("source {source}"));
    let cause = filter.cause.as_ref().map(|cause| format!("cause {cause}"));
    [net, source, cause].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What an event about it is about.
fn about(bulk: &Bulk) -> About {
    About { net: bulk.filter.net, ..About::default() }
}
