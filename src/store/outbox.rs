//! The outbox: mails that were promised, until they are handed over.

use super::AnyExecutor;
use crate::domain::email::Email;
use crate::domain::id::Id;
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// Where a mail stands.
    MailState {
        /// It waits for its next try.
        Queued = "queued",
        /// A mail server took it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
    }
}

words! {
    /// What `Auto-Submitted` says (RFC 3834 5).
    Auto {
        /// Sent because something happened.
        Generated = "auto-generated",
        /// Sent because a mail came.
        Replied = "auto-replied",
        /// Written by a person; the field is left out.
        No = "no",
    }
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mail {
    /// Its key.
    pub id: Id,
    /// Its Message-ID with angle brackets: the same at every try.
    pub message_id: String,
    /// The ticket it is about.
    pub ticket_id: Option<Id>,
    /// What kind of notice it is.
    pub notice: String,
    /// Where it goes.
    pub recipient: Email,
    /// The token in its envelope sender, `bounce+TOKEN@`, and its Reply-To, `reply+TOKEN@`.
    pub token: String,
    /// The Message-ID of the mail before it in the same thread.
    pub in_reply_to: Option<String>,
    /// What `Auto-Submitted` says.
    pub auto: Auto,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// Where it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Time,
    /// What the last try ran into.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Time,
    /// When it was handed over.
    pub sent_at: Option<Time>,
    /// The lift that it tells of.
    pub confirmation_id: Option<Id>,
    /// While it waits for the confirmation of that: when it goes once that has come.
    pub due_at: Option<Time>,
    /// The address that ends what it tells of.
    pub unsubscribe: Option<String>,
}

/// The columns of [`Mail`], before the rest of a query.
macro_rules! columns {
    () => {
        "id, message_id, ticket_id, notice, recipient, token, in_reply_to, auto, subject, body, state, \
         attempts, next_at, last_error, created_at, sent_at, confirmation_id, due_at, unsubscribe"
    };
}

/// Queues a mail.
pub async fn add(db: impl AnyExecutor<'_>, mail: &Mail) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO outbox (id, message_id, ticket_id, notice, recipient, recipient_folded, token, \
         in_reply_to, auto, subject, body, state, attempts, next_at, locked_until, created_at, confirmation_id, due_at, unsubscribe) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued', 0, $12, 0, $13, $14, $15, $16)",
    )
    .bind(mail.id)
    .bind(&mail.message_id)
    .bind(mail.ticket_id)
    .bind(&mail.notice)
    .bind(&mail.recipient)
    .bind(mail.recipient.folded())
    .bind(&mail.token)
    .bind(mail.in_reply_to.as_deref())
    .bind(mail.auto)
    .bind(&mail.subject)
    .bind(&mail.body)
    .bind(mail.next_at)
    .bind(mail.created_at)
    .bind(mail.confirmation_id)
    .bind(mail.due_at.map(|at| at.0))
    .bind(mail.unsubscribe.as_deref())
    .execute(db)
    .await?;
    Ok(())
}

/// The mails that wait for a confirmation.
pub async fn waiting(db: impl AnyExecutor<'_>, confirmation: Id) -> sqlx::Result<Vec<Mail>> {
    sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM outbox WHERE confirmation_id = $1 AND due_at IS NOT NULL AND state = 'queued' AND attempts = 0 ORDER BY id"
    ))
    .bind(confirmation)
    .fetch_all(db)
    .await
}

/// Lets a mail go that waited, with this text; says whether it still waited.
pub async fn release(db: impl AnyExecutor<'_>, id: Id, body: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET body = $2, next_at = due_at, due_at = NULL \
         WHERE id = $1 AND due_at IS NOT NULL AND state = 'queued' AND attempts = 0",
    )
    .bind(id)
    .bind(body)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the next due mail for delivery until `locked_until`; nobody else gets it before.
pub async fn claim(db: impl AnyExecutor<'_>, now: Time, locked_until: Time) -> sqlx::Result<Option<Mail>> {
    sqlx::query_as(concat!(
        "UPDATE outbox SET locked_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM outbox \
         WHERE state = 'queued' AND next_at <= $1 AND locked_until <= $1 ORDER BY next_at, id LIMIT 1) \
         AND state = 'queued' AND next_at <= $1 AND locked_until <= $1 RETURNING ",
        columns!()
    ))
    .bind(now)
    .bind(locked_until)
    .fetch_optional(db)
    .await
}

/// Writes down that a mail server took it.
pub async fn sent(db: impl AnyExecutor<'_>, id: Id, body: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'sent', sent_at = $2, body = $3, locked_until = 0, last_error = NULL \
         WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(now)
    .bind(body)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a mail off until `next_at`.
pub async fn put_off(db: impl AnyExecutor<'_>, id: Id, error: &str, next_at: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET next_at = $3, locked_until = 0, last_error = $2 WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(error)
    .bind(next_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a mail up.
pub async fn give_up(db: impl AnyExecutor<'_>, id: Id, error: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'failed', locked_until = 0, last_error = $2 WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(error)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a mail that was handed over came back; says whether that is news.
pub async fn bounced(db: impl AnyExecutor<'_>, id: Id, error: &str) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE outbox SET state = 'failed', last_error = $2 WHERE id = $1 AND state = 'sent'")
        .bind(id)
        .bind(error)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Queues a given-up mail again; says whether it was given up.
pub async fn retry(db: impl AnyExecutor<'_>, id: Id, body: &str, now: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'queued', attempts = 0, next_at = $2, body = $3 WHERE id = $1 AND state = 'failed'",
    )
    .bind(id)
    .bind(now)
    .bind(body)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many mails to this address were queued since `since`.
pub async fn count_since(db: impl AnyExecutor<'_>, recipient: &Email, since: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE recipient_folded = $1 AND created_at >= $2")
        .bind(recipient.folded())
        .bind(since)
        .fetch_one(db)
        .await
}

/// Whether a notice of this kind was queued for a ticket since `since`.
pub async fn was_told(db: impl AnyExecutor<'_>, ticket: Id, notice: &str, since: Time) -> sqlx::Result<bool> {
    let told: Option<i64> =
        sqlx::query_scalar("SELECT id FROM outbox WHERE ticket_id = $1 AND notice = $2 AND created_at > $3 LIMIT 1")
            .bind(ticket)
            .bind(notice)
            .bind(since)
            .fetch_optional(db)
            .await?;
    Ok(told.is_some())
}

/// Whether a notice of this kind was queued for this address since `since`.
pub async fn was_sent_to(db: impl AnyExecutor<'_>, recipient: &Email, notice: &str, since: Time) -> sqlx::Result<bool> {
    let sent: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM outbox WHERE recipient_folded = $1 AND notice = $2 AND created_at > $3 LIMIT 1",
    )
    .bind(recipient.folded())
    .bind(notice)
    .bind(since)
    .fetch_optional(db)
    .await?;
    Ok(sent.is_some())
}

/// Whether a mail to this address that was queued since `since` was given up.
pub async fn failed_since(db: impl AnyExecutor<'_>, recipient: &Email, since: Time) -> sqlx::Result<bool> {
    let failed: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM outbox WHERE recipient_folded = $1 AND created_at >= $2 AND state = 'failed' LIMIT 1",
    )
    .bind(recipient.folded())
    .bind(since)
    .fetch_optional(db)
    .await?;
    Ok(failed.is_some())
}

/// How many mails to this address were handed over since `since`, or are being handed over by somebody at `now`.
pub async fn count_delivered(db: impl AnyExecutor<'_>, mail: &Mail, since: Time, now: Time) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM outbox WHERE recipient_folded = $1 AND id <> $2 AND (sent_at > $3 OR \
         (state = 'queued' AND locked_until > $4 AND id < $2))",
    )
    .bind(mail.recipient.folded())
    .bind(mail.id)
    .bind(since)
    .bind(now)
    .fetch_one(db)
    .await
}

/// Gives a claimed mail back untried, to be tried from `next_at` on.
pub async fn give_back(db: impl AnyExecutor<'_>, id: Id, next_at: Time) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET next_at = $2, locked_until = 0, attempts = attempts - 1 WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(next_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The Message-ID of the last mail of a ticket, watches aside: what the next one answers.
pub async fn last_of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(
        "SELECT message_id FROM outbox WHERE ticket_id = $1 AND unsubscribe IS NULL ORDER BY id DESC LIMIT 1",
    )
    .bind(ticket)
    .fetch_optional(db)
    .await
}

/// The mail with this Message-ID.
pub async fn find_by_message_id(db: impl AnyExecutor<'_>, message_id: &str) -> sqlx::Result<Option<Mail>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM outbox WHERE message_id = $1"))
        .bind(message_id)
        .fetch_optional(db)
        .await
}

/// The mails of a ticket, oldest first.
pub async fn of_ticket(db: impl AnyExecutor<'_>, ticket: Id) -> sqlx::Result<Vec<Mail>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM outbox WHERE ticket_id = $1 ORDER BY id LIMIT 500"))
        .bind(ticket)
        .fetch_all(db)
        .await
}

/// The mail of this key.
pub async fn find(db: impl AnyExecutor<'_>, id: Id) -> sqlx::Result<Option<Mail>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM outbox WHERE id = $1")).bind(id).fetch_optional(db).await
}

/// One page of all mails, newest first.
pub async fn list(
    db: impl AnyExecutor<'_>,
    state: Option<MailState>,
    before: Option<Id>,
    limit: i64,
) -> sqlx::Result<Vec<Mail>> {
    sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM outbox WHERE ($1 IS NULL OR state = $1) AND id < $2 ORDER BY id DESC LIMIT $3"
    ))
    .bind(state.map(MailState::as_str))
    .bind(before.map_or(i64::MAX, |id| id.0))
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Empties the bodies of up to `limit` mails queued before `before`, in which addresses and answers stand; says how many.
pub async fn purge(db: impl AnyExecutor<'_>, before: Time, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "UPDATE outbox SET body = '' WHERE id IN (SELECT id FROM outbox WHERE created_at < $1 AND state <> 'queued' \
         AND body <> '' LIMIT $2)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
