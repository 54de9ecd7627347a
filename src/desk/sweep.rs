//! Periodic work: ends are written down, evidence is purged, leftovers are swept.

use super::{About, Desk, Done};
use crate::domain::ticket::{Resolution, Who};
use crate::domain::time::{DAY, HOUR};
use crate::store::changes::{self, Subject};
use crate::store::{blocks, evidence, limits, mail_tokens, messages, outbox, sessions, snapshots, tickets};

/// How long a piece of evidence waits for its form.
const HELD: i64 = 24 * HOUR;

/// How long changes of the block list are kept for followers that were away.
const CHANGES_KEPT: i64 = 7 * DAY;

/// How long a ticket waits for its sender before it is closed.
const NO_REPLY: i64 = 21 * DAY;

impl Desk {
    /// Writes down the ends of blocks that have passed; gives how many.
    pub async fn expire_blocks(&self) -> Done<usize> {
        let now = self.now();
        let due = blocks::due(self.db.pool(), now, 500).await?;
        for id in &due {
            let mut tx = self.begin_change().await?;
            if blocks::expire(&mut *tx, *id, now).await? {
                self.change(&mut tx, Subject::Block, *id).await?;
                let about = About { block: Some(*id), ..About::default() };
                self.record(&mut tx, &Who::system(), "block.expired", "", about).await?;
                tx.commit().await?;
            }
        }
        if !due.is_empty() {
            self.follow().await;
        }
        Ok(due.len())
    }

    /// Purges evidence and senders' texts whose retention is over; tickets, events and figures stay.
    pub async fn purge(&self) -> Done<usize> {
        let now = self.now();
        let before = now.plus(-self.config.retention);
        let pieces = evidence::to_purge(self.db.pool(), before, now.plus(-HELD)).await?;
        for id in &pieces {
            let mut tx = self.db.begin().await?;
            evidence::delete_chunks(&mut *tx, *id).await?;
            evidence::purge(&mut *tx, *id, now).await?;
            tx.commit().await?;
        }
        snapshots::forget(self.db.pool(), before).await?;
        messages::purge(self.db.pool(), before, now).await?;
        outbox::purge(self.db.pool(), before).await?;
        Ok(pieces.len())
    }

    /// Closes tickets whose sender did not answer for weeks.
    pub async fn close_unanswered(&self) -> Done<usize> {
        let stale = tickets::waiting_since(self.db.pool(), self.now().plus(-NO_REPLY), 100).await?;
        for ticket in &stale {
            let mut tx = self.db.begin().await?;
            self.end_ticket(&mut tx, &Who::system(), ticket, Resolution::NoReply, "", &[]).await?;
            tx.commit().await?;
        }
        Ok(stale.len())
    }

    /// Forgets counts, sessions, tokens and changes whose time is over.
    pub async fn forget(&self) -> Done<()> {
        let now = self.now();
        limits::forget(self.db.pool(), now.plus(-2 * HOUR)).await?;
        sessions::forget(self.db.pool(), now).await?;
        mail_tokens::forget(self.db.pool(), now).await?;
        changes::forget(self.db.pool(), now.plus(-CHANGES_KEPT)).await?;
        self.blocklist.forget_tokens(now);
        Ok(())
    }
}
