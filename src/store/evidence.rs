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
    /// The beginning of it as text; after the retention time, a masked copy of the lines that matter.
    pub text: String,
    /// What the reader understood, as JSON.
    pub findings: Option<String>,
    /// Whether all of it was read.
    pub fully_read: FullyRead,
    /// When it came.
    pub created_at: Time,
    /// When its bytes were purged and its text masked.
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

/// Who may give a piece of evidence to a ticket, and who is counted for it until then.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The hash of the secret that attaches it.
    pub hash: &'a str,
    /// The network of the visitor.
    pub network: Option<&'a str>,
}

/// Begins a piece of evidence that is still coming in.
pub async fn begin(
    db: impl AnyExecutor<'_>,
    id: Id,
    holder: Holder<'_>,
    form: Form,
    name: &str,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO evidence (id, held_hash, held_by, form, author_kind, name, size, sha256, text, fully_read, created_at) \
         VALUES ($1, $2, $3, $4, 'sender', $5, 0, '', '', 'no', $6)",
    )
    .bind(id)
    .bind(holder.hash)
    .bind(holder.network)
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

/// Counts bytes that have come in.
pub async fn grow(db: impl AnyExecutor<'_>, id: Id, bytes: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE evidence SET size = size + $2 WHERE id = $1").bind(id).bind(bytes).execute(db).await?;
    Ok(())
}

/// How many bytes wait for their forms: in all, and of the visitor of this network.
pub async fn held_bytes(db: impl AnyExecutor<'_>, network: &str) -> sqlx::Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN held_by = $1 THEN size ELSE 0 END), 0) AS BIGINT) FROM evidence \
         WHERE ticket_id IS NULL AND purged_at IS NULL",
    )
    .bind(network)
    .fetch_one(db)
    .await
}

/// Writes down what is known of the bytes once all have come in.
pub async fn complete(db: impl AnyExecutor<'_>, id: Id, size: i64, sha256: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE evidence SET size = $2, sha256 = $3 WHERE id = $1")
        .bind(id)
        .bind(size)
        .bind(sha256)
        .execute(db)
        .await?;
    Ok(())
}

/// What a reader made of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The beginning as text.
    pub text: String,
    /// What was understood, as JSON.
    pub findings: String,
    /// Whether nothing was left unread or unshown.
    pub fully_read: FullyRead,
    /// Which version of the reader it was.
    pub reader: i64,
}

/// Writes down what a reader made of a piece, unless it was purged meanwhile; says whether it was written.
pub async fn set_reading(db: impl AnyExecutor<'_>, id: Id, reading: &Reading) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE evidence SET text = $2, findings = $3, fully_read = $4, reader = $5 WHERE id = $1 AND purged_at IS NULL",
    )
    .bind(id)
    .bind(&reading.text)
    .bind(&reading.findings)
    .bind(reading.fully_read)
    .bind(reading.reader)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The next pieces of tickets after `after` that an older reader than `reader` read and that still have their bytes.
pub async fn outdated(db: impl AnyExecutor<'_>, reader: i64, after: Id, limit: i64) -> sqlx::Result<Vec<Id>> {
    sqlx::query_scalar(
        "SELECT id FROM evidence WHERE reader < $1 AND id > $2 AND ticket_id IS NOT NULL AND purged_at IS NULL \
         ORDER BY id LIMIT $3",
    )
    .bind(reader)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// A complete piece that waits for its form, for whoever knows its secret.
pub async fn find_held(db: impl AnyExecutor<'_>, held_hash: &str) -> sqlx::Result<Option<Evidence>> {
    sqlx::query_as(select!("WHERE held_hash = $1 AND ticket_id IS NULL AND sha256 <> ''"))
        .bind(held_hash)
        .fetch_optional(db)
        .await
}

/// What a piece of evidence is given to.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// The ticket.
    pub ticket: Id,
    /// The joined request that it comes with.
    pub join: Option<Id>,
    /// Who gives it.
    pub by: By,
}

/// Gives a waiting piece to a ticket; says whether it was waiting.
pub async fn attach(db: impl AnyExecutor<'_>, id: Id, to: Owner) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE evidence SET ticket_id = $2, join_id = $3, author_kind = $4, held_hash = NULL, held_by = NULL \
         WHERE id = $1 AND ticket_id IS NULL AND purged_at IS NULL",
    )
    .bind(id)
    .bind(to.ticket)
    .bind(to.join)
    .bind(to.by)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The piece of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Evidence>> {
    sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// The evidence of a ticket, or that which came through a joined request, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as(select!("WHERE ticket_id = $1 OR join_id = $1 ORDER BY id LIMIT 100"))
        .bind(ticket)
        .fetch_all(db)
        .await
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

/// Marks a piece as purged if it still is one of [`to_purge`]; says whether it was. One that a ticket took meanwhile stays.
pub async fn begin_purge(
    db: impl AnyExecutor<'_>,
    id: Id,
    before: Time,
    held_before: Time,
    now: Time,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE evidence SET purged_at = $4, held_hash = NULL, held_by = NULL WHERE id = $1 AND purged_at IS NULL \
         AND ((ticket_id IS NULL AND created_at < $3) \
         OR (created_at < $2 AND ticket_id IN (SELECT id FROM tickets WHERE state = 'resolved')))",
    )
    .bind(id)
    .bind(before)
    .bind(held_before)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the bytes of a piece.
pub async fn delete_chunks(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM evidence_chunks WHERE evidence_id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Leaves of a piece what survives the retention time: a masked text and its findings; its size and sum stay as well.
pub async fn purge(
    db: impl AnyExecutor<'_>,
    id: Id,
    text: &str,
    findings: Option<&str>,
    now: Time,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE evidence SET text = $2, findings = $3, name = '', held_hash = NULL, purged_at = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(text)
    .bind(findings)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
