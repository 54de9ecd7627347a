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

/// Begins an import. A second one of the same source at the same time is a unique violation.
pub async fn begin(
    db: impl AnyExecutor<'_>,
    id: Id,
    source: &str,
    file_name: &str,
    by: &str,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO imports (id, source, file_name, state, created_by, created_at) VALUES ($1, $2, $3, 'staging', $4, $5)",
    )
    .bind(id)
    .bind(source)
    .bind(file_name)
    .bind(by)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
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

/// Marks up to `limit` live blocks of the source that the import did not name; they end with its activation.
pub async fn stage_drops(db: impl AnyExecutor<'_>, import: Id, source: &str, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE blocks SET dropped_import_id = $1 WHERE id IN (SELECT id FROM blocks WHERE source = $2 AND state = 'live' \
         AND (seen_import_id IS NULL OR seen_import_id <> $1) AND (dropped_import_id IS NULL OR dropped_import_id <> $1) LIMIT $3)",
    )
    .bind(import)
    .bind(source)
    .bind(limit)
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
        "UPDATE blocks SET until = next_until, evidence_at = next_evidence_at, next_evidence_at = NULL \
         WHERE next_evidence_at IS NOT NULL AND id IN (SELECT id FROM blocks WHERE next_evidence_at IS NOT NULL \
         AND state = 'live' AND next_import_id IN (SELECT id FROM imports WHERE state = 'active') LIMIT $1)",
    )
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
