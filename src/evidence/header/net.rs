//! Addresses and host names as headers write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads one address in any dress: `[192.0.2.1]`, `IPv6:2001:db8::1`, with port, scope or final dot.
///
/// IPv4 mapped into IPv6 becomes plain IPv4, so that one machine has one spelling.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    if text.len() < 3 || text.len() > 80 {
        return None;
    }
    let inner = unbracket(text);
    let inner = strip_tag(inner);
    let inner = inner.split_once('%').map_or(inner, |(left, _)| left);
    let inner = inner.trim_end_matches([',', ';', '.']);
    let ip = inner.parse::<IpAddr>().ok().or_else(|| with_port(inner))?;
    Some(ip.to_canonical())
}

/// Takes `[…]` away, and a port that follows the bracket.
fn unbracket(text: &str) -> &str {
    let Some(rest) = text.strip_prefix('[') else {
        return text;
    };
    rest.split_once(']').map_or(rest, |(inner, _)| inner)
}

/// Takes the tag of an address literal away (RFC 5321, 4.1.3).
fn strip_tag(text: &str) -> &str {
    match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => text.get(5..).unwrap_or(""),
        _ => text,
    }
}

/// Reads `192.0.2.1:25`; an IPv6 address cannot carry a port without brackets.
fn with_port(text: &str) -> Option<IpAddr> {
    let (host, port) = text.split_once(':')?;
    port.parse::<u16>().ok()?;
    host.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

/// Whether no machine of the outside world can have this address.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

/// RFC 1918, RFC 6598, loopback, link-local and the two ends of the address space.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
}

/// Loopback, link-local, unique local, and 6to4 addresses made of private IPv4 ones.
fn is_private_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, ..] = ip.segments();
    let made_of = || {
        let ([a, b], [c, d]) = (second.to_be_bytes(), third.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    ip.is_loopback()
        || ip.is_unspecified()
        || first & 0xffc0 == 0xfe80
        || first & 0xfe00 == 0xfc00
        || (first == 0x2002 && is_private_v4(made_of()))
}

/// Whether the word can be the name of a host (at least one letter, no address, no spaces).
pub(super) fn is_host(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(known) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The host name without the final dot, unless it says that there is none.
pub(super) fn host(text: &str) -> Option<&str> {
    let name = text.trim_end_matches('.').trim_matches(['<', '>']);
    (is_host(name) && !name.eq_ignore_ascii_case("unknown")).then_some(name)
}

/// Whether the name only means something inside a network or a machine.
pub(super) fn is_local_name(name: &str) -> bool {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    let Some((_, top)) = lower.rsplit_once('.') else {
        return true;
    };
    matches!(
        top,
        "local"
            | "lan"
            | "internal"
            | "intern"
            | "localdomain"
            | "localhost"
            | "home"
            | "corp"
            | "intranet"
            | "private"
            | "arpa"
    )
}

/// The organisational domain of a host, lower case, with the domains of one operator made one.
pub(crate) fn organisation(name: &str) -> Option<String> {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    if !is_host(&lower) || !lower.contains('.') || address(&lower).is_some() {
        return None;
    }
    let domain = psl::domain_str(&lower).unwrap_or(&lower);
    Some(operator(domain).to_owned())
}

/// Families of domains under which one operator runs its mail servers.
const OPERATORS: &[(&str, &[&str])] = &[
    (
        "outlook.com",
        &[
            "office365.com",
            "office365.us",
            "hotmail.com",
            "microsoft.com",
            "exchangelabs.com",
            "live.com",
            "outlook.de",
        ],
    ),
    ("google.com", &["gmail.com", "googlemail.com", "1e100.net"]),
    (
        "gmx.net",
        &[
            "gmx.com",
            "gmx.de",
            "web.de",
            "mail.com",
            "kundenserver.de",
            "1and1.com",
            "1und1.de",
            "perfora.net",
            "ionos.com",
            "server.lan",
            "mailsrv.lan",
        ],
    ),
    ("yahoo.com", &["yahoodns.net", "aol.com", "yahoo.net", "yahooinc.com"]),
    ("icloud.com", &["me.com", "mac.com", "apple.com"]),
    ("mail.ru", &["inbox.ru", "list.ru", "bk.ru", "vkmail.ru"]),
    ("yandex.net", &["yandex.ru", "yandex.com"]),
    ("messagingengine.com", &["fastmail.com", "fastmail.fm"]),
    ("protonmail.ch", &["proton.ch", "proton.me", "protonmail.com"]),
    ("t-online.de", &["telekom.de"]),
    ("sendgrid.net", &["sendgrid.com"]),
    ("amazonses.com", &["amazonaws.com", "amazon.com"]),
    ("zoho.com", &["zohomail.com", "zoho.eu", "zohomail.eu"]),
    ("pphosted.com", &["ppops.net", "proofpoint.com", "gpphosted.com"]),
    ("mimecast.com", &["mimecast.net", "mimecast.org"]),
];

/// The name that stands for the operator of a domain, or the domain itself.
fn operator(domain: &str) -> &str {
    OPERATORS.iter().find(|(_, others)| others.contains(&domain)).map_or(domain, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_any_dress() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("[192.0.2.1]", "192.0.2.1"),
            ("[192.0.2.1]:4711", "192.0.2.1"),
            ("192.0.2.1:25", "192.0.2.1"),
            ("[IPv6:2001:db8::1]", "2001:db8::1"),
            ("ipv6:2001:DB8::1", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("fe80::1%11", "fe80::1"),
        ];
        for (text, want) in cases {
            assert_eq!(address(text).map(|ip| ip.to_string()).as_deref(), Some(want), "{text}");
        }
        for text in ["15.20.3412", "1.2.3.4.5", "unknown", "x", "[]", "300.1.1.1", "1.2.3.4:x"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn private_addresses_are_told_apart() {
        for text in ["10.1.2.3", "127.0.0.1", "100.64.1.1", "fe80::1", "::1", "fd00::1", "2002:a00:1::"] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        for text in ["192.0.2.1", "203.0.113.4", "2001:db8::1", "100.128.0.1"] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn hosts_belong_to_organisations() {
        assert_eq!(organisation("mx1.mail.example.co.uk").as_deref(), Some("example.co.uk"));
        assert_eq!(organisation("MX.Example.ORG.").as_deref(), Some("example.org"));
        assert_eq!(organisation("x.prod.office365.com").as_deref(), Some("outlook.com"));
        assert_eq!(organisation("localhost"), None);
        assert_eq!(organisation("192.0.2.1"), None);
    }
}
