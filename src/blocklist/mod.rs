//! The block list in memory and the follower that keeps it.
//!
//! Every process holds one [`BlockList`]. It loads the list from one state of the database, then reads the change log
//! from the number it has and takes each subject as it stands. Gateways ask it and never wait for the database: when
//! that is away, answers come from what is known. Changes made by this process are followed before its act is
//! answered; those of others by polling.

mod by_net;
mod drift;
pub mod formats;
pub mod hits;
pub mod index;
pub mod item;

use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};

use anyhow::Context as _;
use tokio::sync::watch;

pub use self::by_net::Place;
use self::hits::Hits;
use self::index::{Hit, Index, Part};
use self::item::{Item, Line};
use crate::domain::block::BlockState;
use crate::domain::id::Id;
use crate::domain::time::{Clock, Time};
pub use crate::store::changes::Position;
use crate::store::changes::{Change, Subject};
use crate::store::{Db, Tx, blocks, changes, exemptions, mail_tokens, probations};

/// How many rows are read at once while loading.
const PAGE: i64 = 5_000;

/// How many things are handed on at once: so many are copied under the lock.
const HANDED: usize = 1_000;

/// How many changes are followed one by one; whoever is further behind loads afresh.
const MOST_CHANGES: i64 = 20_000;

/// What is known, and up to which change.
#[derive(Debug, Default)]
struct Known {
    /// The list.
    index: Index,
    /// The log it follows and the number it has reached; `None` before the first complete load.
    position: Option<Position>,
    /// When the database was last heard.
    heard_at: Time,
    /// When the last change was made.
    changed_at: Time,
    /// How often the list was put in the place of another.
    loads: u64,
}

/// How a list stands, for those who hand it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The log it follows and the number it has reached.
    pub position: Position,
    /// When the last change was made.
    pub changed_at: Time,
    /// The last second in which something ended by itself.
    pub last_end: i64,
    /// Which of the lists of this process it is: it grows when one is put in the place of another.
    loads: u64,
}

/// The list was put in the place of another while it was read.
#[derive(Debug, thiserror::Error)]
#[error("the list was loaded afresh while it was read")]
pub struct Replaced;

/// The block list of this process.
#[derive(Debug, Default)]
pub struct BlockList {
    /// What answers come from.
    known: RwLock<Known>,
    /// One reader of the change log at a time.
    following: tokio::sync::Mutex<()>,
    /// Told after every change.
    changed: watch::Sender<()>,
    /// What this process refused, until it is written down.
    pub hits: Hits,
}

/// What the list says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet known: the list is not complete.
    Unknown,
    /// Not blocked.
    Free,
    /// Blocked.
    Blocked(Hit),
}

impl BlockList {
    /// What it says of `addr` at `now`.
    #[must_use]
    pub fn ask(&self, addr: IpAddr, now: Time) -> Verdict {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.position.is_none() {
            return Verdict::Unknown;
        }
        known.index.find(addr, now).map_or(Verdict::Free, Verdict::Blocked)
    }

    /// The block that answers for `addr` at `now`.
    #[must_use]
    pub fn find(&self, addr: IpAddr, now: Time) -> Option<Hit> {
        match self.ask(addr, now) {
            Verdict::Blocked(hit) => Some(hit),
            Verdict::Unknown | Verdict::Free => None,
        }
    }

    /// Whether mail to an address with the token of this hash is taken at `now`.
    #[must_use]
    pub fn token_lives(&self, hash: &str, now: Time) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).index.token_lives(hash, now)
    }

    /// Whether the token of this hash is of a proof that `client` may give at `now`.
    #[must_use]
    pub fn proof_lives(&self, hash: &str, client: IpAddr, now: Time) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).index.proof_lives(hash, client, now)
    }

    /// The number of the change it has reached; `None` before the first complete load.
    #[must_use]
    pub fn reached(&self) -> Option<i64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.position.as_ref().map(|p| p.n)
    }

    /// How it stands at `now`; `None` before the first complete load.
    #[must_use]
    pub fn standing(&self, now: Time) -> Option<Standing> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let position = known.position.clone()?;
        let last_end = known.index.last_end(now);
        Some(Standing { position, changed_at: known.changed_at, last_end, loads: known.loads })
    }

    /// The number it has reached, with the digest of what it holds at `at`.
    #[must_use]
    pub fn digest(&self, at: Time) -> Option<(Position, String)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Some((known.position.clone()?, format!("{:016x}", known.index.digest(at))))
    }

    /// The next things of one kind behind `place`; none at the end. Changes made meanwhile may or may not be among them, so
    /// a list read in pages stands for the number that it had at the beginning.
    ///
    /// # Errors
    /// When the list is no longer that of `standing`.
    pub fn page(&self, standing: &Standing, part: Part, place: &mut Place) -> Result<Vec<Item>, Replaced> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.loads != standing.loads {
            return Err(Replaced);
        }
        Ok(known.index.page(part, place, HANDED))
    }

    /// Tells after every change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Puts a list that came from elsewhere in the place of what is known.
    pub fn replace(&self, index: Index, position: Position, now: Time) {
        self.put(index, position, now, now);
    }

    /// Takes lines of changes that came from elsewhere, up to number `n`.
    pub fn advance(&self, lines: &[Line], n: i64, now: Time) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            known.index.take(&line.item, line.event.is_live());
        }
        if let Some(position) = &mut known.position {
            position.n = position.n.max(n);
        }
        (known.heard_at, known.changed_at) = (now, now);
        drop(known);
        self.changed.send_replace(());
    }

    /// When the database was last heard.
    #[must_use]
    pub fn heard_at(&self) -> Time {
        self.known.read().unwrap_or_else(PoisonError::into_inner).heard_at
    }

    /// How many blocks it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).index.count()
    }

    /// Reads what changed since the number it has; loads afresh when that is not possible.
    ///
    /// # Errors
    /// When the database does not answer; what is known stays.
    pub async fn catch_up(&self, db: &Db, clock: &Clock) -> anyhow::Result<()> {
        let _one = self.following.lock().await;
        let have = self.known.read().unwrap_or_else(PoisonError::into_inner).position.clone();
        let there = changes::position(db.pool()).await.context("reading the change log")?;
        match have {
            Some(have) if have == there => self.heard(clock.now()),
            Some(have) if have.epoch == there.epoch && have.n < there.n && there.n - have.n <= MOST_CHANGES => {
                if !self.follow(db, clock, &have).await? {
                    self.load(db, clock).await?;
                }
            }
            _ => self.load(db, clock).await?,
        }
        Ok(())
    }

    /// Notes that the database answered.
    fn heard(&self, now: Time) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).heard_at = now;
    }

    /// Reads the changes after `have`; says whether the log still held them all.
    async fn follow(&self, db: &Db, clock: &Clock, have: &Position) -> anyhow::Result<bool> {
        let mut tx = db.snapshot().await?;
        let there = changes::position(&mut *tx).await?;
        let log = changes::after(&mut *tx, have.n, MOST_CHANGES).await?;
        let complete = log.first().is_some_and(|c| c.n == have.n + 1) && log.last().is_some_and(|c| c.n == there.n);
        if there.epoch != have.epoch || !complete {
            return Ok(false);
        }
        let changed_at = log.last().map(|change| change.at);
        for change in log {
            self.take(&mut tx, change).await?;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.position = Some(there);
        known.heard_at = clock.now();
        known.changed_at = changed_at.unwrap_or(known.heard_at);
        drop(known);
        self.changed.send_replace(());
        Ok(true)
    }

    /// Takes the subject of one change as it stands.
    async fn take(&self, tx: &mut Tx, change: Change) -> anyhow::Result<()> {
        let id = change.subject_id;
        match change.subject {
            Subject::Block => {
                let block = blocks::find(&mut **tx, id).await?;
                // Its own end is judged by whoever is asked; a clock here would make followers differ.
                self.write(|index| block.iter().for_each(|b| index.apply_block(b, b.state == BlockState::Live)));
            }
            Subject::Exemption => {
                let exemption = exemptions::find(&mut **tx, id).await?;
                self.write(|index| exemption.iter().for_each(|e| index.apply_exemption(e)));
            }
            Subject::Probation => {
                let probation = probations::find(&mut **tx, id).await?;
                self.write(|index| probation.iter().for_each(|p| index.apply_probation(p)));
            }
            Subject::Token => {
                let token = mail_tokens::find(&mut **tx, id).await?;
                self.write(|index| {
                    if let Some(token) = token {
                        index.apply_token(token.token_hash, token.expires_at, token.net);
                    }
                });
            }
            Subject::Import => self.take_import(tx, id).await?,
        }
        Ok(())
    }

    /// Takes all that an import brought and dropped.
    async fn take_import(&self, tx: &mut Tx, import: Id) -> anyhow::Result<()> {
        let mut after = Id(0);
        loop {
            let page = blocks::import_page(&mut **tx, import, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.block.id;
            self.write(|index| page.iter().for_each(|row| index.apply_block(&row.block, row.in_force())));
        }
    }

    /// Changes the index under its lock.
    fn write(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner).index);
    }

    /// Reads the whole list from one state of the database and puts it in the place of what is known.
    async fn load(&self, db: &Db, clock: &Clock) -> anyhow::Result<()> {
        let mut tx = db.snapshot().await?;
        let position = changes::position(&mut *tx).await?;
        let now = clock.now();
        let mut index = Index::default();
        load_blocks(&mut tx, &mut index).await?;
        load_tokens(&mut tx, &mut index, now).await?;
        exemptions::list(&mut *tx, now).await?.iter().for_each(|e| index.apply_exemption(e));
        probations::list(&mut *tx, now).await?.iter().for_each(|p| index.apply_probation(p));
        let changed_at = changes::at(&mut *tx, position.n).await?.unwrap_or(now);
        tracing::info!(blocks = index.count(), n = position.n, "block list loaded");
        self.put(index, position, now, changed_at);
        Ok(())
    }

    /// Puts a list in the place of what is known.
    fn put(&self, index: Index, position: Position, heard_at: Time, changed_at: Time) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let loads = known.loads + 1;
        let old =
            std::mem::replace(&mut *known, Known { index, position: Some(position), heard_at, changed_at, loads });
        drop(known);
        // A large list takes a while to be freed; nobody waits for that under the lock.
        drop(old);
        self.changed.send_replace(());
    }

    /// Forgets tokens whose time is over.
    pub fn forget_tokens(&self, now: Time) {
        self.write(|index| index.forget_tokens(now));
    }
}

/// Reads all blocks in force, page by page.
async fn load_blocks(tx: &mut Tx, index: &mut Index) -> anyhow::Result<()> {
    let mut after = Id(0);
    loop {
        let page = blocks::live_page(&mut **tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for block in &page {
            index.apply_block(block, true);
        }
    }
}

/// Reads all live tokens, page by page.
async fn load_tokens(tx: &mut Tx, index: &mut Index, now: Time) -> anyhow::Result<()> {
    let mut after = Id(0);
    loop {
        let page = mail_tokens::live_page(&mut **tx, after, now, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for token in page {
            index.apply_token(token.token_hash, token.expires_at, token.net);
        }
    }
}
