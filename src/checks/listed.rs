//! Whether a public blocklist has the address (RFC 5782).
//!
//! Only 127.0.0.0/8 means anything. 127.255.255.0/24 is how lists say that they do not answer us; other addresses come
//! from servers that invent answers; a list that lists 127.0.0.1 lists everything. None of these is a listing.

use std::net::{IpAddr, Ipv4Addr};

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};
use crate::domain::dns::reversed;

/// The address that no working list has, in the form of the family that is asked for.
fn never_listed(addr: IpAddr) -> IpAddr {
    match addr {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()),
    }
}

/// What an answer of a list means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// Listed.
    Listed,
    /// The list does not answer us.
    Refused,
    /// Somebody invents answers.
    Invented,
}

/// Asks one list.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr, zone: &str) -> Found {
    let values =
        |more: &[(&'static str, String)]| [&[("zone", zone.to_owned()), ("ip", addr.to_string())], more].concat();
    let name = format!("{}.{zone}", reversed(addr));
    let codes = match inquiry.v4(&name).await {
        Ok(codes) => codes,
        Err(Miss::Failed) => return end(Outcome::Unknown, "listed-no-answer", values(&[])),
        Err(_) => return end(Outcome::Pass, "listed-free", values(&[])),
    };
    let told = codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let told = ("code", told);
    match codes.iter().map(|code| meaning(*code)).max_by_key(|code| *code as u8) {
        None | Some(Code::Invented) => return end(Outcome::Unknown, "listed-invented", values(&[told])),
        Some(Code::Refused) => return end(Outcome::Unknown, "listed-refused", values(&[told])),
        Some(Code::Listed) => {}
    }
    let (lists_all, reason) = tokio::join!(lists_everything(inquiry, addr, zone), inquiry.txt(&name));
    if lists_all {
        return end(Outcome::Unknown, "listed-everything", values(&[told]));
    }
    match reason.ok().and_then(|texts| texts.into_iter().next()) {
        Some(reason) => end(Outcome::Fail, "listed-reason", values(&[told, ("reason", reason)])),
        None => end(Outcome::Fail, "listed-listed", values(&[told])),
    }
}

/// What one answer means. Of several, the one that stops us from believing counts.
fn meaning(code: IpAddr) -> Code {
    match code {
        IpAddr::V4(v4) => match v4.octets() {
            [127, 255, 255, _] => Code::Refused,
            [127, 0, 0, 0 | 1] => Code::Invented,
            [127, ..] => Code::Listed,
            _ => Code::Invented,
        },
        IpAddr::V6(_) => Code::Invented,
    }
}

/// Whether the list has the address that no list may have.
async fn lists_everything(inquiry: &Inquiry<'_>, addr: IpAddr, zone: &str) -> bool {
    // The reversed form of a mapped address would be that of IPv4, so the nibbles are written out for IPv6.
    let name = match never_listed(addr) {
        v4 @ IpAddr::V4(_) => format!("{}.{zone}", reversed(v4)),
        IpAddr::V6(v6) => {
            let nibbles: Vec<String> = format!("{:032x}", u128::from(v6)).chars().rev().map(String::from).collect();
            format!("{}.{zone}", nibbles.join("."))
        }
    };
    inquiry.v4(&name).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        for (code, want) in [
            ("127.0.0.2", Code::Listed),
            ("127.0.1.4", Code::Listed),
            ("127.255.255.254", Code::Refused),
            ("127.0.0.1", Code::Invented),
            ("192.0.2.1", Code::Invented),
        ] {
            assert_eq!(meaning(code.parse().unwrap()), want, "{code}");
        }
    }
}
