//! Things by network, found by an address that they cover: one hash map for each prefix length in use, asked longest first.
//!
//! Each map is cut into shards, so that a reader that wants all of it takes a small piece at a time and holds the lock of
//! the list for no longer than that.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::domain::id::Id;
use crate::domain::net::{Net, from_number, number};

/// How many shards the map of one prefix length has.
const SHARDS: usize = 512;

/// Something that is kept by network.
pub(super) trait Kept: Copy {
    /// Its key: there is one of each.
    fn id(&self) -> Id;
}

/// The map of some networks of one prefix length; the key is the first address.
type Shard<T> = FxHashMap<u128, Vec<T>>;

/// All networks of one prefix length.
#[derive(Debug)]
struct Level<T> {
    /// Their shards; none while there is nothing.
    shards: Vec<Shard<T>>,
    /// How many things they hold.
    count: usize,
}

/// Things by network.
#[derive(Debug)]
pub(super) struct ByNet<T> {
    /// One level for each prefix length of IPv4 mapped into IPv6 (96 to 128) and of IPv6 (0 to 128).
    levels: Vec<Level<T>>,
    /// The lengths in use, longest first.
    lengths: Vec<u8>,
}

/// How far somebody has come who reads all.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The prefix length that is read.
    len: u8,
    /// Its next shard.
    shard: usize,
    /// Whether all is read.
    done: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { len: 128, shard: 0, done: false }
    }
}

impl Place {
    /// Goes to the end; says whether it was not there before.
    pub(super) fn take_all(&mut self) -> bool {
        !std::mem::replace(&mut self.done, true)
    }

    /// The place behind the shards of this length.
    fn next_length(self) -> Self {
        match self.len.checked_sub(1) {
            Some(len) => Self { len, shard: 0, done: false },
            None => Self { done: true, ..self },
        }
    }
}

impl<T> Default for ByNet<T> {
    fn default() -> Self {
        Self { levels: (0..=128).map(|_| Level { shards: Vec::new(), count: 0 }).collect(), lengths: Vec::new() }
    }
}

/// The prefix length of a network in the one number space of both families.
pub(super) fn length(net: Net) -> u8 {
    if net.is_v4() { net.prefix_len() + 96 } else { net.prefix_len() }
}

/// The network that has this first address and length in the one number space.
fn net_of(first: u128, len: u8) -> Net {
    let addr = from_number(first);
    Net::around(addr, if addr.is_ipv4() { len.saturating_sub(96) } else { len })
}

/// The first address of the network of `len` bits around `addr`.
fn first_of(addr: u128, len: u8) -> u128 {
    match len {
        0 => 0,
        len => addr & (u128::MAX << (128 - u32::from(len.min(128)))),
    }
}

/// The shard of a key: its bits are mixed, because networks end in many zeros.
#[expect(clippy::cast_possible_truncation, reason = "both halves are wanted, and nine bits fit everywhere")]
fn shard_of(key: u128) -> usize {
    let mixed = ((key >> 64) as u64 ^ key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 55) as usize % SHARDS
}

impl<T: Kept> ByNet<T> {
    /// Adds `value`, in place of the one of the same key, which it gives back.
    pub(super) fn put(&mut self, net: Net, value: T) -> Option<T> {
        let old = self.remove(net, value.id());
        let (len, key) = (length(net), number(net.first()));
        if let Err(place) = self.lengths.binary_search_by(|l| len.cmp(l)) {
            self.lengths.insert(place, len);
        }
        if let Some(level) = self.levels.get_mut(usize::from(len)) {
            if level.shards.is_empty() {
                level.shards.resize_with(SHARDS, Shard::default);
            }
            if let Some(shard) = level.shards.get_mut(shard_of(key)) {
                // Most networks have one thing; a list that grows by itself would begin with room for four.
                shard.entry(key).or_insert_with(|| Vec::with_capacity(1)).push(value);
                level.count += 1;
            }
        }
        old
    }

    /// Removes the one of this key and gives it back.
    pub(super) fn remove(&mut self, net: Net, id: Id) -> Option<T> {
        let (len, key) = (length(net), number(net.first()));
        let level = self.levels.get_mut(usize::from(len))?;
        let shard = level.shards.get_mut(shard_of(key))?;
        let values = shard.get_mut(&key)?;
        let old = values.swap_remove(values.iter().position(|value| value.id() == id)?);
        if values.is_empty() {
            shard.remove(&key);
        }
        level.count -= 1;
        if level.count == 0 {
            level.shards = Vec::new();
            self.lengths.retain(|l| *l != len);
        }
        Some(old)
    }

    /// All whose network covers `addr`, longest prefix first, each with that length.
    /// An IPv4 client is no IPv6 client: `::/0` does not cover its mapped form.
    pub(super) fn covering(&self, addr: IpAddr) -> impl Iterator<Item = (u8, &T)> {
        let key = number(addr);
        let widest = if addr.is_ipv4() { 96 } else { 0 };
        self.lengths.iter().take_while(move |len| **len >= widest).flat_map(move |len| {
            let first = first_of(key, *len);
            let shards = self.levels.get(usize::from(*len)).map(|level| &level.shards);
            let found = shards.and_then(|s| s.get(shard_of(first))).and_then(|shard| shard.get(&first));
            found.into_iter().flatten().map(move |value| (*len, value))
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.levels.iter().map(|level| level.count).sum()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (Net, &T)> {
        let levels = self.levels.iter().zip(0_u8..);
        levels.flat_map(|(level, len)| level.shards.iter().flat_map(move |shard| nets_of(shard, len)))
    }

    /// The next ones behind `place`, longest prefix first: whole shards until there are `most`; none at the end.
    pub(super) fn page(&self, place: &mut Place, most: usize) -> Vec<(Net, T)> {
        let mut found = Vec::new();
        while !place.done && found.len() < most {
            let shards = self.levels.get(usize::from(place.len)).map_or(&[][..], |level| &level.shards);
            match shards.get(place.shard) {
                Some(shard) => {
                    found.extend(nets_of(shard, place.len).map(|(net, value)| (net, *value)));
                    place.shard += 1;
                }
                None => *place = place.next_length(),
            }
        }
        found
    }
}

/// What a shard of this prefix length holds.
fn nets_of<T>(shard: &Shard<T>, len: u8) -> impl Iterator<Item = (Net, &T)> {
    shard.iter().flat_map(move |(key, values)| values.iter().map(move |value| (net_of(*key, len), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Kept for i64 {
        fn id(&self) -> Id {
            Id(*self)
        }
    }

    #[test]
    fn pages_hold_each_thing_once_and_the_longest_prefix_first() {
        let mut nets = ByNet::default();
        let texts =
            ["0.0.0.0/0", "203.0.113.0/24", "203.0.113.7", "::/0", "2001:db8::/64", "2001:db8::1", "::ffff:0:0/95"];
        for (text, id) in texts.iter().filter_map(|text| Net::parse(text).ok()).zip(1..) {
            nets.put(text, id);
            nets.put(text, id + 100);
        }
        let (mut place, mut read) = (Place::default(), Vec::new());
        loop {
            let page = nets.page(&mut place, 1);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        let lengths: Vec<u8> = read.iter().map(|(net, _)| length(*net)).collect();
        assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
        let mut all: Vec<(Net, i64)> = nets.all().map(|(net, id)| (net, *id)).collect();
        assert_eq!((all.len(), nets.count()), (12, 12));
        read.sort_unstable();
        all.sort_unstable();
        assert_eq!(read, all);
    }

    #[test]
    fn an_empty_length_is_given_back() {
        let mut nets = ByNet::default();
        let net = Net::parse("203.0.113.7").unwrap();
        assert_eq!((nets.put(net, 1), nets.put(net, 1), nets.remove(net, Id(2))), (None, Some(1), None));
        assert_eq!((nets.remove(net, Id(1)), nets.count(), nets.lengths.len()), (Some(1), 0, 0));
        assert!(nets.page(&mut Place::default(), 10).is_empty());
    }
}
