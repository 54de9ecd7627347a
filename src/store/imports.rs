//! Imports: lists that come in unseen, row by row, and take effect by one short change.

use super::AnyExecutor;
use crate::domain::block::Block;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// One value when the end `$4` or the evidence `$5` of an entry is later than what is known of it, else another.
macro_rules! renewed {
    ($new:literal, $old:literal) => {
        concat!(
            "CASE WHEN until < COALESCE($4, 9223372036854775807) OR evidence_at < $5 THEN ",
            $new,
            " ELSE ",
            $old,
            " END"
        )
    };
}

/// What came of an import so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Entries that are new.
    pub added: i64,
    /// Entries that were there before.
    pub kept: i64,
    /// Entries that staff lifted and that bring no newer evidence: they stay lifted.
    pub held: i64,
    /// Entries of the source that it no longer names.
    pub dropped: i64,
}

/// Begins an import, unless blocks of its source are being put back that a bulk lift had lifted; says whether it did. A
/// second one of the same source at the same time is a unique violation.
pub async fn begin(
    db: impl AnyExecutor<'_>,
    id: Id,
    source: &str,
    file_name: &str,
    by: &str,
    now: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO imports (id, source, file_name, state, created_by, created_at) SELECT $1, $2, $3, 'staging', $4, $5 \
         WHERE NOT EXISTS (SELECT 1 FROM bulks WHERE bulks.state = 'undoing' AND EXISTS (SELECT 1 FROM blocks \
         WHERE blocks.bulk_id = bulks.id AND blocks.source = $2))",
    )
    .bind(id)
    .bind(source)
    .bind(file_name)
    .bind(by)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives up an import of this source that began before `before` and never ended.
pub async fn abandon_stale(db: impl AnyExecutor<'_>, source: &str, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE imports SET state = 'abandoned' WHERE source = $1 AND state = 'staging' AND created_at < $2",
    )
    .bind(source)
    .bind(before)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Gives up an import.
pub async fn abandon(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<()> {
    sqlx::query("UPDATE imports SET state = 'abandoned' WHERE id = $1 AND state = 'staging'")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Puts up to `limit` rows back that a given-up undo had staged; says how many.
pub async fn restore_abandoned(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'dropped', \
         dropped_import_id = (SELECT undo_of FROM imports WHERE imports.id = blocks.import_id), import_id = origin_import_id \
         WHERE state = 'staged' AND id IN (SELECT id FROM blocks WHERE state = 'staged' \
         AND import_id IN (SELECT id FROM imports WHERE state = 'abandoned' AND undo_of IS NOT NULL) LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes what a given-up import had staged, up to `limit` rows; says how many.
pub async fn delete_abandoned(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM blocks WHERE id IN (SELECT id FROM blocks WHERE state = 'staged' \
         AND import_id IN (SELECT id FROM imports WHERE state = 'abandoned') LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Whether there ever was a block of this source.
pub async fn knows_source(db: impl AnyExecutor<'_>, source: &str) -> sqlx::Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT id FROM blocks WHERE source = $1 LIMIT 1").bind(source).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// Notes that the import names the live block of this network and source; says whether there is one. A later end, and
/// newer evidence if the list names any, are staged and count with the activation.
pub async fn keep_live(
    db: impl AnyExecutor<'_>,
    import: Id,
    named: &Block,
    evidence_at: Option<Time>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(concat!(
        "UPDATE blocks SET seen_import_id = $1, next_import_id = ",
        renewed!("$1", "next_import_id"),
        ", next_until = ",
        renewed!("CASE WHEN until < COALESCE($4, 9223372036854775807) THEN $4 ELSE until END", "next_until"),
        ", next_evidence_at = ",
        renewed!("CASE WHEN evidence_at < $5 THEN $5 ELSE evidence_at END", "next_evidence_at"),
        " WHERE source = $2 AND net = $3 AND state = 'live'"
    ))
    .bind(import)
    .bind(&named.source)
    .bind(named.net)
    .bind(named.until.map(|end| end.0))
    .bind(evidence_at.map(|seen| seen.0))
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the import names a network that was lifted and has no newer evidence; says whether that is so.
/// Without `evidence_at` the evidence counts as old.
pub async fn keep_lifted(
    db: impl AnyExecutor<'_>,
    import: Id,
    source: &str,
    net: Net,
    evidence_at: Option<Time>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET seen_import_id = $1 WHERE source = $2 AND net = $3 AND state = 'lifted' AND released_at IS NULL \
         AND ($4 IS NULL OR lifted_at >= $4)",
    )
    .bind(import)
    .bind(source)
    .bind(net)
    .bind(evidence_at.map(|t| t.0))
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Stages a new block; says whether the import had not named its network before. Without a time of its evidence that
/// is as old as the first entry of its source for the network: to be listed again is no news.
pub async fn stage(
    db: impl AnyExecutor<'_>,
    import: Id,
    block: &Block,
    evidence_at: Option<Time>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO blocks (id, net, net_first, net_last, cause, action, case_code, source, note, evidence_at, since, until, \
         state, created_by, import_id, seen_import_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, COALESCE($15, (SELECT MIN(earlier.evidence_at) FROM blocks AS earlier \
         WHERE earlier.net = $2 AND earlier.source = $8 AND earlier.state <> 'staged'), $10), $11, $12, 'staged', $13, $14, $14) \
         ON CONFLICT DO NOTHING",
    )
    .bind(block.id)
    .bind(block.net)
    .bind(block.net.first_hex())
    .bind(block.net.last_hex())
    .bind(&block.cause)
    .bind(block.action)
    .bind(&block.case_code)
    .bind(&block.source)
    .bind(&block.note)
    .bind(block.evidence_at)
    .bind(block.since)
    .bind(block.until)
    .bind(&block.created_by)
    .bind(import)
    .bind(evidence_at.map(|seen| seen.0))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The network that ends the next `limit` live blocks of the source behind `after`, in the order of the text; none at the end.
pub async fn drops_upto(
    db: impl AnyExecutor<'_>,
    source: &str,
    after: &str,
    limit: i64,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(
        "SELECT MAX(net) FROM (SELECT net FROM blocks WHERE source = $1 AND state = 'live' AND net > $2 \
         ORDER BY net LIMIT $3) AS page",
    )
    .bind(source)
    .bind(after)
    .bind(limit)
    .fetch_one(db)
    .await
}

/// Marks the live blocks of the source behind `after` and up to `upto` that the import did not name; they end with its
/// activation.
pub async fn stage_drops(
    db: impl AnyExecutor<'_>,
    import: Id,
    source: &str,
    after: &str,
    upto: &str,
) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET dropped_import_id = $1 WHERE source = $2 AND state = 'live' AND net > $3 AND net <= $4 \
         AND (seen_import_id IS NULL OR seen_import_id <> $1)",
    )
    .bind(import)
    .bind(source)
    .bind(after)
    .bind(upto)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Puts an import into force: from the commit on, what it staged counts.
pub async fn activate(db: impl AnyExecutor<'_>, id: Id, counts: Counts, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET state = 'active', activated_at = $2, added = $3, kept = $4, held = $5, dropped = $6 \
         WHERE id = $1 AND state = 'staging'",
    )
    .bind(id)
    .bind(now)
    .bind(counts.added)
    .bind(counts.kept)
    .bind(counts.held)
    .bind(counts.dropped)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lifted blocks of the source that the import no longer names: the next time it names them, they are blocked again.
pub async fn release_lifted(db: impl AnyExecutor<'_>, import: Id, source: &str, now: Time) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET released_at = $3 WHERE source = $2 AND state = 'lifted' AND released_at IS NULL \
         AND (seen_import_id IS NULL OR seen_import_id <> $1)",
    )
    .bind(import)
    .bind(source)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Writes the state of up to `limit` blocks that active imports brought; says how many were left to write.
pub async fn settle_added(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'live' WHERE id IN (SELECT id FROM blocks WHERE state = 'staged' \
         AND import_id IN (SELECT id FROM imports WHERE state = 'active') LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Writes the state of up to `limit` blocks that active imports dropped.
pub async fn settle_dropped(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'dropped' WHERE id IN (SELECT id FROM blocks WHERE state = 'live' \
         AND dropped_import_id IN (SELECT id FROM imports WHERE state = 'active') LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Writes later ends and newer evidence into up to `limit` blocks that active imports renewed.
pub async fn settle_renewed(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET prev_import_id = next_import_id, prev_until = until, prev_evidence_at = evidence_at, \
         until = next_until, evidence_at = next_evidence_at, next_evidence_at = NULL \
         WHERE next_evidence_at IS NOT NULL AND id IN (SELECT id FROM blocks WHERE next_evidence_at IS NOT NULL \
         AND state = 'live' AND next_import_id IN (SELECT id FROM imports WHERE state = 'active') LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// An import of the past.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Past {
    /// Its key.
    pub id: Id,
    /// Its source.
    pub source: String,
    /// The name of the file.
    pub file_name: String,
    /// Who did it.
    pub created_by: String,
    /// When it came into force.
    pub activated_at: Option<Time>,
    /// New entries.
    pub added: i64,
    /// Known entries.
    pub kept: i64,
    /// Entries that stayed lifted.
    pub held: i64,
    /// Ended entries.
    pub dropped: i64,
    /// The import that it takes back.
    pub undo_of: Option<Id>,
    /// When it was taken back.
    pub undone_at: Option<Time>,
}

/// The columns of [`Past`], before the rest of a query.
macro_rules! past {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, file_name, created_by, activated_at, added, kept, held, dropped, undo_of, undone_at ",
            "FROM imports ",
            $rest
        )
    };
}

/// The import of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Past>> {
    sqlx::query_as(past!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The imports that came into force, the latest first.
pub async fn list(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Past>> {
    sqlx::query_as(past!("WHERE state = 'active' ORDER BY number DESC, id DESC LIMIT $1"))
        .bind(limit)
        .fetch_all(db)
        .await
}

/// The last import of a source that was not taken back: the one that can be.
pub async fn last_standing(db: impl AnyExecutor<'_>, source: &str) -> sqlx::Result<Option<Id>> {
    sqlx::query_scalar(
        "SELECT id FROM imports WHERE source = $1 AND state = 'active' AND undo_of IS NULL AND undone_at IS NULL \
         ORDER BY number DESC, id DESC LIMIT 1",
    )
    .bind(source)
    .fetch_optional(db)
    .await
}

/// Notes by which change an import came into force.
pub async fn set_number(db: impl AnyExecutor<'_>, id: Id, n: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE imports SET number = $2 WHERE id = $1").bind(id).bind(n).execute(db).await?;
    Ok(())
}

/// Notes what an import takes back.
pub async fn set_undo_of(db: impl AnyExecutor<'_>, id: Id, undone: Id) -> sqlx::Result<()> {
    sqlx::query("UPDATE imports SET undo_of = $2 WHERE id = $1 AND state = 'staging'")
        .bind(id)
        .bind(undone)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that an import was taken back; says whether it still stood.
pub async fn mark_undone(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE imports SET undone_at = $2 WHERE id = $1 AND state = 'active' AND undone_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// The key that ends the next `limit` rows behind `after` whose column names the import `$1`.
macro_rules! upto {
    ($column:literal) => {
        concat!(
            "SELECT MAX(id) FROM (SELECT id FROM blocks WHERE ",
            $column,
            " = $1 AND id > $2 ORDER BY id LIMIT $3) AS page"
        )
    };
}

/// Where the next `limit` rows behind `after` end that the import `undone` brought; none at the end.
pub async fn added_upto(db: impl AnyExecutor<'_>, undone: Id, after: Id, limit: i64) -> sqlx::Result<Option<Id>> {
    sqlx::query_scalar(upto!("import_id")).bind(undone).bind(after).bind(limit).fetch_one(db).await
}

/// Marks the live ones of them up to `upto`; they end with the activation of `import`.
pub async fn undo_added(db: impl AnyExecutor<'_>, import: Id, undone: Id, after: Id, upto: Id) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET dropped_import_id = $1 WHERE import_id = $2 AND id > $3 AND id <= $4 AND state = 'live'",
    )
    .bind(import)
    .bind(undone)
    .bind(after)
    .bind(upto)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Where the next `limit` rows behind `after` end that the import `undone` brought and another undo brought back; none at
/// the end.
pub async fn returned_upto(db: impl AnyExecutor<'_>, undone: Id, after: Id, limit: i64) -> sqlx::Result<Option<Id>> {
    sqlx::query_scalar(upto!("origin_import_id")).bind(undone).bind(after).bind(limit).fetch_one(db).await
}

/// Marks the live ones of them up to `upto`; they end with the activation of `import`.
pub async fn undo_returned(db: impl AnyExecutor<'_>, import: Id, undone: Id, after: Id, upto: Id) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET dropped_import_id = $1 WHERE origin_import_id = $2 AND id > $3 AND id <= $4 AND state = 'live'",
    )
    .bind(import)
    .bind(undone)
    .bind(after)
    .bind(upto)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Where the next `limit` rows behind `after` end that the import `undone` ended; none at the end.
pub async fn dropped_upto(db: impl AnyExecutor<'_>, undone: Id, after: Id, limit: i64) -> sqlx::Result<Option<Id>> {
    sqlx::query_scalar(upto!("dropped_import_id")).bind(undone).bind(after).bind(limit).fetch_one(db).await
}

/// Stages those of them up to `upto` again whose time is not over.
pub async fn undo_dropped(
    db: impl AnyExecutor<'_>,
    import: Id,
    undone: Id,
    now: Time,
    after: Id,
    upto: Id,
) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'staged', origin_import_id = COALESCE(origin_import_id, import_id), import_id = $1, \
         dropped_import_id = NULL WHERE dropped_import_id = $2 AND id > $4 AND id <= $5 AND state = 'dropped' \
         AND (until IS NULL OR until > $3) AND NOT EXISTS (SELECT 1 FROM blocks AS other \
         WHERE other.net = blocks.net AND other.source = blocks.source AND other.state = 'live')",
    )
    .bind(import)
    .bind(undone)
    .bind(now)
    .bind(after)
    .bind(upto)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Where the next `limit` rows behind `after` end that the import `undone` renewed last; none at the end.
pub async fn renewed_upto(db: impl AnyExecutor<'_>, undone: Id, after: Id, limit: i64) -> sqlx::Result<Option<Id>> {
    sqlx::query_scalar(upto!("prev_import_id")).bind(undone).bind(after).bind(limit).fetch_one(db).await
}

/// Stages for those of them up to `upto` the end and evidence of before.
pub async fn undo_renewed(db: impl AnyExecutor<'_>, import: Id, undone: Id, after: Id, upto: Id) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET next_import_id = $1, next_until = prev_until, next_evidence_at = prev_evidence_at \
         WHERE prev_import_id = $2 AND id > $3 AND id <= $4 AND next_import_id = $2 AND next_evidence_at IS NULL \
         AND state = 'live'",
    )
    .bind(import)
    .bind(undone)
    .bind(after)
    .bind(upto)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Lifts that the import in force since `at` had let go count against the source again.
pub async fn hold_released(db: impl AnyExecutor<'_>, source: &str, at: Time) -> sqlx::Result<u64> {
    let done =
        sqlx::query("UPDATE blocks SET released_at = NULL WHERE source = $1 AND state = 'lifted' AND released_at = $2")
            .bind(source)
            .bind(at)
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}
