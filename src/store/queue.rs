//! What the pages of the queue show beside their tickets, asked for a whole page at once.

use std::sync::LazyLock;

use sqlx::AssertSqlSafe;

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::net::Net;

/// How many tickets a page has at most; each question below takes as many.
pub const PAGE: usize = 50;

/// The placeholders for the tickets of a page; a shorter page leaves the rest empty.
static TICKETS: LazyLock<String> = LazyLock::new(|| (1..=PAGE).map(|n| format!("${n}")).collect::<Vec<_>>().join(", "));

/// The keys of a page, padded for [`TICKETS`].
fn padded(ids: &[Id]) -> impl Iterator<Item = Option<i64>> {
    ids.iter().map(|id| Some(id.0)).chain(std::iter::repeat(None)).take(PAGE)
}

/// The first network of each ticket that names any, and how many it names.
pub async fn first_networks(db: impl AnyExecutor<'_>, ids: &[Id]) -> sqlx::Result<Vec<(Id, Net, i64)>> {
    // The text holds placeholders only; it is built because fifty of them are no pleasure to read.
    let sql = format!(
        "SELECT ticket_id, net, named FROM (SELECT ticket_id, net, COUNT(*) OVER (PARTITION BY ticket_id) AS named, \
         ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY \
         CASE origin WHEN 'typed' THEN 0 WHEN 'case' THEN 1 ELSE 2 END, net_first, net) AS place \
         FROM ticket_networks WHERE ticket_id IN ({})) AS numbered WHERE place = 1",
        *TICKETS
    );
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for id in padded(ids) {
        query = query.bind(id);
    }
    query.fetch_all(db).await
}

/// Those tickets whose sender wrote after staff did.
pub async fn replied(db: impl AnyExecutor<'_>, ids: &[Id]) -> sqlx::Result<Vec<Id>> {
    let sql = format!(
        "SELECT ticket_id FROM messages WHERE ticket_id IN ({}) GROUP BY ticket_id \
         HAVING MAX(CASE WHEN author_kind IN ('sender', 'unverified') THEN id END) > MAX(CASE WHEN author_kind = 'staff' THEN id END)",
        *TICKETS
    );
    let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
    for id in padded(ids) {
        query = query.bind(id);
    }
    query.fetch_all(db).await
}
