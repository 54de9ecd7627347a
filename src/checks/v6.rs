//! What is special about IPv6: addresses that a machine made up itself, tunnels, and the /64 that counts as one sender.

use std::net::IpAddr;

use super::{Found, Outcome, end};
use crate::domain::net::Net;

/// Looks at the address alone.
pub(super) fn check(addr: IpAddr) -> Found {
    let values = vec![("ip", addr.to_string()), ("net", Net::around(addr, 64).to_string())];
    let IpAddr::V6(v6) = addr else { return end(Outcome::Pass, "v6-chosen", values) };
    match v6.segments() {
        [0x2002, ..] | [0x2001, 0, ..] => end(Outcome::Fail, "v6-tunnel", values),
        [_, _, _, _, _, b, c, _] if b & 0x00ff == 0x00ff && c & 0xff00 == 0xfe00 => {
            end(Outcome::Warn, "v6-made-up", values)
        }
        [_, _, _, _, a, b, c, d] if looks_random([a, b, c, d]) => end(Outcome::Warn, "v6-random", values),
        _ => end(Outcome::Pass, "v6-chosen", values),
    }
}

/// Whether the part behind the /64 looks drawn by lot, as privacy addresses are: hardly a digit in it is zero.
fn looks_random(part: [u16; 4]) -> bool {
    let digits = format!("{:016x}", part.into_iter().fold(0_u64, |all, word| (all << 16) | u64::from(word)));
    digits.chars().filter(|c| *c != '0').count() >= 13 && digits.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_addresses_are_told_apart() {
        for (addr, want) in [
            ("2001:db8::25", "v6-chosen"),
            ("2001:db8:1:2:0:5efe:cb00:7107", "v6-chosen"),
            ("2001:db8::5054:ff:fe12:3456", "v6-made-up"),
            ("2001:db8::9c3e:71fa:b2d8:6e15", "v6-random"),
            ("2002:cb00:7107::1", "v6-tunnel"),
            ("2001:0:53aa::1", "v6-tunnel"),
        ] {
            assert_eq!(check(addr.parse().unwrap()).finding, want, "{addr}");
        }
    }
}
