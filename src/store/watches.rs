//! Watches, what there is to tell, and how far the change log was read for them.

use super::AnyExecutor;
use super::changes::Position;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;
use crate::domain::watch::{News, Watch, What};

/// The columns of [`Watch`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, net, email, lang, ticket_id, created_at, begun_at, ended_at, told_at, pause FROM watches ",
            $rest
        )
    };
}

/// The columns of [`News`], before the rest of a query.
macro_rules! news {
    ($rest:literal) => {
        concat!(
            "SELECT watch_news.id, watch_news.net, what, at, cause, case_code FROM watch_news \
             JOIN blocks ON blocks.id = watch_news.block_id ",
            $rest
        )
    };
}

/// Something that happened, before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// The watch.
    pub watch: Id,
    /// The block.
    pub block: Id,
    /// What it happened to.
    pub net: Net,
    /// What happened.
    pub what: What,
    /// What the watcher knew of it, if nothing was told before.
    pub known: Option<What>,
    /// When.
    pub at: Time,
}

/// Stores a watch that was asked for, with the hashes of its secrets; says whether this address had none for the network.
pub async fn insert(db: impl AnyExecutor<'_>, watch: &Watch, secret: &str, feed: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO watches (id, net, email, email_folded, lang, ticket_id, secret_hash, feed_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(watch.id)
    .bind(watch.net)
    .bind(&watch.email)
    .bind(watch.email.folded())
    .bind(&watch.lang)
    .bind(watch.ticket_id)
    .bind(secret)
    .bind(feed)
    .bind(watch.created_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many watches this address asked for since `since` and did not confirm.
pub async fn count_asked(db: impl AnyExecutor<'_>, email: &Email, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM watches WHERE email_folded = $1 AND begun_at IS NULL AND ended_at IS NULL AND created_at > $2",
    )
    .bind(email.folded())
    .bind(since)
    .fetch_one(db)
    .await
}

/// How many watches this address has.
pub async fn count_running(db: impl AnyExecutor<'_>, email: &Email) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM watches WHERE email_folded = $1 AND begun_at IS NOT NULL AND ended_at IS NULL",
    )
    .bind(email.folded())
    .fetch_one(db)
    .await
}

/// Those of a ticket that were not ended, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Watch>> {
    sqlx::query_as(select!("WHERE ticket_id = $1 AND ended_at IS NULL ORDER BY id LIMIT 100"))
        .bind(ticket)
        .fetch_all(db)
        .await
}

/// The one whose mails have a secret of this hash.
pub async fn find_by_secret(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Watch>> {
    sqlx::query_as(select!("WHERE secret_hash = $1")).bind(hash).fetch_optional(db).await
}

/// The one whose feed has a secret of this hash.
pub async fn find_by_feed(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Watch>> {
    sqlx::query_as(select!("WHERE feed_hash = $1")).bind(hash).fetch_optional(db).await
}

/// All that tell.
pub async fn running(db: impl AnyExecutor<'_>) -> sqlx::Result<Vec<Watch>> {
    sqlx::query_as(select!("WHERE begun_at IS NOT NULL AND ended_at IS NULL ORDER BY id")).fetch_all(db).await
}

/// Begins one that was asked for; says whether it had not begun.
pub async fn begin(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE watches SET begun_at = $2 WHERE id = $1 AND begun_at IS NULL AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends one; says whether it had not ended.
pub async fn end(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE watches SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How far the change log was read, if it ever was.
pub async fn reached(db: impl AnyExecutor<'_>) -> sqlx::Result<Option<Position>> {
    sqlx::query_as("SELECT n, epoch FROM watch_log WHERE id = 1").fetch_optional(db).await
}

/// Writes down how far the change log was read, for the first time; says whether nobody else did.
pub async fn start_reading(db: impl AnyExecutor<'_>, at: &Position) -> sqlx::Result<bool> {
    let done = sqlx::query("INSERT INTO watch_log (id, epoch, n) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
        .bind(&at.epoch)
        .bind(at.n)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down that the change log was read from here to there; says whether nobody else read on meanwhile.
pub async fn read_on(db: impl AnyExecutor<'_>, from: &Position, to: &Position) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE watch_log SET epoch = $3, n = $4 WHERE id = 1 AND epoch = $1 AND n = $2")
        .bind(&from.epoch)
        .bind(from.n)
        .bind(&to.epoch)
        .bind(to.n)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what happened, unless the watcher knows; says whether it is news.
pub async fn add_news(db: impl AnyExecutor<'_>, id: Id, fresh: &Fresh) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO watch_news (id, watch_id, block_id, net, what, at) \
         SELECT $1, $2, $3, $4, $5, $6 WHERE COALESCE((SELECT what FROM watch_news \
         WHERE watch_id = $2 AND block_id = $3 AND net = $4 ORDER BY id DESC LIMIT 1), $7) <> $5",
    )
    .bind(id)
    .bind(fresh.watch)
    .bind(fresh.block)
    .bind(fresh.net)
    .bind(fresh.what)
    .bind(fresh.at)
    .bind(fresh.known.map_or("", What::as_str))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those that have something to tell and are not quiet.
pub async fn to_tell(db: impl AnyExecutor<'_>, now: Time, limit: i64) -> sqlx::Result<Vec<Watch>> {
    sqlx::query_as(select!(
        "WHERE id IN (SELECT watch_id FROM watch_news WHERE told_at IS NULL) AND begun_at IS NOT NULL \
         AND ended_at IS NULL AND next_at <= $1 ORDER BY next_at, id LIMIT $2"
    ))
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// What was not told yet, oldest first.
pub async fn untold(db: impl AnyExecutor<'_>, watch: Id, limit: i64) -> sqlx::Result<Vec<News>> {
    sqlx::query_as(news!("WHERE watch_id = $1 AND told_at IS NULL ORDER BY watch_news.id LIMIT $2"))
        .bind(watch)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// The newest of what happened.
pub async fn newest(db: impl AnyExecutor<'_>, watch: Id, limit: i64) -> sqlx::Result<Vec<News>> {
    sqlx::query_as(news!("WHERE watch_id = $1 ORDER BY watch_news.id DESC LIMIT $2"))
        .bind(watch)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Notes that a mail goes now and when the next one may; says whether one might.
pub async fn tell(db: impl AnyExecutor<'_>, id: Id, pause: i64, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE watches SET told_at = $3, pause = $2, next_at = $4 WHERE id = $1 AND ended_at IS NULL AND next_at <= $3",
    )
    .bind(id)
    .bind(pause)
    .bind(now)
    .bind(now.plus(pause))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that all that happened was told, up to this piece of news.
pub async fn mark_told(db: impl AnyExecutor<'_>, watch: Id, last: Id, now: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("UPDATE watch_news SET told_at = $3 WHERE watch_id = $1 AND id <= $2 AND told_at IS NULL")
        .bind(watch)
        .bind(last)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Forgets what happened before `before`, and all that happened to those that were ended.
pub async fn forget_news(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM watch_news WHERE at < $1 OR watch_id IN (SELECT id FROM watches WHERE ended_at IS NOT NULL)",
    )
    .bind(before)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets those that were ended, or asked for before `before` and not confirmed.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM watches WHERE (ended_at < $1 OR (begun_at IS NULL AND created_at < $1)) \
         AND NOT EXISTS (SELECT 1 FROM watch_news WHERE watch_news.watch_id = watches.id)",
    )
    .bind(before)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
