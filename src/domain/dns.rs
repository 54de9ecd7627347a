//! Names in the DNS and what the settings say of asking it.

use std::net::{IpAddr, SocketAddr};

use super::net::fold;

/// The servers that are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// None: there are no checks.
    Off,
    /// Those of this machine.
    System,
    /// These.
    These(Vec<SocketAddr>),
}

/// A public blocklist that is asked (RFC 5782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListZone {
    /// Its zone.
    pub zone: String,
    /// Where its operator takes requests for removal.
    pub removal: Option<String>,
}

/// What the settings say of asking the DNS.
#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// The servers.
    pub servers: Servers,
    /// The public blocklists.
    pub blocklists: Vec<ListZone>,
    /// The zone that tells the network origin of IPv4 addresses.
    pub origin4: Option<String>,
    /// The zone that tells the network origin of IPv6 addresses.
    pub origin6: Option<String>,
    /// How long all checks together may take, in milliseconds.
    pub timeout: i64,
}

impl std::str::FromStr for Servers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => return Ok(Self::Off),
            "system" => return Ok(Self::System),
            _ => {}
        }
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let servers: Vec<SocketAddr> = items.map(server).collect::<Result<_, _>>()?;
        if servers.is_empty() {
            Err("write system, off, or addresses of servers".to_owned())
        } else {
            Ok(Self::These(servers))
        }
    }
}

/// Reads the address of a server, with or without a port.
fn server(text: &str) -> Result<SocketAddr, String> {
    let addr = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    addr.or_else(|_| text.parse()).map_err(|_| format!("“{text}” is no address of a server"))
}

impl std::str::FromStr for ListZone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (zone, removal) =
            text.split_once(char::is_whitespace).map_or((text, None), |(zone, link)| (zone, Some(link.trim())));
        if removal.is_some_and(|link| !link.starts_with("https://") && !link.starts_with("http://")) {
            return Err(format!("“{text}”: write a zone, a blank and the link for removal"));
        }
        Ok(Self { zone: zone_name(zone)?, removal: removal.map(ToOwned::to_owned) })
    }
}

/// Reads the name of a zone.
///
/// # Errors
/// When it is no host name.
pub fn zone_name(text: &str) -> Result<String, String> {
    host(text).ok_or_else(|| format!("“{text}” is no name of a zone"))
}

/// A name in lower case without the last dot, when it can stand in the DNS and has at least two labels.
/// Underscores are let through, for they occur; names in other scripts are turned into their ASCII form.
#[must_use]
pub fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 500 || text.contains(['/', ':', '@', '?', '#', '\\', ' ', '%', '[', ']']) {
        return None;
    }
    let name = if text.is_ascii() { text.to_ascii_lowercase() } else { url::Host::parse(text).ok()?.to_string() };
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let numeric_end = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    let whole = name.len() <= 253 && name.contains('.') && !numeric_end && name.split('.').all(good);
    whole.then_some(name)
}

/// Endings that exist in no public DNS, and that of the reverse zones. Asking for them would tell strangers what the
/// servers of this machine know of networks around it.
const PRIVATE: &[&str] = &[
    "local",
    "localdomain",
    "localhost",
    "lan",
    "home",
    "internal",
    "intranet",
    "corp",
    "private",
    "invalid",
    "onion",
    "arpa",
];

/// A name as [`host`] reads it, when it can stand in the public DNS as that of a host or a domain.
#[must_use]
pub fn public_host(text: &str) -> Option<String> {
    host(text).filter(|name| name.rsplit('.').next().is_some_and(|last| !PRIVATE.contains(&last)))
}

/// The labels of an address in reverse order, as blocklists and reverse zones have them: `7.113.0.203`.
#[must_use]
pub fn reversed(addr: IpAddr) -> String {
    match fold(addr) {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(v6) => {
            let nibbles: Vec<String> = format!("{:032x}", u128::from(v6)).chars().rev().map(String::from).collect();
            nibbles.join(".")
        }
    }
}

/// The name that holds the PTR records of an address.
#[must_use]
pub fn reverse_name(addr: IpAddr) -> String {
    let zone = if fold(addr).is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" };
    format!("{}.{zone}", reversed(addr))
}

/// Whether the public DNS can know anything about an address.
#[must_use]
pub fn is_public(addr: IpAddr) -> bool {
    match fold(addr) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || shared)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments().first().copied().unwrap_or_default();
            first & 0xe000 == 0x2000
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_turn_round() {
        assert_eq!(reverse_name("203.0.113.7".parse().unwrap()), "7.113.0.203.in-addr.arpa");
        let v6 = reverse_name("2001:db8::1".parse().unwrap());
        assert!(v6.starts_with("1.0.0.0.") && v6.ends_with("8.b.d.0.1.0.0.2.ip6.arpa"), "{v6}");
    }

    #[test]
    fn names_are_told_from_other_things() {
        assert_eq!(host(" Mail.Example.ORG. ").as_deref(), Some("mail.example.org"));
        assert_eq!(host("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!((public_host("db.corp.internal"), public_host("7.113.0.203.in-addr.arpa")), (None, None));
        for bad in [
            "localhost",
            "203.0.113.7",
            "a..example",
            "-a.example",
            "a b.example",
            "",
            "x@example.org",
            &"a.".repeat(300),
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }

    #[test]
    fn servers_and_lists_are_read() {
        assert_eq!("off".parse(), Ok(Servers::Off));
        assert_eq!(
            "192.0.2.1, [2001:db8::1]:5353".parse(),
            Ok(Servers::These(vec!["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:5353".parse().unwrap()]))
        );
        assert!("dns.example.org".parse::<Servers>().is_err() && "".parse::<Servers>().is_err());
        let list: ListZone = "bl.example.org https://bl.example.org/remove".parse().unwrap();
        assert_eq!(
            (list.zone.as_str(), list.removal.as_deref()),
            ("bl.example.org", Some("https://bl.example.org/remove"))
        );
        assert!("bl.example.org javascript:alert(1)".parse::<ListZone>().is_err() && "bl".parse::<ListZone>().is_err());
    }

    #[test]
    fn only_public_addresses_are_asked_about() {
        for (addr, want) in [
            ("203.0.113.7", true),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
            ("100.64.0.1", false),
            ("2001:db8::1", true),
            ("fe80::1", false),
            ("::1", false),
        ] {
            assert_eq!(is_public(addr.parse().unwrap()), want, "{addr}");
        }
    }
}
