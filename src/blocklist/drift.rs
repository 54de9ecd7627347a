//! Whether what is known is what the database says: the same change, the same digest.

use anyhow::Context as _;

use super::index::Index;
use super::{BlockList, PAGE};
use crate::domain::id::Id;
use crate::domain::time::{Clock, Time};
use crate::store::{Db, Tx, blocks, changes, exemptions, probations};

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The change at which it was made.
    pub n: i64,
    /// The digest of the database.
    pub digest: String,
    /// Whether the list differed; it was loaded afresh then.
    pub differed: bool,
}

impl BlockList {
    /// Compares what is known with the database at the same change, and loads it afresh when it differs. The list is
    /// followed meanwhile. Gives nothing when both could not be caught at the same change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn compare(&self, db: &Db, clock: &Clock) -> anyhow::Result<Option<Comparison>> {
        self.catch_up(db, clock).await?;
        let at = clock.now();
        let following = self.following.lock().await;
        let mut tx = db.snapshot().await?;
        let there = changes::position(&mut *tx).await.context("reading the change log")?;
        let Some((_, own)) = self.digest(at).filter(|(have, _)| *have == there) else { return Ok(None) };
        drop(following);
        let digest = digest_of(&mut tx, at).await?;
        drop(tx);
        let differed = own != digest;
        if differed {
            let _following = self.following.lock().await;
            self.load(db, clock).await?;
        }
        Ok(Some(Comparison { n: there.n, digest, differed }))
    }
}

/// The digest of the list in one state of the database. It is a sum, so that pages add up to it.
async fn digest_of(tx: &mut Tx, at: Time) -> anyhow::Result<String> {
    let mut rest = Index::default();
    exemptions::list(&mut **tx, at).await?.iter().for_each(|e| rest.apply_exemption(e));
    probations::list(&mut **tx, at).await?.iter().for_each(|p| rest.apply_probation(p));
    let (mut sum, mut after) = (rest.digest(at), Id(0));
    loop {
        let page = blocks::live_page(&mut **tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(format!("{sum:016x}")) };
        after = last.id;
        let mut part = Index::default();
        for block in &page {
            part.apply_block(block, true);
        }
        sum = sum.wrapping_add(part.digest(at));
    }
}
