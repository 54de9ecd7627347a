//! The change log of the block list: numbers without gaps, in the order of their commits.

use sqlx::AnyPool;

use super::{AnyExecutor, Tx};
use crate::domain::id::{Id, Secret};
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// What a change is about; the reader looks the subject up and takes it as it stands.
    Subject {
        /// One block.
        Block = "block",
        /// One exemption.
        Exemption = "exemption",
        /// One probation.
        Probation = "probation",
        /// All that an import brought and dropped.
        Import = "import",
        /// One address of the portal that takes mail.
        Token = "token",
    }
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Change {
    /// Its number.
    pub n: i64,
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: Id,
    /// When it was made.
    pub at: Time,
}

/// How far the log has come, and which log it is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Position {
    /// The number of the last change.
    pub n: i64,
    /// The log's epoch: after a restore or fail-over it is another one, and followers load afresh.
    pub epoch: String,
}

/// Makes the counter when the database is new.
pub async fn ensure(db: &AnyPool) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO block_counter (id, n, epoch) VALUES (1, 0, $1) ON CONFLICT (id) DO NOTHING")
        .bind(Secret::new().reveal())
        .execute(db)
        .await?;
    Ok(())
}

/// Waits until nobody else changes the list, and keeps it so until the commit.
pub async fn hold(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::query("UPDATE block_counter SET n = n WHERE id = 1").execute(&mut **tx).await?;
    Ok(())
}

/// Records a change under the next number. The counter row stays locked until the commit, so numbers commit in order.
pub async fn append(tx: &mut Tx, subject: Subject, subject_id: Id, now: Time) -> sqlx::Result<i64> {
    let n: i64 =
        sqlx::query_scalar("UPDATE block_counter SET n = n + 1 WHERE id = 1 RETURNING n").fetch_one(&mut **tx).await?;
    sqlx::query("INSERT INTO block_changes (n, subject, subject_id, at) VALUES ($1, $2, $3, $4)")
        .bind(n)
        .bind(subject)
        .bind(subject_id)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(n)
}

/// How far the log has come.
pub async fn position(db: impl AnyExecutor<'_>) -> sqlx::Result<Position> {
    sqlx::query_as("SELECT n, epoch FROM block_counter WHERE id = 1").fetch_one(db).await
}

/// Up to `limit` changes after number `n`, in order.
pub async fn after(db: impl AnyExecutor<'_>, n: i64, limit: i64) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as("SELECT n, subject, subject_id, at FROM block_changes WHERE n > $1 ORDER BY n LIMIT $2")
        .bind(n)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// When change `n` was made, while the log still holds it.
pub async fn at(db: impl AnyExecutor<'_>, n: i64) -> sqlx::Result<Option<Time>> {
    sqlx::query_scalar("SELECT at FROM block_changes WHERE n = $1").bind(n).fetch_optional(db).await
}

/// The number of the oldest change that is still kept.
pub async fn oldest(db: impl AnyExecutor<'_>) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT MIN(n) FROM block_changes").fetch_one(db).await
}

/// Forgets changes made before `before`; followers that are further behind load afresh.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM block_changes WHERE at < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
