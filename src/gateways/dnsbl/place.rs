//! What a name of the zone stands for (RFC 5782 2.1 and 2.4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a name, less the zone, stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The zone itself.
    Apex,
    /// An address, back to front.
    Address(IpAddr),
    /// An IPv4 address that is at the same time the beginning of IPv6 addresses: `1.0.0.2` is 2.0.0.1 and lies above all
    /// of `2001::/16`. It exists even when the address is not listed.
    Shared(IpAddr),
    /// The beginning of addresses. It exists, although nothing is said of it: a resolver that asks for one label more at
    /// a time (RFC 9156) stops at the first name that does not exist.
    Inner,
    /// Nothing.
    Nothing,
}

/// What these labels stand for; letter case does not matter.
pub(super) fn place<'a>(labels: impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator) -> Place {
    let count = labels.len();
    let (mut v4, mut v6) = ((count <= 4).then_some(0_u32), (count <= 32).then_some(0_u128));
    for label in labels.rev() {
        v4 = v4.and_then(|sum| Some((sum << 8) | u32::from(octet(label)?)));
        v6 = v6.and_then(|sum| Some((sum << 4) | u128::from(nibble(label)?)));
    }
    match (count, v4, v6) {
        (0, ..) => Place::Apex,
        (4, Some(addr), None) => Place::Address(IpAddr::V4(Ipv4Addr::from(addr))),
        (4, Some(addr), Some(_)) => Place::Shared(IpAddr::V4(Ipv4Addr::from(addr))),
        (32, _, Some(addr)) => Place::Address(IpAddr::V6(Ipv6Addr::from(addr))),
        (_, None, None) => Place::Nothing,
        _ => Place::Inner,
    }
}

/// A number of an IPv4 address, without leading zeros.
fn octet(label: &[u8]) -> Option<u8> {
    let plain = matches!(label, [b'0'] | [b'1'..=b'9', ..]) && label.len() <= 3 && label.iter().all(u8::is_ascii_digit);
    if !plain {
        return None;
    }
    u8::try_from(label.iter().fold(0, |sum, digit| 10 * sum + u16::from(digit - b'0'))).ok()
}

/// A digit of an IPv6 address.
fn nibble(label: &[u8]) -> Option<u8> {
    let [digit] = label else { return None };
    char::from(*digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a dotted name stands for.
    fn of(name: &str) -> Place {
        let labels: Vec<_> = name.split('.').filter(|l| !l.is_empty()).map(str::as_bytes).collect();
        place(labels.into_iter())
    }

    /// The labels of an IPv6 address.
    fn nibbles(addr: &str) -> String {
        let hex = format!("{:032x}", u128::from(addr.parse::<Ipv6Addr>().unwrap()));
        hex.chars().rev().map(String::from).collect::<Vec<_>>().join(".")
    }

    #[test]
    fn addresses_are_read_back_to_front() {
        assert_eq!(of("7.113.0.203"), Place::Address("203.0.113.7".parse().unwrap()));
        assert_eq!(of(&nibbles("2001:db8::25")), Place::Address("2001:db8::25".parse().unwrap()));
        assert_eq!(of(&nibbles("2001:db8::ab").to_uppercase()), Place::Address("2001:db8::ab".parse().unwrap()));
        assert_eq!(of("1.0.0.2"), Place::Shared("2.0.0.1".parse().unwrap()));
        assert_eq!(of(""), Place::Apex);
    }

    #[test]
    fn beginnings_of_addresses_exist() {
        let whole = nibbles("2001:db8::25");
        let labels: Vec<&str> = whole.split('.').collect();
        for count in (1..32).filter(|count| *count != 4) {
            assert_eq!(of(&labels[32 - count..].join(".")), Place::Inner, "{count}");
        }
        assert!(matches!(of(&labels[28..].join(".")), Place::Shared(_)), "1.0.0.2 is an IPv4 address too");
        for name in ["203", "0.203", "113.0.203", "a", "f.f.f.f", "0.0.0.a"] {
            assert_eq!(of(name), Place::Inner, "{name}");
        }
    }

    #[test]
    fn everything_else_is_nothing() {
        let long = format!("0.{}", nibbles("2001:db8::25"));
        for name in [
            "foo",
            "256",
            "007.113.0.203",
            "1.2.3.4.5.66",
            "7.113.0.203.9",
            "1.7.113.0.203",
            "g",
            "-1",
            "+1",
            "a.203",
            &long,
        ] {
            assert_eq!(of(name), Place::Nothing, "{name}");
        }
    }
}
