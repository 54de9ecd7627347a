//! Live checks: the set-up of a sender, asked over the DNS; one file a check.
//!
//! All checks of a subject run at once and share one time limit; what has no answer by then is `unknown`. A snapshot is
//! kept in memory for minutes. Only the DNS servers of the settings are asked: no connection is opened to anybody else.
//! Sentences are not here: a check names them by key (`checks-…` in the Fluent files).

mod address;
mod align;
mod bounces;
mod dkim;
mod dmarc;
mod dns;
mod fcrdns;
mod generic;
mod helo;
mod kept;
mod listed;
mod origin;
mod prove;
mod ptr;
mod spf;
mod thrift;
mod transport;
mod v6;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::domain::dns::{DnsSettings, host, is_public, public_host};
use crate::domain::net::fold;
use crate::domain::origin::Origins;
use crate::domain::time::{Clock, Time};
pub use dns::Asked;
use dns::{Dns, Inquiry, Miss};
use kept::Kept;
use thrift::Thrift;

/// How many subjects are checked at once; more get no answer, so that a flood of look-ups is no flood of questions.
const RUNS_MOST: usize = 32;

/// How many addresses of a host name are told.
const ADDRS_MOST: usize = 8;

/// How many signatures of the evidence are looked at.
const SIGNATURES_MOST: usize = 4;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Works, and is better changed.
    Warn,
    /// Must be mended.
    Fail,
    /// No answer, or none that can be believed.
    Unknown,
}

impl Outcome {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// A word that the program chose; owned where it was stored.
pub type Word = Cow<'static, str>;

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, such as `ptr`.
    pub name: Word,
    /// What of several alike it is about, such as the zone of a blocklist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found: the key of a sentence, behind `checks-`.
    pub finding: Word,
    /// The values in that sentence.
    pub values: Vec<(Word, String)>,
    /// Where it can be mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What was asked and answered.
    pub asked: Vec<Asked>,
}

impl Check {
    /// Whether another run of the same check found something else. The order of names and addresses says nothing: servers
    /// turn it round from answer to answer.
    fn differs(&self, other: &Self) -> bool {
        let sorted = |check: &Self| -> Vec<Vec<String>> {
            let parts = |value: &String| {
                let mut parts: Vec<String> = value.split(", ").map(ToOwned::to_owned).collect();
                parts.sort();
                parts
            };
            check.values.iter().map(|(_, value)| parts(value)).collect()
        };
        (self.outcome, &self.finding, sorted(self)) != (other.outcome, &other.finding, sorted(other))
    }
}

/// What a check found, before name and questions are put to it.
#[derive(Debug)]
struct Found {
    /// How it ended.
    outcome: Outcome,
    /// The key of the sentence.
    finding: &'static str,
    /// The values in it.
    values: Vec<(&'static str, String)>,
}

/// A DKIM signature, by where its key is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The domain that signed.
    pub domain: String,
    /// Which of its keys.
    pub selector: String,
}

/// What is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The address that sends.
    pub addr: Option<IpAddr>,
    /// The name that it says in HELO or EHLO.
    pub helo: Option<String>,
    /// The domain of the sender.
    pub domain: Option<String>,
    /// The domain in the From line, as the evidence shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The signatures that the evidence shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// The checks of a subject at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// What was checked.
    pub subject: Subject,
    /// When.
    pub at: Time,
    /// The checks.
    pub checks: Vec<Check>,
}

/// What a name turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A host with addresses and no mail of its own.
    Host(Vec<IpAddr>),
    /// A domain.
    Domain,
}

/// The checker.
#[derive(Debug)]
pub struct Checks {
    /// Who is asked; nobody when the checks are off.
    dns: Option<Dns>,
    /// The settings.
    settings: DnsSettings,
    /// Where networks are, from the file of the operator.
    origins: Option<Arc<Origins>>,
    /// Snapshots that still hold.
    kept: Kept,
    /// Places for runs.
    places: Semaphore,
    /// How often whose servers were asked.
    thrift: Thrift,
}

/// Ends a check.
fn end(outcome: Outcome, finding: &'static str, values: Vec<(&'static str, String)>) -> Found {
    Found { outcome, finding, values }
}

impl Subject {
    /// An address, with what else is known; names that cannot be names count as not given.
    #[must_use]
    pub fn new(addr: Option<IpAddr>, helo: Option<&str>, domain: Option<&str>) -> Self {
        let helo = helo.map(|name| name.trim().chars().take(255).collect::<String>()).filter(|name| !name.is_empty());
        Self { addr: addr.map(fold), helo, domain: domain.and_then(public_host), ..Self::default() }
    }

    /// The same with what the evidence shows of a mail: the domain in its From line and its signatures, as `(domain, selector)`.
    #[must_use]
    pub fn with_mail(self, from: Option<&str>, signatures: &[(String, String)]) -> Self {
        let read = |(domain, selector): &(String, String)| {
            Some(Signature { domain: public_host(domain)?, selector: selector_name(selector)? })
        };
        let mut all: Vec<Signature> = signatures.iter().filter_map(read).collect();
        all.dedup();
        all.truncate(SIGNATURES_MOST);
        Self { from: from.and_then(public_host), signatures: all, ..self }
    }
}

/// A selector in lower case, when its labels can stand in the DNS.
fn selector_name(text: &str) -> Option<String> {
    host(&format!("{}.selector", text.trim())).and_then(|name| name.strip_suffix(".selector").map(ToOwned::to_owned))
}

impl Snapshot {
    /// The checks that found something else than in `before`, each with how it ended then.
    #[must_use]
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> Vec<(Option<&'a Check>, &'a Check)> {
        let twin = |check: &Check| before.checks.iter().find(|old| old.name == check.name && old.about == check.about);
        let pairs = self.checks.iter().map(|check| (twin(check), check));
        pairs.filter(|(old, check)| old.is_none_or(|old| old.differs(check))).collect()
    }

    /// The checks of an earlier snapshot that were not made again.
    #[must_use]
    pub fn gone_since<'a>(&self, before: &'a Self) -> Vec<&'a Check> {
        let is_here = |old: &Check| self.checks.iter().any(|check| check.name == old.name && check.about == old.about);
        before.checks.iter().filter(|old| !is_here(old)).collect()
    }

    /// How a check ended, if it was made.
    #[must_use]
    pub fn outcome(&self, name: &str) -> Option<Outcome> {
        self.checks.iter().find(|check| check.name == name).map(|check| check.outcome)
    }

    /// How many checks ended like this.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// What is to be done, the worst first.
    #[must_use]
    pub fn to_do(&self) -> Vec<&Check> {
        let mut all: Vec<&Check> =
            self.checks.iter().filter(|c| matches!(c.outcome, Outcome::Fail | Outcome::Warn)).collect();
        all.sort_by_key(|check| std::cmp::Reverse(check.outcome));
        all
    }
}

impl Checks {
    /// Gets ready. Servers of this machine that cannot be read are as good as none.
    #[must_use]
    pub fn new(settings: DnsSettings) -> Self {
        let dns = Dns::new(&settings.servers).unwrap_or_else(|error| {
            tracing::warn!(
                error = error.to_string(),
                "no DNS servers can be read from this machine; there are no live checks"
            );
            None
        });
        Self {
            dns,
            settings,
            origins: None,
            kept: Kept::default(),
            places: Semaphore::new(RUNS_MOST),
            thrift: Thrift::default(),
        }
    }

    /// The same with a file that tells where networks are.
    #[must_use]
    pub fn with_origins(self, origins: Option<Arc<Origins>>) -> Self {
        Self { origins, ..self }
    }

    /// Whether there are checks at all.
    #[must_use]
    pub fn are_on(&self) -> bool {
        self.dns.is_some()
    }

    /// Checks a subject, or tells what a check of the last minutes found. Nothing when the checks are off, too many run, or
    /// the same servers were asked very often in this minute.
    pub async fn run(&self, subject: &Subject, clock: &Clock) -> Option<Arc<Snapshot>> {
        match self.kept.find(subject, clock.now()) {
            Some(snapshot) if self.are_on() => Some(snapshot),
            _ => self.run_afresh(subject, clock).await,
        }
    }

    /// Checks a subject again for whoever has mended something: what was found and answered before does not count.
    pub async fn run_again(&self, subject: &Subject, clock: &Clock) -> Option<Arc<Snapshot>> {
        self.dns.as_ref()?.forget();
        self.run_afresh(subject, clock).await
    }

    /// Checks a subject, and keeps what is found.
    async fn run_afresh(&self, subject: &Subject, clock: &Clock) -> Option<Arc<Snapshot>> {
        let dns = self.dns.as_ref()?;
        let _place = self.places.try_acquire().ok()?;
        if !self.thrift.allows(&thrift::targets(subject), clock.now()) {
            return None;
        }
        let checks = join_all(self.all(dns, subject)).await;
        let snapshot = Arc::new(Snapshot { subject: subject.clone(), at: clock.now(), checks });
        self.kept.keep(Arc::clone(&snapshot));
        Some(snapshot)
    }

    /// What SPF says of an address that sends in the name of `sender`, as the word of RFC 7208.
    pub async fn spf(&self, addr: IpAddr, helo: &str, sender: &str) -> Option<&'static str> {
        let inquiry = Inquiry::new(self.dns.as_ref()?);
        Some(spf::verdict(&inquiry, addr, helo, sender).await.as_str())
    }

    /// What a name is. Nothing when that cannot be found out.
    pub async fn name(&self, name: &str, clock: &Clock) -> Option<Named> {
        let dns = self.dns.as_ref()?;
        let _place = self.places.try_acquire().ok()?;
        if !self.thrift.allows(&[format!("name {}", thrift::registered(name))], clock.now()) {
            return None;
        }
        let inquiry = Inquiry::new(dns);
        let both = async { tokio::join!(inquiry.mx(name), inquiry.addrs(name)) };
        let (mx, addrs) = tokio::time::timeout(self.third(), both).await.ok()?;
        match (mx, addrs) {
            (Err(Miss::NoData), Ok(mut addrs)) => {
                addrs.truncate(ADDRS_MOST);
                Some(Named::Host(addrs))
            }
            (Err(Miss::Failed), _) => None,
            _ => Some(Named::Domain),
        }
    }

    /// A third of the time that there is: one for finding out what a name is, two for the checks.
    fn third(&self) -> Duration {
        Duration::from_millis(self.settings.timeout.unsigned_abs() / 3)
    }

    /// All checks that make sense for a subject.
    fn all<'a>(&'a self, dns: &'a Dns, subject: &'a Subject) -> Vec<BoxFuture<'a, Check>> {
        let mut all = Vec::new();
        if let Some(addr) = subject.addr {
            if is_public(addr) {
                self.of_address(dns, subject, addr, &mut all);
            } else {
                all.push(self.one(dns, "address", move |_| Box::pin(async move { address::check(addr) })));
            }
        }
        if let Some(domain) = &subject.domain {
            all.push(self.one(dns, "bounces", move |inquiry| Box::pin(bounces::check(inquiry, domain))));
            all.push(self.one(dns, "dmarc", move |inquiry| Box::pin(dmarc::check(inquiry, domain))));
            all.push(self.one(dns, "mta-sts", move |inquiry| Box::pin(transport::mta_sts(inquiry, domain))));
            all.push(self.one(dns, "tls-rpt", move |inquiry| Box::pin(transport::tls_rpt(inquiry, domain))));
            all.push(self.one(dns, "tlsa", move |inquiry| Box::pin(transport::tlsa(inquiry, domain))));
        }
        if let Some(domain) = subject.domain.as_deref().or(subject.helo.as_deref().filter(|_| subject.addr.is_some())) {
            all.push(self.one(dns, "spf", move |inquiry| Box::pin(spf::check(inquiry, subject, domain))));
        }
        for signature in &subject.signatures {
            let check = self.one(dns, "dkim", move |inquiry| Box::pin(dkim::check(inquiry, signature)));
            all.push(Box::pin(async move {
                let about = Some(format!("{}._domainkey.{}", signature.selector, signature.domain));
                Check { about, ..check.await }
            }));
        }
        if let Some(from) = &subject.from {
            all.push(self.one(dns, "align", move |inquiry| Box::pin(align::check(inquiry, subject, from))));
        }
        all
    }

    /// The checks of an address.
    fn of_address<'a>(&'a self, dns: &'a Dns, subject: &'a Subject, addr: IpAddr, all: &mut Vec<BoxFuture<'a, Check>>) {
        all.push(self.one(dns, "ptr", move |inquiry| Box::pin(ptr::check(inquiry, addr))));
        all.push(self.one(dns, "fcrdns", move |inquiry| Box::pin(fcrdns::check(inquiry, addr))));
        all.push(self.one(dns, "generic", move |inquiry| Box::pin(generic::check(inquiry, addr))));
        if addr.is_ipv6() {
            all.push(self.one(dns, "v6", move |_| Box::pin(async move { v6::check(addr) })));
        }
        if let Some(helo) = &subject.helo {
            all.push(self.one(dns, "helo", move |inquiry| Box::pin(helo::check(inquiry, addr, helo))));
        }
        for list in &self.settings.blocklists {
            let check = self.one(dns, "listed", move |inquiry| Box::pin(listed::check(inquiry, addr, &list.zone)));
            all.push(Box::pin(async move {
                let check = check.await;
                Check {
                    about: Some(list.zone.clone()),
                    link: list.removal.clone().filter(|_| check.outcome == Outcome::Fail),
                    ..check
                }
            }));
        }
        let origin = if addr.is_ipv4() { &self.settings.origin4 } else { &self.settings.origin6 };
        if let Some(known) = self.origins.as_ref().and_then(|origins| origins.find(addr)).copied() {
            all.push(self.one(dns, "origin", move |_| Box::pin(async move { origin::told(known) })));
        } else if let Some(zone) = origin {
            all.push(self.one(dns, "origin", move |inquiry| Box::pin(origin::check(inquiry, addr, zone))));
        }
    }

    /// One check, with its questions and within the time.
    fn one<'a, F>(&self, dns: &'a Dns, name: &'static str, run: F) -> BoxFuture<'a, Check>
    where
        F: for<'b> FnOnce(&'b Inquiry<'a>) -> BoxFuture<'b, Found> + Send + 'a,
    {
        let limit = self.third() * 2;
        Box::pin(async move {
            let inquiry = Inquiry::new(dns);
            let found = tokio::time::timeout(limit, run(&inquiry)).await;
            let Found { outcome, finding, values } =
                found.unwrap_or_else(|_| end(Outcome::Unknown, "no-time", Vec::new()));
            let values = values.into_iter().map(|(name, value)| (name.into(), dns::shown(&value))).collect();
            let (name, finding) = (name.into(), finding.into());
            Check { name, about: None, outcome, finding, values, link: None, asked: inquiry.asked() }
        })
    }
}
