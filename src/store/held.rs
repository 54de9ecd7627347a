//! Requests that wait until their mail address is confirmed.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::time::Time;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    /// Its key.
    pub id: Id,
    /// The mail address, folded.
    pub email_folded: String,
    /// What was asked, as JSON; empty once it is confirmed.
    pub body: String,
    /// When it came.
    pub created_at: Time,
}

/// What opens a held request, and what tells a second sending of its form.
#[derive(Debug, Clone)]
pub struct Hashes {
    /// Of the secret that its mail has.
    pub secret: String,
    /// Of the form.
    pub once: Option<String>,
}

/// The columns of [`Held`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, email_folded, body, created_at FROM held_requests ", $rest)
    };
}

/// Stores one. A second one of the same form is a unique violation.
pub async fn insert(
    db: impl AnyExecutor<'_>,
    id: Id,
    hashes: &Hashes,
    email: &Email,
    body: &str,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO held_requests (id, secret_hash, once_hash, email_folded, body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(&hashes.secret)
    .bind(hashes.once.as_deref())
    .bind(email.folded())
    .bind(body)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// How many there are; no more than `most` are counted.
pub async fn count(db: impl AnyExecutor<'_>, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT id FROM held_requests LIMIT $1) AS counted")
        .bind(most)
        .fetch_one(db)
        .await
}

/// How many wait that came after `since`; no more than `most` are counted.
pub async fn count_waiting(db: impl AnyExecutor<'_>, since: Time, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT id FROM held_requests WHERE confirmed_at IS NULL AND created_at > $1 LIMIT $2) \
         AS counted",
    )
    .bind(since)
    .bind(most)
    .fetch_one(db)
    .await
}

/// Whether the very same form is held already, or was.
pub async fn has_once(db: impl AnyExecutor<'_>, once_hash: &str) -> sqlx::Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT id FROM held_requests WHERE once_hash = $1 LIMIT 1")
        .bind(once_hash)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// The mail address that a secret was mailed to, unless its request came before `since`.
pub async fn address_of(db: impl AnyExecutor<'_>, secret_hash: &str, since: Time) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT email_folded FROM held_requests WHERE secret_hash = $1 AND created_at > $2")
        .bind(secret_hash)
        .bind(since)
        .fetch_optional(db)
        .await
}

/// Those of a mail address that wait and came after `since`, oldest first.
pub async fn waiting(db: impl AnyExecutor<'_>, email_folded: &str, since: Time) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as(select!(
        "WHERE email_folded = $1 AND confirmed_at IS NULL AND created_at > $2 ORDER BY id LIMIT 100"
    ))
    .bind(email_folded)
    .bind(since)
    .fetch_all(db)
    .await
}

/// Notes that the address of one is confirmed, and empties it; says whether it still waited.
pub async fn confirm(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE held_requests SET confirmed_at = $2, body = '' WHERE id = $1 AND confirmed_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets those that came before `before`.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM held_requests WHERE created_at <= $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
