//! Tokens of programs.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::time::Time;

/// One token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiToken {
    /// Its key.
    pub id: Id,
    /// The name of the program.
    pub name: String,
    /// What it may do, as words with blanks between.
    pub scopes: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used (to the minute).
    pub used_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

impl ApiToken {
    /// Whether it may do what `scope` names; who may write may read.
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        let reads = |s: &str| s.strip_suffix(":write").is_some_and(|room| scope.strip_suffix(":read") == Some(room));
        self.scopes.split_whitespace().any(|s| s == scope || reads(s))
    }
}

/// Stores a token. A second one of the same name is a unique violation.
pub async fn insert(db: impl AnyExecutor<'_>, token: &ApiToken, token_hash: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO api_tokens (id, name, token_hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(token.id)
        .bind(&token.name)
        .bind(token_hash)
        .bind(&token.scopes)
        .bind(token.created_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The token of this hash that was not taken back.
pub async fn find_live(db: impl AnyExecutor<'_>, token_hash: &str) -> sqlx::Result<Option<ApiToken>> {
    sqlx::query_as(
        "SELECT id, name, scopes, created_at, used_at, revoked_at FROM api_tokens WHERE token_hash = $1 AND revoked_at IS NULL",
    )
    .bind(token_hash)
    .fetch_optional(db)
    .await
}

/// Whether a token was not taken back.
pub async fn is_live(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT id FROM api_tokens WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// Notes that a token was used, unless that was noted since `unless_since`.
pub async fn used(db: impl AnyExecutor<'_>, id: Id, now: Time, unless_since: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE api_tokens SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $3)")
        .bind(id)
        .bind(now)
        .bind(unless_since)
        .execute(db)
        .await?;
    Ok(())
}

/// All tokens, by name.
pub async fn list(db: impl AnyExecutor<'_>) -> sqlx::Result<Vec<ApiToken>> {
    sqlx::query_as("SELECT id, name, scopes, created_at, used_at, revoked_at FROM api_tokens ORDER BY name LIMIT 1000")
        .fetch_all(db)
        .await
}

/// Takes a token back; says whether it was good.
pub async fn revoke(db: impl AnyExecutor<'_>, name: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE api_tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL")
        .bind(name)
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
