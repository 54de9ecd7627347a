//! Confirmations: how far the effect of each lift is seen, step by step.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// How far the effect of a lift, or a step of it, is confirmed.
    Effect {
        /// Asked for, and not yet seen.
        Requested = "requested",
        /// Seen.
        Confirmed = "confirmed",
        /// Not seen in time; it is looked for again.
        Late = "late",
        /// Not seen, and not looked for any more.
        Failed = "failed",
    }
}

words! {
    /// Who confirms.
    StepKind {
        /// The database.
        Commit = "commit",
        /// A listener of this portal, asked over its socket.
        Listener = "listener",
        /// A process that follows the list.
        Follower = "follower",
        /// An edge.
        Edge = "edge",
        /// A resolver of the mail servers.
        Resolver = "resolver",
    }
}

/// The confirmation of one lift.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Confirmation {
    /// Its key.
    pub id: Id,
    /// What was lifted.
    pub net: Net,
    /// The block that was lifted, or out of which it was taken.
    pub block_id: Id,
    /// The ticket it was lifted for.
    pub ticket_id: Option<Id>,
    /// The change log.
    pub epoch: String,
    /// The number of its last change.
    pub number: i64,
    /// How far it is.
    pub state: Effect,
    /// When the lift was committed.
    pub requested_at: Time,
    /// When it was confirmed or given up.
    pub settled_at: Option<Time>,
    /// When it is looked for next.
    pub next_at: Time,
}

/// One step of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Step {
    /// Who confirms.
    pub kind: StepKind,
    /// Which one.
    pub name: String,
    /// How far it is.
    pub state: Effect,
    /// The word for what was seen.
    pub what: String,
    /// The value in that.
    pub value: String,
    /// When it was confirmed, or last looked for.
    pub at: Time,
}

/// The columns of [`Confirmation`], before the rest of a query.
macro_rules! columns {
    () => {
        "id, net, block_id, ticket_id, epoch, number, state, requested_at, settled_at, next_at"
    };
}

/// Asks for a confirmation.
pub async fn insert(db: impl AnyExecutor<'_>, new: &Confirmation) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO confirmations (id, net, block_id, ticket_id, epoch, number, state, requested_at, next_at, locked_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
    )
    .bind(new.id)
    .bind(new.net)
    .bind(new.block_id)
    .bind(new.ticket_id)
    .bind(&new.epoch)
    .bind(new.number)
    .bind(new.state)
    .bind(new.requested_at)
    .bind(new.next_at)
    .execute(db)
    .await?;
    Ok(())
}

/// The confirmation of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Confirmation>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM confirmations WHERE id = $1"))
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Takes the next one that is due until `locked_until`; nobody else gets it before.
pub async fn claim(db: impl AnyExecutor<'_>, now: Time, locked_until: Time) -> sqlx::Result<Option<Confirmation>> {
    sqlx::query_as(concat!(
        "UPDATE confirmations SET locked_until = $2 WHERE id = (SELECT id FROM confirmations \
         WHERE settled_at IS NULL AND next_at <= $1 AND locked_until <= $1 ORDER BY next_at, id LIMIT 1) \
         AND settled_at IS NULL AND next_at <= $1 AND locked_until <= $1 RETURNING ",
        columns!()
    ))
    .bind(now)
    .bind(locked_until)
    .fetch_optional(db)
    .await
}

/// Notes how far it is: settled, or looked for again at `next_at`.
pub async fn put(
    db: impl AnyExecutor<'_>,
    id: Id,
    state: Effect,
    settled_at: Option<Time>,
    next_at: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE confirmations SET state = $2, settled_at = $3, next_at = $4, locked_until = 0 \
         WHERE id = $1 AND settled_at IS NULL",
    )
    .bind(id)
    .bind(state)
    .bind(settled_at.map(|at| at.0))
    .bind(next_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes a step; one that was confirmed stays so.
pub async fn put_step(db: impl AnyExecutor<'_>, id: Id, step: &Step) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO confirmation_steps (confirmation_id, kind, name, state, what, value, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (confirmation_id, kind, name) DO UPDATE SET \
         state = $4, what = $5, value = $6, at = $7 WHERE confirmation_steps.state <> 'confirmed'",
    )
    .bind(id)
    .bind(step.kind)
    .bind(&step.name)
    .bind(step.state)
    .bind(&step.what)
    .bind(&step.value)
    .bind(step.at)
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves a step out that nobody waits for any more: its process has ended.
pub async fn drop_step(db: impl AnyExecutor<'_>, id: Id, kind: StepKind, name: &str) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM confirmation_steps WHERE confirmation_id = $1 AND kind = $2 AND name = $3 AND state <> 'confirmed'",
    )
    .bind(id)
    .bind(kind)
    .bind(name)
    .execute(db)
    .await?;
    Ok(())
}

/// The steps of a confirmation, in their order.
pub async fn steps(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Vec<Step>> {
    sqlx::query_as(
        "SELECT kind, name, state, what, value, at FROM confirmation_steps WHERE confirmation_id = $1 \
         ORDER BY CASE kind WHEN 'commit' THEN 0 WHEN 'listener' THEN 1 WHEN 'follower' THEN 2 WHEN 'edge' THEN 3 ELSE 4 END, \
         name LIMIT 1000",
    )
    .bind(id)
    .fetch_all(db)
    .await
}

/// The confirmations of the lifts of a ticket, newest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id, limit: i64) -> sqlx::Result<Vec<Confirmation>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM confirmations WHERE ticket_id = $1 ORDER BY id DESC LIMIT $2"))
        .bind(ticket)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// The confirmations of lifts of or out of a block, newest first.
pub async fn of_block(db: impl AnyExecutor<'_>, block: Id, limit: i64) -> sqlx::Result<Vec<Confirmation>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM confirmations WHERE block_id = $1 ORDER BY id DESC LIMIT $2"))
        .bind(block)
        .bind(limit)
        .fetch_all(db)
        .await
}
