//! Tokens in mail addresses of the portal's own domain: `reply+TOKEN@`, `bounce+TOKEN@`.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// What mail to the address does.
    Purpose {
        /// It answers in a ticket, or says that a mail about it did not arrive.
        Ticket = "ticket",
        /// It shows control over the address that sends it.
        Proof = "proof",
    }
}

/// One token, as a gateway needs it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MailToken {
    /// Its key in the change log.
    pub id: Id,
    /// SHA-256 of the token in hexadecimal.
    pub token_hash: String,
    /// What mail to it does.
    pub purpose: Purpose,
    /// The ticket it belongs to.
    pub ticket_id: Id,
    /// Until when it lives.
    pub expires_at: Time,
    /// The only network that mail to it may come from; `None`: from anywhere.
    pub net: Option<Net>,
}

/// The columns of [`MailToken`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, token_hash, purpose, ticket_id, expires_at, net FROM mail_tokens ", $rest)
    };
}

/// Stores a token.
pub async fn insert(db: impl AnyExecutor<'_>, token: &MailToken, now: Time) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO mail_tokens (id, token_hash, purpose, ticket_id, created_at, expires_at, net) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(token.id)
    .bind(&token.token_hash)
    .bind(token.purpose)
    .bind(token.ticket_id)
    .bind(now)
    .bind(token.expires_at)
    .bind(token.net)
    .execute(db)
    .await?;
    Ok(())
}

/// The token of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<MailToken>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The live token of this hash.
pub async fn find_live(db: impl AnyExecutor<'_>, token_hash: &str, now: Time) -> sqlx::Result<Option<MailToken>> {
    sqlx::query_as(select!("WHERE token_hash = $1 AND expires_at > $2"))
        .bind(token_hash)
        .bind(now)
        .fetch_optional(db)
        .await
}

/// The next live tokens after `after`, for a follower that loads.
pub async fn live_page(db: impl AnyExecutor<'_>, after: Id, now: Time, limit: i64) -> sqlx::Result<Vec<MailToken>> {
    sqlx::query_as(select!("WHERE id > $1 AND expires_at > $2 ORDER BY id LIMIT $3"))
        .bind(after)
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Forgets tokens whose time is over.
pub async fn forget(db: impl AnyExecutor<'_>, now: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM mail_tokens WHERE expires_at <= $1").bind(now).execute(db).await?;
    Ok(done.rows_affected())
}
