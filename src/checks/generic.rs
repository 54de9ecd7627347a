//! Whether the name of the address looks as if a provider had given it to a whole range.

use std::net::IpAddr;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};
use crate::domain::dns::reversed;

/// Words for lines of homes and mobiles, whose addresses change hands.
const DYNAMIC: &[&str] = &[
    "dyn",
    "dynamic",
    "dynip",
    "dip",
    "dhcp",
    "dialup",
    "dialin",
    "dial",
    "ppp",
    "pppoe",
    "pool",
    "pools",
    "dsl",
    "adsl",
    "vdsl",
    "xdsl",
    "cable",
    "catv",
    "docsis",
    "broadband",
    "fttx",
    "ftth",
    "wireless",
    "wifi",
    "wlan",
    "mobile",
    "lte",
    "gprs",
    "umts",
    "residential",
    "nat",
];

/// Words for addresses that nobody has named yet.
const UNNAMED: &[&str] = &[
    "static",
    "client",
    "clients",
    "customer",
    "customers",
    "cust",
    "unassigned",
    "unknown",
    "unused",
    "host",
    "ip",
    "rev",
    "reverse",
    "vps",
    "user",
];

/// What a name looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Like a name that somebody chose.
    Own,
    /// Like one of a range.
    Generic,
    /// Like one of a range of lines.
    Dynamic,
}

/// Looks at the names of the address.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr) -> Found {
    match inquiry.ptr(addr).await {
        Ok(names) => judge(&names, addr),
        Err(Miss::Failed) => end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => end(Outcome::Fail, "generic-no-name", Vec::new()),
    }
}

/// The best of the names counts.
fn judge(names: &[String], addr: IpAddr) -> Found {
    let best = names.iter().map(|name| (look(name, addr), name)).min_by_key(|(look, _)| *look as u8);
    let Some((look, name)) = best else { return end(Outcome::Fail, "generic-no-name", Vec::new()) };
    let name = vec![("name", name.clone())];
    match look {
        Look::Own => end(Outcome::Pass, "generic-own", name),
        Look::Generic => end(Outcome::Warn, "generic-generic", name),
        Look::Dynamic => end(Outcome::Fail, "generic-dynamic", name),
    }
}

/// Whether a name looks like one that somebody chose.
pub(super) fn is_own(name: &str, addr: IpAddr) -> bool {
    look(name, addr) == Look::Own
}

/// What one name looks like. The registrable domain is left out: a firm may be called anything.
fn look(name: &str, addr: IpAddr) -> Look {
    let own = psl::domain_str(name).unwrap_or_default();
    let host = name.strip_suffix(own).unwrap_or(name).trim_end_matches('.');
    let has = |words: &[&str]| {
        host.split(['.', '-', '_']).any(|part| words.contains(&part.trim_matches(|c: char| c.is_ascii_digit())))
    };
    match (has_address(host, addr), has(DYNAMIC), has(UNNAMED)) {
        (true, true, _) => Look::Dynamic,
        (true, false, _) | (false, true, _) => Look::Generic,
        (false, false, true) if host.chars().any(|c| c.is_ascii_digit()) => Look::Generic,
        _ => Look::Own,
    }
}

/// Whether the address stands in a name, in one of the ways in which ranges are named.
fn has_address(host: &str, addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            let padded = format!("{a:03}{b:03}{c:03}{d:03}");
            let hex = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
            let numbers: Vec<u16> =
                host.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
            let forward = [a, b, c, d].map(u16::from);
            let backward = [d, c, b, a].map(u16::from);
            // The last two octets beside each other are enough: the rest often is the name of the network.
            let tails = [[u16::from(c), u16::from(d)], [u16::from(d), u16::from(c)]];
            numbers.windows(4).any(|four| four == forward || four == backward)
                || host.contains(&padded)
                || host.contains(&hex)
                || numbers.windows(2).any(|two| tails.iter().any(|tail| two == tail))
        }
        IpAddr::V6(v6) => {
            let letters: String = host.chars().filter(char::is_ascii_hexdigit).collect();
            let back = reversed(addr).replace('.', "");
            let full = format!("{:032x}", u128::from(v6));
            let written = v6.to_string().replace("::", "--").replace(':', "-");
            let tail = full.get(16..).unwrap_or_default();
            let back_head = back.get(..16).unwrap_or_default();
            host.contains(&written) || letters.contains(tail) || letters.contains(back_head)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ranges_are_told_from_own_ones() {
        for (name, addr, want) in [
            ("mail.sender.example", "203.0.113.7", Look::Own),
            ("mx7.sender.example", "203.0.113.7", Look::Own),
            ("mail.dsl.example", "203.0.113.7", Look::Own),
            ("203-0-113-7.static.isp.example", "203.0.113.7", Look::Generic),
            ("7.113.0.203.isp.example", "203.0.113.7", Look::Generic),
            ("host113-7.isp.example", "203.0.113.7", Look::Generic),
            ("cb007107.isp.example", "203.0.113.7", Look::Generic),
            ("ip203000113007.isp.example", "203.0.113.7", Look::Generic),
            ("vps1234.hoster.example", "203.0.113.7", Look::Generic),
            ("p203-0-113-7.dip0.isp.example", "203.0.113.7", Look::Dynamic),
            ("203-0-113-7.pool.dyn.isp.example", "203.0.113.7", Look::Dynamic),
            ("mail.sender.example", "2001:db8::7", Look::Own),
            ("2001-db8--7.isp.example", "2001:db8::7", Look::Generic),
        ] {
            assert_eq!(look(name, addr.parse().unwrap()), want, "{name}");
        }
    }

    #[test]
    fn one_good_name_is_enough() {
        let names = ["203-0-113-7.dyn.isp.example".to_owned(), "mail.sender.example".to_owned()];
        assert_eq!(judge(&names, "203.0.113.7".parse().unwrap()).outcome, Outcome::Pass);
    }
}
