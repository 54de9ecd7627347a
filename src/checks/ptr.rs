//! Whether the address has a name (PTR record).

use std::net::IpAddr;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};

/// How many names are still usual; receivers look at the first few only.
const NAMES_USUAL: usize = 5;

/// Asks for the names of the address.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr) -> Found {
    let ip = ("ip", addr.to_string());
    match inquiry.ptr(addr).await {
        Ok(names) if names.len() > NAMES_USUAL => {
            end(Outcome::Warn, "ptr-many", vec![ip, ("count", names.len().to_string())])
        }
        Ok(names) => end(Outcome::Pass, "ptr-found", vec![ip, ("name", names.join(", "))]),
        Err(Miss::Failed) => end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => end(Outcome::Fail, "ptr-none", vec![ip]),
    }
}
