//! Blocks.

use std::sync::LazyLock;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::AnyExecutor;
use crate::domain::block::{Block, BlockState};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// The columns of [`Block`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, net, cause, action, case_code, source, note, evidence_at, since, until, state, created_by, ",
            "lifted_at, lifted_by, lift_reason, hits, first_hit_at, last_hit_at FROM blocks ",
            $rest
        )
    };
}

/// The columns of [`Block`] as an import makes them whose key fits, also before its rows are settled.
macro_rules! renewed {
    ($import:literal) => {
        concat!(
            "SELECT id, net, cause, action, case_code, source, note, CASE WHEN next_evidence_at IS NOT NULL AND next_import_id ",
            $import,
            " THEN next_evidence_at ELSE evidence_at END AS evidence_at, since, ",
            "CASE WHEN next_evidence_at IS NOT NULL AND next_import_id ",
            $import,
            " THEN next_until ELSE until END AS until, state, created_by, ",
            "lifted_at, lifted_by, lift_reason, hits, first_hit_at, last_hit_at "
        )
    };
}

/// The placeholders for a network and all wider ones: 129 for IPv6; IPv4 leaves the rest empty.
static WIDER: LazyLock<String> = LazyLock::new(|| (1..=129).map(|n| format!("${n}")).collect::<Vec<_>>().join(", "));

/// The networks that could cover `net`, padded for [`WIDER`].
pub(super) fn wider(net: Net) -> impl Iterator<Item = Option<String>> {
    net.and_wider().map(|n| Some(n.to_string())).chain(std::iter::repeat(None)).take(129)
}

/// A query whose text ends in `net IN (…)` for all networks that cover one, with `tail` behind it.
pub(super) fn covering_sql(head: &str, tail: &str) -> String {
    format!("{head} WHERE net IN ({}) {tail}", *WIDER)
}

/// Stores a new block. A second live one of the same network and source is a unique violation.
pub async fn insert(db: impl AnyExecutor<'_>, block: &Block, import_id: Option<Id>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO blocks (id, net, net_first, net_last, cause, action, case_code, source, note, evidence_at, since, \
         until, state, created_by, import_id, seen_import_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
    )
    .bind(block.id)
    .bind(block.net)
    .bind(block.net.first_hex())
    .bind(block.net.last_hex())
    .bind(&block.cause)
    .bind(block.action)
    .bind(&block.case_code)
    .bind(&block.source)
    .bind(&block.note)
    .bind(block.evidence_at)
    .bind(block.since)
    .bind(block.until)
    .bind(block.state)
    .bind(&block.created_by)
    .bind(import_id)
    .execute(db)
    .await?;
    Ok(())
}

/// Adds refusals to those that are known of some blocks, each named once: how many, the first, the last. One statement for
/// all, because a statement costs more than a row.
pub async fn add_hits(db: impl AnyExecutor<'_>, counts: &[(Id, i64, Time, Time)]) -> sqlx::Result<()> {
    let rows = (0..counts.len()).map(|n| 4 * n).map(|n| format!("(${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4));
    let sql = format!(
        "UPDATE blocks SET hits = hits + new.column2, \
         first_hit_at = CASE WHEN first_hit_at <= new.column3 THEN first_hit_at ELSE new.column3 END, \
         last_hit_at = CASE WHEN last_hit_at >= new.column4 THEN last_hit_at ELSE new.column4 END \
         FROM (VALUES {}) AS new WHERE blocks.id = new.column1",
        rows.collect::<Vec<_>>().join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (id, hits, first, last) in counts {
        query = query.bind(*id).bind(*hits).bind(*first).bind(*last);
    }
    query.execute(db).await?;
    Ok(())
}

/// The block of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Block>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The block of this case code, in whatever state but staged.
pub async fn find_by_case(db: impl AnyExecutor<'_>, case_code: &str) -> sqlx::Result<Option<Block>> {
    sqlx::query_as(select!("WHERE case_code = $1 AND state <> 'staged'")).bind(case_code).fetch_optional(db).await
}

/// The live block of exactly this network and source.
pub async fn find_live(db: impl AnyExecutor<'_>, net: Net, source: &str) -> sqlx::Result<Option<Block>> {
    sqlx::query_as(select!("WHERE net = $1 AND source = $2 AND state = 'live'"))
        .bind(net)
        .bind(source)
        .fetch_optional(db)
        .await
}

/// All blocks, past and present, of this network and the ones around it: live first, then the newest.
pub async fn covering(db: impl AnyExecutor<'_>, net: Net, limit: i64) -> sqlx::Result<Vec<Block>> {
    let tail =
        format!("AND state <> 'staged' ORDER BY CASE state WHEN 'live' THEN 0 ELSE 1 END, id DESC LIMIT {limit}");
    // The text holds constants and a number only; it is built because 129 placeholders are no pleasure to read.
    let sql = covering_sql(select!(""), &tail);
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for text in wider(net) {
        query = query.bind(text);
    }
    query.fetch_all(db).await
}

/// The live blocks inside a network (itself included), in the order of their addresses.
pub async fn live_inside(db: impl AnyExecutor<'_>, net: Net, limit: i64) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as(select!(
        "WHERE net_first >= $1 AND net_first <= $2 AND net_last <= $2 AND state = 'live' ORDER BY net_first, id LIMIT $3"
    ))
    .bind(net.first_hex())
    .bind(net.last_hex())
    .bind(limit)
    .fetch_all(db)
    .await
}

/// One lift of the past: a whole block, or a network out of a wider one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PastLift {
    /// The block.
    pub block_id: Id,
    /// What was lifted.
    pub net: Net,
    /// The cause of the block.
    pub cause: String,
    /// When.
    pub lifted_at: Time,
    /// Who did it.
    pub lifted_by: String,
    /// Why.
    pub reason: String,
}

/// The lifts inside a network, newest first.
pub async fn lifts_inside(db: impl AnyExecutor<'_>, net: Net, limit: i64) -> sqlx::Result<Vec<PastLift>> {
    sqlx::query_as(
        "SELECT block_id, net, cause, lifted_at, lifted_by, reason FROM (\
         SELECT id AS block_id, net, cause, lifted_at, COALESCE(lifted_by, '') AS lifted_by, \
         COALESCE(lift_reason, '') AS reason FROM blocks \
         WHERE net_first >= $1 AND net_first <= $2 AND net_last <= $2 AND state = 'lifted' AND lifted_at IS NOT NULL \
         UNION ALL SELECT carved.block_id, carved.net, blocks.cause, carved.since, carved.created_by, carved.note \
         FROM exemptions AS carved JOIN blocks ON blocks.id = carved.block_id \
         WHERE carved.net_first >= $1 AND carved.net_first <= $2 AND carved.net_last <= $2) AS lifts \
         ORDER BY lifted_at DESC LIMIT $3",
    )
    .bind(net.first_hex())
    .bind(net.last_hex())
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Which blocks a page of the list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<BlockState>,
    /// Only those of this cause.
    pub cause: Option<String>,
    /// Only those of this source.
    pub source: Option<String>,
    /// Only those older than this one: where the next page begins.
    pub before: Option<Id>,
}

/// One page of the list, newest first.
pub async fn list(db: impl AnyExecutor<'_>, filter: &Filter, limit: i64) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as(select!(
        "WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR cause = $2) AND ($3 IS NULL OR source = $3) \
         AND id < $4 AND state <> 'staged' ORDER BY id DESC LIMIT $5"
    ))
    .bind(filter.state.map(BlockState::as_str))
    .bind(filter.cause.as_deref())
    .bind(filter.source.as_deref())
    .bind(filter.before.map_or(i64::MAX, |id| id.0))
    .bind(limit)
    .fetch_all(db)
    .await
}

/// The next live blocks after `after`, in the order of their keys: how a follower loads the list.
pub async fn live_page(db: impl AnyExecutor<'_>, after: Id, limit: i64) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as(concat!(
        renewed!("IN (SELECT id FROM imports WHERE state = 'active')"),
        "FROM blocks WHERE id > $1 \
         AND (dropped_import_id IS NULL OR dropped_import_id NOT IN (SELECT id FROM imports WHERE state = 'active')) \
         AND (state = 'live' OR (state = 'staged' AND import_id IN (SELECT id FROM imports WHERE state = 'active'))) \
         ORDER BY id LIMIT $2"
    ))
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// One block that an import brought or dropped.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Imported {
    /// The block.
    #[sqlx(flatten)]
    pub block: Block,
    /// 1 when the import brought or renewed it, 0 when it dropped it.
    brought: i64,
}

impl Imported {
    /// Whether it counts once the import is active.
    #[must_use]
    pub fn in_force(&self) -> bool {
        self.brought == 1 && matches!(self.block.state, BlockState::Staged | BlockState::Live)
    }
}

/// The next blocks after `$2` whose column names the import `$1`.
macro_rules! of_import {
    ($column:literal) => {
        concat!(
            renewed!("= $1"),
            ", CAST(CASE WHEN import_id = $1 OR next_import_id = $1 THEN 1 ELSE 0 END AS BIGINT) AS brought FROM blocks WHERE ",
            $column,
            " = $1 AND id > $2 ORDER BY id LIMIT $3"
        )
    };
}

/// The next blocks of an import after `after`, whatever their state: those it brought, renewed or dropped. They are asked
/// for one after the other, each in the order of its index; asked at once, `PostgreSQL` walks through the list for each page.
pub async fn import_page(db: &mut AnyConnection, import: Id, after: Id, limit: i64) -> sqlx::Result<Vec<Imported>> {
    let mut page: Vec<Imported> = Vec::new();
    for part in [of_import!("import_id"), of_import!("dropped_import_id"), of_import!("next_import_id")] {
        page.extend(sqlx::query_as(part).bind(import).bind(after).bind(limit).fetch_all(&mut *db).await?);
    }
    page.sort_unstable_by_key(|row| row.block.id);
    page.dedup_by_key(|row| row.block.id);
    page.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(page)
}

/// Ends a live block before its time, maybe as one of many; says whether it was live.
pub async fn lift(
    db: impl AnyExecutor<'_>,
    id: Id,
    by: &str,
    reason: &str,
    bulk: Option<Id>,
    now: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'lifted', lifted_at = $2, lifted_by = $3, lift_reason = $4, bulk_id = $5 \
         WHERE id = $1 AND state = 'live' AND (until IS NULL OR until > $2)",
    )
    .bind(id)
    .bind(now)
    .bind(by)
    .bind(reason)
    .bind(bulk)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a live block another end, whatever an import says that is coming in; says whether it was live.
pub async fn set_until(db: impl AnyExecutor<'_>, id: Id, until: Option<Time>, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET until = $2, next_import_id = NULL, next_evidence_at = NULL \
             WHERE id = $1 AND state = 'live' AND (until IS NULL OR until > $3)",
    )
    .bind(id)
    .bind(until)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes newer evidence, cause and end into a live block; says whether it was live.
pub async fn renew(db: impl AnyExecutor<'_>, block: &Block) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET cause = $2, action = $3, note = $4, evidence_at = $5, until = $6 WHERE id = $1 AND state = 'live'",
    )
    .bind(block.id)
    .bind(&block.cause)
    .bind(block.action)
    .bind(&block.note)
    .bind(block.evidence_at)
    .bind(block.until)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Live blocks whose end has passed.
pub async fn due(db: impl AnyExecutor<'_>, now: Time, limit: i64) -> sqlx::Result<Vec<(Id, Net)>> {
    sqlx::query_as(
        "SELECT id, net FROM blocks WHERE state = 'live' AND until IS NOT NULL AND until <= $1 ORDER BY until LIMIT $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Writes down that a block's end has passed; says whether it was still live.
pub async fn expire(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'expired' WHERE id = $1 AND state = 'live' AND until IS NOT NULL AND until <= $2",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many blocks are live.
pub async fn count_live(db: impl AnyExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM blocks WHERE state = 'live'").fetch_one(db).await
}
