//! Periodic work: ends are written down, evidence is purged, leftovers are swept.

use super::{About, Desk, Done, Refusal};
use crate::domain::id::Id;
use crate::domain::ticket::{Resolution, Who};
use crate::domain::time::{DAY, HOUR, Time};
use crate::store::changes::{self, Subject};
use crate::store::{
    blocks, evidence, followers, gateways, held, limits, mail_tokens, messages, outbox, sessions, snapshots, tickets,
};

/// How long a piece of evidence waits for its form.
const HELD: i64 = 24 * HOUR;

/// How many rows one statement purges.
const ROWS: i64 = 500;

/// How long changes of the block list are kept for followers that were away.
const CHANGES_KEPT: i64 = 7 * DAY;

/// How long it is remembered who fetched a feed or followed as an edge.
const GATEWAYS_KEPT: i64 = 30 * DAY;

/// How long a ticket waits for its sender before it is closed.
pub(crate) const NO_REPLY: i64 = 21 * DAY;

impl Desk {
    /// Writes down the ends of blocks that have passed; gives how many.
    pub async fn expire_blocks(&self) -> Done<usize> {
        let now = self.now();
        let due = blocks::due(self.db.pool(), now, 500).await?;
        for (id, net) in &due {
            let mut tx = self.begin_change().await?;
            if blocks::expire(&mut *tx, *id, now).await? {
                self.change(&mut tx, Subject::Block, *id).await?;
                let about = About { block: Some(*id), net: Some(*net), ticket: None };
                self.record(&mut tx, &Who::system(), "block.expired", "", about).await?;
                tx.commit().await?;
            }
        }
        if !due.is_empty() {
            self.follow().await;
        }
        Ok(due.len())
    }

    /// Purges evidence and senders' texts whose retention is over; tickets, events, findings and masked copies stay.
    pub async fn purge(&self) -> Done<usize> {
        let now = self.now();
        let before = now.plus(-self.config.retention);
        let mut purged = 0;
        loop {
            let pieces = evidence::to_purge(self.db.pool(), before, now.plus(-HELD)).await?;
            if pieces.is_empty() {
                break;
            }
            for id in pieces {
                purged += usize::from(self.purge_piece(id, before, now).await?);
            }
        }
        snapshots::forget(self.db.pool(), before).await?;
        while messages::purge(self.db.pool(), before, now, ROWS).await? > 0 {}
        while outbox::purge(self.db.pool(), before, ROWS).await? > 0 {}
        while tickets::purge_clients(self.db.pool(), before, ROWS).await? > 0 {}
        Ok(purged)
    }

    /// Purges one piece of evidence, unless a ticket took it meanwhile; says whether it did.
    async fn purge_piece(&self, id: Id, before: Time, now: Time) -> Done<bool> {
        let Some(piece) = evidence::find(self.db.pool(), id).await? else { return Ok(false) };
        let (text, findings) = self.surviving(piece).await?;
        let mut tx = self.db.begin().await?;
        if !evidence::begin_purge(&mut *tx, id, before, now.plus(-HELD), now).await? {
            return Ok(false);
        }
        evidence::delete_chunks(&mut *tx, id).await?;
        evidence::purge(&mut *tx, id, &text, findings.as_deref(), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Closes tickets whose sender did not answer for weeks.
    pub async fn close_unanswered(&self) -> Done<usize> {
        let stale = tickets::waiting_since(self.db.pool(), self.now().plus(-NO_REPLY), 100).await?;
        for ticket in &stale {
            let mut tx = self.db.begin().await?;
            match self.end_ticket(&mut tx, &Who::system(), ticket, Resolution::NoReply, "", &[]).await {
                Ok(()) => tx.commit().await?,
                // The answer came at the last moment.
                Err(Refusal::Stale) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(stale.len())
    }

    /// Forgets counts, sessions, tokens and changes whose time is over.
    pub async fn forget(&self) -> Done<()> {
        let now = self.now();
        limits::forget(self.db.pool(), now.plus(-2 * HOUR)).await?;
        held::forget(self.db.pool(), now.plus(-super::held::LASTS)).await?;
        sessions::forget(self.db.pool(), now).await?;
        mail_tokens::forget(self.db.pool(), now).await?;
        changes::forget(self.db.pool(), now.plus(-CHANGES_KEPT)).await?;
        gateways::forget(self.db.pool(), now.plus(-GATEWAYS_KEPT)).await?;
        gateways::forget_edges(self.db.pool(), now.plus(-GATEWAYS_KEPT)).await?;
        followers::forget(self.db.pool(), now.plus(-DAY)).await?;
        self.forget_watches().await?;
        self.blocklist.forget_tokens(now);
        Ok(())
    }
}
