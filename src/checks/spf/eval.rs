//! Trying an address against a record (RFC 7208, 4), within the limits on look-ups (4.6.4).

use std::net::{IpAddr, Ipv4Addr};

use futures_util::future::BoxFuture;

use super::Verdict;
use super::macros::{Letters, asks_name, expand};
use super::record::{Lengths, Mechanism, Record, is_spf};
use crate::checks::dns::{Answer, Exchanger, Inquiry, Miss};
use crate::domain::net::{Net, fold};

/// How many terms may ask the DNS.
const TERMS_MOST: u8 = 10;

/// How many questions may lead nowhere.
const VOID_MOST: u8 = 2;

/// How many names of an address or exchangers of a domain are followed.
const FOLLOWED_MOST: usize = 10;

/// One evaluation.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    /// Where questions go.
    inquiry: &'a Inquiry<'a>,
    /// The address that sends.
    addr: IpAddr,
    /// The name in HELO.
    helo: &'a str,
    /// The sender, always with a local part.
    sender: String,
    /// How many terms asked so far.
    terms: u8,
    /// How many questions led nowhere.
    voids: u8,
}

/// Whether something matches, or the verdict that ends everything.
type Match = Result<bool, Verdict>;

impl<'a> Evaluation<'a> {
    /// Gets ready.
    pub(super) fn new(inquiry: &'a Inquiry<'a>, addr: IpAddr, helo: &'a str, sender: &str) -> Self {
        let sender = match sender.rsplit_once('@') {
            None => format!("postmaster@{}", if sender.is_empty() { helo } else { sender }),
            Some(("", domain)) => format!("postmaster@{domain}"),
            Some(_) => sender.to_owned(),
        };
        Self { inquiry, addr: fold(addr), helo, sender, terms: 0, voids: 0 }
    }

    /// Evaluates.
    pub(super) async fn run(mut self) -> Verdict {
        let domain = self.sender.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default();
        if !is_name(&domain) || !domain.contains('.') {
            return Verdict::None;
        }
        self.of_domain(domain).await.unwrap_or_else(|verdict| verdict)
    }

    /// What the record of a domain says.
    fn of_domain(&mut self, domain: String) -> BoxFuture<'_, Result<Verdict, Verdict>> {
        Box::pin(async move {
            let Some(record) = self.record(&domain).await? else { return Ok(Verdict::None) };
            for (verdict, mechanism) in &record.directives {
                if self.matches(mechanism, &domain).await? {
                    return Ok(*verdict);
                }
            }
            let Some(target) = &record.redirect else { return Ok(Verdict::Neutral) };
            self.count_term()?;
            let target = self.name(Some(target), &domain).await;
            match self.of_domain(target).await? {
                Verdict::None => Err(Verdict::PermError),
                verdict => Ok(verdict),
            }
        })
    }

    /// The record of a domain, if it has one.
    async fn record(&mut self, domain: &str) -> Result<Option<Record>, Verdict> {
        if !is_name(domain) {
            return Ok(None);
        }
        let texts = match self.inquiry.txt(domain).await {
            Ok(texts) => texts,
            Err(Miss::Failed) => return Err(Verdict::TempError),
            Err(_) => return Ok(None),
        };
        let records: Vec<&String> = texts.iter().filter(|text| is_spf(text)).collect();
        match records.as_slice() {
            [] => Ok(None),
            [one] => Record::read(one).map(Some).ok_or(Verdict::PermError),
            _ => Err(Verdict::PermError),
        }
    }

    /// Whether a mechanism matches.
    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Match {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(net, len) => Ok(self.lies_in(IpAddr::V4(*net), *len)),
            Mechanism::Ip6(net, len) => {
                Ok(self.addr.is_ipv6() && Net::around(IpAddr::V6(*net), *len).covers(Net::single(self.addr)))
            }
            Mechanism::Include(target) => self.include(target, domain).await,
            Mechanism::A(target, lengths) => {
                self.count_term()?;
                let name = self.name(target.as_deref(), domain).await;
                self.has_address(&name, *lengths).await
            }
            Mechanism::Mx(target, lengths) => self.mx(target.as_deref(), *lengths, domain).await,
            Mechanism::Ptr(target) => self.ptr(target.as_deref(), domain).await,
            Mechanism::Exists(target) => {
                self.count_term()?;
                let name = self.name(Some(target), domain).await;
                let answer = if is_name(&name) { self.inquiry.v4(&name).await } else { Err(Miss::NoName) };
                Ok(!self.known(answer)?.is_empty())
            }
        }
    }

    /// Whether the record of another domain lets the address pass.
    async fn include(&mut self, target: &str, domain: &str) -> Match {
        self.count_term()?;
        let name = self.name(Some(target), domain).await;
        match self.of_domain(name).await? {
            Verdict::None => Err(Verdict::PermError),
            verdict => Ok(verdict == Verdict::Pass),
        }
    }

    /// Whether an exchanger of a name has the address.
    async fn mx(&mut self, target: Option<&str>, lengths: Lengths, domain: &str) -> Match {
        self.count_term()?;
        let name = self.name(target, domain).await;
        let answer = if is_name(&name) { self.inquiry.mx(&name).await } else { Err(Miss::NoName) };
        let exchangers: Vec<Exchanger> = self.known(answer)?;
        if exchangers.len() > FOLLOWED_MOST {
            return Err(Verdict::PermError);
        }
        for exchanger in exchangers.iter().filter(|mx| !mx.host.is_empty()) {
            if self.has_address(&exchanger.host, lengths).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a confirmed name of the address lies below a name. Trouble with names is no match.
    async fn ptr(&mut self, target: Option<&str>, domain: &str) -> Match {
        self.count_term()?;
        let name = self.name(target, domain).await.to_ascii_lowercase();
        let end = format!(".{name}");
        Ok(self.confirmed().await.iter().any(|own| *own == name || own.ends_with(&end)))
    }

    /// The names of the address that lead back to it.
    async fn confirmed(&mut self) -> Vec<String> {
        let mut confirmed = Vec::new();
        for name in self.inquiry.ptr(self.addr).await.unwrap_or_default().into_iter().take(FOLLOWED_MOST) {
            if self.inquiry.like(&name, self.addr).await.is_ok_and(|addrs| addrs.contains(&self.addr)) {
                confirmed.push(name);
            }
        }
        confirmed
    }

    /// Whether a name has an address in whose network the sender's lies.
    async fn has_address(&mut self, name: &str, lengths: Lengths) -> Match {
        let answer = if is_name(name) { self.inquiry.like(name, self.addr).await } else { Err(Miss::NoName) };
        let len = if self.addr.is_ipv4() { lengths.v4 } else { lengths.v6 };
        Ok(self.known(answer)?.into_iter().any(|addr| self.lies_in(addr, len)))
    }

    /// Whether the address lies in the network of this length around `other`, of the same family.
    fn lies_in(&self, other: IpAddr, len: u8) -> bool {
        other.is_ipv4() == self.addr.is_ipv4() && Net::around(other, len).covers(Net::single(self.addr))
    }

    /// The name that a text stands for; without one the domain itself.
    async fn name(&mut self, target: Option<&str>, domain: &str) -> String {
        let Some(target) = target else { return domain.to_owned() };
        let confirmed = if asks_name(target) { self.best_name(domain).await } else { String::new() };
        expand(
            target,
            &Letters { sender: &self.sender, domain, addr: self.addr, helo: self.helo, confirmed: &confirmed },
        )
    }

    /// The confirmed name of the address that fits best: the domain, one below it, any.
    async fn best_name(&mut self, domain: &str) -> String {
        let names = self.confirmed().await;
        let end = format!(".{domain}");
        let own = names.iter().find(|name| *name == domain);
        let best = own.or_else(|| names.iter().find(|name| name.ends_with(&end))).or(names.first());
        best.cloned().unwrap_or_else(|| "unknown".to_owned())
    }

    /// Counts a term that asks the DNS.
    fn count_term(&mut self) -> Result<(), Verdict> {
        self.terms += 1;
        if self.terms > TERMS_MOST { Err(Verdict::PermError) } else { Ok(()) }
    }

    /// The records of an answer; counts those that led nowhere.
    fn known<T>(&mut self, answer: Answer<T>) -> Result<Vec<T>, Verdict> {
        match answer {
            Ok(found) => Ok(found),
            Err(Miss::Failed) => Err(Verdict::TempError),
            Err(_) => {
                self.voids += 1;
                if self.voids > VOID_MOST { Err(Verdict::PermError) } else { Ok(Vec::new()) }
            }
        }
    }
}

/// Whether a name can be asked for: no empty or long label, and not an address.
fn is_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
        && name.parse::<Ipv4Addr>().is_err()
        && !name.starts_with('[')
}
