//! Macros in SPF records (RFC 7208, 7).

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::domain::dns::reversed;

/// What stands for the letters of macros.
#[derive(Debug)]
pub(super) struct Letters<'a> {
    /// The sender, `local@domain`.
    pub(super) sender: &'a str,
    /// The domain whose record is looked at.
    pub(super) domain: &'a str,
    /// The address that sends.
    pub(super) addr: IpAddr,
    /// The name in HELO.
    pub(super) helo: &'a str,
    /// The confirmed name of the address, where a macro asks for it.
    pub(super) confirmed: &'a str,
}

/// A piece of a text with macros.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A text that stands for itself.
    Plain(&'a str),
    /// A macro.
    Macro {
        /// Its letter.
        letter: char,
        /// How many parts from the right are kept; 0: all.
        keep: usize,
        /// Whether the parts are turned round first.
        turned: bool,
        /// What parts are divided by.
        signs: &'a str,
    },
}

/// The signs that may divide parts.
const SIGNS: &str = ".-+,/_=";

/// Cuts the first piece off a text; `None` when it is wrong.
fn piece(text: &str) -> Option<(Piece<'_>, &str)> {
    let Some(rest) = text.strip_prefix('%') else {
        let (plain, rest) = text.split_at_checked(text.find('%').unwrap_or(text.len()))?;
        return plain.bytes().all(|b| (0x21..0x7f).contains(&b)).then_some((Piece::Plain(plain), rest));
    };
    match rest.split_at_checked(1)? {
        ("%", rest) => Some((Piece::Plain("%"), rest)),
        ("_", rest) => Some((Piece::Plain(" "), rest)),
        ("-", rest) => Some((Piece::Plain("%20"), rest)),
        ("{", rest) => rest.split_once('}').and_then(|(inside, rest)| Some((expansion(inside)?, rest))),
        _ => None,
    }
}

/// Reads what stands between the braces. `c`, `r` and `t` are for explanations only.
fn expansion(inside: &str) -> Option<Piece<'_>> {
    let letter = inside.chars().next().filter(|c| "slodipvh".contains(c.to_ascii_lowercase()))?;
    let rest = inside.get(1..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let keep = if number.is_empty() { 0 } else { number.parse().ok().filter(|n| *n > 0)? };
    let (turned, signs) = rest.strip_prefix(['r', 'R']).map_or((false, rest), |rest| (true, rest));
    signs.chars().all(|c| SIGNS.contains(c)).then_some(Piece::Macro { letter, keep, turned, signs })
}

/// All pieces of a text; `None` when any is wrong.
fn pieces(mut text: &str) -> Option<Vec<Piece<'_>>> {
    let mut all = Vec::new();
    while !text.is_empty() {
        let (one, rest) = piece(text)?;
        all.push(one);
        text = rest;
    }
    Some(all)
}

/// Whether the macros of a text are all right.
pub(super) fn is_macro_string(text: &str) -> bool {
    pieces(text).is_some()
}

/// Whether a text can stand for a domain: it ends in a macro, or in a dot and a label that could be the top one.
pub(super) fn is_domain_spec(text: &str) -> bool {
    let Some(pieces) = pieces(text) else { return false };
    match pieces.last() {
        Some(Piece::Macro { .. }) => true,
        Some(Piece::Plain(plain)) => {
            let plain = plain.strip_suffix('.').unwrap_or(plain);
            plain.rsplit_once('.').is_some_and(|(_, last)| is_top_label(last))
        }
        None => false,
    }
}

/// Whether a label could be the top one: letters, digits and inner hyphens, not all digits.
fn is_top_label(label: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty()
        && label.bytes().all(inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text asks for the confirmed name of the address.
pub(super) fn asks_name(text: &str) -> bool {
    pieces(text).is_some_and(|all| {
        all.iter().any(|piece| matches!(piece, Piece::Macro { letter, .. } if letter.eq_ignore_ascii_case(&'p')))
    })
}

/// The domain that a text stands for, without its last dot; labels on the left go when it is too long.
pub(super) fn expand(text: &str, letters: &Letters<'_>) -> String {
    let mut out = String::new();
    for piece in pieces(text).unwrap_or_default() {
        match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Macro { letter, keep, turned, signs } => {
                let value = parts(&letters.value(letter.to_ascii_lowercase()), keep, turned, signs);
                if letter.is_ascii_uppercase() { escape(&value, &mut out) } else { out.push_str(&value) }
            }
        }
    }
    let mut name = out.strip_suffix('.').unwrap_or(&out);
    while name.len() > 253 {
        let Some((_, rest)) = name.split_once('.') else { break };
        name = rest;
    }
    name.to_owned()
}

impl Letters<'_> {
    /// What stands for a letter.
    fn value(&self, letter: char) -> String {
        let (local, origin) = self.sender.rsplit_once('@').unwrap_or(("postmaster", self.sender));
        match letter {
            's' => self.sender.to_owned(),
            'l' => local.to_owned(),
            'o' => origin.to_owned(),
            'd' => self.domain.to_owned(),
            'p' => self.confirmed.to_owned(),
            'h' => self.helo.to_owned(),
            'v' => if self.addr.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            _ => match self.addr {
                IpAddr::V4(v4) => v4.to_string(),
                v6 @ IpAddr::V6(_) => reversed(v6).split('.').rev().collect::<Vec<_>>().join("."),
            },
        }
    }
}

/// Divides a value, turns it round and keeps some parts from the right.
fn parts(value: &str, keep: usize, turned: bool, signs: &str) -> String {
    let signs = if signs.is_empty() { "." } else { signs };
    let mut parts: Vec<&str> = value.split(|c| signs.contains(c)).collect();
    if turned {
        parts.reverse();
    }
    let skip = if keep == 0 { 0 } else { parts.len().saturating_sub(keep) };
    parts.split_off(skip).join(".")
}

/// Writes a value so that it can stand in a URL.
fn escape(value: &str, out: &mut String) {
    for b in value.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_stand_for_what_the_standard_says() {
        let letters = |addr: &str| Letters {
            sender: "strong-bad@email.example.com",
            domain: "email.example.com",
            addr: addr.parse().unwrap(),
            helo: "mx.example.org",
            confirmed: "mx.example.org",
        };
        for (text, want) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d1r}", "email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{d}%%%_%-", "email.example.com% %20"),
        ] {
            assert_eq!(expand(text, &letters("192.0.2.3")), want, "{text}");
        }
        assert!(expand("%{ir}.%{v}", &letters("2001:db8::cb01")).starts_with("1.0.b.c.0."));
        assert_eq!(expand("%{S}", &letters("192.0.2.3")), "strong-bad%40email.example.com");
    }

    #[test]
    fn domains_are_told_from_mistakes() {
        for good in ["a.example", "a.example.", "%{d}", "%{ir}.x.example", "foo:bar/baz.example"] {
            assert!(is_domain_spec(good), "{good}");
        }
        for bad in
            ["", "museum", "a.123", "a.-x", "%{z}.example", "%{d", "%x.example", "a b.example", "%{d0}", "ä.example"]
        {
            assert!(!is_domain_spec(bad), "{bad}");
        }
    }
}
