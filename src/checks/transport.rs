//! How mail to the domain is kept confidential: MTA-STS (RFC 8461), TLS reports (RFC 8460), DANE (RFC 7672).
//!
//! Only their presence in the DNS is looked at. None of them decides whether mail of the domain is taken, so a domain
//! without them has nothing to mend.

use futures_util::future::join_all;

use super::dns::{Answer, Inquiry, Miss};
use super::{Found, Outcome, end};

/// How many exchangers are looked at for DANE.
const EXCHANGERS_MOST: usize = 3;

/// Whether an MTA-STS policy is announced.
pub(super) async fn mta_sts(inquiry: &Inquiry<'_>, domain: &str) -> Found {
    let good = |text: &str| has_tag(text, "id");
    announced(
        &inquiry.txt(&format!("_mta-sts.{domain}")).await,
        "STSv1",
        good,
        ["mta-sts-found", "mta-sts-bad", "mta-sts-none"],
    )
}

/// Whether reports on TLS are asked for.
pub(super) async fn tls_rpt(inquiry: &Inquiry<'_>, domain: &str) -> Found {
    let good = |text: &str| has_tag(text, "rua");
    announced(
        &inquiry.txt(&format!("_smtp._tls.{domain}")).await,
        "TLSRPTv1",
        good,
        ["tls-rpt-found", "tls-rpt-bad", "tls-rpt-none"],
    )
}

/// Whether the exchangers have certificate bindings.
pub(super) async fn tlsa(inquiry: &Inquiry<'_>, domain: &str) -> Found {
    let hosts = match inquiry.mx(domain).await {
        Ok(all) => all.into_iter().map(|mx| mx.host).filter(|host| !host.is_empty()).take(EXCHANGERS_MOST).collect(),
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => Vec::new(),
    };
    let answers =
        join_all(hosts.iter().map(|host| async move { inquiry.tlsa(&format!("_25._tcp.{host}")).await })).await;
    let bound: Vec<&str> =
        hosts.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(host, _)| host.as_str()).collect();
    let values = vec![("hosts", bound.join(", "))];
    match bound.len() {
        0 if answers.contains(&Err(Miss::Failed)) => end(Outcome::Unknown, "no-answer", Vec::new()),
        0 => end(Outcome::Pass, "tlsa-none", Vec::new()),
        n if n == hosts.len() => end(Outcome::Pass, "tlsa-found", values),
        _ => end(Outcome::Warn, "tlsa-partly", values),
    }
}

/// Whether there is exactly one good text of a version; the findings are: found, bad, none.
fn announced(
    answer: &Answer<String>,
    version: &str,
    good: impl Fn(&str) -> bool,
    [found, bad, none]: [&'static str; 3],
) -> Found {
    let texts = match answer {
        Ok(texts) => texts.as_slice(),
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => &[],
    };
    let ours: Vec<&String> = texts.iter().filter(|text| text.starts_with(&format!("v={version}"))).collect();
    match ours.as_slice() {
        [] => end(Outcome::Pass, none, Vec::new()),
        [one] if good(one) => end(Outcome::Pass, found, Vec::new()),
        _ => end(Outcome::Warn, bad, vec![("count", ours.len().to_string())]),
    }
}

/// Whether a text has a tag with a value.
fn has_tag(text: &str, tag: &str) -> bool {
    text.split(';')
        .filter_map(|part| part.split_once('='))
        .any(|(name, value)| name.trim() == tag && !value.trim().is_empty())
}
