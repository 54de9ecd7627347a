//! Networks less the holes in them: what a consumer that knows no exceptions has to be told.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;

use crate::domain::block::{Block, Exemption, Probation};
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
        let key = |net: &Net| (net.is_v4(), net.first());
        let start = self.sorted.partition_point(|other| key(other) < key(&net));
        self.sorted.iter().skip(start).take_while(|other| net.covers(**other)).copied().collect()
    }
}

/// What is cut out of blocks: exemptions, carve-outs and what probations shield.
#[derive(Debug, Default)]
pub struct Holes {
    /// Out of all blocks.
    general: Nets,
    /// Out of one block each.
    carved: HashMap<Id, Vec<Net>>,
    /// Probations, each with the time up to which evidence is shielded from.
    shields: Vec<(Net, Time)>,
}

impl Holes {
    /// Those in force at `now`.
    #[must_use]
    pub fn new(exemptions: &[Exemption], probations: &[Probation], now: Time) -> Self {
        let live = || exemptions.iter().filter(|e| e.ended_at.is_none() && e.until.is_none_or(|end| now < end));
        let mut carved: HashMap<Id, Vec<Net>> = HashMap::new();
        for (block, net) in live().filter_map(|e| Some((e.block_id?, e.net))) {
            carved.entry(block).or_default().push(net);
        }
        let shields = probations.iter().filter(|p| p.ended_at.is_none() && now < p.until);
        Self {
            general: Nets::new(live().filter(|e| e.block_id.is_none()).map(|e| e.net)),
            carved,
            shields: shields.map(|p| (p.net, p.since)).collect(),
        }
    }

    /// The networks in which the block really answers, in the order of their addresses.
    #[must_use]
    pub fn cut(&self, block: &Block) -> Vec<Net> {
        let mut holes = self.general.inside(block.net);
        holes.extend(self.carved.get(&block.id).into_iter().flatten());
        let shielded = self
            .shields
            .iter()
            .filter(|(net, since)| block.evidence_at <= *since && (net.covers(block.net) || block.net.covers(*net)));
        holes.extend(shielded.map(|(net, _)| *net));
        let mut left = Vec::new();
        subtract(block.net, &holes, &mut left);
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
