//! Loops beside the pages: follow the block list, deliver mail, write ends down, sweep, read evidence again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::desk::Desk;
use crate::domain::id::{Id, Secret};
use crate::domain::proof::Sighting;
use crate::domain::time::{HOUR, MINUTE, SECOND};
use crate::gateways::probe::Doors;
use crate::store::leases;

pub mod confirm;
pub mod deliver;
mod follow;

/// How often live checks that were asked for are taken.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often records of proofs are looked for.
const RECORDS_EVERY: Duration = Duration::from_secs(5);

/// Starts all loops; they end with `stop`.
///
/// # Errors
/// When the mail settings make no sense.
pub fn start(desk: &Desk, doors: Doors, tasks: &TaskTracker, stop: &CancellationToken) -> anyhow::Result<()> {
    let holder = Secret::new().reveal().to_owned();
    let listeners = doors.names().collect::<Vec<_>>().join(", ");
    tasks.spawn(follow::run(desk.clone(), stop.clone()));
    tasks.spawn(follow::report_self(desk.clone(), listeners, stop.clone()));
    tasks.spawn(follow::compare(desk.clone(), stop.clone()));
    tasks.spawn(confirm::run(desk.clone(), Arc::new(doors), stop.clone()));
    tasks.spawn(resolvers(desk.clone(), holder.clone(), stop.clone()));
    tasks.spawn(note_fetches(desk.clone(), stop.clone()));
    tasks.spawn(count(desk.clone(), stop.clone()));
    tasks.spawn(lift_many(desk.clone(), stop.clone()));
    tasks.spawn(expire(desk.clone(), holder.clone(), stop.clone()));
    tasks.spawn(sweep(desk.clone(), holder.clone(), stop.clone()));
    tasks.spawn(watch(desk.clone(), holder.clone(), stop.clone()));
    tasks.spawn(reread(desk.clone(), holder, stop.clone()));
    tasks.spawn(look(desk.clone(), stop.clone()));
    tasks.spawn(find_records(desk.clone(), stop.clone()));
    tasks.spawn(assess(desk.clone(), stop.clone()));
    if let Some(url) = &desk.config.mail.smtp_url {
        let transport = crate::mail::transport::Transport::new(url)?;
        tasks.spawn(deliver::run(desk.clone(), transport, stop.clone()));
    }
    Ok(())
}

/// Waits, unless it is time to stop; says whether to go on.
async fn wait(stop: &CancellationToken, time: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

/// Notes who fetched feeds of this process.
async fn note_fetches(desk: Desk, stop: CancellationToken) {
    while wait(&stop, Duration::from_secs(1)).await {
        report("noting who fetched feeds", desk.note_fetches().await);
    }
    report("noting who fetched feeds", desk.note_fetches().await);
}

/// Whether this process does the periodic work `name` until the lease ends.
async fn leased(desk: &Desk, name: &str, holder: &str, length: i64) -> bool {
    let now = desk.now();
    leases::take(desk.db.pool(), name, holder, now, now.plus(length)).await.unwrap_or(false)
}

/// Logs a failure of periodic work.
fn report<T>(what: &str, outcome: crate::desk::Done<T>) {
    if let Err(error) = outcome {
        tracing::warn!(error = format!("{error:#}"), "{what} failed and is tried again");
    }
}

/// Notes the mails to proofs that gateways saw, until no gateway is left.
pub async fn hear(desk: Desk, mut sightings: mpsc::Receiver<Sighting>) {
    while let Some(sighting) = sightings.recv().await {
        report("noting a mail to a proof", desk.prove_by_mail(&sighting).await);
    }
}

/// Looks for the records of proofs.
async fn find_records(desk: Desk, stop: CancellationToken) {
    while wait(&stop, RECORDS_EVERY).await {
        report("looking for records of proofs", desk.look_for_records().await);
    }
}

/// Lets the policy assess what changed.
async fn assess(desk: Desk, stop: CancellationToken) {
    while wait(&stop, LOOK_EVERY).await {
        report("assessing requests", desk.assess_due().await);
    }
}

/// Takes the live checks that were asked for.
async fn look(desk: Desk, stop: CancellationToken) {
    while wait(&stop, LOOK_EVERY).await {
        report("taking live checks", desk.take_snapshots().await);
    }
}

/// Writes down what the listeners refused.
async fn count(desk: Desk, stop: CancellationToken) {
    while wait(&stop, Duration::from_secs(1)).await {
        report("counting refusals", desk.flush_hits().await);
    }
}

/// Asks the resolvers of the mail servers now and then whether they reach the DNSBL.
async fn resolvers(desk: Desk, holder: String, stop: CancellationToken) {
    let mut pause = Duration::from_secs(2);
    while !desk.config.gateways.resolvers.is_empty() && wait(&stop, pause).await {
        pause = Duration::from_mins(1);
        if leased(&desk, "resolvers", &holder, 2 * MINUTE).await {
            report("asking resolvers", confirm::ask_resolvers(&desk).await);
        }
    }
}

/// Goes on with bulk lifts that nobody works on, and with their ways back.
async fn lift_many(desk: Desk, stop: CancellationToken) {
    while wait(&stop, Duration::from_secs(1)).await {
        report("going on with bulk lifts", desk.continue_bulks().await);
    }
}

/// Writes down the ends of blocks.
async fn expire(desk: Desk, holder: String, stop: CancellationToken) {
    while wait(&stop, Duration::from_secs(1)).await {
        if leased(&desk, "expire", &holder, 10 * SECOND).await {
            report("writing down the ends of blocks", desk.expire_blocks().await);
        }
    }
}

/// Tells those who watch a network what happened to it.
async fn watch(desk: Desk, holder: String, stop: CancellationToken) {
    while wait(&stop, Duration::from_secs(1)).await {
        if leased(&desk, "watch", &holder, MINUTE).await {
            report("reading the change log for watches", desk.gather_news().await);
            report("telling of watched networks", desk.tell_news().await);
        }
    }
}

/// Purges, closes and forgets: every ten minutes, once a cluster.
async fn sweep(desk: Desk, holder: String, stop: CancellationToken) {
    let mut pause = Duration::from_secs(5);
    while wait(&stop, pause).await {
        pause = Duration::from_mins(10);
        if leased(&desk, "sweep", &holder, HOUR / 2 + MINUTE).await {
            report("purging", desk.purge().await);
            report("closing unanswered tickets", desk.close_unanswered().await);
            report("forgetting", desk.forget().await);
            report("looking after carve-outs that ended", desk.end_fallen_back().await);
            report("settling imports", desk.settle_imports().await);
        }
    }
}

/// Reads evidence again that an older reader read: a few pieces at a time, once a cluster, then looks again every hour.
async fn reread(desk: Desk, holder: String, stop: CancellationToken) {
    let mut after = Id(0);
    let mut pause = Duration::from_secs(10);
    while wait(&stop, pause).await {
        pause = Duration::from_hours(1);
        if !leased(&desk, "reread", &holder, HOUR + HOUR / 2).await {
            continue;
        }
        match desk.reread_outdated(after).await {
            Ok(Some(last)) => (after, pause) = (last, Duration::from_secs(1)),
            Ok(None) => after = Id(0),
            Err(error) => report::<()>("reading evidence again", Err(error)),
        }
    }
}
