//! Wires everything together: from settings to a running portal.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::blocklist::BlockList;
use crate::checks::Checks;
use crate::config::Config;
use crate::content::Content;
use crate::desk::Desk;
use crate::desk::process::Process;
use crate::domain::time::Clock;
use crate::store::{Db, secrets};

/// What the pages work with.
#[derive(Debug, Clone)]
pub struct App {
    /// All acts.
    pub desk: Desk,
    /// Bounds of the feeds.
    pub feeds: crate::web::feeds::Places,
    /// Cancelled when the program stops: what would go on for ever ends.
    pub closing: CancellationToken,
}

/// Opens the database, brings it up to date and loads the block list.
///
/// # Errors
/// When the database or the content is not usable; the message says what to mend.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<App> {
    let app = connect(config, clock).await?;
    app.desk.blocklist.catch_up(&app.desk.db, &app.desk.clock).await?;
    Ok(app)
}

/// Opens the database and brings it up to date; the block list stays empty until somebody lets it catch up.
///
/// # Errors
/// As [`open`].
pub async fn connect(config: Config, clock: Clock) -> anyhow::Result<App> {
    let content = Content::read(&config)?;
    let db = Db::connect(&config.database.url, config.database.connections).await?;
    db.migrate().await?;
    let status_key = secrets::status_key(db.pool()).await.context("reading the portal's key")?;
    let checks = Arc::new(Checks::new(config.dns.clone()).with_origins(config.origins.clone()));
    let now = clock.now();
    let desk = Desk {
        db,
        clock,
        blocklist: Arc::new(BlockList::default()),
        content: Arc::new(content),
        config: Arc::new(config),
        checks,
        known: Arc::default(),
        status_key,
        process: Arc::new(Process::new(now)),
        visitor: None,
        fetches: Arc::default(),
        last_delta: Arc::default(),
    };
    Ok(App { desk, feeds: crate::web::feeds::Places::default(), closing: CancellationToken::new() })
}
