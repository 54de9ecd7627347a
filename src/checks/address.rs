//! Addresses that the public DNS knows nothing about.

use std::net::IpAddr;

use super::{Found, Outcome, end};

/// Says that there is nothing to check.
pub(super) fn check(addr: IpAddr) -> Found {
    end(Outcome::Unknown, "address-not-public", vec![("ip", addr.to_string())])
}
