//! Whether the name in HELO or EHLO is a full one and leads to the address (RFC 5321, 4.1.1.1).

use std::net::IpAddr;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};
use crate::domain::dns::public_host;
use crate::domain::net::parse_addr;

/// Looks at the name, then asks for it.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr, helo: &str) -> Found {
    let values = |ip: &IpAddr| vec![("name", helo.to_owned()), ("ip", ip.to_string())];
    if helo.starts_with('[') && helo.ends_with(']') {
        let own = parse_addr(helo).is_ok_and(|literal| literal == addr);
        return if own {
            end(Outcome::Warn, "helo-literal", values(&addr))
        } else {
            end(Outcome::Fail, "helo-other-literal", values(&addr))
        };
    }
    let Some(name) = public_host(helo).filter(|name| !name.contains('_')) else {
        return end(Outcome::Fail, "helo-not-full", values(&addr));
    };
    match inquiry.addrs(&name).await {
        Ok(addrs) if addrs.contains(&addr) => end(Outcome::Pass, "helo-matches", values(&addr)),
        Ok(_) => end(Outcome::Warn, "helo-elsewhere", values(&addr)),
        Err(Miss::Failed) => end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => end(Outcome::Fail, "helo-unresolved", values(&addr)),
    }
}
