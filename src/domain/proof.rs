//! Proofs of control over an address.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::dns::reverse_name;
use super::id::Id;
use super::net::Net;
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
    /// What control is shown over: one address, or its /64.
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
}

impl Proof {
    /// Whether it can still be given.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.met_at.is_none() && now < self.expires_at
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

/// The reverse zones in which a record for a network may stand, narrowest first: at the name of the address, at an octet
/// (IPv4 /24) or a nibble cut (IPv6 /64, /56, /48) above it.
#[must_use]
pub fn reverse_cuts(net: Net) -> Vec<String> {
    let name = reverse_name(net.first());
    let labels: Vec<&str> = name.split('.').collect();
    let skips: &[usize] = if net.is_v4() { &[0, 1] } else { &[0, 16, 18, 20] };
    let own = usize::from(!net.is_single());
    skips.iter().skip(own).filter_map(|skip| labels.get(*skip..).map(|rest| rest.join("."))).collect()
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
    fn a_wide_block_of_ipv6_asks_for_the_64() {
        let net = |text: &str| Net::parse(text).unwrap();
        let addr = "2001:db8:1:2::25".parse().unwrap();
        assert_eq!(claimed(addr, Some(net("2001:db8:1:2::/64"))), net("2001:db8:1:2::/64"));
        assert_eq!(claimed(addr, Some(net("2001:db8:1:2::25"))), net("2001:db8:1:2::25"));
        assert_eq!(claimed("203.0.113.7".parse().unwrap(), Some(net("203.0.113.0/24"))), net("203.0.113.7"));
    }
}
