//! What listeners refused, counted in memory until a job writes it down: an answer never waits for the database.
//!
//! Counts are bounded: when more blocks are hit between two flushes than are kept apart, the rest goes uncounted and the
//! log says so.

use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::domain::id::Id;
use crate::domain::time::Time;

/// How many blocks are counted apart between two flushes.
const BLOCKS_MOST: usize = 100_000;

/// How many mails are remembered as counted; one that comes back after that counts again.
const MAILS: usize = 8_192;

/// What one block refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub hits: i64,
    /// When first.
    pub first: Time,
    /// When last.
    pub last: Time,
}

impl Count {
    /// Both together.
    fn and(self, other: Self) -> Self {
        Self {
            hits: self.hits.saturating_add(other.hits),
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Counts that wait to be written down.
#[derive(Debug)]
pub struct Hits {
    /// What each block refused since the last flush.
    waiting: Mutex<FxHashMap<Id, Count>>,
    /// Refusals that went uncounted.
    lost: AtomicU64,
    /// All refusals since the process began.
    total: AtomicU64,
    /// Prints of the mails that were counted last.
    mails: Box<[AtomicU64]>,
    /// Makes the prints; random, so that nobody can aim at that of another.
    hasher: RandomState,
}

impl Default for Hits {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            lost: AtomicU64::new(0),
            total: AtomicU64::new(0),
            mails: (0..MAILS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Hits {
    /// Counts a refusal by this block.
    pub fn count(&self, block: Id, now: Time) {
        self.total.fetch_add(1, Ordering::Relaxed);
        self.keep(block, Count { hits: 1, first: now, last: now });
    }

    /// Counts a refusal of one mail: a mail server asks about each of its recipients. `mail` is what the server calls it;
    /// without a name each question counts.
    pub fn count_once(&self, block: Id, mail: &str, now: Time) {
        if mail.is_empty() || self.is_new(block, mail) {
            self.count(block, now);
        }
    }

    /// Whether this mail was not counted for this block lately.
    fn is_new(&self, block: Id, mail: &str) -> bool {
        let print = self.hasher.hash_one((block, mail));
        let place = usize::try_from(print % MAILS as u64).unwrap_or_default();
        self.mails.get(place).is_none_or(|slot| slot.swap(print, Ordering::Relaxed) != print)
    }

    /// Adds to what waits; what could not be written down comes back this way too.
    pub fn keep(&self, block: Id, count: Count) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = waiting.len() >= BLOCKS_MOST;
        match waiting.entry(block) {
            Entry::Occupied(mut there) => {
                let sum = there.get().and(count);
                there.insert(sum);
            }
            Entry::Vacant(_) if full => {
                self.lost.fetch_add(count.hits.unsigned_abs(), Ordering::Relaxed);
            }
            Entry::Vacant(place) => {
                place.insert(count);
            }
        }
    }

    /// Takes all that waits, in the order of the blocks.
    #[must_use]
    pub fn drain(&self) -> Vec<(Id, Count)> {
        let taken = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let mut counts: Vec<(Id, Count)> = taken.into_iter().collect();
        counts.sort_unstable_by_key(|(block, _)| *block);
        counts
    }

    /// How many refusals there were since the process began.
    #[must_use]
    pub fn total(&self) -> i64 {
        i64::try_from(self.total.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    /// How many refusals went uncounted since this was asked last.
    #[must_use]
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_add_up_until_they_are_taken() {
        let hits = Hits::default();
        for at in [30, 10, 20] {
            hits.count(Id(1), Time(at));
        }
        hits.count(Id(0), Time(5));
        let want = [
            (Id(0), Count { hits: 1, first: Time(5), last: Time(5) }),
            (Id(1), Count { hits: 3, first: Time(10), last: Time(30) }),
        ];
        assert_eq!(hits.drain(), want);
        assert!(hits.drain().is_empty());
    }

    #[test]
    fn a_mail_to_many_counts_once() {
        let hits = Hits::default();
        for _ in 0..5 {
            hits.count_once(Id(1), "1a2b.65f0c0de.7a7a.0", Time(1));
        }
        hits.count_once(Id(1), "another", Time(1));
        hits.count_once(Id(2), "1a2b.65f0c0de.7a7a.0", Time(1));
        hits.count_once(Id(2), "", Time(1));
        hits.count_once(Id(2), "", Time(1));
        assert_eq!(hits.drain().iter().map(|(id, count)| (id.0, count.hits)).collect::<Vec<_>>(), [(1, 2), (2, 3)]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let hits = Hits::default();
        for block in 0..=i64::try_from(BLOCKS_MOST).unwrap() {
            hits.count(Id(block), Time(1));
        }
        hits.count(Id(0), Time(2));
        assert_eq!((hits.take_lost(), hits.take_lost()), (1, 0));
        let counts = hits.drain();
        assert_eq!((counts.len(), counts[0].1.hits), (BLOCKS_MOST, 2));
    }
}
