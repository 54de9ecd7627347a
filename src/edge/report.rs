//! What an edge says of itself: after each change, and every few seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Edge;
use super::portal::Connection;
use crate::blocklist::item::Report;

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

    /// Reports for ever.
    async fn report_on(&self) {
        let mut changed = self.blocklist.subscribe();
        let mut connection = None;
        loop {
            changed.mark_unchanged();
            let sent = self.report_once(&mut connection).await;
            if let Err(error) = &sent {
                tracing::debug!(error = format!("{error:#}"), "the report did not arrive");
                connection = None;
            }
            tokio::time::sleep(if sent.is_ok() { REST } else { REST_AFTER_FAILURE }).await;
            let _ = tokio::time::timeout(EVERY, changed.changed()).await;
        }
    }

    /// Reports once, on the connection of the last time where there is one.
    async fn report_once(&self, connection: &mut Option<Connection>) -> anyhow::Result<()> {
        let Some((position, digest)) = self.blocklist.digest(self.clock.now()) else { return Ok(()) };
        let report = Report {
            name: self.config.edge.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            epoch: position.epoch,
            number: position.n,
            digest,
            blocks: i64::try_from(self.blocklist.count()).unwrap_or(i64::MAX),
            clock_behind: self.clock.shift(),
        };
        let open = match connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.portal.connect().await?,
        };
        let open = connection.insert(open);
        self.portal.post(open, "/feeds/report", serde_json::to_vec(&report)?).await
    }
}
