//! The block list in memory: one hash map for each prefix length in use, asked longest first.

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::block::{Action, Block, Exemption, Probation};
use crate::domain::id::Id;
use crate::domain::net::{Net, fold, number};
use crate::domain::time::Time;

/// What a gateway needs to know of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its key.
    pub block: Id,
    /// The network it blocks.
    pub net: Net,
    /// Code of its cause.
    pub cause: Arc<str>,
    /// What to do.
    pub action: Action,
    /// Code of its case link.
    pub case_code: String,
    /// When it ends by itself.
    pub until: Option<Time>,
}

/// One block, as small as it can be: there may be millions.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Its key.
    id: Id,
    /// Its end; the far future for none.
    until: Time,
    /// Its newest evidence.
    evidence_at: Time,
    /// Its case code, in ASCII.
    case_code: [u8; 8],
    /// Its cause, as a place in [`Index::causes`].
    cause: u16,
    /// What to do.
    action: Action,
}

/// The far future.
const NEVER: Time = Time(i64::MAX);

/// Things by network, found by an address that they cover.
#[derive(Debug)]
struct ByNet<T> {
    /// One map for each prefix length of IPv4 mapped into IPv6 (96 to 128) and of IPv6 (0 to 128); the key is the first address.
    maps: Vec<FxHashMap<u128, Vec<T>>>,
    /// The lengths in use, longest first.
    lengths: Vec<u8>,
}

impl<T> Default for ByNet<T> {
    fn default() -> Self {
        Self { maps: (0..=128).map(|_| FxHashMap::default()).collect(), lengths: Vec::new() }
    }
}

/// The prefix length of a network in the one number space of both families.
fn length(net: Net) -> u8 {
    if net.is_v4() { net.prefix_len() + 96 } else { net.prefix_len() }
}

/// The first address of the network of `len` bits around `addr`.
fn first_of(addr: u128, len: u8) -> u128 {
    match len {
        0 => 0,
        len => addr & (u128::MAX << (128 - u32::from(len.min(128)))),
    }
}

impl<T> ByNet<T> {
    /// Adds `value`, in place of those that `same` recognises.
    fn put(&mut self, net: Net, value: T, same: impl Fn(&T) -> bool) {
        let len = length(net);
        if let Err(place) = self.lengths.binary_search_by(|l| len.cmp(l)) {
            self.lengths.insert(place, len);
        }
        if let Some(map) = self.maps.get_mut(usize::from(len)) {
            let values = map.entry(number(net.first())).or_default();
            values.retain(|v| !same(v));
            values.push(value);
        }
    }

    /// Removes those that `same` recognises.
    fn remove(&mut self, net: Net, same: impl Fn(&T) -> bool) {
        let len = length(net);
        let Some(map) = self.maps.get_mut(usize::from(len)) else { return };
        let key = number(net.first());
        if let Some(values) = map.get_mut(&key) {
            values.retain(|v| !same(v));
            if values.is_empty() {
                map.remove(&key);
            }
        }
        if map.is_empty() {
            self.lengths.retain(|l| *l != len);
        }
    }

    /// All whose network covers `addr`, longest prefix first, each with that length.
    /// An IPv4 client is no IPv6 client: `::/0` does not cover its mapped form.
    fn covering(&self, addr: IpAddr) -> impl Iterator<Item = (u8, &T)> {
        let key = number(addr);
        let widest = if addr.is_ipv4() { 96 } else { 0 };
        self.lengths.iter().take_while(move |len| **len >= widest).flat_map(move |len| {
            let found = self.maps.get(usize::from(*len)).and_then(|map| map.get(&first_of(key, *len)));
            found.into_iter().flatten().map(move |value| (*len, value))
        })
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.maps.iter().flat_map(FxHashMap::values).map(Vec::len).sum()
    }
}

/// One exemption or carve-out.
#[derive(Debug, Clone, Copy)]
struct Exempt {
    /// Its key.
    id: Id,
    /// The one block it is carved out of.
    block: Option<Id>,
    /// Its end.
    until: Time,
}

/// One probation.
#[derive(Debug, Clone, Copy)]
struct Shield {
    /// Its key.
    id: Id,
    /// Blocks with evidence up to here are shielded from.
    since: Time,
    /// Its end.
    until: Time,
}

/// The whole list.
#[derive(Debug, Default)]
pub struct Index {
    /// Blocks.
    blocks: ByNet<Entry>,
    /// Exemptions and carve-outs.
    exemptions: ByNet<Exempt>,
    /// Probations.
    probations: ByNet<Shield>,
    /// The causes that blocks name, each once.
    causes: Vec<Arc<str>>,
    /// Live tokens of the portal's mail addresses, by hash, with their end and the only network they are for.
    tokens: FxHashMap<String, (Time, Option<Net>)>,
}

impl Index {
    /// The block that answers for `addr` at `now`: none when an exemption covers it; else the longest prefix that is
    /// neither ended, carved out nor shielded by a probation. Of several on one network a rejecting one answers.
    #[must_use]
    pub fn find(&self, addr: IpAddr, now: Time) -> Option<Hit> {
        let addr = fold(addr);
        let exempt: Vec<Option<Id>> =
            self.exemptions.covering(addr).filter(|(_, e)| now < e.until).map(|(_, e)| e.block).collect();
        if exempt.contains(&None) {
            return None;
        }
        let shielded = self.probations.covering(addr).filter(|(_, p)| now < p.until).map(|(_, p)| p.since).max();
        let answers = |entry: &Entry| {
            now < entry.until
                && !exempt.contains(&Some(entry.id))
                && shielded.is_none_or(|lifted| lifted < entry.evidence_at)
        };
        let mut live = self.blocks.covering(addr).filter(|(_, entry)| answers(entry));
        let (len, first) = live.next()?;
        let firmest = live
            .take_while(|(other, _)| *other == len)
            .map(|(_, entry)| entry)
            .find(|entry| first.action == Action::Defer && entry.action == Action::Reject)
            .unwrap_or(first);
        Some(self.hit(addr, len, firmest))
    }

    /// What a gateway needs to know of `entry`.
    fn hit(&self, addr: IpAddr, len: u8, entry: &Entry) -> Hit {
        let len = if addr.is_ipv4() { len.saturating_sub(96) } else { len };
        Hit {
            block: entry.id,
            net: Net::around(addr, len),
            cause: self.causes.get(usize::from(entry.cause)).cloned().unwrap_or_else(|| Arc::from("")),
            action: entry.action,
            case_code: String::from_utf8_lossy(&entry.case_code).trim_end().to_owned(),
            until: (entry.until != NEVER).then_some(entry.until),
        }
    }

    /// Takes a block as it stands: in when it is live, out when not.
    pub fn apply_block(&mut self, block: &Block, live: bool) {
        if !live {
            self.blocks.remove(block.net, |e| e.id == block.id);
            return;
        }
        let mut case_code = [b' '; 8];
        case_code.iter_mut().zip(block.case_code.bytes()).for_each(|(to, from)| *to = from);
        let entry = Entry {
            id: block.id,
            until: block.until.unwrap_or(NEVER),
            evidence_at: block.evidence_at,
            case_code,
            cause: self.cause(&block.cause),
            action: block.action,
        };
        self.blocks.put(block.net, entry, |e| e.id == block.id);
    }

    /// The place of a cause in [`Index::causes`].
    fn cause(&mut self, code: &str) -> u16 {
        let place = self.causes.iter().position(|c| &**c == code).unwrap_or_else(|| {
            self.causes.push(Arc::from(code));
            self.causes.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// Takes an exemption as it stands.
    pub fn apply_exemption(&mut self, exemption: &Exemption) {
        let same = |e: &Exempt| e.id == exemption.id;
        if exemption.ended_at.is_some() {
            self.exemptions.remove(exemption.net, same);
        } else {
            let until = exemption.until.unwrap_or(NEVER);
            self.exemptions.put(exemption.net, Exempt { id: exemption.id, block: exemption.block_id, until }, same);
        }
    }

    /// Takes a probation as it stands.
    pub fn apply_probation(&mut self, probation: &Probation) {
        let same = |p: &Shield| p.id == probation.id;
        if probation.ended_at.is_some() {
            self.probations.remove(probation.net, same);
        } else {
            let shield = Shield { id: probation.id, since: probation.since, until: probation.until };
            self.probations.put(probation.net, shield, same);
        }
    }

    /// Takes a token of a mail address.
    pub fn apply_token(&mut self, hash: String, expires_at: Time, net: Option<Net>) {
        self.tokens.insert(hash, (expires_at, net));
    }

    /// Whether mail to an address with the token of this hash is taken at `now`.
    #[must_use]
    pub fn token_lives(&self, hash: &str, now: Time) -> bool {
        self.tokens.get(hash).is_some_and(|(end, net)| now < *end && net.is_none())
    }

    /// Whether the token of this hash is of a proof that `client` may give at `now`.
    #[must_use]
    pub fn proof_lives(&self, hash: &str, client: IpAddr, now: Time) -> bool {
        let is_there = |net: &Option<Net>| net.is_some_and(|net| net.covers(Net::single(client)));
        self.tokens.get(hash).is_some_and(|(end, net)| now < *end && is_there(net))
    }

    /// Forgets tokens whose time is over.
    pub fn forget_tokens(&mut self, now: Time) {
        self.tokens.retain(|_, (end, _)| now < *end);
    }

    /// How many blocks it holds, ended ones included until they are told.
    #[must_use]
    pub fn count(&self) -> usize {
        self.blocks.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::block::BlockState;

    fn block(id: i64, net: &str, action: Action) -> Block {
        Block {
            id: Id(id),
            net: Net::parse(net).unwrap(),
            cause: format!("PB-{id}"),
            action,
            case_code: format!("CASE{id:04}"),
            source: "staff".into(),
            note: String::new(),
            evidence_at: Time(100),
            since: Time(100),
            until: Some(Time(1_000)),
            state: BlockState::Live,
            created_by: "ann".into(),
            lifted_at: None,
            lifted_by: None,
            lift_reason: None,
            hits: 0,
            first_hit_at: None,
            last_hit_at: None,
        }
    }

    fn exemption(id: i64, net: &str, of: Option<i64>) -> Exemption {
        Exemption {
            id: Id(id),
            net: Net::parse(net).unwrap(),
            block_id: of.map(Id),
            since: Time(0),
            until: None,
            note: String::new(),
            created_by: "ann".into(),
            ended_at: None,
        }
    }

    fn probation(id: i64, net: &str, since: i64) -> Probation {
        Probation {
            id: Id(id),
            net: Net::parse(net).unwrap(),
            cause: "PB-SPAM".into(),
            since: Time(since),
            until: Time(900),
            ticket_id: None,
            created_by: "ann".into(),
            ended_at: None,
            ended_why: None,
        }
    }

    fn ask(index: &Index, addr: &str, now: i64) -> Option<i64> {
        index.find(addr.parse().unwrap(), Time(now)).map(|hit| hit.block.0)
    }

    #[test]
    fn the_longest_prefix_answers_until_its_end() {
        let mut index = Index::default();
        index.apply_block(&block(1, "203.0.113.0/24", Action::Reject), true);
        index.apply_block(&Block { until: Some(Time(500)), ..block(2, "203.0.113.7", Action::Reject) }, true);
        assert_eq!(ask(&index, "203.0.113.7", 200), Some(2));
        assert_eq!(ask(&index, "::ffff:203.0.113.7", 200), Some(2));
        assert_eq!(ask(&index, "203.0.113.7", 500), Some(1));
        assert_eq!(ask(&index, "203.0.113.8", 1_000), None);
        assert_eq!(ask(&index, "203.0.114.1", 200), None);
        let hit = index.find("203.0.113.9".parse().unwrap(), Time(200)).unwrap();
        assert_eq!(
            (hit.net.to_string().as_str(), &*hit.cause, hit.case_code.as_str()),
            ("203.0.113.0/24", "PB-1", "CASE0001")
        );
        index.apply_block(&block(1, "203.0.113.0/24", Action::Reject), false);
        assert_eq!(ask(&index, "203.0.113.8", 200), None);
        assert_eq!(index.count(), 1);
    }

    #[test]
    fn ipv6_and_ipv4_do_not_meet() {
        let mut index = Index::default();
        index.apply_block(&block(1, "::/0", Action::Reject), true);
        index.apply_block(&block(2, "2001:db8::/64", Action::Reject), true);
        assert_eq!(ask(&index, "2001:db8::1", 200), Some(2));
        assert_eq!(ask(&index, "2001:db9::1", 200), Some(1));
        // ::/0 holds the mapped addresses as numbers, but an IPv4 client is no IPv6 client.
        assert_eq!(ask(&index, "203.0.113.7", 200), None);
    }

    #[test]
    fn an_exemption_wins_and_a_carve_out_counts_for_its_block_only() {
        let mut index = Index::default();
        index.apply_block(&block(1, "203.0.113.0/24", Action::Reject), true);
        index.apply_exemption(&exemption(9, "203.0.113.7", Some(1)));
        assert_eq!(ask(&index, "203.0.113.7", 200), None);
        index.apply_block(&block(2, "203.0.113.7", Action::Reject), true);
        assert_eq!(ask(&index, "203.0.113.7", 200), Some(2));
        index.apply_exemption(&exemption(10, "203.0.0.0/16", None));
        assert_eq!(ask(&index, "203.0.113.7", 200), None);
        index.apply_exemption(&Exemption { ended_at: Some(Time(150)), ..exemption(10, "203.0.0.0/16", None) });
        assert_eq!(ask(&index, "203.0.113.7", 200), Some(2));
    }

    #[test]
    fn a_probation_shields_from_older_evidence_only() {
        let mut index = Index::default();
        index.apply_block(&block(1, "203.0.113.0/24", Action::Reject), true);
        index.apply_probation(&probation(5, "203.0.113.7", 150));
        assert_eq!(ask(&index, "203.0.113.7", 200), None);
        assert_eq!(ask(&index, "203.0.113.8", 200), Some(1));
        assert_eq!(ask(&index, "203.0.113.7", 950), Some(1));
        index.apply_block(&Block { evidence_at: Time(180), ..block(2, "203.0.113.7", Action::Reject) }, true);
        assert_eq!(ask(&index, "203.0.113.7", 200), Some(2));
    }

    #[test]
    fn of_two_on_one_network_the_rejecting_one_answers() {
        let mut index = Index::default();
        index.apply_block(&block(1, "203.0.113.7", Action::Defer), true);
        index.apply_block(&block(2, "203.0.113.7", Action::Reject), true);
        assert_eq!(ask(&index, "203.0.113.7", 200), Some(2));
    }

    #[test]
    fn tokens_live_until_their_end() {
        let mut index = Index::default();
        index.apply_token("abc".into(), Time(300), None);
        index.apply_token("proof".into(), Time(300), Some(Net::parse("203.0.113.7").unwrap()));
        let (own, other) = ("203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap());
        assert!(index.proof_lives("proof", own, Time(299)) && !index.proof_lives("proof", own, Time(300)));
        assert!(!index.proof_lives("proof", other, Time(1)) && !index.proof_lives("abc", own, Time(1)));
        assert!(!index.token_lives("proof", Time(1)));
        assert!(index.token_lives("abc", Time(299)) && !index.token_lives("abc", Time(300)));
        index.forget_tokens(Time(300));
        assert!(!index.token_lives("abc", Time(1)));
    }
}
