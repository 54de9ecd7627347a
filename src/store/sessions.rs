//! Sessions of staff: only the hash of a session's token is stored.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::time::Time;

/// One session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// Hash of its token.
    pub token_hash: String,
    /// Whose it is.
    pub staff_id: Id,
    /// When it began.
    pub created_at: Time,
    /// When it was last used (to the minute).
    pub seen_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// The address that began it.
    pub client: String,
}

/// Begins a session.
pub async fn insert(db: impl AnyExecutor<'_>, session: &Session) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO staff_sessions (token_hash, staff_id, created_at, seen_at, expires_at, client) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&session.token_hash)
    .bind(session.staff_id)
    .bind(session.created_at)
    .bind(session.seen_at)
    .bind(session.expires_at)
    .bind(&session.client)
    .execute(db)
    .await?;
    Ok(())
}

/// The live session of this token whose owner may sign in.
pub async fn find_live(db: impl AnyExecutor<'_>, token_hash: &str, now: Time) -> sqlx::Result<Option<Session>> {
    sqlx::query_as(
        "SELECT token_hash, staff_id, created_at, seen_at, expires_at, client FROM staff_sessions \
         WHERE token_hash = $1 AND expires_at > $2 AND staff_id IN (SELECT id FROM staff WHERE disabled_at IS NULL)",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(db)
    .await
}

/// Notes that a session was used and prolongs it.
pub async fn seen(db: impl AnyExecutor<'_>, token_hash: &str, now: Time, expires_at: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE staff_sessions SET seen_at = $2, expires_at = $3 WHERE token_hash = $1")
        .bind(token_hash)
        .bind(now)
        .bind(expires_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The live sessions of a member, newest first.
pub async fn of_staff(db: impl AnyExecutor<'_>, staff: Id, now: Time) -> sqlx::Result<Vec<Session>> {
    sqlx::query_as(
        "SELECT token_hash, staff_id, created_at, seen_at, expires_at, client FROM staff_sessions \
         WHERE staff_id = $1 AND expires_at > $2 ORDER BY created_at DESC LIMIT 100",
    )
    .bind(staff)
    .bind(now)
    .fetch_all(db)
    .await
}

/// Ends one session of a member.
pub async fn end(db: impl AnyExecutor<'_>, staff: Id, token_hash: &str) -> sqlx::Result<bool> {
    let done = sqlx::query("DELETE FROM staff_sessions WHERE staff_id = $1 AND token_hash = $2")
        .bind(staff)
        .bind(token_hash)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all sessions of a member but `keep`.
pub async fn end_others(db: impl AnyExecutor<'_>, staff: Id, keep: &str) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM staff_sessions WHERE staff_id = $1 AND token_hash <> $2")
        .bind(staff)
        .bind(keep)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Forgets sessions whose time is over.
pub async fn forget(db: impl AnyExecutor<'_>, now: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM staff_sessions WHERE expires_at <= $1").bind(now).execute(db).await?;
    Ok(done.rows_affected())
}
