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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use rustc_hash::FxHashSet;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

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

/// After how many blocks a load says how far it is.
const TOLD: usize = 100_000;

/// How many rows are read at once while loading.
const PAGE: i64 = 5_000;

/// How many rows of an import are taken under the lock at once.
const PIECE: usize = 500;

/// How many things are handed on at once: so many are copied under the lock.
const HANDED: usize = 1_000;

/// How many changes are followed one by one; whoever is further behind loads afresh.
const MOST_CHANGES: i64 = 20_000;

/// How long who waits for the reader of the change log does so before trying to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(20);

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
    /// While the log is followed: what was taken ahead of it, and newer than its reader sees.
    ahead: Option<FxHashSet<Id>>,
}

impl Known {
    /// Whether nobody has taken something newer of this key ahead of the log.
    fn is_news(&self, id: Id) -> bool {
        self.ahead.as_ref().is_none_or(|ahead| !ahead.contains(&id))
    }
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
    following: Mutex<()>,
    /// One at a time who takes changes ahead of that reader; the reader waits for them before it comes to its end.
    overtaking: Mutex<()>,
    /// Told after every change.
    changed: watch::Sender<()>,
    /// How many blocks a load has read so far.
    loaded: AtomicUsize,
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

    /// How many blocks a load has read so far, for who waits until the list is complete.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.loaded.load(Ordering::Relaxed)
    }

    /// How many blocks it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).index.count()
    }

    /// Whether this process holds the list, or is about to: the command line acts without it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.reached().is_some() || self.following.try_lock().is_err()
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

    /// The same for who changed a thing and waits for it to hold. Should there be a long import to take, somebody else
    /// takes it, and this change is taken ahead of it.
    ///
    /// # Errors
    /// When the database does not answer; what is known stays.
    pub async fn catch_up_ahead(self: &Arc<Self>, db: &Db, clock: &Clock) -> anyhow::Result<()> {
        let (list, all, time) = (Arc::clone(self), db.clone(), clock.clone());
        let mut following = tokio::spawn(async move { list.catch_up(&all, &time).await });
        loop {
            match timeout(OVERTAKEN, &mut following).await {
                Ok(done) => return done?,
                Err(_) if self.overtake(db).await? => return Ok(()),
                Err(_) => {}
            }
        }
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
        self.known.write().unwrap_or_else(PoisonError::into_inner).ahead = Some(FxHashSet::default());
        let mut taken = Ok(());
        for change in log {
            taken = self.take(&mut tx, change).await;
            if taken.is_err() {
                break;
            }
        }
        let _none = self.overtaking.lock().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.ahead = None;
        taken?;
        known.position = Some(there);
        known.heard_at = clock.now();
        known.changed_at = changed_at.unwrap_or(known.heard_at);
        drop(known);
        self.changed.send_replace(());
        Ok(true)
    }

    /// Takes what changed while somebody else follows the log, maybe through a million lines of an import: a lift does not
    /// wait for that. The number stays; its reader comes to it. Says whether that could be done.
    async fn overtake(&self, db: &Db) -> anyhow::Result<bool> {
        let _one = self.overtaking.lock().await;
        let have = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.position.clone().filter(|_| known.ahead.is_some())
        };
        let Some(have) = have else { return Ok(false) };
        let mut tx = db.snapshot().await?;
        let there = changes::position(&mut *tx).await?;
        let log = changes::after(&mut *tx, have.n, MOST_CHANGES).await?;
        let complete = log.first().is_some_and(|c| c.n == have.n + 1) && log.last().is_some_and(|c| c.n == there.n);
        let is_long = log.iter().any(|change| change.subject == Subject::Import);
        if there.epoch != have.epoch || !complete || !is_long {
            return Ok(false);
        }
        for change in log.into_iter().filter(|change| change.subject != Subject::Import) {
            if let Some(ahead) = &mut self.known.write().unwrap_or_else(PoisonError::into_inner).ahead {
                ahead.insert(change.subject_id);
            }
            self.take_one(&mut tx, change, |_, _| true).await?;
        }
        self.changed.send_replace(());
        Ok(true)
    }

    /// Takes the subject of one change as it stands.
    async fn take(&self, tx: &mut Tx, change: Change) -> anyhow::Result<()> {
        match change.subject {
            Subject::Import => self.take_import(tx, change.subject_id).await,
            _ => self.take_one(tx, change, Known::is_news).await,
        }
    }

    /// Takes a single thing as it stands, where it `is_news`.
    async fn take_one(&self, tx: &mut Tx, change: Change, is_news: impl Fn(&Known, Id) -> bool) -> anyhow::Result<()> {
        let id = change.subject_id;
        match change.subject {
            Subject::Block => {
                let block = blocks::find(&mut **tx, id).await?;
                // Its own end is judged by whoever is asked; a clock here would make followers differ.
                self.write_if(
                    |known| is_news(known, id),
                    |index| block.iter().for_each(|b| index.apply_block(b, b.state == BlockState::Live)),
                );
            }
            Subject::Exemption => {
                let exemption = exemptions::find(&mut **tx, id).await?;
                self.write_if(
                    |known| is_news(known, id),
                    |index| exemption.iter().for_each(|e| index.apply_exemption(e)),
                );
            }
            Subject::Probation => {
                let probation = probations::find(&mut **tx, id).await?;
                self.write_if(
                    |known| is_news(known, id),
                    |index| probation.iter().for_each(|p| index.apply_probation(p)),
                );
            }
            Subject::Token => {
                let token = mail_tokens::find(&mut **tx, id).await?;
                self.write(|index| {
                    if let Some(token) = token {
                        index.apply_token(token.token_hash, token.expires_at, token.net);
                    }
                });
            }
            Subject::Import => {}
        }
        Ok(())
    }

    /// Takes all that an import brought and dropped.
    async fn take_import(&self, tx: &mut Tx, import: Id) -> anyhow::Result<()> {
        let mut after = Id(0);
        loop {
            let page = blocks::import_page(tx, import, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.block.id;
            for piece in page.chunks(PIECE) {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                for row in piece {
                    if known.is_news(row.block.id) {
                        known.index.apply_block(&row.block, row.in_force());
                    }
                }
            }
        }
    }

    /// Changes the index under its lock, where a condition holds.
    fn write_if(&self, condition: impl FnOnce(&Known) -> bool, change: impl FnOnce(&mut Index)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if condition(&known) {
            change(&mut known.index);
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
        self.load_blocks(&mut tx, &mut index).await?;
        load_tokens(&mut tx, &mut index, now).await?;
        exemptions::list(&mut *tx, now).await?.iter().for_each(|e| index.apply_exemption(e));
        probations::list(&mut *tx, now).await?.iter().for_each(|p| index.apply_probation(p));
        let changed_at = changes::at(&mut *tx, position.n).await?.unwrap_or(now);
        tracing::info!(blocks = index.count(), n = position.n, "block list loaded");
        self.put(index, position, now, changed_at);
        Ok(())
    }

    /// Reads all blocks in force, page by page; a long list shows its progress in the log.
    async fn load_blocks(&self, tx: &mut Tx, index: &mut Index) -> anyhow::Result<()> {
        let of = blocks::count_live(&mut **tx).await?;
        let (mut after, mut told) = (Id(0), 0);
        loop {
            let page = blocks::live_page(&mut **tx, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for block in &page {
                index.apply_block(block, true);
            }
            let read = index.count();
            self.loaded.store(read, Ordering::Relaxed);
            if read >= told + TOLD {
                told = read;
                tracing::info!(read, of, "loading the block list");
            }
        }
    }

    /// Puts a list in the place of what is known.
    fn put(&self, index: Index, position: Position, heard_at: Time, changed_at: Time) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let loads = known.loads + 1;
        let old = std::mem::replace(
            &mut *known,
            Known { index, position: Some(position), heard_at, changed_at, loads, ahead: None },
        );
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
