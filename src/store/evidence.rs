//! Evidence: the bytes as they came, in chunks, and the decoded text beside them.

use super::AnyExecutor;
use crate::domain::id::Id;
use crate::domain::ticket::By;
use crate::domain::time::Time;
use crate::domain::words::words;

/// How many bytes one row of a piece of evidence holds at most.
pub const CHUNK: usize = 256 * 1024;

words! {
    /// How a piece of evidence came.
    Form {
        /// Pasted into the form.
        Pasted = "pasted",
        /// Uploaded as a file.
        File = "file",
    }
}

words! {
    /// Whether all of it was read.
    FullyRead {
        /// All of it.
        Yes = "yes",
        /// The rest is kept, unread.
        No = "no",
    }
}

/// One piece of evidence, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Evidence {
    /// Its key.
    pub id: Id,
    /// The ticket; `None` while it is held for the next try of a form.
    pub ticket_id: Option<Id>,
    /// How it came.
    pub form: Form,
    /// Who gave it.
    pub author_kind: By,
    /// The name of the file, or a word for pasted text.
    pub name: String,
    /// Its size in bytes, as it came.
    pub size: i64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// The beginning of it as text.
    pub text: String,
    /// What the reader understood, as JSON.
    pub findings: Option<String>,
    /// Whether all of it was read.
    pub fully_read: FullyRead,
    /// When it came.
    pub created_at: Time,
    /// When its bytes and text were purged.
    pub purged_at: Option<Time>,
}

/// The columns of [`Evidence`], before the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, ticket_id, form, author_kind, name, size, sha256, text, findings, fully_read, created_at, purged_at ",
            "FROM evidence ",
            $rest
        )
    };
}

/// Begins a piece of evidence that is still coming in; whoever knows the secret behind `held_hash` may attach it.
pub async fn begin(
    db: impl AnyExecutor<'_>,
    id: Id,
    held_hash: &str,
    form: Form,
    name: &str,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO evidence (id, held_hash, form, author_kind, name, size, sha256, text, fully_read, created_at) \
         VALUES ($1, $2, $3, 'sender', $4, 0, '', '', 'no', $5)",
    )
    .bind(id)
    .bind(held_hash)
    .bind(form)
    .bind(name)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores the `n`th chunk, counted from 0.
pub async fn add_chunk(db: impl AnyExecutor<'_>, id: Id, n: i64, bytes: &[u8]) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO evidence_chunks (evidence_id, n, bytes) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(n)
        .bind(bytes.to_vec())
        .execute(db)
        .await?;
    Ok(())
}

/// Writes down what is known once all has come in.
pub async fn complete(
    db: impl AnyExecutor<'_>,
    id: Id,
    size: i64,
    sha256: &str,
    text: &str,
    fully_read: FullyRead,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE evidence SET size = $2, sha256 = $3, text = $4, fully_read = $5 WHERE id = $1")
        .bind(id)
        .bind(size)
        .bind(sha256)
        .bind(text)
        .bind(fully_read)
        .execute(db)
        .await?;
    Ok(())
}

/// Writes down what the reader understood.
pub async fn set_findings(db: impl AnyExecutor<'_>, id: Id, findings: &str, fully_read: FullyRead) -> sqlx::Result<()> {
    sqlx::query("UPDATE evidence SET findings = $2, fully_read = $3 WHERE id = $1")
        .bind(id)
        .bind(findings)
        .bind(fully_read)
        .execute(db)
        .await?;
    Ok(())
}

/// A complete piece that waits for its form, for whoever knows its secret.
pub async fn find_held(db: impl AnyExecutor<'_>, held_hash: &str) -> sqlx::Result<Option<Evidence>> {
    sqlx::query_as(select!("WHERE held_hash = $1 AND ticket_id IS NULL AND sha256 <> ''"))
        .bind(held_hash)
        .fetch_optional(db)
        .await
}

/// Gives a waiting piece to a ticket; says whether it was waiting.
pub async fn attach(db: impl AnyExecutor<'_>, id: Id, ticket: Id, by: By) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE evidence SET ticket_id = $2, author_kind = $3, held_hash = NULL WHERE id = $1 AND ticket_id IS NULL",
    )
    .bind(id)
    .bind(ticket)
    .bind(by)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The piece of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Evidence>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The evidence of a ticket, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as(select!("WHERE ticket_id = $1 ORDER BY id LIMIT 100")).bind(ticket).fetch_all(db).await
}

/// How many characters of a piece stand in a list.
pub const HEAD: usize = 60_000;

/// The evidence of a ticket, oldest first, each piece with the first [`HEAD`] characters of its text.
pub async fn heads_of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as(
        "SELECT id, ticket_id, form, author_kind, name, size, sha256, SUBSTR(text, 1, 60000) AS text, findings, fully_read, \
         created_at, purged_at FROM evidence WHERE ticket_id = $1 ORDER BY id LIMIT 100",
    )
    .bind(ticket)
    .fetch_all(db)
    .await
}

/// The next pieces of tickets after `after` that were not purged.
pub async fn page(db: impl AnyExecutor<'_>, after: Id, limit: i64) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as(select!("WHERE id > $1 AND ticket_id IS NOT NULL AND purged_at IS NULL ORDER BY id LIMIT $2"))
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// The `n`th chunk of a piece.
pub async fn chunk(db: impl AnyExecutor<'_>, id: Id, n: i64) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar("SELECT bytes FROM evidence_chunks WHERE evidence_id = $1 AND n = $2")
        .bind(id)
        .bind(n)
        .fetch_optional(db)
        .await
}

/// Pieces of tickets that ended before `before` and still have their text, and waiting pieces older than `held_before`.
pub async fn to_purge(db: impl AnyExecutor<'_>, before: Time, held_before: Time) -> sqlx::Result<Vec<Id>> {
    sqlx::query_scalar(
        "SELECT id FROM evidence WHERE purged_at IS NULL AND ((ticket_id IS NULL AND created_at < $2) \
         OR (created_at < $1 AND ticket_id IN (SELECT id FROM tickets WHERE state = 'resolved'))) ORDER BY id LIMIT 200",
    )
    .bind(before)
    .bind(held_before)
    .fetch_all(db)
    .await
}

/// Deletes the bytes of a piece.
pub async fn delete_chunks(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM evidence_chunks WHERE evidence_id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Empties a piece; its size and sum stay for the statistics.
pub async fn purge(db: impl AnyExecutor<'_>, id: Id, now: Time) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE evidence SET text = '', findings = NULL, name = '', held_hash = NULL, purged_at = $2 WHERE id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
