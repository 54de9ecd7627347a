//! Proofs of control over an address.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::proof::{Proof, Way};
use crate::domain::time::Time;

/// The hashes of the tokens of a proof: one for each way that has one.
#[derive(Debug, Clone)]
pub struct Hashes {
    /// For a web request.
    pub web: String,
    /// For a mail.
    pub mail: String,
    /// For a mailed link.
    pub link: String,
}

/// The columns of [`Proof`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, ticket_id, net, created_at, expires_at, look_at, mailed_to, met_way, met_at, met_detail, range_hash FROM proofs ",
            $rest
        )
    };
}

/// Stores a proof that was asked for; says whether the ticket had none for this network.
pub async fn insert(db: impl AnyExecutor<'_>, proof: &Proof, hashes: &Hashes) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO proofs (id, ticket_id, net, web_hash, mail_hash, link_hash, created_at, expires_at, range_hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (ticket_id, net) DO NOTHING",
    )
    .bind(proof.id)
    .bind(proof.ticket_id)
    .bind(proof.net)
    .bind(&hashes.web)
    .bind(&hashes.mail)
    .bind(&hashes.link)
    .bind(proof.created_at)
    .bind(proof.expires_at)
    .bind(proof.range_hash.as_deref())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets the one of a ticket for a network that was not given in time, so that it can be asked for again.
pub async fn drop_expired(db: impl AnyExecutor<'_>, ticket: Id, net: Net, now: Time) -> sqlx::Result<u64> {
    let done =
        sqlx::query("DELETE FROM proofs WHERE ticket_id = $1 AND net = $2 AND met_at IS NULL AND expires_at <= $3")
            .bind(ticket)
            .bind(net)
            .bind(now)
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}

/// Those of a ticket, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Proof>> {
    sqlx::query_as(select!("WHERE ticket_id = $1 ORDER BY id LIMIT 100")).bind(ticket).fetch_all(db).await
}

/// The one of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The one whose web request has a token of this hash.
pub async fn find_by_web(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(select!("WHERE web_hash = $1")).bind(hash).fetch_optional(db).await
}

/// The one whose mail has a token of this hash.
pub async fn find_by_mail(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(select!("WHERE mail_hash = $1")).bind(hash).fetch_optional(db).await
}

/// The one whose mailed link has a token of this hash.
pub async fn find_by_link(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(select!("WHERE link_hash = $1 AND mailed_to IS NOT NULL")).bind(hash).fetch_optional(db).await
}

/// The one of a range whose requests are filed with a token of this hash.
pub async fn find_by_range(db: impl AnyExecutor<'_>, hash: &str) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(select!("WHERE range_hash = $1")).bind(hash).fetch_optional(db).await
}

/// Notes that it was given, unless it was before or its time is over; says whether it was noted.
pub async fn meet(db: impl AnyExecutor<'_>, id: Id, way: Way, detail: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE proofs SET met_way = $2, met_detail = $3, met_at = $4, look_at = NULL \
         WHERE id = $1 AND met_at IS NULL AND expires_at > $4",
    )
    .bind(id)
    .bind(way)
    .bind(detail)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many other senders showed control over a network since `since`.
pub async fn other_senders(db: impl AnyExecutor<'_>, net: Net, email: &Email, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(DISTINCT tickets.email_folded) FROM proofs JOIN tickets ON tickets.id = proofs.ticket_id \
         WHERE proofs.net = $1 AND proofs.met_at > $2 AND tickets.email_folded <> $3",
    )
    .bind(net)
    .bind(since)
    .bind(email.folded())
    .fetch_one(db)
    .await
}

/// Notes where its link was mailed to; says whether that had not been done since `since`.
pub async fn set_mailed(db: impl AnyExecutor<'_>, id: Id, to: &str, since: Time, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE proofs SET mailed_to = $2, mailed_at = $4 WHERE id = $1 AND (mailed_at IS NULL OR mailed_at <= $3)",
    )
    .bind(id)
    .bind(to)
    .bind(since)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When a link was last mailed to this address, for whatever ticket.
pub async fn last_mailed(db: impl AnyExecutor<'_>, to: &str) -> sqlx::Result<Option<Time>> {
    sqlx::query_scalar("SELECT MAX(mailed_at) FROM proofs WHERE mailed_to = $1").bind(to).fetch_one(db).await
}

/// Says when its record is looked for next, if nobody else said so since it was read; `None`: never.
pub async fn look_next(db: impl AnyExecutor<'_>, proof: &Proof, at: Option<Time>) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE proofs SET look_at = $2 WHERE id = $1 AND met_at IS NULL AND COALESCE(look_at, 0) = COALESCE($3, 0)",
    )
    .bind(proof.id)
    .bind(at)
    .bind(proof.look_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those whose record is due to be looked for.
pub async fn due(db: impl AnyExecutor<'_>, now: Time, limit: i64) -> sqlx::Result<Vec<Proof>> {
    sqlx::query_as(select!("WHERE look_at IS NOT NULL AND look_at <= $1 ORDER BY look_at LIMIT $2"))
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await
}
