//! Whether the domain lets the address send in its name (RFC 7208).

mod eval;
mod macros;
mod record;

use std::net::IpAddr;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, Subject, end};
use crate::domain::dns::public_host;
use record::is_spf;

/// What a policy says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no policy.
    None,
    /// It may send.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// Nothing is said.
    Neutral,
    /// No answer came.
    TempError,
    /// The policy has a mistake.
    PermError,
}

impl Verdict {
    /// Its word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// Asks for the record, then lets it judge the address.
pub(super) async fn check(inquiry: &Inquiry<'_>, subject: &Subject, domain: &str) -> Found {
    let Some(domain) = public_host(domain) else { return end(Outcome::Unknown, "spf-no-domain", Vec::new()) };
    let values =
        vec![("domain", domain.clone()), ("ip", subject.addr.map(|addr| addr.to_string()).unwrap_or_default())];
    let texts = match inquiry.txt(&domain).await {
        Ok(texts) => texts,
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => Vec::new(),
    };
    let records: Vec<&String> = texts.iter().filter(|text| is_spf(text)).collect();
    let record = match records.as_slice() {
        [] => return end(Outcome::Warn, "spf-none", values),
        [one] => *one,
        _ => return end(Outcome::Fail, "spf-many", values),
    };
    if lets_all(record) {
        return end(Outcome::Fail, "spf-lets-all", values);
    }
    match subject.addr {
        Some(addr) => {
            let helo = subject.helo.as_deref().unwrap_or(&domain);
            judged(verdict(inquiry, addr, helo, &format!("postmaster@{domain}")).await, values)
        }
        None if record::Record::read(record).is_none() => end(Outcome::Fail, "spf-permerror", values),
        None => end(Outcome::Pass, "spf-found", values),
    }
}

/// Whether a record lets everybody send.
fn lets_all(record: &str) -> bool {
    record.split(' ').any(|term| term.eq_ignore_ascii_case("+all") || term.eq_ignore_ascii_case("all"))
}

/// What the policy of the sender's domain says of an address; without a sender that of the HELO name.
pub(super) async fn verdict(inquiry: &Inquiry<'_>, addr: IpAddr, helo: &str, sender: &str) -> Verdict {
    let verdict = eval::Evaluation::new(inquiry, addr, helo, sender).run().await;
    inquiry.note(format!("SPF {sender} {addr}"), verdict.as_str());
    verdict
}

/// The verdict as an end of the check.
fn judged(verdict: Verdict, values: Vec<(&'static str, String)>) -> Found {
    match verdict {
        Verdict::Pass => end(Outcome::Pass, "spf-pass", values),
        Verdict::Fail => end(Outcome::Fail, "spf-fail", values),
        Verdict::SoftFail => end(Outcome::Fail, "spf-softfail", values),
        Verdict::Neutral => end(Outcome::Warn, "spf-neutral", values),
        Verdict::PermError => end(Outcome::Fail, "spf-permerror", values),
        Verdict::None => end(Outcome::Warn, "spf-none", values),
        Verdict::TempError => end(Outcome::Unknown, "no-answer", Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_let_everybody_send_are_seen() {
        assert!(lets_all("v=spf1 +all") && lets_all("v=spf1 mx all") && !lets_all("v=spf1 mx -all"));
    }
}
