//! The text of an SPF record (RFC 7208, 4.6 and 5): the whole of it is read before any of it counts.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Verdict;
use super::macros::{is_domain_spec, is_macro_string};

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// What is tried in turn, each with what follows when it matches.
    pub(super) directives: Vec<(Verdict, Mechanism)>,
    /// Whose record counts when nothing matched.
    pub(super) redirect: Option<String>,
}

/// Prefix lengths for both families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    /// For IPv4.
    pub(super) v4: u8,
    /// For IPv6.
    pub(super) v6: u8,
}

/// What is tried. A missing domain is the one that is asked about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// Always.
    All,
    /// The record of another domain lets it pass.
    Include(String),
    /// An address of the name.
    A(Option<String>, Lengths),
    /// An address of an exchanger of the name.
    Mx(Option<String>, Lengths),
    /// A name of the address lies below the name.
    Ptr(Option<String>),
    /// A network.
    Ip4(Ipv4Addr, u8),
    /// A network.
    Ip6(Ipv6Addr, u8),
    /// The name has an address.
    Exists(String),
}

/// Whether a text is a record of SPF.
pub(super) fn is_spf(text: &str) -> bool {
    text.split(' ').next().unwrap_or_default().eq_ignore_ascii_case("v=spf1")
}

impl Record {
    /// Reads a record; nothing when any part of it is wrong.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut record = Self { directives: Vec::new(), redirect: None };
        let mut has_explanation = false;
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            match modifier(term) {
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    let again = record.redirect.replace(some_domain(value)?);
                    again.is_none().then_some(())?;
                }
                Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                    some_domain(value)?;
                    (!std::mem::replace(&mut has_explanation, true)).then_some(())?;
                }
                Some((_, value)) => is_macro_string(value).then_some(())?,
                None => record.directives.push(directive(term)?),
            }
        }
        Some(record)
    }
}

/// Name and value of a modifier, if the term is one.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let at = term.find(['=', ':', '/'])?;
    let (name, value) = (term.get(..at)?, term.get(at..)?.strip_prefix('=')?);
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(inside)).then_some((name, value))
}

/// A domain that must be there.
fn some_domain(text: &str) -> Option<String> {
    is_domain_spec(text).then(|| text.to_owned())
}

/// Reads a directive.
fn directive(term: &str) -> Option<(Verdict, Mechanism)> {
    let (verdict, rest) = match term.split_at_checked(1)? {
        ("+", rest) => (Verdict::Pass, rest),
        ("-", rest) => (Verdict::Fail, rest),
        ("~", rest) => (Verdict::SoftFail, rest),
        ("?", rest) => (Verdict::Neutral, rest),
        _ => (Verdict::Pass, term),
    };
    let (name, argument) = rest.split_at_checked(rest.find([':', '/']).unwrap_or(rest.len()))?;
    Some((verdict, mechanism(&name.to_ascii_lowercase(), argument)?))
}

/// Reads a mechanism from its name and what follows.
fn mechanism(name: &str, argument: &str) -> Option<Mechanism> {
    let after_colon = argument.strip_prefix(':');
    match name {
        "all" => argument.is_empty().then_some(Mechanism::All),
        "include" => Some(Mechanism::Include(some_domain(after_colon?)?)),
        "exists" => Some(Mechanism::Exists(some_domain(after_colon?)?)),
        "ptr" if argument.is_empty() => Some(Mechanism::Ptr(None)),
        "ptr" => Some(Mechanism::Ptr(Some(some_domain(after_colon?)?))),
        "a" => with_lengths(argument).map(|(domain, lengths)| Mechanism::A(domain, lengths)),
        "mx" => with_lengths(argument).map(|(domain, lengths)| Mechanism::Mx(domain, lengths)),
        "ip4" => network(after_colon?, 32).map(|(addr, len)| Mechanism::Ip4(addr, len)),
        "ip6" => network(after_colon?, 128).map(|(addr, len)| Mechanism::Ip6(addr, len)),
        _ => None,
    }
}

/// An address with or without a prefix length.
fn network<T: std::str::FromStr>(text: &str, most: u8) -> Option<(T, u8)> {
    let (addr, len) = text.split_once('/').map_or((text, None), |(addr, len)| (addr, Some(len)));
    Some((addr.parse().ok()?, len.map_or(Some(most), |len| length(len, most))?))
}

/// A prefix length: digits without a leading zero.
fn length(text: &str, most: u8) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|len| plain && *len <= most)
}

/// What may follow `a` and `mx`: a domain, then lengths as `/24`, `//64` or `/24//64`.
fn with_lengths(argument: &str) -> Option<(Option<String>, Lengths)> {
    let (rest, v6) = cut_length(argument, "//", 128)?;
    let (rest, v4) = cut_length(rest, "/", 32)?;
    let domain = match rest.strip_prefix(':') {
        Some(domain) => Some(some_domain(domain)?),
        None => rest.is_empty().then_some(None)?,
    };
    Some((domain, Lengths { v4, v6 }))
}

/// Cuts a length behind `sign` off the end; without one it is `most`.
fn cut_length<'a>(text: &'a str, sign: &str, most: u8) -> Option<(&'a str, u8)> {
    match text.rsplit_once(sign) {
        Some((rest, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some((rest, length(digits, most)?))
        }
        _ => Some((text, most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_from_other_texts() {
        assert!(is_spf("v=spf1 -all") && is_spf("V=SPF1") && !is_spf("v=spf10 -all") && !is_spf("spf2.0/mfrom"));
    }

    #[test]
    fn lengths_are_cut_off_the_end() {
        let lengths = |v4, v6| Lengths { v4, v6 };
        for (term, want) in [
            ("a", Some((None, lengths(32, 128)))),
            ("a/24", Some((None, lengths(24, 128)))),
            ("a//64", Some((None, lengths(32, 64)))),
            ("a:x.example/24//64", Some((Some("x.example".to_owned()), lengths(24, 64)))),
            ("a/33", None),
            ("a//129", None),
            ("a/08", None),
            ("a:", None),
            ("a/", None),
        ] {
            let read = directive(term).map(|(_, mechanism)| mechanism);
            assert_eq!(read, want.map(|(domain, lengths)| Mechanism::A(domain, lengths)), "{term}");
        }
    }

    #[test]
    fn one_mistake_spoils_the_whole_record() {
        for bad in [
            "ip4:999.0.0.1",
            "ip4:1.2.3",
            "all:x.example",
            "redirect=",
            "exp=a.example exp=b.example",
            "mx:museum",
            "-",
            "b",
        ] {
            assert_eq!(Record::read(&format!("v=spf1 ip4:192.0.2.1 {bad}")), None, "{bad}");
        }
        assert!(Record::read("v=spf1 moo.cow-far_out=man:dog/cat +a:%{d}  -all ").is_some());
    }
}
