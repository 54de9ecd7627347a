//! What the DNS says of a proof of control: a record in the reverse zone or at the name of the address, the mailbox of its domain.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;

use super::dns::{Dns, Inquiry};
use super::{Checks, generic};
use crate::domain::net::Net;
use crate::domain::proof::{LABEL, reverse_cuts};

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
    let names: Vec<String> = places.into_iter().map(|place| format!("{LABEL}.{place}")).collect();
    let answers = join_all(names.iter().map(|name| inquiry.txt(name))).await;
    let has = |texts: &Vec<String>| texts.iter().any(|found| found.trim() == text);
    names.iter().zip(&answers).find(|(_, answer)| answer.as_ref().is_ok_and(has)).map(|(name, _)| name.clone())
}

/// The names of an address that lead back to it and that somebody chose for it.
async fn own_names(inquiry: &Inquiry<'_>, addr: IpAddr) -> Vec<String> {
    let names: Vec<String> = inquiry.ptr(addr).await.unwrap_or_default().into_iter().take(NAMES_MOST).collect();
    let answers = join_all(names.iter().map(|name| inquiry.like(name, addr))).await;
    let confirmed =
        names.iter().zip(&answers).filter(|(_, answer)| answer.as_ref().is_ok_and(|all| all.contains(&addr)));
    confirmed.map(|(name, _)| name.clone()).filter(|name| generic::is_own(name, addr)).collect()
}
