//! What the domain asks receivers to do with forged mail (DMARC, RFC 9989, with its walk up the tree of names).

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};

/// How many names are asked at most.
const STEPS_MOST: usize = 8;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    /// Where it stands.
    domain: String,
    /// What is asked for the domain itself.
    policy: String,
    /// What is asked for names below.
    below: Option<String>,
    /// What is asked for names below that do not exist.
    missing: Option<String>,
    /// Whether the signing domain has to be that of the From line itself.
    strict_dkim: bool,
    /// Whether the domain of the envelope sender has to be.
    strict_spf: bool,
    /// Whether the domain says that it is (`y`) or is not (`n`) one under which others register names.
    public: Option<char>,
    /// Whether it is a trial.
    testing: bool,
}

/// The record of the domain itself counts, else that of its organisation, else that of the public suffix above it.
pub(super) async fn check(inquiry: &Inquiry<'_>, domain: &str) -> Found {
    match own(inquiry, domain).await {
        Err(found) => found,
        Ok(Some(record)) => judge(domain, &[record], true),
        Ok(None) => match climb(inquiry, domain).await {
            Ok(found) => judge(domain, &found, exists(inquiry, domain).await),
            Err(_) => end(Outcome::Unknown, "no-answer", Vec::new()),
        },
    }
}

/// Whether a domain exists, whatever records it has (RFC 9989, A.4); one that gives no answer does.
async fn exists(inquiry: &Inquiry<'_>, domain: &str) -> bool {
    inquiry.v4(domain).await != Err(Miss::NoName)
}

/// How the domains of a mail have to fit that of its From line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    /// The organisation of the From line.
    pub(super) organisation: String,
    /// Whether the signing domain has to be the same.
    pub(super) strict_dkim: bool,
    /// Whether the domain of the envelope sender has to be the same.
    pub(super) strict_spf: bool,
}

/// What the record of a From line asks for (RFC 9989, 4.7 and 4.10.1).
pub(super) async fn fit_of(inquiry: &Inquiry<'_>, from: &str) -> Result<Fit, Miss> {
    let found = climb(inquiry, from).await?;
    let record = chosen(from, &found);
    Ok(Fit {
        organisation: organisation(from, &found),
        strict_dkim: record.is_some_and(|record| record.strict_dkim),
        strict_spf: record.is_some_and(|record| record.strict_spf),
    })
}

/// The record of the domain itself, or what is wrong with it.
async fn own(inquiry: &Inquiry<'_>, domain: &str) -> Result<Option<Record>, Found> {
    let name = || vec![("domain", domain.to_owned())];
    let Ok(texts) = records(inquiry, domain).await else {
        return Err(end(Outcome::Unknown, "no-answer", Vec::new()));
    };
    match texts.as_slice() {
        [] => Ok(None),
        [one] => read(domain, one).map(Some).ok_or_else(|| end(Outcome::Fail, "dmarc-bad", name())),
        _ => Err(end(Outcome::Fail, "dmarc-many", name())),
    }
}

/// The texts at a name that are records of DMARC.
async fn records(inquiry: &Inquiry<'_>, name: &str) -> Result<Vec<String>, Miss> {
    match inquiry.txt(&format!("_dmarc.{name}")).await {
        Ok(texts) => Ok(texts.into_iter().filter(|text| is_dmarc(text)).collect()),
        Err(Miss::Failed) => Err(Miss::Failed),
        Err(_) => Ok(Vec::new()),
    }
}

/// The records from the domain upwards, until one says whether its domain is public (RFC 9989, 4.10).
/// Names with several records have none.
async fn climb(inquiry: &Inquiry<'_>, domain: &str) -> Result<Vec<Record>, Miss> {
    let mut found = Vec::new();
    for name in walk(domain) {
        let texts = records(inquiry, &name).await?;
        let [one] = texts.as_slice() else { continue };
        let Some(record) = read(&name, one) else { continue };
        let is_last = record.public.is_some();
        found.push(record);
        if is_last {
            break;
        }
    }
    Ok(found)
}

/// The organisation of a domain, found by walking up the tree.
pub(super) async fn organisation_of(inquiry: &Inquiry<'_>, domain: &str) -> Result<String, Miss> {
    Ok(organisation(domain, &climb(inquiry, domain).await?))
}

/// The organisation of a domain by the records from it upwards (RFC 9989, 4.10.2): a domain that says that it is not
/// public; else the one right below a domain that says that it is; else the one with the fewest labels; else itself.
fn organisation(domain: &str, found: &[Record]) -> String {
    let declared = found.iter().find(|record| record.public == Some('n'));
    let public = found.iter().find(|record| record.public == Some('y') && record.domain != domain);
    match (declared, public) {
        (None, Some(suffix)) => below(domain, &suffix.domain),
        (declared, _) => declared.or(found.last()).map_or_else(|| domain.to_owned(), |record| record.domain.clone()),
    }
}

/// The name in the way down to `domain` that is one label longer than `suffix`.
fn below(domain: &str, suffix: &str) -> String {
    let labels: Vec<&str> = domain.split('.').collect();
    let keep = suffix.split('.').count() + 1;
    labels.get(labels.len().saturating_sub(keep)..).map_or_else(|| domain.to_owned(), |rest| rest.join("."))
}

/// The names that are asked, from the domain upwards: long names skip to seven labels (RFC 9989, 4.10).
fn walk(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let mut names = vec![domain.to_owned()];
    let next = if labels.len() > STEPS_MOST { labels.len() - (STEPS_MOST - 1) } else { 1 };
    names.extend((next..labels.len()).filter_map(|at| labels.get(at..).map(|rest| rest.join("."))));
    names.truncate(STEPS_MOST);
    names
}

/// Whether a text is a record of DMARC.
fn is_dmarc(text: &str) -> bool {
    let mut first = text.split(';').next().unwrap_or_default().split('=').map(str::trim);
    first.next() == Some("v") && first.next() == Some("DMARC1") && first.next().is_none()
}

/// Reads a record. One without a usable policy asks for nothing, when it names where reports go; else it does not count.
fn read(domain: &str, text: &str) -> Option<Record> {
    let tags: Vec<(String, &str)> = text
        .split(';')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let tag = |name: &str| tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.to_ascii_lowercase());
    let known = |value: &String| matches!(value.as_str(), "none" | "quarantine" | "reject");
    let reports = tag("rua").is_some_and(|rua| rua.split(',').any(|uri| uri.trim().starts_with("mailto:")));
    let (below, missing) = (tag("sp"), tag("np"));
    let sound = [&below, &missing].into_iter().flatten().all(known);
    // RFC 9989, 4.10.1: one that cannot be used asks for nothing, when it names where reports go; else it does not count.
    let policy = tag("p").filter(|p| known(p) && sound).or_else(|| reports.then(|| "none".to_owned()))?;
    Some(Record {
        domain: domain.to_owned(),
        policy,
        below: below.filter(|_| sound),
        missing: missing.filter(|_| sound),
        strict_dkim: tag("adkim").is_some_and(|mode| mode == "s"),
        strict_spf: tag("aspf").is_some_and(|mode| mode == "s"),
        public: tag("psd").and_then(|psd| match psd.as_str() {
            "y" => Some('y'),
            "n" => Some('n'),
            _ => None,
        }),
        testing: tag("t").is_some_and(|t| t == "y"),
    })
}

/// The record that counts for the domain, of those found from the domain upwards.
fn chosen<'a>(domain: &str, found: &'a [Record]) -> Option<&'a Record> {
    let organisation = organisation(domain, found);
    let at = |name: &str| found.iter().find(|record| record.domain == name);
    at(domain).or_else(|| at(&organisation)).or_else(|| found.iter().find(|record| record.public == Some('y')))
}

/// What follows from the records for a domain that exists or does not.
fn judge(domain: &str, found: &[Record], exists: bool) -> Found {
    let Some(record) = chosen(domain, found) else {
        return end(Outcome::Warn, "dmarc-none", vec![("domain", domain.to_owned())]);
    };
    let inherited = record.domain != domain;
    let missing = record.missing.as_ref().filter(|_| inherited && !exists);
    let below = record.below.as_ref().filter(|_| inherited);
    let policy = missing.or(below).unwrap_or(&record.policy);
    let values = vec![("domain", domain.to_owned()), ("from", record.domain.clone()), ("policy", policy.clone())];
    match (policy.as_str(), record.testing) {
        ("none", _) => end(Outcome::Warn, "dmarc-watches", values),
        (_, true) => end(Outcome::Warn, "dmarc-testing", values),
        _ => end(Outcome::Pass, "dmarc-found", values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_skips_in_long_names() {
        assert_eq!(walk("a.mail.example.com"), ["a.mail.example.com", "mail.example.com", "example.com", "com"]);
        let long = walk("a.b.c.d.e.f.g.h.i.j.mail.example.com");
        assert_eq!(
            (long.len(), long.get(1).map(String::as_str), long.last().map(String::as_str)),
            (8, Some("g.h.i.j.mail.example.com"), Some("com"))
        );
        assert_eq!(walk("a.b.c.d.e.f.example.com").get(1).map(String::as_str), Some("b.c.d.e.f.example.com"));
    }

    #[test]
    fn records_are_read_as_the_standard_says() {
        assert!(
            is_dmarc("v=DMARC1; p=none")
                && is_dmarc("v = DMARC1;p=none")
                && !is_dmarc("p=none; v=DMARC1")
                && !is_dmarc("v=dmarc1")
        );
        let record = read("example.com", "v=DMARC1; p=reject; sp=QUARANTINE; t=y; psd=n").unwrap();
        assert_eq!(
            (record.policy.as_str(), record.below.as_deref(), record.public, record.testing),
            ("reject", Some("quarantine"), Some('n'), true)
        );
        assert_eq!(read("example.com", "v=DMARC1; rua=mailto:d@example.com").unwrap().policy, "none");
        assert_eq!(read("example.com", "v=DMARC1; p=maybe"), None);
        assert_eq!(read("example.com", "v=DMARC1; p=reject; sp=maybe"), None);
        let careless = read("example.com", "v=DMARC1; p=reject; np=maybe; rua=mailto:d@example.com").unwrap();
        assert_eq!((careless.policy.as_str(), careless.missing), ("none", None));
        let strict = read("example.com", "v=DMARC1; p=none; adkim=s; aspf=r; psd=u").unwrap();
        assert_eq!((strict.strict_dkim, strict.strict_spf, strict.public), (true, false, None));
    }

    #[test]
    fn the_organisation_answers_for_names_below_it() {
        let record = |domain: &str, text: &str| read(domain, text).unwrap();
        let found = [
            record("mail.example.com", "v=DMARC1; p=none"),
            record("example.com", "v=DMARC1; p=reject; sp=quarantine"),
            record("com", "v=DMARC1; p=reject; psd=y"),
        ];
        assert_eq!(chosen("a.mail.example.com", &found).map(|r| r.domain.as_str()), Some("example.com"));
        assert_eq!(judge("a.mail.example.com", &found, true).values.last(), Some(&("policy", "quarantine".to_owned())));
        let found = [record("mail.example.com", "v=DMARC1; p=reject; psd=n")];
        assert_eq!(chosen("a.mail.example.com", &found).map(|r| r.domain.as_str()), Some("mail.example.com"));
        assert_eq!(judge("example.com", &[], true).outcome, Outcome::Warn);
        let suffix_only = [record("mail.example.com", "v=DMARC1; p=none"), record("com", "v=DMARC1; p=reject; psd=y")];
        assert_eq!(organisation("a.mail.example.com", &suffix_only), "example.com");
        assert_eq!(chosen("a.mail.example.com", &suffix_only).map(|r| r.domain.as_str()), Some("com"));
        assert_eq!(organisation("a.example.com", &[]), "a.example.com");
    }
}
