//! Exemptions and carve-outs.

use sqlx::AssertSqlSafe;

use super::AnyExecutor;
use super::blocks::{covering_sql, wider};
use crate::domain::block::Exemption;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// The columns of [`Exemption`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, net, block_id, since, until, note, created_by, ended_at FROM exemptions ", $rest)
    };
}

/// Stores a new exemption.
pub async fn insert(db: impl AnyExecutor<'_>, exemption: &Exemption) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO exemptions (id, net, net_first, net_last, block_id, since, until, note, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(exemption.id)
    .bind(exemption.net)
    .bind(exemption.net.first_hex())
    .bind(exemption.net.last_hex())
    .bind(exemption.block_id)
    .bind(exemption.since)
    .bind(exemption.until)
    .bind(&exemption.note)
    .bind(&exemption.created_by)
    .execute(db)
    .await?;
    Ok(())
}

/// The exemption of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Exemption>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The exemptions in force that cover this network.
pub async fn covering(db: impl AnyExecutor<'_>, net: Net, now: Time) -> sqlx::Result<Vec<Exemption>> {
    let sql = covering_sql(select!(""), "AND ended_at IS NULL AND (until IS NULL OR until > $130) ORDER BY id DESC");
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for text in wider(net) {
        query = query.bind(text);
    }
    query.bind(now).fetch_all(db).await
}

/// The carve-outs of a block, past and present, newest first.
pub async fn of_block(db: impl AnyExecutor<'_>, block: Id, limit: i64) -> sqlx::Result<Vec<Exemption>> {
    sqlx::query_as(select!("WHERE block_id = $1 ORDER BY id DESC LIMIT $2")).bind(block).bind(limit).fetch_all(db).await
}

/// One page of the exemptions that hold for all blocks, past and present, newest first.
pub async fn page(db: impl AnyExecutor<'_>, before: Option<Id>, limit: i64) -> sqlx::Result<Vec<Exemption>> {
    sqlx::query_as(select!("WHERE block_id IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"))
        .bind(before.map_or(i64::MAX, |id| id.0))
        .bind(limit)
        .fetch_all(db)
        .await
}

/// All in force, newest first: for the list page and for a follower that loads.
pub async fn list(db: impl AnyExecutor<'_>, now: Time) -> sqlx::Result<Vec<Exemption>> {
    sqlx::query_as(select!("WHERE ended_at IS NULL AND (until IS NULL OR until > $1) ORDER BY id DESC"))
        .bind(now)
        .fetch_all(db)
        .await
}

/// Ends an exemption; says whether it was in force.
pub async fn end(db: impl AnyExecutor<'_>, id: Id, by: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE exemptions SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .bind(by)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
