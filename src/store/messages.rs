//! Messages of tickets.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::ticket::Message;
use crate::domain::time::Time;

/// Stores a message; says whether it is the first of its form.
pub async fn insert(db: impl AnyExecutor<'_>, message: &Message, once_hash: Option<&str>) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO messages (id, ticket_id, join_id, at, author_kind, author, text, once_hash) \
         VALUES ($1, $2, $8, $3, $4, $5, $6, $7) ON CONFLICT (once_hash) DO NOTHING",
    )
    .bind(message.id)
    .bind(message.ticket_id)
    .bind(message.at)
    .bind(message.author_kind)
    .bind(&message.author)
    .bind(&message.text)
    .bind(once_hash)
    .bind(message.join_id)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a form with this hash was stored before.
pub async fn is_known(db: impl AnyExecutor<'_>, once_hash: &str) -> sqlx::Result<bool> {
    let found = sqlx::query("SELECT 1 FROM messages WHERE once_hash = $1").bind(once_hash).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// The messages of a ticket, or those that came through a joined request, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as(
        "SELECT id, ticket_id, join_id, at, author_kind, author, text, purged_at FROM messages \
         WHERE ticket_id = $1 OR join_id = $1 ORDER BY id LIMIT 1000",
    )
    .bind(ticket)
    .fetch_all(db)
    .await
}

/// How many characters of a message stand in a list.
pub const HEAD: usize = 20_000;

/// The messages of a ticket, oldest first, each with the first [`HEAD`] characters of its text.
pub async fn heads_of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as(
        "SELECT id, ticket_id, join_id, at, author_kind, author, SUBSTR(text, 1, 20000) AS text, purged_at FROM messages \
         WHERE ticket_id = $1 ORDER BY id LIMIT 1000",
    )
    .bind(ticket)
    .fetch_all(db)
    .await
}

/// The message of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Message>> {
    sqlx::query_as(
        "SELECT id, ticket_id, join_id, at, author_kind, author, text, purged_at FROM messages WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await
}

/// How many messages came through the page of a ticket or joined request.
pub async fn count_sent(db: impl AnyExecutor<'_>, page: Id) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM messages WHERE join_id = $1 OR (ticket_id = $1 AND author_kind = 'sender')",
    )
    .bind(page)
    .fetch_one(db)
    .await
}

/// Empties up to `limit` senders' messages written before `before` in tickets that have ended; says how many.
pub async fn purge(db: impl AnyExecutor<'_>, before: Time, now: Time, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE messages SET text = '', purged_at = $2 WHERE id IN (SELECT id FROM messages WHERE at < $1 \
         AND purged_at IS NULL AND author_kind IN ('sender', 'unverified') \
         AND ticket_id IN (SELECT id FROM tickets WHERE state = 'resolved') LIMIT $3)",
    )
    .bind(before)
    .bind(now)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
