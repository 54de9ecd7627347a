//! Processes that follow the block list, each by its own report.

use super::AnyExecutor;
use crate::domain::time::Time;

/// What a process said of itself last.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Follower {
    /// What it is called: host and process.
    pub name: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: i64,
    /// Its version.
    pub version: String,
    /// Where it listens for mail servers.
    pub listeners: String,
    /// The log it follows.
    pub epoch: String,
    /// The number it has reached.
    pub number: i64,
    /// The digest of its list when that was last compared; empty before.
    pub digest: String,
    /// How many blocks it holds.
    pub blocks: i64,
    /// How many refusals it counted since it began.
    pub hits: i64,
    /// How often its list was found to differ from the database.
    pub drifts: i64,
    /// When it differed last.
    pub drifted_at: Option<Time>,
    /// When it was compared last.
    pub compared_at: Option<Time>,
    /// When it began.
    pub started_at: Time,
    /// When it reported last.
    pub seen_at: Time,
}

/// Notes what a process says in the place of what it said before.
pub async fn note(db: impl AnyExecutor<'_>, follower: &Follower) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO followers (name, host, pid, version, listeners, epoch, number, digest, blocks, hits, started_at, seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $11) \
         ON CONFLICT (name) DO UPDATE SET host = $2, pid = $3, version = $4, listeners = $5, epoch = $6, number = $7, \
         blocks = $8, hits = $9, started_at = $10, seen_at = $11",
    )
    .bind(&follower.name)
    .bind(&follower.host)
    .bind(follower.pid)
    .bind(&follower.version)
    .bind(&follower.listeners)
    .bind(&follower.epoch)
    .bind(follower.number)
    .bind(follower.blocks)
    .bind(follower.hits)
    .bind(follower.started_at)
    .bind(follower.seen_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes a comparison with the database: the digest, and whether it differed.
pub async fn note_comparison(
    db: impl AnyExecutor<'_>,
    name: &str,
    digest: &str,
    drifted: bool,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE followers SET digest = $2, compared_at = $4, drifts = drifts + $3, \
         drifted_at = CASE WHEN $3 > 0 THEN $4 ELSE drifted_at END WHERE name = $1",
    )
    .bind(name)
    .bind(digest)
    .bind(i64::from(drifted))
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// All processes, by name.
pub async fn list(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Follower>> {
    sqlx::query_as(
        "SELECT name, host, pid, version, listeners, epoch, number, digest, blocks, hits, drifts, drifted_at, compared_at, \
         started_at, seen_at FROM followers ORDER BY name LIMIT $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Forgets a process that has ended.
pub async fn remove(db: impl AnyExecutor<'_>, name: &str) -> sqlx::Result<bool> {
    let done = sqlx::query("DELETE FROM followers WHERE name = $1").bind(name).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets processes that were last heard before `before`.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM followers WHERE seen_at < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
