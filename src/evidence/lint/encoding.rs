//! Encoded words (RFC 2047).

use super::Severity::{Note, Warning};
use super::fields::shown;
use super::{Rule, Sheet};

/// An encoded word in a wrong form.
const FORM: Rule = Rule {
    name: "encoded-word-syntax",
    severity: Warning,
    fix: "Write encoded words as =?utf-8?B?…?= or =?utf-8?Q?…?=, without spaces, up to 75 characters each.",
    rfc: "RFC 2047, 2",
};

/// An encoded word inside a quoted string.
const QUOTED: Rule = Rule {
    name: "encoded-word-in-quotes",
    severity: Warning,
    fix: "Take the quotation marks away; encoded words are not decoded inside them.",
    rfc: "RFC 2047, 5 (3)",
};

/// An encoded word in an address.
const IN_ADDRESS: Rule = Rule {
    name: "encoded-word-in-address",
    severity: Warning,
    fix: "Encode the name only, never the address.",
    rfc: "RFC 2047, 5 (3)",
};

/// An encoded word that is too long.
const LONG: Rule = Rule { name: "encoded-word-too-long", severity: Note, ..FORM };

/// Judges the encoded words of the fields that people read.
pub(super) fn check(sheet: &mut Sheet<'_, '_>) {
    let mut found = Vec::new();
    for field in sheet.fields.iter().take(500) {
        let addresses = ["From", "Sender", "Reply-To", "To", "Cc"].iter().any(|name| field.is(name));
        if addresses || field.is("Subject") {
            found.extend(judge(&field.value, addresses).map(|(rule, what)| (rule, field.line, what)));
        }
    }
    for (rule, line, what) in found {
        sheet.report(&rule, line, what);
    }
}

/// The first fault in a value.
fn judge(value: &str, addresses: bool) -> Option<(Rule, String)> {
    let mut quoted = false;
    let mut bracketed = false;
    let mut rest = value;
    while let Some(at) = rest.find(['"', '<', '>', '=']) {
        let (_, from) = rest.split_at(at);
        rest = from.get(1..).unwrap_or("");
        match from.as_bytes().first() {
            Some(b'"') => quoted = !quoted,
            Some(b'<') => bracketed = true,
            Some(b'>') => bracketed = false,
            _ => {
                let Some(inner) = from.strip_prefix("=?") else {
                    continue;
                };
                let (len, fault) = word(inner);
                if fault.is_some() {
                    return fault;
                }
                rest = inner.get(len..).unwrap_or("");
                if addresses && quoted {
                    return Some((QUOTED, "An encoded word stands in quotation marks.".to_owned()));
                }
                if addresses && bracketed {
                    return Some((IN_ADDRESS, "An encoded word stands inside an address.".to_owned()));
                }
            }
        }
    }
    None
}

/// Judges what follows `=?`; gives how much of it is the word.
fn word(inner: &str) -> (usize, Option<(Rule, String)>) {
    let mut pieces = inner.splitn(3, '?');
    let (charset, kind, rest) = (pieces.next().unwrap_or(""), pieces.next(), pieces.next());
    let plain = !charset.is_empty() && charset.len() < 60 && charset.bytes().all(|b| b.is_ascii_graphic());
    let (Some(kind), Some(rest)) = (kind.filter(|_| plain), rest) else {
        return (0, None);
    };
    if !["B", "b", "Q", "q"].contains(&kind) {
        return (0, Some((FORM, format!("The encoding of an encoded word is neither B nor Q: {}", shown(kind)))));
    }
    let Some(end) = rest.find("?=") else {
        return (0, Some((FORM, "An encoded word is not closed.".to_owned())));
    };
    let text = rest.get(..end).unwrap_or("");
    let len = charset.len() + kind.len() + end + 4;
    if text.contains([' ', '\t']) {
        return (len, Some((FORM, "An encoded word holds white space.".to_owned())));
    }
    if len + 2 > 75 {
        return (len, Some((LONG, format!("An encoded word has {} characters.", len + 2))));
    }
    (len, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_judged() {
        let cases = [
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@example.org>", None),
            ("=?utf-8?B?R3LDvMOfZQ==?=", None),
            ("=?utf-8?Q?two words?=", Some("encoded-word-syntax")),
            ("=?utf-8?X?abc?=", Some("encoded-word-syntax")),
            ("=?utf-8?Q?abc", Some("encoded-word-syntax")),
            ("\"=?utf-8?Q?abc?=\" <a@example.org>", Some("encoded-word-in-quotes")),
            ("x <=?utf-8?Q?a?=@example.org>", Some("encoded-word-in-address")),
            ("a =? b", None),
        ];
        for (value, want) in cases {
            assert_eq!(judge(value, true).map(|(rule, _)| rule.name), want, "{value}");
        }
    }
}
