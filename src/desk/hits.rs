//! What listeners refused is written down.

use super::{Desk, Done};
use crate::blocklist::hits::Count;
use crate::domain::id::Id;
use crate::store::{Engine, blocks};

/// How many blocks are written by one statement. Each costs a hand-over to the database; what one takes to be bound grows with
/// the square of its length.
const AT_ONCE: usize = 50;

impl Desk {
    /// Writes down what was refused since the last time; gives for how many blocks. What fails is kept for the next time.
    pub async fn flush_hits(&self) -> Done<usize> {
        let hits = &self.blocklist.hits;
        let lost = hits.take_lost();
        if lost > 0 {
            tracing::warn!(lost, "refusals went uncounted: too many blocks were hit at once");
        }
        let counts = hits.drain();
        let mut batches = counts.chunks(self.hits_at_once());
        while let Some(batch) = batches.next() {
            if let Err(error) = self.write_hits(batch).await {
                let left = batch.iter().chain(batches.flatten());
                left.for_each(|(block, count)| hits.keep(*block, *count));
                return Err(error);
            }
        }
        Ok(counts.len())
    }

    /// How many blocks are written in one transaction. A server locks the rows until its end, and a lift that holds some
    /// of them and waits for others would be given up; `SQLite` has one writer, and a transaction is dear.
    fn hits_at_once(&self) -> usize {
        match self.db.engine() {
            Engine::Postgres => 1,
            Engine::Sqlite => 500,
        }
    }

    /// Writes the counts of some blocks.
    async fn write_hits(&self, batch: &[(Id, Count)]) -> Done<()> {
        let mut tx = self.db.begin().await?;
        let counts: Vec<_> = batch.iter().map(|(block, c)| (*block, c.hits, c.first, c.last)).collect();
        for some in counts.chunks(AT_ONCE) {
            blocks::add_hits(&mut *tx, some).await?;
        }
        Ok(tx.commit().await?)
    }
}
