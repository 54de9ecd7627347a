//! The edge: Postern on a gateway's own machine.
//!
//! It follows the portal's stream of changes over HTTPS, keeps the list in memory and on its disk, and serves the same
//! listeners as the portal. When the portal is away it goes on with what it has; after a restart, too. It reports what
//! it has reached.
//!
//! What can go wrong: a token that is not good, a portal that is not reached, a disk that is full (it is said once, and
//! what is in memory goes on). A list that differs from the portal's is noticed by its digest and fetched again.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{Mutex, mpsc, watch};

use self::disk::Disk;
use self::portal::Portal;
use crate::blocklist::BlockList;
use crate::blocklist::item::Setup;
use crate::config::Config;
use crate::content::Content;
use crate::domain::cause::Causes;
use crate::domain::email::Email;
use crate::domain::proof::Sighting;
use crate::domain::time::Clock;
use crate::gateways::Judge;

mod disk;
mod fetch;
mod follow;
mod portal;
mod report;
mod sse;

pub use self::portal::check;

/// How many mails to proofs may wait to be reported.
const SIGHTINGS_MOST: usize = 100;

/// A follower of a portal elsewhere.
#[derive(Debug)]
pub struct Edge {
    /// The settings of this machine.
    config: Config,
    /// The portal.
    portal: Portal,
    /// What is kept over a restart.
    disk: Disk,
    /// The list.
    blocklist: Arc<BlockList>,
    /// The portal's time.
    clock: Clock,
    /// How the portal answers; none before it was heard for the first time.
    setup: watch::Sender<Option<Arc<Setup>>>,
    /// Where listeners leave mails to proofs.
    sightings: mpsc::Sender<Sighting>,
    /// Where they are taken to be reported.
    seen: Mutex<mpsc::Receiver<Sighting>>,
}

impl Edge {
    /// Reads the settings and what is on the disk.
    ///
    /// # Errors
    /// When a setting is missing, or the folder cannot be used.
    pub fn open(config: Config) -> anyhow::Result<Self> {
        let portal = Portal::new(&config.edge)?;
        let disk = Disk::open(&config.edge.folder)?;
        let (clock, blocklist) = (Clock::shifted(), Arc::new(BlockList::default()));
        match disk.read() {
            Ok(Some((index, position))) => {
                tracing::info!(blocks = index.count(), n = position.n, "the list on the disk is served");
                blocklist.replace(index, position, clock.now());
            }
            Ok(None) => tracing::info!("there is no list on the disk yet"),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the list on the disk is not good and is fetched again");
            }
        }
        let setup = watch::Sender::new(disk.read_setup().map(Arc::new));
        let (sightings, seen) = mpsc::channel(SIGHTINGS_MOST);
        Ok(Self { config, portal, disk, blocklist, clock, setup, sightings, seen: Mutex::new(seen) })
    }

    /// Tells when the portal answers in another way than before.
    #[must_use]
    pub fn setups(&self) -> watch::Receiver<Option<Arc<Setup>>> {
        self.setup.subscribe()
    }

    /// What listeners answer from: the settings of this machine, with the causes and links of the portal.
    ///
    /// # Errors
    /// When what the portal told makes no sense.
    pub fn judge(&self) -> anyhow::Result<Judge> {
        let mut config = self.config.clone();
        let mut content = Content::read(&config)?;
        if let Some(setup) = self.setup.borrow().as_deref() {
            content.causes = Causes::checked(setup.causes.clone()).context("the portal's causes")?;
            config.http.public_url.clone_from(&setup.public_url);
            config.gateways.open_recipients.clone_from(&setup.open_recipients);
            config.mail.from = Email::parse(&setup.mail_from).context("the portal's mail address")?;
        }
        Ok(Judge {
            blocklist: Arc::clone(&self.blocklist),
            content: Arc::new(content),
            config: Arc::new(config),
            clock: self.clock.clone(),
            sightings: self.sightings.clone(),
        })
    }
}
