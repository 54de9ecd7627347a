//! The block list in memory: which block answers for an address, and the list piece by piece for those who read it all.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::by_net::{ByNet, Kept, Place, length};
use super::item::Item;
use crate::domain::block::{Action, Block, Exemption, Probation};
use crate::domain::id::Id;
use crate::domain::net::{Net, fold, number};
use crate::domain::time::{SECOND, Time};

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

impl Kept for Entry {
    fn id(&self) -> Id {
        self.id
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

impl Kept for Exempt {
    fn id(&self) -> Id {
        self.id
    }
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

impl Kept for Shield {
    fn id(&self) -> Id {
        self.id
    }
}

/// A kind of things of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Exemptions and carve-outs.
    Exemptions,
    /// Probations.
    Probations,
    /// Live tokens of mail addresses, all at once.
    Tokens,
    /// Blocks, longest prefix first.
    Blocks,
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
    /// The prints of all blocks, summed up.
    digest: u64,
    /// How many things end in which second: what changes the list without a change.
    ends: BTreeMap<i64, u32>,
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

    /// Takes a thing as it stands: in when it is part of the list, out when not.
    pub fn take(&mut self, item: &Item, live: bool) {
        match item {
            Item::Block { id, net, cause, action, case, evidence_at, until } => {
                let mut case_code = [b' '; 8];
                case_code.iter_mut().zip(case.bytes()).for_each(|(to, from)| *to = from);
                let entry = Entry {
                    id: *id,
                    until: until.unwrap_or(NEVER),
                    evidence_at: *evidence_at,
                    case_code,
                    cause: self.cause(cause),
                    action: *action,
                };
                self.take_block(*net, entry, live);
            }
            Item::Exemption { id, net, block, until } => {
                let new = Exempt { id: *id, block: *block, until: until.unwrap_or(NEVER) };
                let old = if live { self.exemptions.put(*net, new) } else { self.exemptions.remove(*net, *id) };
                self.note_ends(old.map(|e| e.until), live.then_some(new.until));
            }
            Item::Probation { id, net, since, until } => {
                let new = Shield { id: *id, since: *since, until: *until };
                let old = if live { self.probations.put(*net, new) } else { self.probations.remove(*net, *id) };
                self.note_ends(old.map(|p| p.until), live.then_some(new.until));
            }
            Item::Token { hash, until, net } => self.apply_token(hash.clone(), *until, *net),
            Item::Import { .. } => {}
        }
    }

    /// Takes a block and keeps the digest.
    fn take_block(&mut self, net: Net, new: Entry, live: bool) {
        let old = if live { self.blocks.put(net, new) } else { self.blocks.remove(net, new.id) };
        let print = |entry: &Entry| self.print(net, entry);
        let gone = old.as_ref().map_or(0, print);
        let come = if live { print(&new) } else { 0 };
        self.digest = self.digest.wrapping_sub(gone).wrapping_add(come);
        self.note_ends(old.map(|e| e.until), live.then_some(new.until));
    }

    /// Counts the second in which something ends, instead of that of what it replaces.
    fn note_ends(&mut self, old: Option<Time>, new: Option<Time>) {
        if let Some(end) = old.filter(|end| *end != NEVER).map(second_of) {
            match self.ends.get_mut(&end) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.ends.remove(&end)),
            }
        }
        if let Some(end) = new.filter(|end| *end != NEVER).map(second_of) {
            *self.ends.entry(end).or_default() += 1;
        }
    }

    /// The last second up to `now` in which something ended; 0 for none. With the number of the last change it names one
    /// state of the list.
    #[must_use]
    pub fn last_end(&self, now: Time) -> i64 {
        self.ends.range(..=now.0.div_euclid(SECOND)).next_back().map_or(0, |(second, _)| *second)
    }

    /// The digest of all blocks, and of the exemptions and probations that have not ended at `at`: two processes that have
    /// reached the same change have the same.
    #[must_use]
    pub fn digest(&self, at: Time) -> u64 {
        let exemptions = self.exemptions.all().filter(|(_, e)| at < e.until).map(|(net, e)| {
            mixed(&[e.id.0.cast_unsigned(), e.block.map_or(0, |b| b.0.cast_unsigned()), e.until.0.cast_unsigned()], net)
        });
        let probations = self.probations.all().filter(|(_, p)| at < p.until).map(|(net, p)| {
            mixed(&[p.id.0.cast_unsigned(), p.since.0.cast_unsigned(), p.until.0.cast_unsigned()], net)
        });
        exemptions.chain(probations).fold(self.digest, u64::wrapping_add)
    }

    /// The print of one block.
    fn print(&self, net: Net, entry: &Entry) -> u64 {
        let cause = self.causes.get(usize::from(entry.cause)).map_or(0, |cause| text_print(cause));
        let action = u64::from(entry.action == Action::Defer);
        let times = [entry.until, entry.evidence_at].map(|t| t.0.cast_unsigned());
        mixed(
            &[entry.id.0.cast_unsigned(), times[0], times[1], u64::from_le_bytes(entry.case_code), cause, action],
            net,
        )
    }

    /// The next things of one kind behind `place`; none at the end.
    #[must_use]
    pub fn page(&self, part: Part, place: &mut Place, most: usize) -> Vec<Item> {
        let end = |until: Time| (until != NEVER).then_some(until);
        match part {
            Part::Blocks => self.blocks.page(place, most).into_iter().map(|(net, e)| self.item(net, &e)).collect(),
            Part::Exemptions => {
                let page = self.exemptions.page(place, most).into_iter();
                page.map(|(net, e)| Item::Exemption { id: e.id, net, block: e.block, until: end(e.until) }).collect()
            }
            Part::Probations => {
                let page = self.probations.page(place, most).into_iter();
                page.map(|(net, p)| Item::Probation { id: p.id, net, since: p.since, until: p.until }).collect()
            }
            Part::Tokens if place.take_all() => {
                let tokens = self.tokens.iter();
                let item = |(hash, (until, net)): (&String, &(Time, Option<Net>))| Item::Token {
                    hash: hash.clone(),
                    until: *until,
                    net: *net,
                };
                tokens.map(item).collect()
            }
            Part::Tokens => Vec::new(),
        }
    }

    /// A block as it is handed on.
    fn item(&self, net: Net, entry: &Entry) -> Item {
        Item::Block {
            id: entry.id,
            net,
            cause: self.causes.get(usize::from(entry.cause)).map(ToString::to_string).unwrap_or_default(),
            action: entry.action,
            case: String::from_utf8_lossy(&entry.case_code).trim_end().to_owned(),
            evidence_at: entry.evidence_at,
            until: (entry.until != NEVER).then_some(entry.until),
        }
    }

    /// Takes a block as it stands: in when it is live, out when not.
    pub fn apply_block(&mut self, block: &Block, live: bool) {
        self.take(&Item::from(block), live);
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
        self.take(&Item::from(exemption), exemption.ended_at.is_none());
    }

    /// Takes a probation as it stands.
    pub fn apply_probation(&mut self, probation: &Probation) {
        self.take(&Item::from(probation), probation.ended_at.is_none());
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

/// The first whole second at which something is over that ends at `end`.
fn second_of(end: Time) -> i64 {
    end.0.div_euclid(SECOND) + i64::from(end.0.rem_euclid(SECOND) > 0)
}

/// A print of numbers and a network: the same in every process and version, and spread over all bits.
fn mixed(numbers: &[u64], net: Net) -> u64 {
    let first = number(net.first()).to_le_bytes();
    let halves = first.as_chunks::<8>().0.iter().map(|half| u64::from_le_bytes(*half));
    let all = numbers.iter().copied().chain(halves).chain([u64::from(length(net))]);
    all.fold(0x0050_6F73_7465_726E, stirred)
}

/// A print of a text.
fn text_print(text: &str) -> u64 {
    text.bytes().fold(0, |print, byte| stirred(print, u64::from(byte)))
}

/// One step of a print (the finisher of splitmix64).
fn stirred(print: u64, number: u64) -> u64 {
    let mut z = (print ^ number).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
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

    #[test]
    fn the_digest_depends_on_what_is_held_and_not_on_the_way() {
        let (mut one, mut other) = (Index::default(), Index::default());
        let (a, b) = (block(1, "203.0.113.0/24", Action::Reject), block(2, "2001:db8::/64", Action::Defer));
        one.apply_block(&a, true);
        one.apply_block(&Block { until: None, ..b.clone() }, true);
        one.apply_block(&b, true);
        one.apply_probation(&probation(5, "203.0.113.7", 150));
        one.apply_block(&block(3, "203.0.113.9", Action::Reject), true);
        one.apply_block(&block(3, "203.0.113.9", Action::Reject), false);
        other.apply_block(&b, true);
        other.apply_block(&a, true);
        assert_ne!(one.digest(Time(899)), other.digest(Time(899)));
        assert_eq!(one.digest(Time(900)), other.digest(Time(900)), "the probation has ended");
        other.apply_exemption(&exemption(9, "203.0.113.7", Some(1)));
        assert_ne!(one.digest(Time(900)), other.digest(Time(900)));
    }

    #[test]
    fn ends_are_known_to_the_second() {
        let mut index = Index::default();
        index.apply_block(&Block { until: Some(Time(1_500)), ..block(1, "203.0.113.7", Action::Reject) }, true);
        index.apply_block(&Block { until: Some(Time(3_000)), ..block(2, "203.0.113.8", Action::Reject) }, true);
        index.apply_block(&Block { until: None, ..block(3, "203.0.113.9", Action::Reject) }, true);
        let ends = |index: &Index| [1_999, 2_000, 2_999, 3_000].map(|now| index.last_end(Time(now)));
        assert_eq!(ends(&index), [0, 2, 2, 3]);
        index.apply_block(&Block { until: Some(Time(1_500)), ..block(1, "203.0.113.7", Action::Reject) }, false);
        assert_eq!(ends(&index), [0, 0, 0, 3]);
    }
}
