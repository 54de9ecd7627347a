//! Leases: periodic work runs once, however many processes there are.

use super::AnyExecutor;
use crate::domain::time::Time;

/// Takes or keeps the lease `name` until `until`; says whether `holder` has it.
pub async fn take(db: impl AnyExecutor<'_>, name: &str, holder: &str, now: Time, until: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3 WHERE leases.holder = $2 OR leases.until <= $4",
    )
    .bind(name)
    .bind(holder)
    .bind(until)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
