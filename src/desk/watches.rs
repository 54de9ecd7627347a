//! Whoever showed control over a network is told when it is blocked or lifted, by mail and by a feed, until they end it.
//!
//! What happened is read from the change log once, by whoever has the lease, and stored with how far the log was read. A mail
//! tells all that was not told; after each one there is a pause.

use std::collections::{BTreeMap, HashMap};

use super::{About, Desk, Done, Refusal};
use crate::domain::block::Block;
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret};
use crate::domain::net::{Net, number};
use crate::domain::proof::Proof;
use crate::domain::ticket::{Ticket, Who};
use crate::domain::time::{DAY, Time};
use crate::domain::watch::{Watch, What};
use crate::mail::notice;
use crate::store::changes::{self, Change, Position, Subject};
use crate::store::outbox::{self, Auto};
use crate::store::watches::{self, Fresh};
use crate::store::{Tx, blocks, exemptions, tickets};

/// How many watches one mail address may have.
const MOST: i64 = 200;

/// How many mails that ask for a confirmation one mail address gets within a day.
const ASKED_MOST: i64 = 5;

/// How many changes are read at once.
const PAGE: i64 = 500;

/// How many rows of an import are read at once.
const ROWS: i64 = 2_000;

/// How many things of one page of the log a watch is told.
const EACH_MOST: usize = 500;

/// How many things one mail knows of.
const NEWS_MOST: i64 = 1_000;

/// How long what happened stays in feeds.
const NEWS_KEPT: i64 = 90 * DAY;

/// How long watches are remembered that were ended or never confirmed.
const KEPT: i64 = 7 * DAY;

impl Desk {
    /// Asks the mail address of a ticket whether it wants to watch what was proven.
    ///
    /// # Errors
    /// `Invalid` when the proof is none that counts, or the address has many watches or such mails.
    pub async fn ask_to_watch(&self, ticket: &Ticket, proof: &Proof) -> Done<()> {
        let now = self.now();
        if !proof.opens_more(now) {
            return Err(Refusal::invalid("watch-unproven"));
        }
        let mut tx = self.db.begin().await?;
        if watches::count_running(&mut *tx, &ticket.email).await? >= MOST {
            return Err(Refusal::invalid("watch-many"));
        }
        if watches::count_asked(&mut *tx, &ticket.email, now.plus(-DAY)).await? >= ASKED_MOST {
            return Err(Refusal::invalid("watch-mailed"));
        }
        let watch = new_watch(ticket, proof.net, now);
        let secrets = (self.watch_secret(watch.id), self.feed_secret(watch.id));
        if watches::insert(&mut *tx, &watch, &secrets.0.hash(), &secrets.1.hash()).await? {
            let mail = notice::watch_asked(self.notice_setting(), &watch, &self.watch_link(watch.id));
            self.notify(&mut tx, ticket, mail, Auto::Generated).await?;
            self.record(&mut tx, &Who::sender(), "watch.asked", "", about(&watch)).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The secret that shows and ends a watch.
    fn watch_secret(&self, watch: Id) -> Secret {
        Secret::derived(&self.status_key, format!("watch {watch}").as_bytes())
    }

    /// The secret that reads its feed and does nothing else.
    fn feed_secret(&self, watch: Id) -> Secret {
        Secret::derived(&self.status_key, format!("watch feed {watch}").as_bytes())
    }

    /// Where a watch is shown and ended.
    #[must_use]
    pub fn watch_link(&self, watch: Id) -> String {
        format!("{}/watches/{}", self.config.http.public_url, self.watch_secret(watch).reveal())
    }

    /// Where its feeds begin.
    #[must_use]
    pub fn feed_link(&self, watch: Id) -> String {
        format!("{}/watches/{}/feed", self.config.http.public_url, self.feed_secret(watch).reveal())
    }

    /// The watch of a secret; one that was ended too.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn watch_of(&self, token: &str) -> Done<Watch> {
        let hash = Secret::presented(token).hash();
        watches::find_by_secret(self.db.pool(), &hash).await?.ok_or(Refusal::NotFound)
    }

    /// The running watch of a feed.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn watch_of_feed(&self, token: &str) -> Done<Watch> {
        let hash = Secret::presented(token).hash();
        let found = watches::find_by_feed(self.db.pool(), &hash).await?;
        found.filter(Watch::is_running).ok_or(Refusal::NotFound)
    }

    /// Begins a watch that was asked for. The second time nothing happens.
    pub async fn begin_watch(&self, token: &str) -> Done<Watch> {
        let watch = self.watch_of(token).await?;
        let mut tx = self.db.begin().await?;
        if watches::begin(&mut *tx, watch.id, self.now()).await? {
            self.record(&mut tx, &Who::sender(), "watch.begun", "", about(&watch)).await?;
            tx.commit().await?;
        }
        self.watch_of(token).await
    }

    /// Ends a watch. The second time nothing happens.
    pub async fn end_watch(&self, token: &str) -> Done<Watch> {
        let watch = self.watch_of(token).await?;
        let mut tx = self.db.begin().await?;
        if watches::end(&mut *tx, watch.id, self.now()).await? {
            self.record(&mut tx, &Who::sender(), "watch.ended", "", about(&watch)).await?;
            tx.commit().await?;
        }
        self.watch_of(token).await
    }

    /// Reads on in the change log and stores what there is to tell; gives how much that is.
    pub async fn gather_news(&self) -> Done<usize> {
        let position = changes::position(self.db.pool()).await?;
        let Some(from) = watches::reached(self.db.pool()).await? else {
            watches::start_reading(self.db.pool(), &position).await?;
            return Ok(0);
        };
        if from == position {
            return Ok(0);
        }
        let mut tx = self.db.snapshot().await?;
        let log = changes::after(&mut *tx, from.n, PAGE).await?;
        let reads_on = from.epoch == position.epoch && log.first().is_some_and(|first| first.n == from.n + 1);
        let Some(last) = log.last().filter(|_| reads_on) else {
            // A restored database, or a log that was cut: what happened meanwhile is not known.
            watches::read_on(self.db.pool(), &from, &position).await?;
            return Ok(0);
        };
        let to = Position { n: last.n, epoch: from.epoch.clone() };
        let mut found = Found::new(watches::running(&mut *tx).await?);
        if !found.by_net.is_empty() {
            for change in log {
                find_news(&mut tx, change, &mut found).await?;
            }
        }
        drop(tx);
        let mut tx = self.db.begin().await?;
        if !watches::read_on(&mut *tx, &from, &to).await? {
            return Ok(0);
        }
        let mut count = 0;
        for fresh in &found.news {
            count += usize::from(watches::add_news(&mut *tx, Id::new(self.now()), fresh).await?);
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Queues the mails of all watches that have something to tell and are not quiet; gives how many.
    pub async fn tell_news(&self) -> Done<usize> {
        let mut count = 0;
        for watch in watches::to_tell(self.db.pool(), self.now(), 100).await? {
            count += usize::from(self.tell_watch(&watch).await?);
        }
        Ok(count)
    }

    /// Queues the mail of one; says whether nobody else did.
    async fn tell_watch(&self, watch: &Watch) -> Done<bool> {
        let now = self.now();
        let pause = watch.next_pause(now);
        let ticket = tickets::find(self.db.pool(), watch.ticket_id).await?.ok_or(Refusal::NotFound)?;
        let mut tx = self.db.begin().await?;
        if !watches::tell(&mut *tx, watch.id, pause, now).await? {
            return Ok(false);
        }
        let news = watches::untold(&mut *tx, watch.id, NEWS_MOST).await?;
        let Some(last) = news.last() else { return Ok(false) };
        watches::mark_told(&mut *tx, watch.id, last.id, now).await?;
        let link = self.watch_link(watch.id);
        let notice = notice::watch_news(self.notice_setting(), watch, &news, now.plus(pause), &link);
        let mail = self.mail(&mut tx, &ticket, &watch.email, notice, Auto::Generated).await?;
        let unsubscribe = Some(format!("{link}/end"));
        outbox::add(&mut *tx, &outbox::Mail { unsubscribe, in_reply_to: None, ..mail }).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets watches that were ended or never confirmed, and what happened long ago.
    pub(super) async fn forget_watches(&self) -> Done<()> {
        let now = self.now();
        watches::forget_news(self.db.pool(), now.plus(-NEWS_KEPT)).await?;
        watches::forget(self.db.pool(), now.plus(-KEPT)).await?;
        Ok(())
    }
}

/// A watch that was just asked for.
fn new_watch(ticket: &Ticket, net: Net, now: Time) -> Watch {
    Watch {
        id: Id::new(now),
        net,
        email: Email::clone(&ticket.email),
        lang: ticket.lang.clone(),
        ticket_id: ticket.id,
        created_at: now,
        begun_at: None,
        ended_at: None,
        told_at: None,
        pause: 0,
    }
}

/// What an event of a watch is about.
fn about(watch: &Watch) -> About {
    About { ticket: Some(watch.ticket_id), block: None, net: Some(watch.net) }
}

/// All watches by what they watch, and what was found for them.
struct Found {
    /// Watches by the first address of what they watch. Networks overlap only when one covers the other.
    by_net: BTreeMap<u128, Vec<Watch>>,
    /// How much was found for each.
    counts: HashMap<Id, usize>,
    /// What was found.
    news: Vec<Fresh>,
}

impl Found {
    /// Nothing found yet.
    fn new(all: Vec<Watch>) -> Self {
        let mut by_net: BTreeMap<u128, Vec<Watch>> = BTreeMap::new();
        for watch in all {
            by_net.entry(number(watch.net.first())).or_default().push(watch);
        }
        Self { by_net, counts: HashMap::new(), news: Vec::new() }
    }

    /// Tells all whose network overlaps.
    fn add(&mut self, block: &Block, net: Net, what: What, at: Time) {
        let inside = self.by_net.range(number(net.first())..=number(net.last())).flat_map(|(_, all)| all);
        let around = net.and_wider().filter(|wider| wider.first() != net.first());
        let around = around.filter_map(|wider| self.by_net.get(&number(wider.first()))).flatten();
        for watch in inside.chain(around) {
            let count = self.counts.entry(watch.id).or_default();
            if !(watch.net.covers(net) || net.covers(watch.net)) || *count >= EACH_MOST {
                continue;
            }
            *count += 1;
            let stood = watch.begun_at.is_some_and(|begun| block.since < begun) || net != block.net;
            let known = stood.then_some(What::Blocked);
            self.news.push(Fresh { watch: watch.id, block: block.id, net, what, known, at });
        }
    }
}

/// Finds what one change tells: its subject as it stands now.
async fn find_news(tx: &mut Tx, change: Change, found: &mut Found) -> Done<()> {
    match change.subject {
        Subject::Block => {
            if let Some(block) = blocks::find(&mut **tx, change.subject_id).await?
                && let Some(what) = What::of(block.state)
            {
                found.add(&block, block.net, what, change.at);
            }
        }
        Subject::Exemption => {
            let Some(exemption) = exemptions::find(&mut **tx, change.subject_id).await? else { return Ok(()) };
            let Some(id) = exemption.block_id else { return Ok(()) };
            if let Some(block) = blocks::find(&mut **tx, id).await? {
                let is_live = What::of(block.state) == Some(What::Blocked);
                match exemption.ended_at {
                    None => found.add(&block, exemption.net, What::Lifted, change.at),
                    Some(_) if is_live => found.add(&block, exemption.net, What::Blocked, change.at),
                    Some(_) => {}
                }
            }
        }
        Subject::Import => {
            let mut after = Id(0);
            loop {
                let rows = blocks::import_page(tx, change.subject_id, after, ROWS).await?;
                let Some(last) = rows.last() else { break };
                after = last.block.id;
                for row in &rows {
                    let what = if row.in_force() { Some(What::Blocked) } else { ended(&row.block) };
                    if let Some(what) = what {
                        found.add(&row.block, row.block.net, what, change.at);
                    }
                }
            }
        }
        Subject::Probation | Subject::Token => {}
    }
    Ok(())
}

/// What a block tells that an import no longer names.
fn ended(block: &Block) -> Option<What> {
    What::of(block.state).map(|what| if what == What::Blocked { What::Ended } else { what })
}
