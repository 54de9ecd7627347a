//! Bulk lifts: many blocks lifted by one act, in turns, and the way back.

use super::AnyExecutor;
use crate::domain::block::{Block, Probation};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::{Actor, Who};
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// How far a bulk lift is.
    BulkState {
        /// Its blocks are being lifted.
        Lifting = "lifting",
        /// All were lifted.
        Lifted = "lifted",
        /// It is being taken back.
        Undoing = "undoing",
        /// It was taken back.
        Undone = "undone",
    }
}

/// Which blocks are meant: those that fit all that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Filter {
    /// Those inside this network, itself included.
    pub net: Option<Net>,
    /// Those of this source.
    pub source: Option<String>,
    /// Those of this cause.
    pub cause: Option<String>,
}

impl Filter {
    /// The first address that is meant, as the store writes it.
    #[must_use]
    pub fn first(&self) -> String {
        self.net.map_or_else(|| "0".repeat(32), Net::first_hex)
    }

    /// The last address that is meant, as the store writes it.
    fn last(&self) -> String {
        self.net.map_or_else(|| "f".repeat(32), Net::last_hex)
    }
}

/// One bulk lift.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Bulk {
    /// Its number.
    pub id: Id,
    /// How far it is.
    pub state: BulkState,
    /// Which blocks it lifts.
    #[sqlx(flatten)]
    pub filter: Filter,
    /// Why.
    pub reason: String,
    /// The length of each probation in milliseconds; 0: none.
    pub probation: i64,
    /// The last block that was there when it began.
    pub upto: Id,
    /// How many blocks fitted when it began.
    pub expected: i64,
    /// How many it lifted.
    pub lifted: i64,
    /// How many of these are blocked again.
    pub restored: i64,
    /// Who did it, in kind.
    pub actor_kind: Actor,
    /// Who did it.
    pub created_by: String,
    /// When it began.
    pub created_at: Time,
    /// When its last block was lifted.
    pub lifted_at: Option<Time>,
    /// Who took it back, in kind.
    pub undo_kind: Option<Actor>,
    /// Who took it back.
    pub undone_by: Option<String>,
    /// When it was taken back.
    pub undone_at: Option<Time>,
}

impl Bulk {
    /// Who did it.
    #[must_use]
    pub fn who(&self) -> Who {
        Who { kind: self.actor_kind, name: self.created_by.clone() }
    }

    /// Who took it back.
    #[must_use]
    pub fn undoer(&self) -> Who {
        match (self.undo_kind, &self.undone_by) {
            (Some(kind), Some(name)) => Who { kind, name: name.clone() },
            _ => self.who(),
        }
    }

    /// Whether it has not come to an end, one way or the other.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, BulkState::Lifting | BulkState::Undoing)
    }

    /// Whether it can be taken back.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.state, BulkState::Lifting | BulkState::Lifted)
    }
}

/// The columns of [`Bulk`].
macro_rules! columns {
    () => {
        "id, state, net, source, cause, reason, probation, upto, expected, lifted, restored, actor_kind, created_by, \
         created_at, lifted_at, undo_kind, undone_by, undone_at"
    };
}

/// Live blocks between the first address `$1` and the last `$2` that fit the filter, at `$5`.
macro_rules! meant {
    () => {
        "state = 'live' AND net_first >= $1 AND net_first <= $2 AND net_last <= $2 AND ($3 IS NULL OR source = $3) \
         AND ($4 IS NULL OR cause = $4) AND (until IS NULL OR until > $5) "
    };
}

/// So many of the blocks that fit.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Share {
    /// Of this cause.
    pub cause: String,
    /// Of this source.
    pub source: String,
    /// How many.
    pub count: i64,
}

/// How many live blocks fit, by cause and source.
pub async fn shares(db: impl AnyExecutor<'_>, filter: &Filter, now: Time) -> sqlx::Result<Vec<Share>> {
    sqlx::query_as(concat!(
        "SELECT cause, source, COUNT(*) AS count FROM blocks WHERE ",
        meant!(),
        "GROUP BY cause, source ORDER BY cause, source"
    ))
    .bind(filter.first())
    .bind(filter.last())
    .bind(filter.source.as_deref())
    .bind(filter.cause.as_deref())
    .bind(now)
    .fetch_all(db)
    .await
}

/// The next blocks that fit, with keys up to `upto`, from the address `from` on in the order of addresses.
pub async fn page(
    db: impl AnyExecutor<'_>,
    filter: &Filter,
    now: Time,
    upto: Id,
    from: &str,
    limit: i64,
) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as(concat!(
        "SELECT id, net, cause, action, case_code, source, note, evidence_at, since, until, state, created_by, \
         lifted_at, lifted_by, lift_reason, hits, first_hit_at, last_hit_at FROM blocks WHERE ",
        meant!(),
        "AND id <= $6 ORDER BY net_first, id LIMIT $7"
    ))
    .bind(from)
    .bind(filter.last())
    .bind(filter.source.as_deref())
    .bind(filter.cause.as_deref())
    .bind(now)
    .bind(upto)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Begins a bulk lift of the blocks that are there.
pub async fn insert(db: impl AnyExecutor<'_>, bulk: &Bulk, locked_until: Time) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO bulks (id, state, net, source, cause, reason, probation, upto, expected, actor_kind, created_by, \
         created_at, locked_until) \
         SELECT $1, $2, $3, $4, $5, $6, $7, COALESCE(MAX(id), 0), $8, $9, $10, $11, $12 FROM blocks",
    )
    .bind(bulk.id)
    .bind(bulk.state)
    .bind(bulk.filter.net)
    .bind(bulk.filter.source.as_deref())
    .bind(bulk.filter.cause.as_deref())
    .bind(&bulk.reason)
    .bind(bulk.probation)
    .bind(bulk.expected)
    .bind(bulk.actor_kind)
    .bind(&bulk.created_by)
    .bind(bulk.created_at)
    .bind(locked_until)
    .execute(db)
    .await?;
    Ok(())
}

/// The bulk lift of this number.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Bulk>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM bulks WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The last bulk lifts, the latest first.
pub async fn list(db: impl AnyExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Bulk>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM bulks ORDER BY id DESC LIMIT $1"))
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Takes one to work on that is under way and that nobody works on.
pub async fn claim(db: impl AnyExecutor<'_>, now: Time, locked_until: Time) -> sqlx::Result<Option<Bulk>> {
    sqlx::query_as(concat!(
        "UPDATE bulks SET locked_until = $2 WHERE state IN ('lifting', 'undoing') AND locked_until <= $1 \
         AND id = (SELECT id FROM bulks WHERE state IN ('lifting', 'undoing') AND locked_until <= $1 ORDER BY id LIMIT 1) \
         RETURNING ",
        columns!()
    ))
    .bind(now)
    .bind(locked_until)
    .fetch_optional(db)
    .await
}

/// Leaves one that is under way to whoever comes.
pub async fn leave(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<()> {
    sqlx::query("UPDATE bulks SET locked_until = 0 WHERE id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Counts what a turn lifted and goes on working until then; says whether it is still to be lifted.
pub async fn count_lifted(db: impl AnyExecutor<'_>, id: Id, lifted: i64, locked_until: Time) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE bulks SET lifted = lifted + $2, locked_until = $3 WHERE id = $1 AND state = 'lifting'")
            .bind(id)
            .bind(lifted)
            .bind(locked_until)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that all was lifted; says whether that is news.
pub async fn finish_lifting(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE bulks SET state = 'lifted', lifted_at = $2 WHERE id = $1 AND state = 'lifting'")
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Begins to take one back that was lifted, wholly or in part, unless a list of one of its sources is coming in; says
/// whether it did.
pub async fn begin_undo(db: impl AnyExecutor<'_>, id: Id, who: &Who, locked_until: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE bulks SET state = 'undoing', undo_kind = $2, undone_by = $3, locked_until = $4 \
         WHERE id = $1 AND state IN ('lifting', 'lifted') AND NOT EXISTS (SELECT 1 FROM imports \
         WHERE imports.state = 'staging' AND EXISTS (SELECT 1 FROM blocks \
         WHERE blocks.bulk_id = $1 AND blocks.source = imports.source))",
    )
    .bind(id)
    .bind(who.kind)
    .bind(&who.name)
    .bind(locked_until)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts what a turn brought back and goes on working until then; says whether it is still to be taken back.
pub async fn count_restored(db: impl AnyExecutor<'_>, id: Id, restored: i64, locked_until: Time) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE bulks SET restored = restored + $2, locked_until = $3 WHERE id = $1 AND state = 'undoing'")
            .bind(id)
            .bind(restored)
            .bind(locked_until)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that one was taken back; says whether that is news.
pub async fn finish_undo(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE bulks SET state = 'undone', undone_at = $2 WHERE id = $1 AND state = 'undoing'")
        .bind(id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The next blocks behind `after` that it lifted and that are not back.
pub async fn lifted_page(db: impl AnyExecutor<'_>, bulk: Id, after: Id, limit: i64) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as(
        "SELECT id, net, cause, action, case_code, source, note, evidence_at, since, until, state, created_by, \
         lifted_at, lifted_by, lift_reason, hits, first_hit_at, last_hit_at FROM blocks \
         WHERE bulk_id = $1 AND id > $2 AND state = 'lifted' ORDER BY id LIMIT $3",
    )
    .bind(bulk)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Puts a block back that it lifted, as it was, unless its time is over, its source let it go, its list was taken back,
/// or its network was exempted, blocked anew or lifted by others since; says whether it did.
pub async fn restore(db: impl AnyExecutor<'_>, block: Id, bulk: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE blocks SET state = 'live', bulk_id = NULL, lifted_at = NULL, lifted_by = NULL, lift_reason = NULL, \
         dropped_import_id = NULL, next_evidence_at = NULL, \
         next_import_id = CASE WHEN next_evidence_at IS NULL THEN next_import_id END \
         WHERE id = $1 AND bulk_id = $2 AND state = 'lifted' AND (until IS NULL OR until > $3) AND released_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM imports WHERE imports.undone_at IS NOT NULL \
         AND imports.id = COALESCE(blocks.origin_import_id, blocks.import_id)) \
         AND NOT EXISTS (SELECT 1 FROM exemptions WHERE exemptions.block_id IS NULL AND exemptions.since > blocks.lifted_at \
         AND exemptions.ended_at IS NULL AND (exemptions.until IS NULL OR exemptions.until > $3) \
         AND exemptions.net_first <= blocks.net_first AND exemptions.net_last >= blocks.net_last) \
         AND NOT EXISTS (SELECT 1 FROM blocks AS other WHERE other.net = blocks.net AND other.id <> blocks.id \
         AND ((other.source = blocks.source AND other.state IN ('live', 'staged')) \
         OR (other.state = 'lifted' AND other.lifted_at >= blocks.lifted_at AND COALESCE(other.bulk_id, 0) <> $2)))",
    )
    .bind(block)
    .bind(bulk)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The next probations behind `after` that it gave and that nothing has ended.
pub async fn probations_page(
    db: impl AnyExecutor<'_>,
    bulk: Id,
    after: Id,
    limit: i64,
) -> sqlx::Result<Vec<Probation>> {
    sqlx::query_as(
        "SELECT id, net, cause, since, until, ticket_id, created_by, ended_at, ended_why FROM probations \
         WHERE bulk_id = $1 AND id > $2 AND ended_at IS NULL ORDER BY id LIMIT $3",
    )
    .bind(bulk)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await
}
