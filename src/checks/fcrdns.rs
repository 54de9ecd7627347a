//! Whether a name of the address leads back to the address (forward-confirmed reverse DNS).

use std::net::IpAddr;

use futures_util::future::join_all;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};

/// How many names are followed.
const NAMES_MOST: usize = 5;

/// Follows the names of the address.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr) -> Found {
    let ip = ("ip", addr.to_string());
    let names = match inquiry.ptr(addr).await {
        Ok(names) => names,
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => return end(Outcome::Fail, "fcrdns-no-name", vec![ip]),
    };
    let names: Vec<String> = names.into_iter().take(NAMES_MOST).collect();
    let answers = join_all(names.iter().map(|name| inquiry.like(name, addr))).await;
    let confirmed =
        names.iter().zip(&answers).find(|(_, answer)| answer.as_ref().is_ok_and(|addrs| addrs.contains(&addr)));
    if let Some((name, _)) = confirmed {
        return end(Outcome::Pass, "fcrdns-confirmed", vec![ip, ("name", name.clone())]);
    }
    if answers.contains(&Err(Miss::Failed)) {
        return end(Outcome::Unknown, "no-answer", Vec::new());
    }
    let elsewhere = answers.iter().any(Result::is_ok);
    let finding = if elsewhere { "fcrdns-elsewhere" } else { "fcrdns-dangling" };
    end(Outcome::Fail, finding, vec![ip, ("name", names.join(", "))])
}
