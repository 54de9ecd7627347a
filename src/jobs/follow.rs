//! Follows the block list, reports how far this process is, and compares its list with the database.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{report, wait};
use crate::desk::Desk;

/// How often changes made by other processes are looked for.
const FOLLOW_EVERY: Duration = Duration::from_millis(250);

/// How often a process reports itself while nothing changes.
const REPORT_EVERY: Duration = Duration::from_secs(3);

/// How often the list is compared with the database.
const COMPARE_EVERY: Duration = Duration::from_mins(10);

/// How often it is tried again when changes came too fast for a comparison.
const COMPARE_AGAIN: Duration = Duration::from_secs(15);

/// Follows the changes of other processes.
pub(super) async fn run(desk: Desk, stop: CancellationToken) {
    let mut was_away = false;
    while wait(&stop, FOLLOW_EVERY).await {
        let outcome = desk.blocklist.catch_up(&desk.db, &desk.clock).await;
        match &outcome {
            Err(error) if !was_away => tracing::error!(
                error = format!("{error:#}"),
                "the block list cannot be followed; answers come from what is known"
            ),
            Ok(()) if was_away => tracing::info!("the block list is followed again"),
            _ => {}
        }
        was_away = outcome.is_err();
    }
}

/// Reports this process at every change, and now and then without one; at the end says that it leaves.
pub(super) async fn report_self(desk: Desk, listeners: String, stop: CancellationToken) {
    report("forgetting processes that died", desk.forget_dead_followers().await);
    let (mut told, mut told_at) = (None, Instant::now());
    loop {
        let reached = desk.blocklist.reached();
        if reached != told || told_at.elapsed() >= REPORT_EVERY {
            report("reporting this process", desk.report_follower(&listeners).await);
            (told, told_at) = (reached, Instant::now());
        }
        if !wait(&stop, FOLLOW_EVERY / 2).await {
            break;
        }
    }
    report("leaving", desk.leave().await);
}

/// Compares the list with the database.
pub(super) async fn compare(desk: Desk, stop: CancellationToken) {
    let mut pause = COMPARE_EVERY;
    while wait(&stop, pause).await {
        pause = match desk.compare().await {
            Ok(Some(_)) => COMPARE_EVERY,
            Ok(None) => COMPARE_AGAIN,
            Err(error) => {
                report::<()>("comparing the block list", Err(error));
                COMPARE_AGAIN
            }
        };
    }
}
