//! What the DNS says of a proof of control: a record in the reverse zone or at the name of the address, the mailbox of its domain.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;

use super::dns::{Dns, Inquiry};
use super::{Checks, generic};
use crate::domain::net::{Net, from_number, number};
use crate::domain::proof::{LABEL, narrower_cuts, reverse_cuts};

/// How many names of an address are looked at.
const NAMES_MOST: usize = 5;

impl Checks {
    /// The name at which a record with this text stands for a network, if there is one.
    pub async fn proof_record(&self, net: Net, text: &str) -> Option<String> {
        let dns = self.dns.as_ref()?;
        let _place = self.places.try_acquire().ok()?;
        tokio::time::timeout(self.patience(), find(dns, net, text)).await.ok()?
    }

    /// The domain whose postmaster may vouch for an address: that of its forward-confirmed name, which no range got.
    pub async fn vouching_domain(&self, addr: IpAddr) -> Option<String> {
        let dns = self.dns.as_ref()?;
        let _place = self.places.try_acquire().ok()?;
        let names = tokio::time::timeout(self.patience(), own_names(&Inquiry::new(dns), addr)).await.ok()?;
        names.iter().find_map(|name| psl::domain_str(name).map(ToOwned::to_owned))
    }

    /// How long a sender waits for an answer.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.settings.timeout.unsigned_abs())
    }
}

/// Looks at all names at once.
async fn find(dns: &Dns, net: Net, text: &str) -> Option<String> {
    let inquiry = Inquiry::new(dns);
    let mut places = reverse_cuts(net);
    if net.is_single() {
        let (alias, own) = tokio::join!(inquiry.alias(net.first()), own_names(&inquiry, net.first()));
        places.extend(alias);
        places.extend(own);
    }
    let found = having(&inquiry, &places, text).await.into_iter().next();
    if found.is_some() || net.is_single() {
        return found;
    }
    let parts = narrower_cuts(net);
    let in_parts = having(&inquiry, &parts, text).await;
    if !parts.is_empty() && in_parts.len() == parts.len() {
        return Some(in_parts.join(", "));
    }
    let zone = delegated_zone(&inquiry, net).await?;
    let found = having(&inquiry, std::slice::from_ref(&zone), text).await.into_iter().next()?;
    is_delegated(&inquiry, net, &zone).await.then_some(found)
}

/// The names below the label at these places that have a record with this text.
async fn having(inquiry: &Inquiry<'_>, places: &[String], text: &str) -> Vec<String> {
    let names: Vec<String> = places.iter().map(|place| format!("{LABEL}.{place}")).collect();
    let answers = join_all(names.iter().map(|name| inquiry.txt(name))).await;
    let has = |texts: &Vec<String>| texts.iter().any(|found| found.trim() == text);
    let with = names.iter().zip(&answers).filter(|(_, answer)| answer.as_ref().is_ok_and(has));
    with.map(|(name, _)| name.clone()).collect()
}

/// The addresses of a range whose names have to lead into a delegated zone: not those of the network and of all its hosts,
/// which often have none.
fn hosts(net: Net) -> impl Iterator<Item = IpAddr> {
    let (first, last) = (number(net.first()), number(net.last()));
    let edge = u128::from(last - first > 1);
    (first + edge..=last - edge).map(from_number)
}

/// The zone that the first name of a range narrower than an octet leads into (RFC 2317).
async fn delegated_zone(inquiry: &Inquiry<'_>, net: Net) -> Option<String> {
    if !net.is_v4() || net.prefix_len() <= 24 {
        return None;
    }
    zone_of(&inquiry.alias(hosts(net).next()?).await)
}

/// The zone of the name that a reverse name stands for.
fn zone_of(alias: &[String]) -> Option<String> {
    let (_, zone) = alias.first()?.split_once('.')?;
    Some(zone.to_ascii_lowercase())
}

/// Whether the names of all addresses of a range lead into one zone: a zone of less would vouch for others' addresses.
async fn is_delegated(inquiry: &Inquiry<'_>, net: Net, zone: &str) -> bool {
    let aliases = join_all(hosts(net).map(|addr| inquiry.alias(addr))).await;
    aliases.iter().all(|alias| zone_of(alias).as_deref() == Some(zone))
}

/// The names of an address that lead back to it and that somebody chose for it.
async fn own_names(inquiry: &Inquiry<'_>, addr: IpAddr) -> Vec<String> {
    let names: Vec<String> = inquiry.ptr(addr).await.unwrap_or_default().into_iter().take(NAMES_MOST).collect();
    let answers = join_all(names.iter().map(|name| inquiry.like(name, addr))).await;
    let confirmed =
        names.iter().zip(&answers).filter(|(_, answer)| answer.as_ref().is_ok_and(|all| all.contains(&addr)));
    confirmed.map(|(name, _)| name.clone()).filter(|name| generic::is_own(name, addr)).collect()
}
