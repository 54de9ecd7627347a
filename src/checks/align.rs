//! Whether a mail of the sender passes DMARC by what the evidence shows of it (RFC 9989, 4.4): a DKIM signature or the
//! envelope sender belongs to the same organisation as the From line, or to the same domain where its record wants that.

use super::dmarc::{fit_of, organisation_of};
use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, Subject, end};

/// Compares the domains that the evidence shows with that of the From line.
pub(super) async fn check(inquiry: &Inquiry<'_>, subject: &Subject, from: &str) -> Found {
    let mut domains: Vec<&str> = subject.signatures.iter().map(|signature| signature.domain.as_str()).collect();
    let signers = domains.len();
    domains.extend(subject.domain.as_deref());
    match aligned(inquiry, from, &domains, signers).await {
        Err(_) => end(Outcome::Unknown, "no-answer", Vec::new()),
        Ok(Some(at)) if at < signers => end(Outcome::Pass, "align-dkim", values(from, &domains, at)),
        Ok(Some(at)) => end(Outcome::Warn, "align-spf", values(from, &domains, at)),
        Ok(None) => end(Outcome::Fail, "align-none", vec![("from", from.to_owned()), ("domains", domains.join(", "))]),
    }
}

/// The values of a sentence about the domain at a place.
fn values(from: &str, domains: &[&str], at: usize) -> Vec<(&'static str, String)> {
    let domain = domains.get(at).copied().unwrap_or_default();
    vec![("from", from.to_owned()), ("domain", domain.to_owned())]
}

/// The place of the first domain that fits the From line; the first `signers` of them have signed.
async fn aligned(inquiry: &Inquiry<'_>, from: &str, domains: &[&str], signers: usize) -> Result<Option<usize>, Miss> {
    if let Some(at) = domains.iter().position(|domain| *domain == from) {
        return Ok(Some(at));
    }
    let fit = fit_of(inquiry, from).await?;
    for (at, domain) in domains.iter().enumerate() {
        let strict = if at < signers { fit.strict_dkim } else { fit.strict_spf };
        if !strict && organisation_of(inquiry, domain).await? == fit.organisation {
            return Ok(Some(at));
        }
    }
    Ok(None)
}
