//! Staff look after the outbox.

use super::ticket::may_work;
use super::{About, Desk, Done, Refusal};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Who, lacks_key, with_key};
use crate::store::outbox;

impl Desk {
    /// Queues a mail that was given up once more. One that had been handed over before it came back gets a fresh link.
    ///
    /// # Errors
    /// `Stale` when it is not given up (any more).
    pub async fn retry_mail(&self, by: &Staff, id: Id) -> Done<()> {
        may_work(by)?;
        let mut tx = self.db.begin().await?;
        let mail = outbox::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        let body = match mail.ticket_id {
            Some(ticket) if lacks_key(&mail.body) => {
                with_key(&mail.body, self.fresh_link(&mut tx, ticket).await?.reveal())
            }
            _ => mail.body,
        };
        if !outbox::retry(&mut *tx, id, &body, self.now()).await? {
            return Err(Refusal::Stale);
        }
        let about = About { ticket: mail.ticket_id, ..About::default() };
        self.record(&mut tx, &Who::staff(&by.name), "mail.retried", &mail.subject, about).await?;
        Ok(tx.commit().await?)
    }
}
