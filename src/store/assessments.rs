//! What the published policy says of each ticket, and when it looks again.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// What was found of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Assessed {
    /// When.
    pub at: Time,
    /// The word of the decision.
    pub outcome: String,
    /// The decision line by line, as JSON.
    pub body: String,
    /// When it is looked at again.
    pub due_at: Option<Time>,
}

/// Has a ticket looked at from `at` on.
pub async fn want(db: impl AnyExecutor<'_>, ticket: Id, at: Time) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO assessments (ticket_id, due_at, locked_until) VALUES ($1, $2, 0) \
         ON CONFLICT (ticket_id) DO UPDATE SET due_at = excluded.due_at, locked_until = 0",
    )
    .bind(ticket)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// The tickets that are due and that nobody looks at.
pub async fn due(db: impl AnyExecutor<'_>, now: Time, limit: i64) -> sqlx::Result<Vec<Id>> {
    sqlx::query_scalar(
        "SELECT ticket_id FROM assessments WHERE due_at IS NOT NULL AND due_at <= $1 AND locked_until <= $1 \
         ORDER BY due_at LIMIT $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Claims a ticket until `until`; says whether it was due and free.
pub async fn claim(db: impl AnyExecutor<'_>, ticket: Id, now: Time, until: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE assessments SET locked_until = $3 WHERE ticket_id = $1 AND due_at <= $2 AND locked_until <= $2",
    )
    .bind(ticket)
    .bind(now)
    .bind(until)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what was found by the claim until `claim`; says whether nothing happened to the ticket meanwhile.
pub async fn put(db: impl AnyExecutor<'_>, ticket: Id, found: &Assessed, claim: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE assessments SET at = $2, outcome = $3, body = $4, due_at = $5, locked_until = 0 \
         WHERE ticket_id = $1 AND locked_until = $6",
    )
    .bind(ticket)
    .bind(found.at)
    .bind(&found.outcome)
    .bind(&found.body)
    .bind(found.due_at)
    .bind(claim)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Leaves a claimed ticket alone until something happens to it.
pub async fn rest(db: impl AnyExecutor<'_>, ticket: Id, claim: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE assessments SET due_at = NULL, locked_until = 0 WHERE ticket_id = $1 AND locked_until = $2",
    )
    .bind(ticket)
    .bind(claim)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the policy lifted, and in whose network.
pub async fn set_lifted(db: impl AnyExecutor<'_>, ticket: Id, origin: Option<&str>, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE assessments SET origin = $2, lifted_at = $3 WHERE ticket_id = $1")
        .bind(ticket)
        .bind(origin)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What was found of a ticket.
pub async fn find(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Option<Assessed>> {
    sqlx::query_as(
        "SELECT at, outcome, body, due_at FROM assessments WHERE ticket_id = $1 AND at IS NOT NULL AND body IS NOT NULL",
    )
    .bind(ticket)
    .fetch_optional(db)
    .await
}

/// How many lifts of the policy a sender had since `since`.
pub async fn lifts_of_sender(db: impl AnyExecutor<'_>, email: &Email, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM assessments JOIN tickets ON tickets.id = assessments.ticket_id \
         WHERE tickets.email_folded = $1 AND assessments.lifted_at > $2",
    )
    .bind(email.folded())
    .bind(since)
    .fetch_one(db)
    .await
}

/// How many networks, without `net`, `who` lifted since `since` for requests of a sender.
pub async fn others_of_sender(
    db: impl AnyExecutor<'_>,
    who: &str,
    email: &Email,
    net: Net,
    since: Time,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(DISTINCT events.net) FROM tickets JOIN events ON events.ticket_id = tickets.id \
         WHERE tickets.email_folded = $1 AND events.what = 'probation.started' AND events.actor = $2 \
         AND events.net <> $3 AND events.at > $4",
    )
    .bind(email.folded())
    .bind(who)
    .bind(net)
    .bind(since)
    .fetch_one(db)
    .await
}

/// How often a person declined a request for this network since `since`.
pub async fn declined(db: impl AnyExecutor<'_>, net: Net, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM ticket_networks JOIN events ON events.ticket_id = ticket_networks.ticket_id \
         WHERE ticket_networks.net = $1 AND events.what = 'ticket.resolved' AND events.detail = 'declined' \
         AND events.actor_kind = 'staff' AND events.at > $2",
    )
    .bind(net)
    .bind(since)
    .fetch_one(db)
    .await
}

/// How many lifts of the policy there were in a network of this origin since `since`.
pub async fn lifts_of_origin(db: impl AnyExecutor<'_>, origin: &str, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM assessments WHERE origin = $1 AND lifted_at > $2")
        .bind(origin)
        .bind(since)
        .fetch_one(db)
        .await
}
