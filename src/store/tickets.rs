//! Tickets and the networks they are about.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::{Kind, Resolution, State, Ticket};
use crate::domain::time::Time;
use crate::domain::words::words;

/// The columns of [`Ticket`], before the rest of a query.
macro_rules! select {
    ($($rest:literal),+) => {
        concat!(
            "SELECT id, code, kind, state, resolution, suspected, email, name, lang, assignee_id, joined_to, version, ",
            "created_at, queued_at, updated_at, resolved_at FROM tickets ",
            $($rest),+
        )
    };
}

/// One page of the queue, from one end or the other.
macro_rules! page {
    ($beyond:literal, $order:literal) => {
        select!(
            "WHERE joined_to IS NULL AND ($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2) \
             AND ($3 IS NULL OR assignee_id = $3) AND ($4 = 0 OR assignee_id IS NULL) \
             AND ($5 IS NULL OR ($5 = 1 AND suspected IS NOT NULL) OR ($5 = 0 AND suspected IS NULL)) \
             AND ($6 IS NULL OR id IN (SELECT ticket_id FROM ticket_networks WHERE net_first >= $6 AND net_first <= $7)) \
             AND ($8 IS NULL OR email_folded = $8) AND ",
            $beyond,
            " ORDER BY ",
            $order,
            " LIMIT $11"
        )
    };
}

words! {
    /// Where a ticket's network was named.
    Origin {
        /// The sender typed it.
        Typed = "typed",
        /// It stands in the evidence.
        Evidence = "evidence",
        /// It came with the case link.
        Case = "case",
    }
}

/// What a new ticket keeps beside what is shown of it.
#[derive(Debug, Clone)]
pub struct Hidden {
    /// Hash that a second submission of the same form has too.
    pub once_hash: Option<String>,
    /// The address that submitted it.
    pub client: String,
}

/// Stores a new ticket. A second one of the same form is a unique violation.
pub async fn insert(db: impl AnyExecutor<'_>, ticket: &Ticket, hidden: &Hidden) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO tickets (id, code, kind, state, suspected, email, email_folded, name, lang, once_hash, version, client, \
         created_at, queued_at, updated_at, joined_to) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13, $14)",
    )
    .bind(ticket.id)
    .bind(&ticket.code)
    .bind(ticket.kind)
    .bind(ticket.state)
    .bind(ticket.suspected.as_deref())
    .bind(&ticket.email)
    .bind(ticket.email.folded())
    .bind(&ticket.name)
    .bind(&ticket.lang)
    .bind(hidden.once_hash.as_deref())
    .bind(ticket.version)
    .bind(&hidden.client)
    .bind(ticket.created_at)
    .bind(ticket.joined_to)
    .execute(db)
    .await?;
    Ok(())
}

/// The ticket of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The ticket of this public code.
pub async fn find_by_code(db: impl AnyExecutor<'_>, code: &str) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!("WHERE code = $1")).bind(code).fetch_optional(db).await
}

/// The ticket of this code, for whoever knows its secret.
pub async fn find_by_secret(db: impl AnyExecutor<'_>, code: &str, secret_hash: &str) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!("WHERE code = $1 AND id IN (SELECT ticket_id FROM ticket_links WHERE secret_hash = $2)"))
        .bind(code)
        .bind(secret_hash)
        .fetch_optional(db)
        .await
}

/// The ticket that was made by this very form.
pub async fn find_by_once(db: impl AnyExecutor<'_>, once_hash: &str) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!("WHERE once_hash = $1")).bind(once_hash).fetch_optional(db).await
}

/// The newest open ticket of this mail address for this network.
pub async fn find_open_twin(db: impl AnyExecutor<'_>, email: &Email, net: Net) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!(
        "WHERE email_folded = $1 AND state <> 'resolved' AND suspected IS NULL AND joined_to IS NULL \
         AND id IN (SELECT ticket_id FROM ticket_networks WHERE net = $2) ORDER BY id DESC LIMIT 1"
    ))
    .bind(email.folded())
    .bind(net)
    .fetch_optional(db)
    .await
}

/// How many requests were added to a ticket.
pub async fn count_joined(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM tickets WHERE joined_to = $1").bind(id).fetch_one(db).await
}

/// The address that submitted a ticket.
pub async fn client(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT client FROM tickets WHERE id = $1").bind(id).fetch_optional(db).await
}

/// A request that was filed for one address of a range.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Filed {
    /// Its key.
    pub id: Id,
    /// Its public code.
    pub code: String,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub resolution: Option<Resolution>,
    /// The address.
    pub net: Net,
    /// What the policy said last, as it is stored.
    pub assessment: Option<String>,
}

/// Notes by which proof of a range it was filed.
pub async fn set_range(db: impl AnyExecutor<'_>, id: Id, proof: Id) -> sqlx::Result<()> {
    sqlx::query("UPDATE tickets SET range_proof_id = $2 WHERE id = $1").bind(id).bind(proof).execute(db).await?;
    Ok(())
}

/// The newest requests that were filed by a proof of a range.
pub async fn of_range(db: impl AnyExecutor<'_>, proof: Id, limit: i64) -> sqlx::Result<Vec<Filed>> {
    sqlx::query_as(
        "SELECT tickets.id, code, state, resolution, net, assessments.body AS assessment FROM tickets \
         JOIN ticket_networks ON ticket_networks.ticket_id = tickets.id AND ticket_networks.origin = 'typed' \
         LEFT JOIN assessments ON assessments.ticket_id = tickets.id \
         WHERE range_proof_id = $1 ORDER BY tickets.id DESC LIMIT $2",
    )
    .bind(proof)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// The open request that was filed for an address by a proof of a range.
pub async fn find_open_of_range(db: impl AnyExecutor<'_>, proof: Id, net: Net) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_as(select!(
        "WHERE range_proof_id = $1 AND state <> 'resolved' AND id IN (SELECT ticket_id FROM ticket_networks WHERE net = $2) \
         ORDER BY id DESC LIMIT 1"
    ))
    .bind(proof)
    .bind(net)
    .fetch_optional(db)
    .await
}

/// Notes that a ticket is about a network; naming it twice is once.
pub async fn add_network(db: impl AnyExecutor<'_>, id: Id, net: Net, origin: Origin) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO ticket_networks (ticket_id, net, net_first, origin) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (ticket_id, net) DO NOTHING",
    )
    .bind(id)
    .bind(net)
    .bind(net.first_hex())
    .bind(origin)
    .execute(db)
    .await?;
    Ok(())
}

/// The networks that a ticket is about, those from the case link and typed ones first.
pub async fn networks(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Vec<(Net, Origin)>> {
    sqlx::query_as(
        "SELECT net, origin FROM ticket_networks WHERE ticket_id = $1 \
         ORDER BY CASE origin WHEN 'case' THEN 0 WHEN 'typed' THEN 1 ELSE 2 END, net_first",
    )
    .bind(id)
    .fetch_all(db)
    .await
}

/// Which tickets a page of the queue shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Only those of this person.
    pub assignee: Option<Id>,
    /// Only those that nobody works on.
    pub unassigned: bool,
    /// Only those that look like a machine's work (`Some(true)`) or do not (`Some(false)`).
    pub suspected: Option<bool>,
    /// Only those about an address in this network.
    pub net: Option<Net>,
    /// Only those of this mail address (lower case).
    pub email: Option<String>,
    /// Those that have ended too, the last touched first. Without it: the queue, in which the longest waiting come first.
    pub newest_first: bool,
    /// Only those after this place: where the next page begins.
    pub after: Option<(Time, Id)>,
}

/// A flag as the number that the queries compare with.
fn flag(on: bool) -> i64 {
    i64::from(on)
}

/// One page of the queue, or of all tickets.
pub async fn list(db: impl AnyExecutor<'_>, filter: &Filter, limit: i64) -> sqlx::Result<Vec<Ticket>> {
    let sql = if filter.newest_first {
        page!("(updated_at < $9 OR (updated_at = $9 AND id < $10))", "updated_at DESC, id DESC")
    } else {
        page!("state <> 'resolved' AND (queued_at > $9 OR (queued_at = $9 AND id > $10))", "queued_at, id")
    };
    let start = if filter.newest_first { i64::MAX } else { i64::MIN };
    let (after_time, after_id) = filter.after.map_or((start, start), |(time, id)| (time.0, id.0));
    sqlx::query_as(sql)
        .bind(filter.state.map(State::as_str))
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.assignee.map(|id| id.0))
        .bind(flag(filter.unassigned))
        .bind(filter.suspected.map(flag))
        .bind(filter.net.map(Net::first_hex))
        .bind(filter.net.map(Net::last_hex))
        .bind(filter.email.as_deref())
        .bind(after_time)
        .bind(after_id)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Other tickets about addresses of this network, newest first.
pub async fn about(db: impl AnyExecutor<'_>, net: Net, not: Id, limit: i64) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_as(select!(
        "WHERE id <> $1 AND joined_to IS NULL \
         AND id IN (SELECT ticket_id FROM ticket_networks WHERE net_first >= $2 AND net_first <= $3) ORDER BY id DESC LIMIT $4"
    ))
    .bind(not)
    .bind(net.first_hex())
    .bind(net.last_hex())
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Other tickets of this mail address, newest first.
pub async fn of_email(db: impl AnyExecutor<'_>, email: &Email, not: Id, limit: i64) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_as(select!("WHERE email_folded = $1 AND id <> $2 AND joined_to IS NULL ORDER BY id DESC LIMIT $3"))
        .bind(email.folded())
        .bind(not)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// How many open tickets are in each state, those of machines left out; no more than `most` are counted.
pub async fn counts(db: impl AnyExecutor<'_>, most: i64) -> sqlx::Result<Vec<(State, i64)>> {
    sqlx::query_as(
        "SELECT state, COUNT(*) FROM (SELECT state FROM tickets WHERE state <> 'resolved' AND joined_to IS NULL \
         AND suspected IS NULL LIMIT $1) AS counted GROUP BY state",
    )
    .bind(most)
    .fetch_all(db)
    .await
}

/// How many open tickets look like a machine's work; no more than `most` are counted.
pub async fn count_suspected(db: impl AnyExecutor<'_>, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT id FROM tickets WHERE state <> 'resolved' AND joined_to IS NULL \
         AND suspected IS NOT NULL LIMIT $1) AS counted",
    )
    .bind(most)
    .fetch_one(db)
    .await
}

/// Moves an open ticket to another open state if it is still at `version`; says whether it was. Its wait begins anew.
pub async fn set_state(db: impl AnyExecutor<'_>, id: Id, version: i64, state: State, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET state = $3, queued_at = $4, updated_at = $4, version = version + 1 \
         WHERE id = $1 AND version = $2 AND state <> 'resolved'",
    )
    .bind(id)
    .bind(version)
    .bind(state)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that something came for an open ticket; one that waited for it is staff's turn again. Says whether it was open.
pub async fn wake(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET queued_at = CASE state WHEN 'waiting' THEN $2 ELSE queued_at END, updated_at = $2, \
         state = CASE state WHEN 'waiting' THEN 'open' ELSE state END, version = version + 1 \
         WHERE id = $1 AND state <> 'resolved'",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Opens a resolved ticket again; says whether it was resolved.
pub async fn reopen(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET state = 'open', resolution = NULL, resolved_at = NULL, queued_at = $2, updated_at = $2, \
         version = version + 1 WHERE id = $1 AND state = 'resolved'",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an open ticket if it is still at `version`; says whether it was.
pub async fn resolve(
    db: impl AnyExecutor<'_>,
    id: Id,
    version: i64,
    resolution: Resolution,
    now: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET state = 'resolved', resolution = $3, resolved_at = $4, updated_at = $4, version = version + 1 \
         WHERE id = $1 AND version = $2 AND state <> 'resolved'",
    )
    .bind(id)
    .bind(version)
    .bind(resolution)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a ticket to somebody or to nobody if it is still at `version`; says whether it was.
pub async fn assign(
    db: impl AnyExecutor<'_>,
    id: Id,
    version: i64,
    assignee: Option<Id>,
    now: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET assignee_id = $3, updated_at = $4, version = version + 1, \
         state = CASE state WHEN 'new' THEN 'open' ELSE state END WHERE id = $1 AND version = $2",
    )
    .bind(id)
    .bind(version)
    .bind(assignee)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Clears the mark of a machine's work; says whether it was there.
pub async fn clear_suspicion(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tickets SET suspected = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND suspected IS NOT NULL",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that something happened.
pub async fn touch(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE tickets SET updated_at = $2, version = version + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// Adds a secret that opens the status page; those handed out before go on working.
pub async fn add_link(db: impl AnyExecutor<'_>, id: Id, secret_hash: &str, now: Time) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO ticket_links (secret_hash, ticket_id, created_at) VALUES ($1, $2, $3)")
        .bind(secret_hash)
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// Tickets that wait for their sender since before `before`.
pub async fn waiting_since(db: impl AnyExecutor<'_>, before: Time, limit: i64) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_as(select!("WHERE state = 'waiting' AND updated_at < $1 ORDER BY updated_at LIMIT $2"))
        .bind(before)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Forgets who submitted up to `limit` tickets that were made before `before` and have ended; says how many there were.
pub async fn purge_clients(db: impl AnyExecutor<'_>, before: Time, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE tickets SET client = '' WHERE id IN (SELECT id FROM tickets WHERE client <> '' AND created_at < $1 \
         AND (state = 'resolved' OR joined_to IN (SELECT id FROM tickets WHERE state = 'resolved')) LIMIT $2)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
