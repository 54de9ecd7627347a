//! What gateways prove of themselves: an edge by its report, the reader of a feed by fetching it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::{Desk, Done};
use crate::blocklist::hits::Count;
use crate::blocklist::item::{Report, Setup};
use crate::domain::id::Id;
use crate::domain::ticket::storable_line;
use crate::store::api_tokens::ApiToken;
use crate::store::changes::Position;
use crate::store::gateways::{self, Edge, Fetch};

/// How many blocks one report of an edge may tell the refusals of.
const REPORTED_MOST: usize = 1_000;

/// How many refusals one block may have in one report.
const HITS_MOST: i64 = 1_000_000_000;

/// How many mails to proofs one report may tell of.
const SIGHTINGS_MOST: usize = 100;

/// How many fetches wait at most to be noted; what comes beyond that is not noted.
const WAITING_MOST: usize = 10_000;

/// Fetches that wait to be noted: the latest of each reader.
#[derive(Debug, Default)]
pub struct Fetches(Mutex<HashMap<(Id, String, String), Fetch>>);

impl Fetches {
    /// Keeps one until it is noted.
    fn keep(&self, fetch: Fetch) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (fetch.token_id, fetch.feed.clone(), fetch.client.clone());
        if waiting.len() < WAITING_MOST || waiting.contains_key(&key) {
            waiting.insert(key, fetch);
        }
    }

    /// Takes all that wait.
    fn drain(&self) -> Vec<Fetch> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}

/// Somebody who fetches.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Its token.
    pub token: ApiToken,
    /// From where.
    pub client: IpAddr,
    /// What it calls itself.
    pub agent: String,
}

impl Desk {
    /// Keeps in mind that somebody has the list at this position; a job notes it. Never waits.
    pub fn fetched(&self, fetcher: &Fetcher, feed: &str, position: &Position) {
        self.fetches.keep(Fetch {
            token_id: fetcher.token.id,
            token: fetcher.token.name.clone(),
            feed: feed.to_owned(),
            client: fetcher.client.to_string(),
            agent: storable_line(&fetcher.agent, 100),
            epoch: position.epoch.clone(),
            number: position.n,
            at: self.now(),
        });
    }

    /// Notes the fetches that were kept in mind; gives how many.
    pub async fn note_fetches(&self) -> Done<usize> {
        let waiting = self.fetches.drain();
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        for fetch in &waiting {
            gateways::note_fetch(&mut *tx, fetch).await?;
        }
        tx.commit().await?;
        Ok(waiting.len())
    }

    /// Notes what an edge says of itself.
    pub async fn reported(&self, fetcher: &Fetcher, report: &Report) -> Done<()> {
        let name = storable_line(&report.name, 80);
        let now = self.now();
        let edge = Edge {
            token_id: fetcher.token.id,
            name: if name.is_empty() { fetcher.token.name.clone() } else { name },
            version: storable_line(&report.version, 40),
            epoch: storable_line(&report.epoch, 80),
            number: report.number,
            digest: storable_line(&report.digest, 80),
            blocks: report.blocks,
            clock_behind: report.clock_behind,
            address: fetcher.client.to_string(),
            first_seen_at: now,
            seen_at: now,
        };
        gateways::note_edge(self.db.pool(), &edge).await?;
        for one in report.hits.iter().take(REPORTED_MOST).filter(|one| one.hits > 0) {
            let (last, first) = (one.last.min(now), one.first.min(now));
            self.blocklist.hits.keep(one.block, Count { hits: one.hits.min(HITS_MOST), first, last });
        }
        for sighting in report.sightings.iter().take(SIGHTINGS_MOST) {
            self.prove_by_mail(sighting).await?;
        }
        Ok(())
    }

    /// What an edge has to know to answer just like this portal.
    #[must_use]
    pub fn edge_setup(&self) -> Setup {
        Setup {
            public_url: self.config.http.public_url.clone(),
            mail_from: self.config.mail.from.to_string(),
            open_recipients: self.config.gateways.open_recipients.clone(),
            causes: self.content.causes.iter().cloned().collect(),
        }
    }
}
