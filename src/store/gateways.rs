//! Who fetched the list, and the edges that follow it.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::time::Time;

/// What is known of somebody who fetches a feed: the last time, and the number of the list that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Fetch {
    /// The token.
    pub token_id: Id,
    /// Its name.
    pub token: String,
    /// The feed.
    pub feed: String,
    /// From where.
    pub client: String,
    /// What it calls itself.
    pub agent: String,
    /// The log.
    pub epoch: String,
    /// The number of the list.
    pub number: i64,
    /// When.
    pub at: Time,
}

/// What an edge said last.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Edge {
    /// Its token.
    pub token_id: Id,
    /// What it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The log it follows.
    pub epoch: String,
    /// The number it has reached.
    pub number: i64,
    /// The digest of its list.
    pub digest: String,
    /// How many blocks it holds.
    pub blocks: i64,
    /// How many milliseconds its clock is behind.
    pub clock_behind: i64,
    /// Where it reported from.
    pub address: String,
    /// When it reported first.
    pub first_seen_at: Time,
    /// When it reported last.
    pub seen_at: Time,
}

/// Notes a fetch in the place of the one before.
pub async fn note_fetch(db: impl AnyExecutor<'_>, fetch: &Fetch) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO feed_fetches (token_id, feed, client, agent, epoch, number, at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (token_id, feed, client) DO UPDATE SET agent = $4, epoch = $5, number = $6, at = $7",
    )
    .bind(fetch.token_id)
    .bind(&fetch.feed)
    .bind(&fetch.client)
    .bind(&fetch.agent)
    .bind(&fetch.epoch)
    .bind(fetch.number)
    .bind(fetch.at)
    .execute(db)
    .await?;
    Ok(())
}

/// Who fetches feeds, the latest first.
pub async fn fetches(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Fetch>> {
    sqlx::query_as(
        "SELECT token_id, name AS token, feed, client, agent, epoch, number, at FROM feed_fetches \
         JOIN api_tokens ON api_tokens.id = token_id WHERE revoked_at IS NULL ORDER BY at DESC, feed, client LIMIT $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Notes what an edge said in the place of what it said before.
pub async fn note_edge(db: impl AnyExecutor<'_>, edge: &Edge) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO edges (token_id, name, version, epoch, number, digest, blocks, clock_behind, address, first_seen_at, \
         seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (token_id, name) DO UPDATE SET version = $3, epoch = $4, number = $5, digest = $6, blocks = $7, \
         clock_behind = $8, address = $9, seen_at = $10",
    )
    .bind(edge.token_id)
    .bind(&edge.name)
    .bind(&edge.version)
    .bind(&edge.epoch)
    .bind(edge.number)
    .bind(&edge.digest)
    .bind(edge.blocks)
    .bind(edge.clock_behind)
    .bind(&edge.address)
    .bind(edge.seen_at)
    .execute(db)
    .await?;
    Ok(())
}

/// All edges whose tokens are good, by name.
pub async fn edges(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Edge>> {
    sqlx::query_as(
        "SELECT token_id, edges.name AS name, version, epoch, number, digest, blocks, clock_behind, address, first_seen_at, \
         seen_at FROM edges JOIN api_tokens ON api_tokens.id = token_id WHERE revoked_at IS NULL \
         ORDER BY edges.name, token_id LIMIT $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Forgets who was last heard before `before`; says how many.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM feed_fetches WHERE at < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}

/// Forgets edges that were last heard before `before`; says how many.
pub async fn forget_edges(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM edges WHERE seen_at < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
