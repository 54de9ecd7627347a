//! `postern edge`.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listeners::Listeners;
use super::serve::stop_on_signal;
use crate::config::Config;
use crate::edge::Edge;

/// How long running work may take to end.
const DRAIN: Duration = Duration::from_secs(20);

/// Follows the portal and serves the listeners until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let edge = Arc::new(Edge::open(config.clone())?);
    let mut listeners = Listeners::open(&config).await?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tokio::spawn(stop_on_signal(stop.clone()));
    let mut setups = edge.setups();
    tasks.spawn(Arc::clone(&edge).follow(stop.clone()));
    tasks.spawn(Arc::clone(&edge).report(stop.clone()));
    tasks.close();
    while !stop.is_cancelled() {
        setups.mark_unchanged();
        let (judge, serving, end) = (edge.judge()?, TaskTracker::new(), stop.child_token());
        listeners.start(&judge, &serving, &end);
        serving.close();
        tokio::select! {
            () = stop.cancelled() => {}
            _ = setups.changed() => tracing::info!("the portal answers in another way than before; so do the listeners"),
        }
        end.cancel();
        let _ = tokio::time::timeout(DRAIN, serving.wait()).await;
        if stop.is_cancelled() {
            break;
        }
        listeners = Listeners::open(&config).await?;
    }
    let _ = tokio::time::timeout(DRAIN, tasks.wait()).await;
    tracing::info!("stopped");
    Ok(())
}
