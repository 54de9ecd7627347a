//! Snapshots: the live checks of tickets, those asked for and those taken.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::ticket::Actor;
use crate::domain::time::Time;

/// A snapshot that was asked for, with the ticket it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Wanted {
    /// Its key.
    pub id: Id,
    /// The ticket.
    pub ticket_id: Id,
}

/// Asks for a snapshot.
pub async fn ask(db: impl AnyExecutor<'_>, wanted: Wanted, by: Actor, now: Time) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO snapshots (id, ticket_id, asked_by, asked_at, locked_until) VALUES ($1, $2, $3, $4, 0)")
        .bind(wanted.id)
        .bind(wanted.ticket_id)
        .bind(by)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// How many snapshots of a ticket were asked for since `since`.
pub async fn count_since(db: impl AnyExecutor<'_>, ticket: Id, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM snapshots WHERE ticket_id = $1 AND asked_at > $2")
        .bind(ticket)
        .bind(since)
        .fetch_one(db)
        .await
}

/// Whether a ticket waits for one.
pub async fn waits(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<bool> {
    let waiting: Option<i64> =
        sqlx::query_scalar("SELECT id FROM snapshots WHERE ticket_id = $1 AND taken_at IS NULL LIMIT 1")
            .bind(ticket)
            .fetch_optional(db)
            .await?;
    Ok(waiting.is_some())
}

/// Those that nobody takes at this moment, the oldest first.
pub async fn due(db: impl AnyExecutor<'_>, now: Time, limit: i64) -> sqlx::Result<Vec<Wanted>> {
    sqlx::query_as(
        "SELECT id, ticket_id FROM snapshots WHERE taken_at IS NULL AND locked_until <= $1 ORDER BY id LIMIT $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Claims one until `until`; says whether nobody else has it.
pub async fn claim(db: impl AnyExecutor<'_>, id: Id, now: Time, until: Time) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE snapshots SET locked_until = $3 WHERE id = $1 AND taken_at IS NULL AND locked_until <= $2")
            .bind(id)
            .bind(now)
            .bind(until)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what was found; says whether it was still open.
pub async fn put(db: impl AnyExecutor<'_>, id: Id, body: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE snapshots SET body = $2, taken_at = $3 WHERE id = $1 AND taken_at IS NULL")
        .bind(id)
        .bind(body)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest of a ticket that were taken, newest first.
pub async fn newest(db: impl AnyExecutor<'_>, ticket: Id, limit: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT body FROM snapshots WHERE ticket_id = $1 AND body IS NOT NULL ORDER BY id DESC LIMIT $2")
        .bind(ticket)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Forgets what was found before `before`; the newest of each open ticket is younger.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM snapshots WHERE asked_at < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
