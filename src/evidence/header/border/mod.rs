//! The border: the hop where a mail came from outside into the receiver's network.
//!
//! Walking from the newest hop down, a hop is inside as long as its client is the receiver's own: a
//! private address, a host of the same organisation, no network at all. The first client that is not
//! is the border. What lies below was written by strangers and is never believed. Where the receiver
//! itself wrote down whom it checked (SPF), that settles the cases that look alike from outside.

use std::net::IpAddr;

use super::net;
use super::received::Received;
use super::spf::Client;
use crate::evidence::Context;

/// How many hops are looked at; a border lies near the top.
const DEEPEST: usize = 40;

/// What is known of the receiver while walking down.
struct Walk<'c> {
    /// Our own hosts and networks.
    context: &'c Context,
    /// Organisations of the receiver.
    own: Vec<String>,
    /// Whom servers say they checked, topmost first.
    checked: &'c [Client],
    /// Domains that the mail was delivered for.
    recipients: &'c [String],
    /// The newest hop with an outside address of the receiver's own organisation that it checked.
    checked_sibling: Option<usize>,
    /// The newest hop with an outside address of the receiver's own organisation.
    sibling: Option<usize>,
}

/// Finds the border among the hops, newest first. `recipients` are domains that the mail was
/// delivered for.
pub(super) fn find(
    hops: &[Received<'_>],
    checked: &[Client],
    recipients: &[String],
    context: &Context,
) -> Option<usize> {
    let near = hops.get(..hops.len().min(DEEPEST)).unwrap_or(hops);
    if let Some(index) = near.iter().position(|hop| enters_own(hop, context)) {
        return Some(index);
    }
    let start = near.iter().rposition(|hop| hop.fetched).map_or(0, |at| at + 1);
    let mut walk = Walk { context, own: Vec::new(), checked, recipients, checked_sibling: None, sibling: None };
    let mut outside = None;
    for (index, hop) in near.iter().enumerate().skip(start) {
        if walk.is_outside(index, hop, near) {
            outside = Some(index);
            break;
        }
    }
    let index = walk.choose(outside, near)?;
    let index = walk.before_service(index, near).unwrap_or(index);
    Some(below_filter(index, near))
}

/// Organisations that filter mail for others before it reaches them.
const SERVICES: &[&str] = &[
    "pphosted.com",
    "ppe-hosted.com",
    "ppops.net",
    "mimecast.com",
    "messagelabs.com",
    "symanteccloud.com",
    "iphmx.com",
    "barracudanetworks.com",
    "cudaops.com",
    "trendmicro.com",
    "trendmicro.eu",
    "sophos.com",
    "antispamcloud.com",
    "hornetsecurity.com",
    "mailcontrol.com",
    "mxlogic.net",
    "psmtp.com",
    "retarus.com",
    "expurgate.net",
    "expurgate.de",
];

/// Whether one of our own hosts took this hop from a stranger.
fn enters_own(hop: &Received<'_>, context: &Context) -> bool {
    let ours = |name: Option<&str>| name.is_some_and(|name| is_own_host(name, context));
    let receives = ours(hop.by) || hop.by_ip.is_some_and(|ip| is_own_network(ip, context));
    let from_own = ours(hop.rdns) || hop.ip.is_some_and(|ip| net::is_private(ip) || is_own_network(ip, context));
    receives && hop.ip.is_some() && !from_own
}

/// Whether a name is one of our hosts, or below one of our domains.
fn is_own_host(name: &str, context: &Context) -> bool {
    let name = name.trim_end_matches('.');
    context.own_hosts.iter().any(|own| {
        let own = own.trim_matches('.');
        let head = name.len().checked_sub(own.len());
        let tail = head.and_then(|at| name.get(at..));
        let dotted = head.is_some_and(|at| at == 0 || name.as_bytes().get(at - 1) == Some(&b'.'));
        !own.is_empty() && dotted && tail.is_some_and(|tail| tail.eq_ignore_ascii_case(own))
    })
}

/// Whether an address is in one of our networks.
fn is_own_network(ip: IpAddr, context: &Context) -> bool {
    context.networks.iter().any(|network| network.contains(&ip))
}

impl Walk<'_> {
    /// Whether the client of a hop is a stranger; if not, its hosts belong to the receiver.
    fn is_outside(&mut self, index: usize, hop: &Received<'_>, hops: &[Received<'_>]) -> bool {
        self.learn(hop.by);
        let outside = hop.ip.filter(|ip| !net::is_private(*ip) && !is_own_network(*ip, self.context));
        let Some(ip) = outside.filter(|_| !hop.local) else {
            self.learn_inside(hop, hops.get(index + 1));
            return false;
        };
        if self.is_sibling(hop, hops.get(index + 1)) || self.behind_gateway(index, hop, hops) {
            if self.was_checked(ip) {
                self.checked_sibling.get_or_insert(index);
            }
            self.sibling.get_or_insert(index);
            self.learn(hop.from);
            return false;
        }
        true
    }

    /// Whether some server says that it checked this client.
    fn was_checked(&self, ip: IpAddr) -> bool {
        self.checked.iter().any(|client| client.ip == Some(ip))
    }

    /// Chooses between the first stranger and a host of the receiver's own organisation that was
    /// treated as a stranger: customers of one provider write to each other that way. A stranger
    /// below counts only if that provider checked it too, and it was no customer who logged in.
    fn choose(&self, outside: Option<usize>, hops: &[Received<'_>]) -> Option<usize> {
        let entered = outside.filter(|index| {
            let hop = hops.get(*index);
            hop.and_then(|hop| hop.ip).is_some_and(|ip| self.was_checked(ip))
        });
        if self.checked_sibling.is_some() {
            return entered.or(self.checked_sibling);
        }
        outside.or(self.sibling)
    }

    /// The hop at which a filter service took the mail for the receiver: a stranger's, whom the service checked, while
    /// nobody checked the service. A service that sends for its customers is checked itself.
    fn before_service(&self, index: usize, hops: &[Received<'_>]) -> Option<usize> {
        let hop = hops.get(index)?;
        let service = hop.rdns.or(hop.from).and_then(net::organisation)?;
        let filters = SERVICES.contains(&service.as_str()) && !hop.ip.is_some_and(|ip| self.was_checked(ip));
        let below = || hops.iter().enumerate().skip(index + 1).take(4);
        let taken = |hop: &Received<'_>| {
            let by = hop.by.and_then(net::organisation);
            by.as_deref() == Some(service.as_str()) && hop.ip.is_some_and(|ip| self.was_checked(ip))
        };
        filters.then(|| below().find(|(_, hop)| taken(hop)).map(|(at, _)| at)).flatten()
    }

    /// Notes that a host is the receiver's.
    fn learn(&mut self, host: Option<&str>) {
        if let Some(domain) = host.and_then(net::organisation)
            && !self.own.contains(&domain)
            && self.own.len() < 64
        {
            self.own.push(domain);
        }
    }

    /// Notes the client of an inner hop, if the next hop below confirms its name.
    fn learn_inside(&mut self, hop: &Received<'_>, below: Option<&Received<'_>>) {
        let confirmed = hop.rdns.or(hop.from).filter(|from| below.is_some_and(|below| same_host(below.by, from)));
        self.learn(confirmed);
    }

    /// Whether the client belongs to the receiver's organisation: by the name of its address, or by
    /// what it called itself; and the hop below was written in the same house, so that a customer's
    /// line with a name of the house is told apart from the house's servers.
    fn is_sibling(&self, hop: &Received<'_>, below: Option<&Received<'_>>) -> bool {
        let Some(below) = below.filter(|_| !hop.authenticated) else {
            return false;
        };
        let own = |name: &str| net::organisation(name).is_some_and(|domain| self.own.contains(&domain));
        let inner = below.by.is_none_or(net::is_local_name) || below.by_ip.is_some_and(net::is_private);
        let named = hop.rdns.or(hop.from).filter(|name| own(name));
        let line = named.zip(hop.ip).is_some_and(|(name, ip)| is_line(name, ip));
        let house = below.by.is_some_and(own);
        named.is_some() && !line && (house || (inner && hop.rdns.is_some()))
    }

    /// Whether the receiving host has no place on the Internet, and the client is the receiver's
    /// gateway: it bears the recipient's domain, or right below this hop stands that it checked
    /// another client.
    fn behind_gateway(&self, index: usize, hop: &Received<'_>, hops: &[Received<'_>]) -> bool {
        let inner = hop.by_ip.is_some_and(net::is_private) || hop.by.is_some_and(net::is_local_name);
        let linked = hops.get(index + 1).is_some_and(|below| hop.from.is_some_and(|from| same_host(below.by, from)));
        if !inner || !linked {
            return false;
        }
        let domain = hop.rdns.or(hop.from).and_then(net::organisation);
        let delivers = domain.is_some() && self.recipients.iter().any(|name| net::organisation(name) == domain);
        let next = self.checked.first().filter(|client| client.hops_above <= index + 2).and_then(|client| client.ip);
        let checked = next.is_some() && hops.iter().skip(index + 1).take(2).any(|below| below.ip == next);
        delivers || checked
    }
}

/// Whether the hop that was found is one between two hosts of one house, while that house says that it checked a stranger
/// whom no hop below names: the paste ends before the hop at which the stranger came.
pub(super) fn is_cut(hops: &[Received<'_>], index: usize, checked: &[Client]) -> bool {
    let (Some(hop), Some(client)) = (hops.get(index), checked.first()) else {
        return false;
    };
    let inside = hop.rdns.or(hop.from).zip(hop.by).is_some_and(|(from, by)| same_host(Some(from), by));
    let last = index + 1 >= hops.len() && client.hops_above == hops.len();
    inside && last && !hops.iter().any(|hop| hop.ip == client.ip)
}

/// Whether a name is made of the address, as those of customers' lines are: `192-0-2-1.dsl.example`.
fn is_line(name: &str, ip: IpAddr) -> bool {
    let IpAddr::V4(v4) = ip else { return false };
    let [a, b, c, d] = v4.octets().map(|octet| octet.to_string());
    let numbers: Vec<&str> = name.split(|c: char| !c.is_ascii_digit()).collect();
    let has = |octet: &String| numbers.contains(&octet.as_str());
    has(&a) && has(&b) && has(&c) && has(&d)
}

/// Whether two names mean one host, by their whole or by their organisation.
fn same_host(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| {
        one.eq_ignore_ascii_case(other.trim_end_matches('.'))
            || (net::organisation(one).is_some() && net::organisation(one) == net::organisation(other))
    })
}

/// A content filter on the same machine repeats the client of the hop below it; that one is meant.
fn below_filter(index: usize, hops: &[Received<'_>]) -> usize {
    let (Some(hop), Some(below)) = (hops.get(index), hops.get(index + 1)) else {
        return index;
    };
    let filter = hop.by.is_some_and(net::is_local_name) || hop.by_ip.is_some_and(|ip| ip.is_loopback());
    if filter && hop.ip == below.ip { index + 1 } else { index }
}

#[cfg(test)]
mod tests;
