//! An import is taken back, by another one: what it brought ends, what it ended is back, what it renewed is as before.
//! What staff did meanwhile stays.

use super::{About, Desk, Done, Refusal};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::Who;
use crate::store::changes::Subject;
use crate::store::imports::{self, Counts, Past};

/// How many rows one statement stages.
const ROWS: i64 = 1_000;

/// What an import did that is taken back.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// It brought blocks.
    Added,
    /// It had brought blocks that another undo brought back.
    Returned,
    /// It ended blocks.
    Dropped,
    /// It gave blocks later ends and newer evidence.
    Renewed,
}

/// An undo that is staged and does not count yet.
#[derive(Debug)]
pub struct Undo {
    /// What is taken back.
    past: Past,
    /// By which import.
    by: Id,
    /// What came of it: brought back, given the values of before, ended.
    counts: Counts,
}

impl Desk {
    /// Takes an import back, for a member of the staff.
    pub async fn undo_import_by(&self, by: &Staff, id: Id) -> Done<Counts> {
        if !by.role.may_exempt() {
            return Err(Refusal::NotAllowed);
        }
        self.undo_import(&Who::staff(&by.name), id).await
    }

    /// Takes the last import of a source back.
    ///
    /// # Errors
    /// When it is not the last one, or not in force (any more).
    pub async fn undo_import(&self, who: &Who, id: Id) -> Done<Counts> {
        let undo = self.begin_undo(who, id).await?;
        self.finish_undo(who, undo).await
    }

    /// Stages an undo; nothing of it counts yet. One that dies here leaves everything as it was.
    pub async fn begin_undo(&self, who: &Who, id: Id) -> Done<Undo> {
        let past = imports::find(self.db.pool(), id).await?.ok_or(Refusal::NotFound)?;
        let last = imports::last_standing(self.db.pool(), &past.source).await?;
        if last != Some(id) {
            let is_over = past.undone_at.is_some() || past.undo_of.is_some() || past.activated_at.is_none();
            return Err(Refusal::invalid(if is_over { "import-not-standing" } else { "import-not-last" }));
        }
        let by = self.reserve_import(who, &past.source, &past.file_name).await?;
        imports::set_undo_of(self.db.pool(), by, id).await?;
        let mut counts = Counts::default();
        for part in [Part::Added, Part::Returned, Part::Dropped, Part::Renewed] {
            let staged = self.stage_part(by, id, part).await?;
            match part {
                Part::Added | Part::Returned => counts.dropped += staged,
                Part::Dropped => counts.added += staged,
                Part::Renewed => counts.kept += staged,
            }
        }
        Ok(Undo { past, by, counts })
    }

    /// Stages one part of an undo, a page of rows at a time: each row is looked at once. Gives how much it is.
    async fn stage_part(&self, by: Id, id: Id, part: Part) -> Done<i64> {
        let (pool, now) = (self.db.pool(), self.now());
        let (mut after, mut staged) = (Id(0), 0);
        loop {
            let upto = match part {
                Part::Added => imports::added_upto(pool, id, after, ROWS).await?,
                Part::Returned => imports::returned_upto(pool, id, after, ROWS).await?,
                Part::Dropped => imports::dropped_upto(pool, id, after, ROWS).await?,
                Part::Renewed => imports::renewed_upto(pool, id, after, ROWS).await?,
            };
            let Some(upto) = upto else { return Ok(i64::try_from(staged).unwrap_or(0)) };
            staged += match part {
                Part::Added => imports::undo_added(pool, by, id, after, upto).await?,
                Part::Returned => imports::undo_returned(pool, by, id, after, upto).await?,
                Part::Dropped => imports::undo_dropped(pool, by, id, now, after, upto).await?,
                Part::Renewed => imports::undo_renewed(pool, by, id, after, upto).await?,
            };
            after = upto;
            self.db.pause().await;
        }
    }

    /// Puts an undo into force by one short change.
    async fn finish_undo(&self, who: &Who, undo: Undo) -> Done<Counts> {
        let now = self.now();
        let mut tx = self.begin_change().await?;
        let stands = imports::mark_undone(&mut *tx, undo.past.id, now).await?;
        if !stands || !imports::activate(&mut *tx, undo.by, undo.counts, now).await? {
            return Err(Refusal::Stale);
        }
        if let Some(at) = undo.past.activated_at {
            imports::hold_released(&mut *tx, &undo.past.source, at).await?;
        }
        let n = self.change(&mut tx, Subject::Import, undo.by).await?;
        imports::set_number(&mut *tx, undo.by, n).await?;
        let Counts { added, kept, dropped, .. } = undo.counts;
        let detail = format!("{}: {added} back, {kept} as before, {dropped} ended", undo.past.source);
        self.record(&mut tx, who, "import.undone", &detail, About::default()).await?;
        tx.commit().await?;
        self.follow_all().await;
        self.settle_imports().await?;
        Ok(undo.counts)
    }
}
