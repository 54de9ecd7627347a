//! What an edge says of itself: after each change, and every few seconds.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::portal::Connection;
use super::{Edge, SIGHTINGS_MOST};
use crate::blocklist::hits::Count;
use crate::blocklist::item::{Refused, Report};
use crate::domain::proof::Sighting;

/// How many blocks one report tells the refusals of.
const HITS_MOST: usize = 1_000;

/// How often it reports when nothing changes.
const EVERY: Duration = Duration::from_secs(10);

/// How long it rests between two reports, and after one that failed.
const REST: Duration = Duration::from_millis(100);
/// See [`REST`].
const REST_AFTER_FAILURE: Duration = Duration::from_secs(2);

impl Edge {
    /// Reports until `stop`.
    pub async fn report(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.report_on() => {}
        }
    }

    /// Reports for ever. What did not arrive is told again, so that a refusal may count twice, but is never lost.
    async fn report_on(&self) {
        let mut changed = self.blocklist.subscribe();
        let mut seen = self.seen.lock().await;
        let (mut connection, mut sightings) = (None, Vec::new());
        loop {
            changed.mark_unchanged();
            while sightings.len() < SIGHTINGS_MOST
                && let Ok(sighting) = seen.try_recv()
            {
                sightings.push(sighting);
            }
            let (hits, later) = self.refused();
            let sent = self.report_once(&mut connection, &hits, &sightings).await;
            for one in &later {
                self.keep(one);
            }
            match &sent {
                Ok(()) => sightings.clear(),
                Err(error) => {
                    tracing::debug!(error = format!("{error:#}"), "the report did not arrive");
                    for one in &hits {
                        self.keep(one);
                    }
                    connection = None;
                }
            }
            tokio::time::sleep(if sent.is_ok() { REST } else { REST_AFTER_FAILURE }).await;
            tokio::select! {
                _ = changed.changed() => {}
                Some(sighting) = seen.recv(), if sightings.len() < SIGHTINGS_MOST => sightings.push(sighting),
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// What was refused since the last time: what goes into one report, and the rest.
    fn refused(&self) -> (Vec<Refused>, Vec<Refused>) {
        let counts = self.blocklist.hits.drain().into_iter();
        let mut all: Vec<Refused> = counts
            .map(|(block, count)| Refused { block, hits: count.hits, first: count.first, last: count.last })
            .collect();
        let later = all.split_off(all.len().min(HITS_MOST));
        (all, later)
    }

    /// Keeps a count for a later report.
    fn keep(&self, one: &Refused) {
        self.blocklist.hits.keep(one.block, Count { hits: one.hits, first: one.first, last: one.last });
    }

    /// Reports once, on the connection of the last time where there is one.
    async fn report_once(
        &self,
        connection: &mut Option<Connection>,
        hits: &[Refused],
        sightings: &[Sighting],
    ) -> anyhow::Result<()> {
        let (position, digest) = self.blocklist.digest(self.clock.now()).context("there is no list yet")?;
        let report = Report {
            name: self.config.edge.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            epoch: position.epoch,
            number: position.n,
            digest,
            blocks: i64::try_from(self.blocklist.count()).unwrap_or(i64::MAX),
            clock_behind: self.clock.shift(),
            hits: hits.to_vec(),
            sightings: sightings.to_vec(),
        };
        let open = match connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.portal.connect().await?,
        };
        let open = connection.insert(open);
        self.portal.post(open, "/feeds/report", serde_json::to_vec(&report)?).await
    }
}
