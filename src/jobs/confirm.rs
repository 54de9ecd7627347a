//! Confirms lifts: asks the listeners of this process and the resolvers, as mail servers do, and lets the desk note what
//! they, the followers and the edges say. Whoever finds a confirmation that is due does it; nothing is lost with a process.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::report;
use crate::desk::confirm::{Confirmed, step};
use crate::desk::{Desk, Done};
use crate::domain::time::Time;
use crate::gateways::probe::{self, Doors, Said};
use crate::store::confirmations::{Effect, Step, StepKind};
use crate::store::resolvers::Resolver;

/// How often confirmations are looked for that other processes asked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How many are looked into at once: a resolver that says nothing takes its time.
const AT_ONCE: usize = 16;

/// Confirms until `stop`.
pub async fn run(desk: Desk, doors: Arc<Doors>, stop: CancellationToken) {
    desk.process.begins_to_confirm();
    while !stop.is_cancelled() {
        report("confirming lifts", run_due(&desk, &doors).await);
        tokio::select! {
            () = stop.cancelled() => {}
            () = desk.process.wait_for_lift() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Looks into all that are due; gives how many.
pub async fn run_due(desk: &Desk, doors: &Arc<Doors>) -> Done<usize> {
    let (mut tasks, mut count) = (JoinSet::new(), 0);
    while let Some(due) = desk.next_confirmation().await? {
        count += 1;
        let (desk, doors) = (desk.clone(), Arc::clone(doors));
        tasks.spawn(async move { report("confirming a lift", look(&desk, &doors, &due).await) });
        if tasks.len() >= AT_ONCE {
            tasks.join_next().await;
        }
    }
    while tasks.join_next().await.is_some() {}
    Ok(count)
}

/// Looks into one.
async fn look(desk: &Desk, doors: &Doors, due: &Confirmed) -> Done<Effect> {
    desk.follow().await;
    let seen = match desk.probe(due.whole.net) {
        Ok(addr) => ask(desk, doors, addr, &due.steps).await,
        Err(hit) => {
            let value = format!("{} ({})", hit.net, hit.cause);
            vec![step(StepKind::Listener, "list", Effect::Failed, "blocked", value, desk.now())]
        }
    };
    desk.confirm(&due.whole, seen).await
}

/// Asks all who have not confirmed yet.
async fn ask(desk: &Desk, doors: &Doors, addr: IpAddr, known: &[Step]) -> Vec<Step> {
    let is_open = |kind: StepKind, name: &str| {
        !known.iter().any(|step| step.kind == kind && step.name == name && step.state == Effect::Confirmed)
    };
    let zone = &desk.config.gateways.dnsbl.zone;
    let mut steps: Vec<Step> = Vec::new();
    for (name, said) in doors.ask(zone, addr, |name| is_open(StepKind::Listener, name)).await {
        // A listener that does not answer this machine says nothing about others.
        if said != Said::Refused {
            steps.push(seen(StepKind::Listener, &name, &said, desk.now()));
        }
    }
    let mut asking = JoinSet::new();
    for at in desk.config.gateways.resolvers.iter().filter(|at| is_open(StepKind::Resolver, &at.to_string())) {
        let (at, zone) = (*at, zone.clone());
        asking.spawn(async move { (at, probe::dnsbl(at, &zone, addr).await) });
    }
    while let Some(Ok((at, said))) = asking.join_next().await {
        steps.push(seen(StepKind::Resolver, &at.to_string(), &said, desk.now()));
    }
    steps
}

/// What an answer means for a lift.
fn seen(kind: StepKind, name: &str, said: &Said, now: Time) -> Step {
    let (what, value) = match (kind, said) {
        (StepKind::Listener, Said::Listed(code, _)) => ("refuses", code.chars().take(200).collect()),
        _ => in_words(said),
    };
    let state = if *said == Said::Free { Effect::Confirmed } else { Effect::Late };
    step(kind, name, state, what, value, now)
}

/// An answer as it is stored: a word, and the value in it.
fn in_words(said: &Said) -> (&'static str, String) {
    match said {
        Said::Free => ("free", String::new()),
        Said::Listed(_, Some(ttl)) => ("cached", ttl.to_string()),
        Said::Listed(what, None) => ("refuses", what.chars().take(200).collect()),
        Said::Refused => ("refused", String::new()),
        Said::Odd(what) => ("odd", what.chars().take(200).collect()),
        Said::Nothing => ("silent", String::new()),
    }
}

/// Asks every resolver for the test entry of the DNSBL, and notes what it says.
pub async fn ask_resolvers(desk: &Desk) -> Done<()> {
    for at in &desk.config.gateways.resolvers {
        let resolver = ask_resolver(desk, *at).await;
        desk.note_resolver(&resolver).await?;
    }
    Ok(())
}

/// Asks one resolver for the test entry (RFC 5782 5): who lists it reaches the zone.
async fn ask_resolver(desk: &Desk, at: SocketAddr) -> Resolver {
    let began = Instant::now();
    let said = probe::dnsbl(at, &desk.config.gateways.dnsbl.zone, IpAddr::from([127, 0, 0, 2])).await;
    let asked_at = desk.now();
    let is_good = matches!(said, Said::Listed(..));
    let (answer, value) = match &said {
        Said::Free => ("unlisted", String::new()),
        Said::Listed(..) => ("listed", String::new()),
        other => in_words(other),
    };
    Resolver {
        address: at.to_string(),
        answer: answer.to_owned(),
        value,
        took: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        asked_at,
        good_at: is_good.then_some(asked_at),
    }
}
