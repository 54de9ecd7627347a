//! Probations.

use sqlx::AssertSqlSafe;

use super::AnyExecutor;
use super::blocks::{covering_sql, wider};
use crate::domain::block::Probation;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// The columns of [`Probation`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, net, cause, since, until, ticket_id, created_by, ended_at, ended_why FROM probations ",
            $rest
        )
    };
}

/// Stores a new probation, maybe one of a bulk lift.
pub async fn insert(db: impl AnyExecutor<'_>, probation: &Probation, bulk: Option<Id>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO probations (id, net, net_first, net_last, cause, since, until, ticket_id, created_by, \
         bulk_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(probation.id)
    .bind(probation.net)
    .bind(probation.net.first_hex())
    .bind(probation.net.last_hex())
    .bind(&probation.cause)
    .bind(probation.since)
    .bind(probation.until)
    .bind(probation.ticket_id)
    .bind(&probation.created_by)
    .bind(bulk)
    .execute(db)
    .await?;
    Ok(())
}

/// The probation of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Probation>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// All probations, past and present, that cover this network, newest first: the lifts of its history.
pub async fn covering(db: impl AnyExecutor<'_>, net: Net) -> sqlx::Result<Vec<Probation>> {
    let sql = covering_sql(select!(""), "ORDER BY id DESC LIMIT 50");
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for text in wider(net) {
        query = query.bind(text);
    }
    query.fetch_all(db).await
}

/// Those in force that lie in this network or are it.
pub async fn running_inside(db: impl AnyExecutor<'_>, net: Net, now: Time) -> sqlx::Result<Vec<Probation>> {
    sqlx::query_as(select!(
        "WHERE net_first >= $1 AND net_first <= $2 AND net_last <= $2 AND ended_at IS NULL AND until > $3 ORDER BY id"
    ))
    .bind(net.first_hex())
    .bind(net.last_hex())
    .bind(now)
    .fetch_all(db)
    .await
}

/// Those inside a network, past and present, that began since `since`.
pub async fn begun_inside(db: impl AnyExecutor<'_>, net: Net, since: Time) -> sqlx::Result<Vec<Probation>> {
    sqlx::query_as(select!(
        "WHERE net_first >= $1 AND net_first <= $2 AND net_last <= $2 AND since > $3 ORDER BY id DESC LIMIT 1000"
    ))
    .bind(net.first_hex())
    .bind(net.last_hex())
    .bind(since)
    .fetch_all(db)
    .await
}

/// How many lifts by `who` inside a network began since `since`.
pub async fn count_by(db: impl AnyExecutor<'_>, who: &str, net: Net, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM probations WHERE created_by = $1 AND since > $2 AND net_first >= $3 AND net_first <= $4",
    )
    .bind(who)
    .bind(since)
    .bind(net.first_hex())
    .bind(net.last_hex())
    .fetch_one(db)
    .await
}

/// How many networks inside `around`, without `net`, `who` lifted since `since`.
pub async fn others_lifted(
    db: impl AnyExecutor<'_>,
    who: &str,
    around: Net,
    net: Net,
    since: Time,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(DISTINCT net) FROM probations WHERE net_first >= $1 AND net_first <= $2 AND net <> $3 \
         AND created_by = $4 AND since > $5",
    )
    .bind(around.first_hex())
    .bind(around.last_hex())
    .bind(net)
    .bind(who)
    .bind(since)
    .fetch_one(db)
    .await
}

/// All in force, for a follower that loads.
pub async fn list(db: impl AnyExecutor<'_>, now: Time) -> sqlx::Result<Vec<Probation>> {
    sqlx::query_as(select!("WHERE ended_at IS NULL AND until > $1 ORDER BY id")).bind(now).fetch_all(db).await
}

/// Those in force whose network was taken out of a wider block for a time that is over.
pub async fn fallen_back(db: impl AnyExecutor<'_>, now: Time) -> sqlx::Result<Vec<Probation>> {
    sqlx::query_as(select!(
        "WHERE ended_at IS NULL AND until > $1 AND EXISTS (SELECT 1 FROM exemptions e WHERE e.net = probations.net \
         AND e.block_id IS NOT NULL AND (e.ended_at IS NOT NULL OR e.until <= $1)) ORDER BY id"
    ))
    .bind(now)
    .fetch_all(db)
    .await
}

/// Ends a probation before its time; says whether it was in force.
pub async fn end(db: impl AnyExecutor<'_>, id: Id, why: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE probations SET ended_at = $2, ended_why = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .bind(why)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
