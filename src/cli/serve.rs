//! `postern serve`.

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listeners::{Listeners, explain};
use super::{demo, say};
use crate::app::{self, App};
use crate::config::Config;
use crate::domain::proof::Sighting;
use crate::domain::time::Clock;
use crate::gateways::Judge;
use crate::web::server::{Patience, serve};
use crate::{jobs, web};

/// How long running work may take to end.
const DRAIN: Duration = Duration::from_secs(20);

/// How many mails to proofs wait to be noted.
const SIGHTINGS_MOST: usize = 1_000;

/// Serves until SIGTERM or SIGINT, then drains.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(config.http.listen).await.map_err(|e| explain(&e, &config.http.listen, "http.listen"))?;
    let listeners = Listeners::open(&config).await?;
    let app = app::open(config, Clock::System).await?;
    demo::keep_apart(&app.desk).await?;
    greet(&app).await?;
    let (stop, tasks) = (app.closing.clone(), TaskTracker::new());
    jobs::start(&app.desk, listeners.doors(&app.desk.config), &tasks, &stop)?;
    let (sightings, heard) = mpsc::channel(SIGHTINGS_MOST);
    tasks.spawn(jobs::hear(app.desk.clone(), heard));
    listeners.start(&judge(&app, sightings), &tasks, &stop);
    tasks.close();
    tokio::spawn(stop_on_signal(stop.clone()));
    let http = &app.desk.config.http;
    let server = serve(listener, http, web::router(app.clone()), Patience::default(), stop.clone());
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = server => {}
        () = drained => tracing::warn!("some requests did not end in time"),
    }
    stop.cancel();
    let _ = tokio::time::timeout(DRAIN, tasks.wait()).await;
    if let Err(error) = app.desk.flush_hits().await {
        tracing::warn!(error = format!("{error:#}"), "the last refusals are not counted");
    }
    app.desk.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What listeners answer from.
fn judge(app: &App, sightings: mpsc::Sender<Sighting>) -> Judge {
    Judge {
        blocklist: app.desk.blocklist.clone(),
        content: app.desk.content.clone(),
        config: app.desk.config.clone(),
        clock: app.desk.clock.clone(),
        sightings,
    }
}

/// Says where to go: the address, and how to sign in.
async fn greet(app: &App) -> anyhow::Result<()> {
    let url = &app.desk.config.http.public_url;
    if app.desk.config.demo {
        demo::fill(app).await.context("filling the demonstration")?;
        say(&format!("\n  Postern demonstration: {url}/\n  Staff pages:           {url}/staff\n"))?;
        for (email, password, role) in demo::SIGN_INS {
            say(&format!("    {email}   {password}   ({role})"))?;
        }
        say("\n  Other commands work on it when you add --demo: postern staff list --demo")?;
        return say("");
    }
    say(&format!("\n  Postern: {url}/"))?;
    if let Some(link) = app.desk.setup_link().await? {
        say(&format!("  Create the first admin (works once, for seven days): {link}"))?;
    }
    say("")
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be heard; stop the program by kill");
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    stop.cancel();
    tracing::info!("stopping: finishing what has begun");
}
