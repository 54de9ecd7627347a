//! Events: what was done, by whom, when and why. Rows are added and never changed.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::ticket::Event;

/// The columns of [`Event`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, at, actor_kind, actor, what, detail, ticket_id, block_id, net FROM events ", $rest)
    };
}

/// Records an event.
pub async fn add(db: impl AnyExecutor<'_>, event: &Event) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO events (id, at, actor_kind, actor, what, detail, ticket_id, block_id, net) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(event.id)
    .bind(event.at)
    .bind(event.actor_kind)
    .bind(&event.actor)
    .bind(&event.what)
    .bind(&event.detail)
    .bind(event.ticket_id)
    .bind(event.block_id)
    .bind(event.net.as_deref())
    .execute(db)
    .await?;
    Ok(())
}

/// The events of a ticket, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as(select!("WHERE ticket_id = $1 ORDER BY id LIMIT 2000")).bind(ticket).fetch_all(db).await
}

/// The events of a block, oldest first.
pub async fn of_block(db: impl AnyExecutor<'_>, block: Id) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as(select!("WHERE block_id = $1 ORDER BY id LIMIT 500")).bind(block).fetch_all(db).await
}

/// Which events a page of the audit shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this person or program.
    pub actor: Option<String>,
    /// Only those whose word begins with this, such as `block.`.
    pub what: Option<String>,
    /// Only those about this network.
    pub net: Option<String>,
    /// Only those older than this one: where the next page begins.
    pub before: Option<Id>,
}

/// One page of all events, newest first.
pub async fn list(db: impl AnyExecutor<'_>, filter: &Filter, limit: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as(select!(
        "WHERE ($1 IS NULL OR actor = $1) AND ($2 IS NULL OR lower(what) LIKE lower($2)) AND ($3 IS NULL OR net = $3) \
         AND id < $4 ORDER BY id DESC LIMIT $5"
    ))
    .bind(filter.actor.as_deref())
    .bind(filter.what.as_ref().map(|what| format!("{}%", what.replace(['%', '_'], ""))))
    .bind(filter.net.as_deref())
    .bind(filter.before.map_or(i64::MAX, |id| id.0))
    .bind(limit)
    .fetch_all(db)
    .await
}
