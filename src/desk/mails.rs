//! Staff look after the outbox.

use super::ticket::may_work;
use super::{About, Desk, Done, Refusal};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::Who;
use crate::store::outbox;

impl Desk {
    /// Queues a mail that was given up once more.
    ///
    /// # Errors
    /// `Stale` when it is not given up (any more).
    pub async fn retry_mail(&self, by: &Staff, id: Id) -> Done<()> {
        may_work(by)?;
        let mut tx = self.db.begin().await?;
        let mail = outbox::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        if !outbox::retry(&mut *tx, id, self.now()).await? {
            return Err(Refusal::Stale);
        }
        let about = About { ticket: mail.ticket_id, ..About::default() };
        self.record(&mut tx, &Who::staff(&by.name), "mail.retried", &mail.subject, about).await?;
        Ok(tx.commit().await?)
    }
}
