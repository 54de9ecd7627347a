//! Networks that nobody blocks by accident: this machine, the provider's own, partners, and half the Internet.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::net::Net;
use super::words::words;

/// The shortest prefix of IPv4 that is no mistake: regional registries hand out at most a /8.
const SHORTEST_V4: u8 = 8;

/// The shortest prefix of IPv6 that is no mistake.
const SHORTEST_V6: u8 = 19;

words! {
    /// Why a network is protected.
    Why {
        /// It is this machine.
        Loopback = "loopback",
        /// It is the provider's.
        Own = "own",
        /// The portal's reverse proxy is there.
        Proxy = "proxy",
        /// The operator named it.
        Listed = "listed",
        /// It is absurdly wide.
        Wide = "wide",
    }
}

/// The protected networks.
#[derive(Debug, Clone, Default)]
pub struct Protected(Vec<(Net, Why)>);

impl Protected {
    /// This machine and the networks of the settings.
    #[must_use]
    pub fn new(own: &[Net], proxies: &[Net], listed: &[Net]) -> Self {
        let this = [Net::around(Ipv4Addr::LOCALHOST.into(), 8), Net::single(Ipv6Addr::LOCALHOST.into())];
        let all = [(&this[..], Why::Loopback), (own, Why::Own), (proxies, Why::Proxy), (listed, Why::Listed)];
        Self(all.iter().flat_map(|(nets, why)| nets.iter().map(|net| (*net, *why))).collect())
    }

    /// Why this network cannot be blocked, and which protected one it meets: lies in it, or holds it.
    #[must_use]
    pub fn meets(&self, net: Net) -> Option<(Net, Why)> {
        let shortest = if net.is_v4() { SHORTEST_V4 } else { SHORTEST_V6 };
        if net.prefix_len() < shortest {
            return Some((net, Why::Wide));
        }
        self.0.iter().find(|(other, _)| other.covers(net) || net.covers(*other)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meets_a_protected_network_is_told_with_the_reason() {
        let net = |text: &str| Net::parse(text).unwrap();
        let all = Protected::new(&[net("192.0.2.0/24")], &[net("2001:db8::1")], &[net("198.51.100.7")]);
        for (text, want) in [
            ("127.0.0.2", Some(("127.0.0.0/8", Why::Loopback))),
            ("::1", Some(("::1", Why::Loopback))),
            ("192.0.2.25", Some(("192.0.2.0/24", Why::Own))),
            ("192.0.0.0/16", Some(("192.0.2.0/24", Why::Own))),
            ("2001:db8::/64", Some(("2001:db8::1", Why::Proxy))),
            ("198.51.100.0/24", Some(("198.51.100.7", Why::Listed))),
            ("0.0.0.0/0", Some(("0.0.0.0/0", Why::Wide))),
            ("2000::/18", Some(("2000::/18", Why::Wide))),
            ("203.0.113.0/24", None),
            ("2001:db9::/32", None),
            ("198.51.100.8", None),
        ] {
            assert_eq!(all.meets(net(text)), want.map(|(other, why)| (net(other), why)), "{text}");
        }
    }
}
