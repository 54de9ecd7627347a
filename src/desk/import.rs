//! Lists come in: staged unseen in batches, put into force by one short change.

use std::time::{Duration, Instant};

use super::{About, Desk, Done, Refusal};
use crate::domain::block::{Block, BlockState, Ends, Lasts, NewBlock};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::{Who, storable_line};
use crate::domain::time::{MINUTE, Time};
use crate::locale::Sentence;
use crate::store::changes::Subject;
use crate::store::imports::{self, Counts};
use crate::store::{Db, Tx, blocks};

/// How many entries one transaction stages.
const BATCH: usize = 1_000;

/// How long a transaction stages before it lets others write.
pub(super) const TURN: Duration = Duration::from_millis(60);

/// How many rows one settling statement writes.
const SETTLE: i64 = 1_000;

/// Names of sources that blocks have which come from no list: their entries are no list's to end.
const RESERVED: [&str; 6] = ["staff", "api", "cli", "operator", "postern", "system"];

/// How many blocks a list has before shares of it count.
pub(super) const SHARED_LEAST: i64 = 1_000;

/// An import that nobody ended for so long has died.
const STALE: i64 = 60 * MINUTE;

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is blocked.
    pub net: Net,
    /// Code of its cause; none: that of the import.
    pub cause: Option<String>,
    /// When its evidence was seen, if the list says so.
    pub evidence_at: Option<Time>,
    /// When it ends, if the list says so.
    pub ends: Option<Ends>,
    /// A note.
    pub note: String,
}

/// How a list is taken.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The name of the source; entries of other sources are not touched.
    pub source: String,
    /// The name of the file, for the history.
    pub file_name: String,
    /// The cause of entries that name none.
    pub cause: String,
    /// How long the blocks last; none: as their causes say.
    pub lasts: Option<Lasts>,
    /// Whether blocks of the source that the list does not name end.
    pub replace: bool,
    /// Protected networks that are meant all the same.
    pub despite: Vec<Net>,
    /// Whether a change of more than the set share of the list is meant.
    pub sure: bool,
}

/// An import that is under way.
#[derive(Debug)]
pub struct Import {
    /// Its key.
    id: Id,
    /// How it is done.
    plan: Plan,
    /// Who does it.
    who: Who,
    /// Whether nothing of its source is known, so that every entry is new.
    is_first: bool,
    /// Entries that wait for the next batch.
    waiting: Vec<Entry>,
    /// What came of it so far.
    counts: Counts,
    /// When statistics of the list are gathered.
    gathering: Gathering,
}

/// A list that grows, or whose rows change their state, by many: when statistics of it are gathered.
#[derive(Debug)]
struct Gathering {
    /// How many rows were written.
    written: u64,
    /// How many there are when they are gathered next.
    next: u64,
}

impl Gathering {
    /// After how many rows they are gathered.
    const FIRST: u64 = 1_000;

    /// They are gathered again when there are so many times as many.
    const AGAIN: u64 = 4;

    /// Nothing was written yet.
    fn new() -> Self {
        Self { written: 0, next: Self::FIRST }
    }

    /// Notes that so many further rows were written.
    async fn wrote(&mut self, rows: u64, db: &Db) -> sqlx::Result<()> {
        self.written += rows;
        if self.written >= self.next {
            self.next = self.written * Self::AGAIN;
            db.gather_statistics().await?;
        }
        Ok(())
    }
}

impl Import {
    /// What came of it so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

impl Desk {
    /// Begins an import.
    ///
    /// # Errors
    /// When the cause is unknown, or another import of the same source is under way.
    pub async fn begin_import(&self, who: &Who, plan: Plan) -> Done<Import> {
        self.cause(&plan.cause)?;
        let plan =
            Plan { source: storable_line(&plan.source, 80), file_name: storable_line(&plan.file_name, 200), ..plan };
        check_source(&plan.source)?;
        let id = self.reserve_import(who, &plan.source, &plan.file_name).await?;
        self.db.gather_statistics().await?;
        let is_first = !imports::knows_source(self.db.pool(), &plan.source).await?;
        let (waiting, counts, gathering) = (Vec::new(), Counts::default(), Gathering::new());
        Ok(Import { id, plan, who: who.clone(), is_first, waiting, counts, gathering })
    }

    /// Makes an import of a source that nobody else imports meanwhile.
    pub(super) async fn reserve_import(&self, who: &Who, source: &str, file_name: &str) -> Done<Id> {
        let now = self.now();
        imports::abandon_stale(self.db.pool(), source, now.plus(-STALE)).await?;
        self.write_down_what_ended().await?;
        let id = Id::new(now);
        // A bulk lift of this source that is being taken back puts rows back that the list would name at the same time.
        let mut tx = self.begin_change().await?;
        let under_way = |sentence| Err(Refusal::Invalid(Sentence::new(sentence).with("source", source)));
        match imports::begin(&mut *tx, id, source, file_name, &who.name, now).await {
            Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
                under_way("import-under-way")
            }
            Err(error) => Err(error.into()),
            Ok(false) => under_way("import-meets-bulk"),
            Ok(true) => {
                tx.commit().await?;
                Ok(id)
            }
        }
    }

    /// Settles what an import left that died, and writes down ends that have passed, so that the list meets rows that say
    /// what is so.
    async fn write_down_what_ended(&self) -> Done<()> {
        self.settle_imports().await?;
        while self.expire_blocks().await? > 0 {}
        Ok(())
    }

    /// Whether this is an entry that the import takes, without taking it; one that has ended already is none.
    ///
    /// # Errors
    /// When its cause is unknown, or its network is protected.
    pub fn is_entry(&self, import: &Import, entry: &Entry) -> Done<bool> {
        if let Some(code) = &entry.cause {
            self.cause(code)?;
        }
        if matches!(entry.ends, Some(Ends::At(end)) if end <= self.now()) {
            return Ok(false);
        }
        if !import.plan.despite.contains(&entry.net) {
            self.check_protected(entry.net)?;
        }
        Ok(true)
    }

    /// Takes one entry.
    ///
    /// # Errors
    /// When its cause is unknown, or its network is protected.
    pub async fn import_entry(&self, import: &mut Import, entry: Entry) -> Done<()> {
        if !self.is_entry(import, &entry)? {
            return Ok(());
        }
        import.waiting.push(entry);
        if import.waiting.len() >= BATCH { self.stage_batch(import).await } else { Ok(()) }
    }

    /// Stages the entries that wait, in short transactions: people and programs that change the list have their turn.
    async fn stage_batch(&self, import: &mut Import) -> Done<()> {
        let mut waiting = std::mem::take(&mut import.waiting).into_iter();
        let rows = waiting.len();
        while waiting.len() > 0 {
            let mut tx = self.db.begin().await?;
            let begun = Instant::now();
            for entry in waiting.by_ref() {
                self.stage_entry(&mut tx, import, entry).await?;
                if begun.elapsed() > TURN {
                    break;
                }
            }
            tx.commit().await?;
            self.db.pause().await;
        }
        Ok(import.gathering.wrote(rows as u64, &self.db).await?)
    }

    /// Stages one entry.
    async fn stage_entry(&self, tx: &mut Tx, import: &mut Import, entry: Entry) -> Done<()> {
        let seen = entry.evidence_at;
        let block = self.staged_block(import, entry)?;
        if !import.is_first && imports::keep_live(&mut **tx, import.id, &block, seen).await? {
            import.counts.kept += 1;
        } else if !import.is_first && imports::keep_lifted(&mut **tx, import.id, &block.source, block.net, seen).await?
        {
            import.counts.held += 1;
        } else {
            import.counts.added += i64::from(imports::stage(&mut **tx, import.id, &block, seen).await?);
        }
        Ok(())
    }

    /// The block that an entry of a list makes, if it is new.
    fn staged_block(&self, import: &Import, entry: Entry) -> Done<Block> {
        let cause = self.cause(entry.cause.as_deref().unwrap_or(&import.plan.cause))?;
        let new = NewBlock {
            net: entry.net,
            cause: cause.code.clone(),
            lasts: import.plan.lasts,
            note: entry.note,
            source: import.plan.source.clone(),
            evidence_at: entry.evidence_at,
        };
        let block = self.block_of(&import.who, cause, &new, BlockState::Staged);
        Ok(Block { until: entry.ends.map_or(block.until, Ends::time), ..block })
    }

    /// Refuses an import that changes more of the list than the set share, unless somebody is sure.
    async fn check_share(&self, import: &Import) -> Done<()> {
        let Counts { added, dropped, .. } = import.counts;
        let there = blocks::count_live(self.db.pool()).await?;
        if import.plan.sure || !self.is_large(added.max(dropped), there) {
            return Ok(());
        }
        let sentence = Sentence::new("import-share").with("added", added).with("dropped", dropped);
        Err(Refusal::Invalid(sentence.with("there", there).with("share", self.config.change_share)))
    }

    /// Puts an import into force by one short change, then writes the state of its rows in batches.
    ///
    /// # Errors
    /// When it changes too much of the list and nobody said that this is meant; nothing of it counts then.
    pub async fn finish_import(&self, mut import: Import) -> Done<Counts> {
        self.stage_batch(&mut import).await?;
        if import.plan.replace {
            self.stage_drops(&mut import).await?;
        }
        if let Err(refusal) = self.check_share(&import).await {
            self.abandon_import(import).await?;
            return Err(refusal);
        }
        let now = self.now();
        let mut tx = self.begin_change().await?;
        if !imports::activate(&mut *tx, import.id, import.counts, now).await? {
            return Err(Refusal::Stale);
        }
        if import.plan.replace {
            imports::release_lifted(&mut *tx, import.id, &import.plan.source, now).await?;
        }
        let n = self.change(&mut tx, Subject::Import, import.id).await?;
        imports::set_number(&mut *tx, import.id, n).await?;
        let Counts { added, kept, held, dropped } = import.counts;
        let detail = format!("{}: {added} new, {kept} known, {held} stay lifted, {dropped} ended", import.plan.source);
        self.record(&mut tx, &import.who, "import.activated", &detail, About::default()).await?;
        tx.commit().await?;
        self.follow_all().await;
        self.settle_imports().await?;
        self.end_overtaken(&import.who).await?;
        self.follow_all().await;
        Ok(import.counts)
    }

    /// Marks what the source no longer names.
    async fn stage_drops(&self, import: &mut Import) -> Done<()> {
        let (pool, source) = (self.db.pool(), &import.plan.source);
        let mut after = String::new();
        while let Some(upto) = imports::drops_upto(pool, source, &after, SETTLE).await? {
            let done = imports::stage_drops(pool, import.id, source, &after, &upto).await?;
            import.counts.dropped += i64::try_from(done).unwrap_or(0);
            after = upto;
            self.db.pause().await;
        }
        Ok(())
    }

    /// Writes the state of rows that active imports brought or dropped, and deletes what given-up ones had staged.
    /// Nothing changes for a gateway: activation already counts.
    pub async fn settle_imports(&self) -> Done<()> {
        let (pool, mut gathering) = (self.db.pool(), Gathering::new());
        while self.settled(&mut gathering, imports::settle_dropped(pool, SETTLE).await?).await? {}
        while self.settled(&mut gathering, imports::settle_renewed(pool, SETTLE).await?).await? {}
        while self.settled(&mut gathering, imports::settle_added(pool, SETTLE).await?).await? {}
        while self.settled(&mut gathering, imports::restore_abandoned(pool, SETTLE).await?).await? {}
        while self.settled(&mut gathering, imports::delete_abandoned(pool, SETTLE).await?).await? {}
        Ok(())
    }

    /// Notes that a batch of so many rows was settled, and lets others write; says whether there may be more.
    async fn settled(&self, gathering: &mut Gathering, rows: u64) -> Done<bool> {
        if rows > 0 {
            gathering.wrote(rows, &self.db).await?;
            self.db.pause().await;
        }
        Ok(rows > 0)
    }

    /// What would come of an import, without doing it.
    pub async fn preview_import(&self, mut import: Import) -> Done<Counts> {
        self.stage_batch(&mut import).await?;
        if import.plan.replace {
            self.stage_drops(&mut import).await?;
        }
        let counts = import.counts;
        self.abandon_import(import).await?;
        Ok(counts)
    }

    /// Gives an import up; nothing of it counts.
    pub async fn abandon_import(&self, import: Import) -> Done<()> {
        imports::abandon(self.db.pool(), import.id).await?;
        self.settle_imports().await
    }
}

/// Refuses a source without a name, and names that stand for people and programs.
fn check_source(source: &str) -> Done<()> {
    if source.is_empty() {
        return Err(Refusal::invalid("import-nameless"));
    }
    let folded = source.to_lowercase();
    if RESERVED.contains(&folded.as_str()) || folded.starts_with("api:") {
        return Err(Refusal::Invalid(Sentence::new("import-reserved").with("source", source)));
    }
    Ok(())
}
