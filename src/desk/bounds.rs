//! Limits: so much of something in a time. What this process knows of the counts is asked first, and the database counts
//! only what is accepted: a flood is turned away from memory, and the limits still hold over several machines.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Desk, Done};
use crate::domain::email::Email;
use crate::domain::id::hash;
use crate::domain::net::{Net, fold, visitor};
use crate::domain::time::{HOUR, MINUTE, Time};
use crate::store::{Tx, limits};

/// How many counts are known at once.
const KNOWN_MOST: usize = 50_000;

/// So much in a bucket in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What is counted, and whose.
    bucket: String,
    /// How long a slot is, in milliseconds.
    slot: i64,
    /// How much one slot takes.
    most: i64,
}

impl Bound {
    /// So much in a bucket in each slot of so many milliseconds.
    #[must_use]
    pub fn new(bucket: String, slot: i64, most: i64) -> Self {
        Self { bucket, slot: slot.max(1), most }
    }

    /// The slot of a moment.
    fn slot_of(&self, now: Time) -> i64 {
        now.0.div_euclid(self.slot)
    }
}

/// What a process knows of the counts: never more than the database counts, but for what is counted here alone.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<String, (i64, i64)>>);

impl Known {
    /// Whether a bound takes one more, as far as is known.
    #[must_use]
    pub fn has_room(&self, bound: &Bound, now: Time) -> bool {
        self.lock().get(&bound.bucket).is_none_or(|(slot, count)| *slot != bound.slot_of(now) || *count < bound.most)
    }

    /// Learns how much was counted; a smaller count of the same time comes late and says nothing.
    pub fn learn(&self, bound: &Bound, count: i64, now: Time) {
        self.change(bound, now, |known| known.max(count));
    }

    /// Forgets what is known of buckets whose counts were taken back.
    pub fn forget(&self, buckets: &[&str]) {
        let mut known = self.lock();
        for bucket in buckets {
            known.remove(*bucket);
        }
    }

    /// Counts one more here alone; says whether that was still within the bound.
    pub fn count(&self, bound: &Bound, now: Time) -> bool {
        self.change(bound, now, |known| known.saturating_add(1)) <= bound.most
    }

    /// Changes a count; gives the new one. When too much is known, all is forgotten: the database still knows.
    fn change(&self, bound: &Bound, now: Time, to: impl Fn(i64) -> i64) -> i64 {
        let (mut known, slot) = (self.lock(), bound.slot_of(now));
        if known.len() >= KNOWN_MOST && !known.contains_key(&bound.bucket) {
            known.clear();
        }
        let entry = known.entry(bound.bucket.clone()).or_insert((slot, 0));
        let before = if entry.0 == slot { entry.1 } else { 0 };
        *entry = (slot, to(before));
        entry.1
    }

    /// The counts. They are whole between any two statements, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (i64, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network around a visitor that is counted as one neighbourhood: an IPv4 /24, an IPv6 /48.
fn neighbourhood(client: IpAddr) -> Net {
    let addr = fold(client);
    Net::around(addr, if addr.is_ipv4() { 24 } else { 48 })
}

impl Desk {
    /// What bounds the requests of a visitor: its own, those of its neighbourhood, those of all.
    pub(super) fn bounds_of(&self, what: &str, client: IpAddr) -> [Bound; 3] {
        let limits = &self.config.limits;
        [
            Bound::new(format!("{what}:{}", visitor(client)), HOUR, limits.requests_per_hour),
            Bound::new(format!("{what}-near:{}", neighbourhood(client)), HOUR, limits.requests_per_hour_network),
            Bound::new(format!("{what}-all"), MINUTE, limits.requests_per_minute),
        ]
    }

    /// What bounds the requests with one mail address.
    pub(super) fn bound_of_mail(&self, what: &str, email: &Email) -> Bound {
        let bucket = format!("{what}-mail:{}", hash(email.folded().as_bytes()));
        Bound::new(bucket, HOUR, self.config.limits.requests_per_hour_mail)
    }

    /// Whether all bounds take one more, as far as this process knows.
    pub(super) fn has_room(&self, bounds: &[Bound]) -> bool {
        bounds.iter().all(|bound| self.knows_room(bound))
    }

    /// Counts one more in each; gives the counts, or `None` when one was full. Then the transaction has to be dropped.
    pub(super) async fn count_in(&self, tx: &mut Tx, bounds: &[Bound]) -> sqlx::Result<Option<Vec<i64>>> {
        let now = self.now();
        let mut counts = Vec::with_capacity(bounds.len());
        for bound in bounds {
            let count = limits::count(&mut **tx, &bound.bucket, bound.slot, now).await?;
            if count > bound.most {
                self.known.learn(bound, bound.most, now);
                return Ok(None);
            }
            counts.push(count);
        }
        Ok(Some(counts))
    }

    /// Learns what a transaction has counted, once it stands.
    pub(super) fn learn(&self, bounds: &[Bound], counts: &[i64]) {
        for (bound, count) in bounds.iter().zip(counts) {
            self.known.learn(bound, *count, self.now());
        }
    }

    /// Whether a bound takes one more, as far as this process knows.
    #[must_use]
    pub fn knows_room(&self, bound: &Bound) -> bool {
        self.known.has_room(bound, self.now())
    }

    /// Counts one more; says whether that was within the bound. What is known to be full is not counted any more.
    pub async fn count(&self, bound: &Bound) -> Done<bool> {
        let now = self.now();
        if !self.known.has_room(bound, now) {
            return Ok(false);
        }
        let count = limits::count(self.db.pool(), &bound.bucket, bound.slot, now).await?;
        self.known.learn(bound, count, now);
        Ok(count <= bound.most)
    }

    /// Counts one more in this process alone; says whether that was within the bound.
    #[must_use]
    pub fn count_here(&self, bound: &Bound) -> bool {
        self.known.count(bound, self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_holds_for_its_slot() {
        let (known, bound) = (Known::default(), Bound::new("a".to_owned(), MINUTE, 2));
        assert!(known.has_room(&bound, Time(0)));
        known.learn(&bound, 2, Time(0));
        assert!(!known.has_room(&bound, Time(MINUTE - 1)));
        assert!(known.has_room(&bound, Time(MINUTE)));
        known.learn(&bound, 1, Time(1));
        assert!(!known.has_room(&bound, Time(2)), "a count that comes late says nothing");
        let tries: Vec<bool> = (0..3).map(|_| known.count(&bound, Time(MINUTE))).collect();
        assert_eq!(tries, [true, true, false]);
        known.forget(&["a"]);
        assert!(known.has_room(&bound, Time(MINUTE)), "what was taken back makes room");
    }

    #[test]
    fn what_is_known_stays_small() {
        let known = Known::default();
        for n in 0..KNOWN_MOST + 10 {
            known.learn(&Bound::new(n.to_string(), MINUTE, 1), 1, Time(0));
        }
        assert!(known.lock().len() <= KNOWN_MOST);
    }

    #[test]
    fn neighbours_are_counted_together() {
        let near = |addr: &str| neighbourhood(addr.parse().unwrap()).to_string();
        assert_eq!(near("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(near("::ffff:203.0.113.7"), "203.0.113.0/24");
        assert_eq!(near("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
