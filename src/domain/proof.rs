//! Proofs of control over an address.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::dns::{is_public, reverse_name};
use super::id::Id;
use super::net::{Net, from_number, number};
use super::time::{DAY, Time};
use super::words::words;

words! {
    /// How control was shown.
    Way {
        /// A mail from the address.
        Mail = "mail",
        /// A web request from the address.
        Web = "web",
        /// A record in the DNS of the address or of its name.
        Dns = "dns",
        /// A link mailed to the postmaster of its name's domain.
        Mailbox = "mailbox",
    }
}

impl Way {
    /// Whether it shows more than that some process there can send or fetch.
    #[must_use]
    pub fn is_strong(self) -> bool {
        matches!(self, Self::Dns | Self::Mailbox)
    }
}

/// A proof that was asked for, and whether it was given. Only hashes of its tokens are stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Proof {
    /// Its key.
    pub id: Id,
    /// The ticket that it is for.
    pub ticket_id: Id,
    /// What control is shown over: one address, its /64, or a range.
    pub net: Net,
    /// When it was asked for.
    pub created_at: Time,
    /// Until when it can be given.
    pub expires_at: Time,
    /// When its record is looked for next.
    pub look_at: Option<Time>,
    /// Where its link was mailed to.
    pub mailed_to: Option<String>,
    /// How it was given.
    pub met_way: Option<Way>,
    /// When.
    pub met_at: Option<Time>,
    /// From which address, at which name, by which mailbox.
    pub met_detail: Option<String>,
    /// For a range: the hash of the token with which requests for its addresses are filed.
    pub range_hash: Option<String>,
}

impl Proof {
    /// Whether it can still be given.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.met_at.is_none() && now < self.expires_at
    }

    /// Whether it is for a range, which only a record shows: a process or mailbox there says nothing of the whole.
    #[must_use]
    pub fn is_range(&self) -> bool {
        self.range_hash.is_some()
    }

    /// Whether it lets its sender watch the network and file requests for a range: it shows more than a process there, and
    /// was given not long ago.
    #[must_use]
    pub fn opens_more(&self, now: Time) -> bool {
        self.met_way.is_some_and(Way::is_strong) && self.met_at.is_some_and(|met| now.since(met) < HOLDS)
    }
}

/// A mail to a token, seen by a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// SHA-256 of the token in hexadecimal.
    pub token_hash: String,
    /// Who sent it.
    pub client: IpAddr,
}

/// How long a proof opens more than the one request.
pub const HOLDS: i64 = 90 * DAY;

/// The label before the name at which a record is looked for.
pub const LABEL: &str = "_postern";

/// The text of a record.
#[must_use]
pub fn record_text(token: &str) -> String {
    format!("postern-proof={token}")
}

/// What a proof for an address is about: the address; its /64 when a block as wide as that stands against it.
#[must_use]
pub fn claimed(addr: IpAddr, block: Option<Net>) -> Net {
    match block {
        Some(block) if !block.is_v4() && block.prefix_len() <= 64 => Net::around(addr, 64),
        _ => Net::single(addr),
    }
}

/// How many zones a record may have to stand in for a range between two cuts.
const ZONES_MOST: u32 = 16;

/// Whether control over a range can be shown: what somebody may hold as a whole and a reverse zone can stand for.
#[must_use]
pub fn is_provable_range(net: Net) -> bool {
    let lengths = if net.is_v4() { 16..=31 } else { 32..=127 };
    lengths.contains(&net.prefix_len()) && is_public(net.first())
}

/// How many bits a label of a reverse name stands for, and how many an address has.
fn label_bits(net: Net) -> (u8, u8) {
    if net.is_v4() { (8, 32) } else { (4, 128) }
}

/// The reverse zone of the network of `len` bits around an address; `len` ends at a label.
fn zone_at(net: Net, len: u8) -> String {
    let (step, bits) = label_bits(net);
    let skip = usize::from(bits.saturating_sub(len) / step);
    reverse_name(net.first()).split('.').skip(skip).collect::<Vec<_>>().join(".")
}

/// The reverse zones in which a record for a network may stand, each enough alone, narrowest first: at its own octet or
/// nibble cut or the next above it, and at the usual cuts above (IPv4 /24, IPv6 /64, /56, /48).
#[must_use]
pub fn reverse_cuts(net: Net) -> Vec<String> {
    let (step, _) = label_bits(net);
    let own = net.prefix_len() / step * step;
    let usual: &[u8] = if net.is_v4() { &[24] } else { &[64, 56, 48] };
    let lengths = std::iter::once(own).chain(usual.iter().copied().filter(|len| *len < own));
    lengths.map(|len| zone_at(net, len)).collect()
}

/// The reverse zones that together make up a range between two cuts, such as the four /24 of a /22; none where those are
/// many or single addresses.
#[must_use]
pub fn narrower_cuts(net: Net) -> Vec<String> {
    let (step, bits) = label_bits(net);
    let below = net.prefix_len().next_multiple_of(step);
    let count = 1_u32 << (below - net.prefix_len());
    if count == 1 || count > ZONES_MOST || below == bits {
        return Vec::new();
    }
    let size = 1_u128 << (bits - below);
    let parts = (0..u128::from(count)).map(|n| Net::around(from_number(number(net.first()) + n * size), below));
    parts.map(|part| zone_at(part, below)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_at_cuts() {
        let cuts = |net: &str| reverse_cuts(Net::parse(net).unwrap());
        assert_eq!(cuts("203.0.113.7"), ["7.113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa"]);
        let v6 = cuts("2001:db8:1:2::25");
        assert_eq!((v6.len(), v6[1].as_str()), (4, "2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"));
        assert_eq!(
            cuts("2001:db8:1:2::/64").first().map(String::as_str),
            Some("2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")
        );
    }

    #[test]
    fn ranges_have_their_cut_the_next_above_or_all_below() {
        let net = |text: &str| Net::parse(text).unwrap();
        assert_eq!(reverse_cuts(net("203.0.113.0/24")), ["113.0.203.in-addr.arpa"]);
        assert_eq!(reverse_cuts(net("203.0.113.64/26")), ["113.0.203.in-addr.arpa"]);
        assert_eq!(reverse_cuts(net("198.18.4.0/22")), ["18.198.in-addr.arpa"]);
        let four = ["4.18.198.in-addr.arpa", "5.18.198.in-addr.arpa", "6.18.198.in-addr.arpa", "7.18.198.in-addr.arpa"];
        assert_eq!(narrower_cuts(net("198.18.4.0/22")), four);
        for none in ["203.0.113.0/24", "203.0.113.64/26", "203.0.113.0/30", "198.18.0.0/17", "2001:db8::/126"] {
            assert!(narrower_cuts(net(none)).is_empty(), "{none}");
        }
        assert_eq!(reverse_cuts(net("2001:db8::/46"))[0], "0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
        let parts = narrower_cuts(net("2001:db8:4::/46"));
        assert_eq!((parts.len(), parts[3].as_str()), (4, "7.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"));
        for (text, want) in [
            ("203.0.113.0/24", true),
            ("10.0.0.0/24", false),
            ("203.0.0.0/15", false),
            ("203.0.113.7", false),
            ("2001:db8::/32", true),
            ("2001:db8::/31", false),
        ] {
            assert_eq!(is_provable_range(net(text)), want, "{text}");
        }
    }

    #[test]
    fn a_wide_block_of_ipv6_asks_for_the_64() {
        let net = |text: &str| Net::parse(text).unwrap();
        let addr = "2001:db8:1:2::25".parse().unwrap();
        assert_eq!(claimed(addr, Some(net("2001:db8:1:2::/64"))), net("2001:db8:1:2::/64"));
        assert_eq!(claimed(addr, Some(net("2001:db8:1:2::25"))), net("2001:db8:1:2::25"));
        assert_eq!(claimed("203.0.113.7".parse().unwrap(), Some(net("203.0.113.0/24"))), net("203.0.113.7"));
    }
}
