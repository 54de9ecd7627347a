//! Resolvers of the provider's mail servers: what each answered last.

use super::AnyExecutor;
use crate::domain::time::Time;

/// What a resolver answered last.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Resolver {
    /// Where it is.
    pub address: String,
    /// The word for its answer.
    pub answer: String,
    /// The value in it.
    pub value: String,
    /// How many milliseconds it took.
    pub took: i64,
    /// When it was asked.
    pub asked_at: Time,
    /// When it last said what is so.
    pub good_at: Option<Time>,
}

/// Notes an answer in the place of the one before; `good_at` stays when the answer was none.
pub async fn note(db: impl AnyExecutor<'_>, resolver: &Resolver) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO resolvers (address, answer, value, took, asked_at, good_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (address) DO UPDATE SET answer = $2, value = $3, took = $4, asked_at = $5, \
         good_at = COALESCE($6, resolvers.good_at)",
    )
    .bind(&resolver.address)
    .bind(&resolver.answer)
    .bind(&resolver.value)
    .bind(resolver.took)
    .bind(resolver.asked_at)
    .bind(resolver.good_at.map(|at| at.0))
    .execute(db)
    .await?;
    Ok(())
}

/// What all resolvers answered last.
pub async fn list(db: impl AnyExecutor<'_>) -> sqlx::Result<Vec<Resolver>> {
    sqlx::query_as("SELECT address, answer, value, took, asked_at, good_at FROM resolvers ORDER BY address")
        .fetch_all(db)
        .await
}
