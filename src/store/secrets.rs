//! Keys that the portal made for itself and keeps, and the mark of a demonstration.

use sqlx::AnyPool;

use super::AnyExecutor;
use crate::domain::id;

/// The name of the key that status-page secrets are derived with.
const STATUS_KEY: &str = "status-key";

/// The name of the mark of a database with the demonstration's known passwords.
const DEMO_MARK: &str = "demo";

/// Makes the keys that are missing.
pub async fn ensure(db: &AnyPool) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(STATUS_KEY)
        .bind(data_encoding::HEXLOWER.encode(&id::random::<32>()))
        .execute(db)
        .await?;
    Ok(())
}

/// The key that status-page secrets are derived with.
pub async fn status_key(db: impl AnyExecutor<'_>) -> sqlx::Result<[u8; 32]> {
    let text: String =
        sqlx::query_scalar("SELECT value FROM secrets WHERE name = $1").bind(STATUS_KEY).fetch_one(db).await?;
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|e| sqlx::Error::Decode(e.into()))?;
    bytes.try_into().map_err(|_| sqlx::Error::Decode("the status key has not 32 bytes".into()))
}

/// Marks the database as the demonstration's, for good.
pub async fn mark_demo(db: impl AnyExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(DEMO_MARK)
        .bind("yes")
        .execute(db)
        .await?;
    Ok(())
}

/// Whether the database is the demonstration's.
pub async fn is_demo(db: impl AnyExecutor<'_>) -> sqlx::Result<bool> {
    let found: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM secrets WHERE name = $1").bind(DEMO_MARK).fetch_one(db).await?;
    Ok(found > 0)
}
