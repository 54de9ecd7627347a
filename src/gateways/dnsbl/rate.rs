//! How many answers one network gets in a second: whoever forges the address of a victim cannot flood it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::net::Net;

/// How many counters there are; networks that share one by chance share its bound.
const SLOTS: usize = 16_384;

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// An answer.
    Answer,
    /// An empty answer that sends it to TCP, where addresses cannot be forged.
    Truncated,
    /// Nothing.
    Silence,
}

/// Counters of answers.
#[derive(Debug)]
pub(super) struct Rate {
    /// In each the second in its upper half and the count in its lower.
    slots: Box<[AtomicU64]>,
    /// Which counter is whose; random, so that nobody can aim at that of another.
    hasher: RandomState,
}

impl Rate {
    /// Counters that stand at nothing.
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// Counts a question of this client in this second; beyond `most` every other one is silence.
    pub(super) fn take(&self, client: IpAddr, second: u32, most: u32) -> Grant {
        let net = Net::around(client, if client.is_ipv4() { 24 } else { 56 });
        let place = usize::try_from(self.hasher.hash_one(net) % SLOTS as u64).unwrap_or_default();
        let Some(slot) = self.slots.get(place) else { return Grant::Silence };
        let now = u64::from(second) << 32;
        let counted = |old: u64| if old & !u64::from(u32::MAX) == now { old.saturating_add(1) } else { now | 1 };
        let old = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(counted(old))).unwrap_or_default();
        match counted(old) & u64::from(u32::MAX) {
            count if count <= u64::from(most) => Grant::Answer,
            count if count % 2 == 0 => Grant::Truncated,
            _ => Grant::Silence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_share_of_each_second() {
        let rate = Rate::new();
        let client = "203.0.113.7".parse().unwrap();
        let mut seen = Vec::new();
        for _ in 0..8 {
            seen.push(rate.take(client, 1, 4));
        }
        assert_eq!(seen[..4], [Grant::Answer; 4]);
        assert_eq!(seen[4..].iter().filter(|g| **g == Grant::Truncated).count(), 2);
        assert_eq!(rate.take("203.0.113.8".parse().unwrap(), 1, 8), Grant::Silence, "its neighbour shares");
        assert_eq!(rate.take(client, 2, 4), Grant::Answer, "the next second");
    }

    #[test]
    fn other_networks_are_not_touched() {
        let rate = Rate::new();
        for _ in 0..100 {
            rate.take("2001:db8::1".parse().unwrap(), 7, 1);
        }
        let answered = (0..200).filter(|n| rate.take(IpAddr::from([198, 51, *n, 1]), 7, 1) == Grant::Answer).count();
        assert!(answered > 190, "{answered}");
    }
}
