//! Networks less the holes in them: what a consumer that knows no exceptions has to be told.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;

use crate::blocklist::item::Item;
use crate::domain::block::{Exemption, Probation};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// Networks that can be asked for those that cover another or lie in it.
#[derive(Debug, Default)]
struct Nets {
    /// All of them.
    all: HashSet<Net>,
    /// All of them, by address.
    sorted: Vec<Net>,
}

impl Nets {
    /// Of these networks.
    fn new(nets: impl Iterator<Item = Net>) -> Self {
        let all: HashSet<Net> = nets.collect();
        let mut sorted: Vec<Net> = all.iter().copied().collect();
        sorted.sort_unstable_by_key(|net| (net.is_v4(), net.first()));
        Self { all, sorted }
    }

    /// Those that lie in `net`; just one when it is covered whole.
    fn inside(&self, net: Net) -> Vec<Net> {
        if self.all.is_empty() {
            return Vec::new();
        }
        if let Some(wider) = net.and_wider().find(|wider| self.all.contains(wider)) {
            return vec![wider];
        }
        self.within(net).collect()
    }

    /// Those that cover `net` and those that lie in it; one that is `net` comes twice.
    fn around_and_inside(&self, net: Net) -> impl Iterator<Item = Net> {
        let around = net.and_wider().filter(|_| !self.all.is_empty()).filter(|wider| self.all.contains(wider));
        around.chain(self.within(net))
    }

    /// Those that lie in `net` or are it.
    fn within(&self, net: Net) -> impl Iterator<Item = Net> {
        let key = |net: &Net| (net.is_v4(), net.first());
        let start = self.sorted.partition_point(|other| key(other) < key(&net));
        self.sorted.iter().skip(start).take_while(move |other| net.covers(**other)).copied()
    }
}

/// What is cut out of blocks: exemptions, carve-outs and what probations shield.
#[derive(Debug, Default)]
pub struct Holes {
    /// Out of all blocks.
    general: Nets,
    /// Out of one block each.
    carved: HashMap<Id, Vec<Net>>,
    /// What probations shield.
    shielded: Nets,
    /// Up to which time evidence is shielded from there.
    since: HashMap<Net, Time>,
}

impl Holes {
    /// Those in force at `now`.
    #[must_use]
    pub fn new(exemptions: &[Exemption], probations: &[Probation], now: Time) -> Self {
        let exemptions = exemptions.iter().filter(|e| e.ended_at.is_none()).map(Item::from);
        let probations = probations.iter().filter(|p| p.ended_at.is_none()).map(Item::from);
        Self::of(exemptions.chain(probations), now)
    }

    /// Those of the exemptions and probations among these things that have not ended at `now`.
    #[must_use]
    pub fn of(items: impl Iterator<Item = Item>, now: Time) -> Self {
        let mut general = Vec::new();
        let mut carved: HashMap<Id, Vec<Net>> = HashMap::new();
        let mut shields: HashMap<Net, Time> = HashMap::new();
        for item in items {
            match item {
                Item::Exemption { net, block, until, .. } if until.is_none_or(|end| now < end) => match block {
                    Some(block) => carved.entry(block).or_default().push(net),
                    None => general.push(net),
                },
                Item::Probation { net, since, until, .. } if now < until => {
                    let latest = shields.entry(net).or_insert(since);
                    *latest = since.max(*latest);
                }
                _ => {}
            }
        }
        let shielded = Nets::new(shields.keys().copied());
        Self { general: Nets::new(general.into_iter()), carved, shielded, since: shields }
    }

    /// The networks in which a block really answers, in the order of their addresses.
    #[must_use]
    pub fn cut(&self, id: Id, net: Net, evidence_at: Time) -> Vec<Net> {
        let mut holes = self.general.inside(net);
        holes.extend(self.carved.get(&id).into_iter().flatten());
        let shields = |net: &Net| self.since.get(net).is_some_and(|since| evidence_at <= *since);
        holes.extend(self.shielded.around_and_inside(net).filter(shields));
        let mut left = Vec::new();
        subtract(net, &holes, &mut left);
        left
    }
}

/// Adds to `left` what is left of `net` without `holes`: halves it as long as holes lie in it.
fn subtract(net: Net, holes: &[Net], left: &mut Vec<Net>) {
    if holes.iter().any(|hole| hole.covers(net)) {
        return;
    }
    let inside: Vec<Net> = holes.iter().copied().filter(|hole| net.covers(*hole)).collect();
    let halves = IpNet::from(net).subnets(net.prefix_len().saturating_add(1));
    match halves {
        Ok(halves) if !inside.is_empty() => halves.for_each(|half| subtract(Net::from(half), &inside, left)),
        _ => left.push(net),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network.
    fn net(text: &str) -> Net {
        Net::parse(text).unwrap()
    }

    /// What is left, as text.
    fn left(of: &str, holes: &[&str]) -> String {
        let mut left = Vec::new();
        subtract(net(of), &holes.iter().map(|h| net(h)).collect::<Vec<_>>(), &mut left);
        left.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn holes_are_cut_exactly() {
        assert_eq!(left("203.0.113.0/30", &["203.0.113.1"]), "203.0.113.0 203.0.113.2/31");
        assert_eq!(left("203.0.113.0/24", &["203.0.113.0/25", "203.0.113.192/26"]), "203.0.113.128/26");
        assert_eq!(left("203.0.113.0/24", &["203.0.112.0/23"]), "");
        assert_eq!(left("203.0.113.7", &["203.0.113.7"]), "");
        assert_eq!(left("203.0.113.7", &["203.0.113.8", "2001:db8::/32"]), "203.0.113.7");
        assert_eq!(left("2001:db8::/127", &["2001:db8::1"]), "2001:db8::");
        assert_eq!(left("0.0.0.0/0", &["203.0.113.7"]).split(' ').count(), 32);
        assert_eq!(left("::/0", &["2001:db8::1"]).split(' ').count(), 128);
    }

    #[test]
    fn many_exemptions_are_found_fast_and_completely() {
        let nets =
            Nets::new(["203.0.113.7", "203.0.113.0/28", "198.51.100.0/24", "2001:db8::/32"].iter().map(|n| net(n)));
        assert_eq!(nets.inside(net("203.0.113.0/24")).len(), 2);
        assert_eq!(nets.inside(net("198.51.100.9")), [net("198.51.100.0/24")]);
        assert_eq!(nets.inside(net("::/0")), [net("2001:db8::/32")]);
        assert!(nets.inside(net("192.0.2.0/24")).is_empty());
    }
}
