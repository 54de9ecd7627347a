//! Follows the portal's stream of changes.
//!
//! When the whole list has to be fetched, the stream goes on meanwhile: its changes are taken into the list that is served
//! and kept for the one that comes. So a lift holds at once even while a million entries are on their way.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::disk::Journal;
use super::sse::{self, Event};
use super::{Edge, fetch};
use crate::blocklist::Position;
use crate::blocklist::index::Index;
use crate::blocklist::item::{self, Line};
use crate::domain::time::{SECOND, Time};

/// A stream that says nothing for so long is dead: heartbeats come every five seconds.
const SILENCE: Duration = Duration::from_secs(15);

/// The first pause after a failure; it doubles up to [`PAUSE_MOST`].
const PAUSE: Duration = Duration::from_millis(200);
/// See [`PAUSE`].
const PAUSE_MOST: Duration = Duration::from_secs(5);

/// A connection that lasted so long was a good one.
const LASTED: Duration = Duration::from_secs(30);

/// A clock that differs by less is taken to be right: messages take time, too.
const CLOCKS_DIFFER: i64 = 2 * SECOND;

/// A journal of more lines is replaced by a fresh list.
const JOURNAL_MOST: usize = 20_000;

/// How many changes are kept at most while a list is fetched.
const KEPT_MOST: usize = 200_000;

/// How often the digest may differ until the list is fetched again.
const DIFFERS_MOST: u32 = 2;

/// What the event `epoch` says.
#[derive(Debug, Deserialize)]
struct Begun {
    /// The log.
    epoch: String,
    /// Its number.
    number: i64,
    /// Whether the whole list has to be fetched.
    reload: bool,
}

/// What the event `heartbeat` says.
#[derive(Debug, Deserialize)]
struct Heartbeat {
    /// All changes up to this number were told.
    number: i64,
    /// The digest of the list there.
    digest: Option<String>,
    /// The portal's clock.
    now: Time,
}

/// A list that is being fetched.
struct Fetching {
    /// What fetches it.
    task: AbortOnDropHandle<anyhow::Result<(Index, Position)>>,
    /// The number that the stream had reached when it began.
    from: i64,
    /// The changes since.
    lines: Vec<Line>,
}

/// One connection to the stream.
struct Session<'a> {
    /// Who follows.
    edge: &'a Edge,
    /// The log of the stream and the number that was told last.
    told: Position,
    /// The list that is being fetched.
    fetching: Option<Fetching>,
    /// Where changes are written down; none while they cannot be.
    journal: Option<Journal>,
    /// How often the digest differed, one time after the other.
    differs: u32,
}

impl Edge {
    /// Follows until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow_on() => {}
        }
    }

    /// Follows for ever: connects again whenever the connection ends.
    async fn follow_on(&self) {
        let (mut pause, mut said) = (PAUSE, String::new());
        loop {
            let begun = Instant::now();
            let Err(error) = self.session().await;
            if begun.elapsed() > LASTED {
                // Streams end now and then; that alone is nothing to tell.
                (pause, said) = (PAUSE, String::new());
            } else if said != format!("{error:#}") {
                said = format!("{error:#}");
                tracing::warn!(error = said, "the portal is not followed; answers come from what is known");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }

    /// Follows as long as one connection lasts.
    async fn session(&self) -> anyhow::Result<std::convert::Infallible> {
        self.learn_setup().await?;
        let reached = self.blocklist.standing(self.clock.now()).map(|standing| standing.position);
        let (path, headers) = match &reached {
            Some(position) => {
                let epoch: String = url::form_urlencoded::byte_serialize(position.epoch.as_bytes()).collect();
                (format!("/feeds/changes?epoch={epoch}"), vec![("last-event-id", position.n.to_string())])
            }
            None => ("/feeds/changes".to_owned(), Vec::new()),
        };
        let mut body = self.portal.get(&path, &headers).await?.into_body();
        tracing::info!("the portal is followed");
        let journal = reached.as_ref().and_then(|position| self.open_journal(position));
        let told = reached.unwrap_or_else(|| Position { n: 0, epoch: String::new() });
        Session { edge: self, told, fetching: None, journal, differs: 0 }.run(&mut body).await
    }

    /// Asks how the portal answers, and passes it on when it is something else than before.
    async fn learn_setup(&self) -> anyhow::Result<()> {
        let setup = self.portal.setup().await?;
        let (new, old) = (serde_json::to_value(&setup)?, serde_json::to_value(self.setup.borrow().as_deref())?);
        if new != old {
            crate::domain::cause::Causes::checked(setup.causes.clone()).context("the portal's causes")?;
            if let Err(error) = self.disk.write_setup(&setup) {
                tracing::error!(error = format!("{error:#}"), "the disk does not take what the portal told");
            }
            self.setup.send_replace(Some(Arc::new(setup)));
        }
        Ok(())
    }

    /// The journal after a position; none when the disk does not take it.
    fn open_journal(&self, after: &Position) -> Option<Journal> {
        let journal = self.disk.journal(after);
        if let Err(error) = &journal {
            tracing::error!(error = error.to_string(), "changes are not written to the disk");
        }
        journal.ok()
    }

    /// Writes the list to the disk beside the stream.
    fn save(&self, position: Position) {
        let (disk, blocklist) = (self.disk.clone(), Arc::clone(&self.blocklist));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = disk.write(&blocklist, &position) {
                tracing::error!(error = format!("{error:#}"), "the list is not written to the disk");
            }
        });
    }
}

/// Waits for the list that is being fetched; for ever when there is none.
async fn fetched(fetching: &mut Option<Fetching>) -> anyhow::Result<(Index, Position)> {
    match fetching {
        Some(fetching) => (&mut fetching.task).await.context("fetching the list")?,
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    /// Reads events until the connection ends.
    async fn run(mut self, body: &mut Incoming) -> anyhow::Result<std::convert::Infallible> {
        let mut reader = sse::Reader::default();
        loop {
            tokio::select! {
                list = fetched(&mut self.fetching) => {
                    let (index, position) = list?;
                    self.put_in_place(index, position)?;
                }
                frame = tokio::time::timeout(SILENCE, body.frame()) => {
                    let frame = frame.context("the portal is silent")?.context("the portal ended the stream")?;
                    let Ok(piece) = frame.context("the stream broke off")?.into_data() else { continue };
                    for event in reader.take(&piece).context("an event is too long")? {
                        self.take(&event)?;
                    }
                }
            }
        }
    }

    /// Takes one event.
    fn take(&mut self, event: &Event) -> anyhow::Result<()> {
        let fault = || format!("the event {} is not understood", event.name);
        match event.name.as_str() {
            "epoch" => self.take_epoch(serde_json::from_str(&event.data).with_context(fault)?),
            "heartbeat" => self.take_heartbeat(&serde_json::from_str(&event.data).with_context(fault)?),
            "reached" => self.reach(event.id),
            name if name.parse::<item::Event>().is_ok() => {
                self.take_line(serde_json::from_str(&event.data).with_context(fault)?, event.id)?;
            }
            // A portal that is newer may tell more than an edge has to know.
            _ => {}
        }
        Ok(())
    }

    /// The stream says which log it is.
    fn take_epoch(&mut self, epoch: Begun) {
        self.told.epoch = epoch.epoch;
        if epoch.reload {
            self.told.n = epoch.number;
            self.fetch();
        }
    }

    /// Begins to fetch the list, unless that is under way.
    fn fetch(&mut self) {
        let portal = self.edge.portal.clone();
        let task = tokio::spawn(async move { fetch::list(&portal).await });
        self.fetching = Some(Fetching { task: AbortOnDropHandle::new(task), from: self.told.n, lines: Vec::new() });
    }

    /// Takes one change; `id` is its number when it is complete with this line.
    fn take_line(&mut self, line: Line, id: Option<i64>) -> anyhow::Result<()> {
        if line.event == item::Event::Reload {
            self.told.n = id.unwrap_or(self.told.n);
            self.fetch();
            return Ok(());
        }
        self.edge.blocklist.advance(std::slice::from_ref(&line), i64::MIN, self.edge.clock.now());
        match &mut self.fetching {
            Some(fetching) => {
                anyhow::ensure!(fetching.lines.len() < KEPT_MOST, "more changes came than can be kept");
                fetching.lines.push(line);
            }
            None => self.write_down(|journal| journal.add(&line)),
        }
        self.reach(id);
        Ok(())
    }

    /// All changes up to this number were taken; while a list is fetched that counts for the one that comes.
    fn reach(&mut self, id: Option<i64>) {
        let Some(n) = id.filter(|n| *n > self.told.n) else { return };
        self.told.n = n;
        if self.fetching.is_none() {
            self.edge.blocklist.advance(&[], n, self.edge.clock.now());
            self.write_down(|journal| journal.mark(n));
            if self.journal.as_ref().is_some_and(|journal| journal.lines > JOURNAL_MOST) {
                self.journal = self.edge.open_journal(&self.told);
                self.edge.save(self.told.clone());
            }
        }
    }

    /// Writes something to the journal.
    fn write_down(&mut self, write: impl FnOnce(&mut Journal) -> std::io::Result<()>) {
        if let Some(Err(error)) = self.journal.as_mut().map(write) {
            tracing::error!(error = error.to_string(), "changes are not written to the disk any more");
            self.journal = None;
        }
    }

    /// Takes the portal's clock, and compares the digest when all is told and nothing is being fetched.
    fn take_heartbeat(&mut self, beat: &Heartbeat) {
        let behind = beat.now.since(self.edge.clock.now().plus(-self.edge.clock.shift()));
        self.edge.clock.set_shift(if behind.abs() < CLOCKS_DIFFER { 0 } else { behind });
        self.reach(Some(beat.number));
        if self.fetching.is_some() {
            return;
        }
        let here = self.edge.blocklist.digest(beat.now).filter(|(position, _)| *position == self.told);
        let (Some((_, here)), Some(there)) = (here, &beat.digest) else { return };
        self.differs = if here == *there { 0 } else { self.differs + 1 };
        if self.differs >= DIFFERS_MOST {
            tracing::warn!("the list differs from the portal's and is fetched again");
            self.differs = 0;
            self.fetch();
        }
    }

    /// Puts the list that was fetched in the place of the one that is served, with the changes that came meanwhile.
    fn put_in_place(&mut self, mut index: Index, mut position: Position) -> anyhow::Result<()> {
        let Some(fetching) = self.fetching.take() else { return Ok(()) };
        anyhow::ensure!(position.epoch == self.told.epoch, "the list is of another log than the stream");
        for line in fetching.lines.iter().filter(|line| line.n > Some(position.n)) {
            index.take(&line.item, line.event.is_live());
        }
        let is_complete = position.n >= fetching.from;
        if is_complete {
            position.n = position.n.max(self.told.n);
        }
        tracing::info!(blocks = index.count(), n = position.n, "the list was fetched");
        self.edge.blocklist.replace(index, position.clone(), self.edge.clock.now());
        self.told = position.clone();
        self.journal = self.edge.open_journal(&position);
        self.edge.save(position);
        // The list came from a process that is behind the one of the stream: go on from there.
        anyhow::ensure!(is_complete, "the list is older than the stream");
        Ok(())
    }
}
