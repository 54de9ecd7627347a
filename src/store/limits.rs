//! Counts for rate limits: in the database, so that they hold on several machines.

use super::{AnyExecutor, Tx};
use crate::domain::time::Time;

/// Counts one more in `bucket` for the present slot of `slot_ms` milliseconds; gives the new count.
pub async fn count(db: impl AnyExecutor<'_>, bucket: &str, slot_ms: i64, now: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO rate_counts (bucket, slot, count) VALUES ($1, $2, 1) \
         ON CONFLICT (bucket, slot) DO UPDATE SET count = rate_counts.count + 1 RETURNING count",
    )
    .bind(bucket)
    .bind(now.0 - now.0.rem_euclid(slot_ms.max(1)))
    .fetch_one(db)
    .await
}

/// Waits until no other transaction has the turn of `bucket`, and has it until the end of this one.
pub async fn take_turn(tx: &mut Tx, bucket: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO rate_counts (bucket, slot, count) VALUES ($1, 0, 1) \
         ON CONFLICT (bucket, slot) DO UPDATE SET count = rate_counts.count + 1",
    )
    .bind(bucket)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes one back that `bucket` counted in the present slot.
pub async fn give_back(db: impl AnyExecutor<'_>, bucket: &str, slot_ms: i64, now: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE rate_counts SET count = count - 1 WHERE bucket = $1 AND slot = $2 AND count > 0")
        .bind(bucket)
        .bind(now.0 - now.0.rem_euclid(slot_ms.max(1)))
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets what `bucket` has counted.
pub async fn reset(db: impl AnyExecutor<'_>, bucket: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM rate_counts WHERE bucket = $1").bind(bucket).execute(db).await?;
    Ok(())
}

/// Forgets slots that began before `before`.
pub async fn forget(db: impl AnyExecutor<'_>, before: Time) -> sqlx::Result<u64> {
    let done = sqlx::query("DELETE FROM rate_counts WHERE slot < $1").bind(before).execute(db).await?;
    Ok(done.rows_affected())
}
