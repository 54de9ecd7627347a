//! Delivers the outbox: at least once each, tried again with growing pauses, given up visibly.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::desk::{About, Desk, Done};
use crate::domain::ticket::{Who, without_keys};
use crate::domain::time::{HOUR, MINUTE, SECOND};
use crate::mail::message;
use crate::mail::transport::{Refused, Transport};
use crate::store::outbox::{self, Mail};

/// How often the outbox is looked into when it was empty.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a mail is this process's own while it is handed over.
const LOCK: i64 = MINUTE;

/// The pauses between tries; after the last the mail is given up (about four days, RFC 5321 4.5.4.1).
const PAUSES: [i64; 12] = [
    30 * SECOND,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    16 * HOUR,
    24 * HOUR,
    36 * HOUR,
];

/// Delivers until `stop`.
pub async fn run(desk: Desk, transport: Transport, stop: CancellationToken) {
    while wait(&stop, LOOK_EVERY).await {
        loop {
            match deliver_next(&desk, &transport).await {
                Ok(true) if !stop.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the outbox cannot be read");
                    break;
                }
            }
        }
    }
}

/// Delivers the next due mail; says whether there was one.
async fn deliver_next(desk: &Desk, transport: &Transport) -> Done<bool> {
    let now = desk.now();
    let Some(mail) = outbox::claim(desk.db.pool(), now, now.plus(LOCK)).await? else { return Ok(false) };
    let lately = outbox::count_delivered(desk.db.pool(), &mail, now.plus(-HOUR), now).await?;
    if lately >= desk.config.mail.most_per_hour {
        // Mails that were put off together would otherwise all be due together.
        outbox::give_back(desk.db.pool(), mail.id, now.plus(HOUR)).await?;
        return Ok(true);
    }
    let message = match message::build(&mail, &desk.config.mail, &desk.config.provider) {
        Ok(message) => message,
        Err(error) => {
            give_up(desk, &mail, &format!("{error:#}")).await?;
            return Ok(true);
        }
    };
    match transport.send(message).await {
        Ok(()) => {
            outbox::sent(desk.db.pool(), mail.id, &without_keys(&mail.body), desk.now()).await?;
        }
        Err(Refused::ForGood(why)) => give_up(desk, &mail, &why).await?,
        Err(Refused::ForNow(why)) => try_later(desk, &mail, &why).await?,
    }
    Ok(true)
}

/// Puts a mail off, or gives it up after the last try.
async fn try_later(desk: &Desk, mail: &Mail, why: &str) -> Done<()> {
    let tried = usize::try_from(mail.attempts.max(1) - 1).unwrap_or(usize::MAX);
    match PAUSES.get(tried) {
        Some(pause) => {
            tracing::info!(mail.id = mail.id.0, attempts = mail.attempts, error = why, "a mail is tried again later");
            outbox::put_off(desk.db.pool(), mail.id, why, desk.now().plus(*pause)).await?;
            Ok(())
        }
        None => give_up(desk, mail, why).await,
    }
}

/// Gives a mail up, and says so in the ticket's history.
async fn give_up(desk: &Desk, mail: &Mail, why: &str) -> Done<()> {
    tracing::warn!(mail.id = mail.id.0, attempts = mail.attempts, error = why, "a mail was given up");
    let mut tx = desk.db.begin().await?;
    outbox::give_up(&mut *tx, mail.id, why).await?;
    let about = About { ticket: mail.ticket_id, ..About::default() };
    desk.record(&mut tx, &Who::system(), "mail.failed", why, about).await?;
    Ok(tx.commit().await?)
}
