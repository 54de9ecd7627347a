//! Staff and the link that makes the first admin.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::staff::{Role, Staff};
use crate::domain::time::Time;

/// The columns of [`Staff`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, email, name, role, created_at, signed_in_at, disabled_at FROM staff ", $rest)
    };
}

/// Stores a new member. A second one of the same address is a unique violation.
pub async fn insert(db: impl AnyExecutor<'_>, staff: &Staff, password_hash: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO staff (id, email, email_folded, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(staff.id)
    .bind(&staff.email)
    .bind(staff.email.folded())
    .bind(&staff.name)
    .bind(staff.role)
    .bind(password_hash)
    .bind(staff.created_at)
    .execute(db)
    .await?;
    Ok(())
}

/// The member of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Staff>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The member of this address who may sign in.
pub async fn find_active(db: impl AnyExecutor<'_>, email: &Email) -> sqlx::Result<Option<Staff>> {
    sqlx::query_as(select!("WHERE email_folded = $1 AND disabled_at IS NULL"))
        .bind(email.folded())
        .fetch_optional(db)
        .await
}

/// The password hash of a member.
pub async fn password_hash(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT password_hash FROM staff WHERE id = $1").bind(id).fetch_optional(db).await
}

/// All members, by name.
pub async fn list(db: impl AnyExecutor<'_>) -> sqlx::Result<Vec<Staff>> {
    sqlx::query_as(select!("ORDER BY name, id LIMIT 1000")).fetch_all(db).await
}

/// Whether there is any admin who may sign in.
pub async fn has_admin(db: impl AnyExecutor<'_>) -> sqlx::Result<bool> {
    let one: Option<i64> =
        sqlx::query_scalar("SELECT id FROM staff WHERE role = 'admin' AND disabled_at IS NULL LIMIT 1")
            .fetch_optional(db)
            .await?;
    Ok(one.is_some())
}

/// Notes that a member signed in.
pub async fn signed_in(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE staff SET signed_in_at = $2 WHERE id = $1").bind(id).bind(now).execute(db).await?;
    Ok(())
}

/// Gives a member another password.
pub async fn set_password(db: impl AnyExecutor<'_>, id: Id, password_hash: &str) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE staff SET password_hash = $2 WHERE id = $1")
        .bind(id)
        .bind(password_hash)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a member another role, unless it is the last admin; says whether it happened.
pub async fn set_role(db: impl AnyExecutor<'_>, id: Id, role: Role) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE staff SET role = $2 WHERE id = $1 AND ($2 = 'admin' OR role <> 'admin' \
         OR EXISTS (SELECT 1 FROM staff AS other WHERE other.id <> $1 AND other.role = 'admin' AND other.disabled_at IS NULL))",
    )
    .bind(id)
    .bind(role)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a member's right to sign in, unless it is the last admin; says whether it happened.
pub async fn disable(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE staff SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL AND (role <> 'admin' \
         OR EXISTS (SELECT 1 FROM staff AS other WHERE other.id <> $1 AND other.role = 'admin' AND other.disabled_at IS NULL))",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a member the right to sign in back.
pub async fn enable(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE staff SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores the hash of a link that makes the first admin.
pub async fn add_setup_link(
    db: impl AnyExecutor<'_>,
    token_hash: &str,
    now: Time,
    expires_at: Time,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES ($1, $2, $3)")
        .bind(token_hash)
        .bind(now)
        .bind(expires_at)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether a link that makes the first admin is still good.
pub async fn setup_link_is_good(db: impl AnyExecutor<'_>, token_hash: &str, now: Time) -> sqlx::Result<bool> {
    let one: Option<i64> = sqlx::query_scalar(
        "SELECT created_at FROM setup_links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(one.is_some())
}

/// Uses a link that makes the first admin; says whether it was still good and there was no admin.
pub async fn use_setup_link(db: impl AnyExecutor<'_>, token_hash: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE setup_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 \
         AND NOT EXISTS (SELECT 1 FROM staff WHERE role = 'admin' AND disabled_at IS NULL)",
    )
    .bind(token_hash)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
