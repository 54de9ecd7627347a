//! `Authentication-Results` (RFC 8601, with its older and its careless forms).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::token::nested_end;

/// What one `Authentication-Results` field says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuthResults {
    /// Who checked; some servers do not tell.
    pub server: Option<String>,
    /// The results in the order written.
    pub results: Vec<AuthResult>,
}

/// One method and its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuthResult {
    /// The method, lower case.
    pub method: String,
    /// The result, lower case.
    pub result: String,
    /// The reason, if one is given.
    pub reason: Option<String>,
    /// Properties such as `header.d`, as written.
    pub properties: BTreeMap<String, String>,
}

/// Results by method, as people ask for them: one word, for DKIM one for each signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Verdict {
    /// The result of a method.
    One(String),
    /// The results of a method that runs once for each signature.
    Each(Vec<String>),
}

/// Methods that say something about the mail as a whole; others are found in the full results only.
const METHODS: &[&str] = &["arc", "auth", "bimi", "compauth", "dkim", "dmarc", "iprev", "spf"];

/// The most results that one field gives.
const MOST: usize = 64;

/// Reads one field.
pub(super) fn read(value: &str) -> AuthResults {
    let (plain, _) = without_comments(value);
    let mut found = AuthResults::default();
    for (index, segment) in segments(&plain).take(MOST).enumerate() {
        let words: Vec<&str> = words(segment).take(MOST).collect();
        if index == 0 {
            found.server = server(&words);
        }
        found.results.extend(results(&words));
    }
    found.results.truncate(MOST);
    found
}

/// What the field says by method.
pub(super) fn verdicts(found: &AuthResults) -> BTreeMap<String, Verdict> {
    let mut all = BTreeMap::new();
    for one in found.results.iter().filter(|one| METHODS.contains(&one.method.as_str())) {
        if one.method == "dkim" {
            let entry = all.entry(one.method.clone()).or_insert_with(|| Verdict::Each(Vec::new()));
            if let Verdict::Each(list) = entry {
                list.push(one.result.clone());
            }
        } else if !all.contains_key(&one.method) || better(one) {
            all.insert(one.method.clone(), Verdict::One(one.result.clone()));
        }
    }
    all
}

/// Whether a second result of a method tells more than the first: SPF of the sender, not of the HELO.
fn better(one: &AuthResult) -> bool {
    one.method == "spf" && one.properties.keys().any(|name| name == "smtp.mailfrom" || name == "smtp.mail")
}

/// Takes comments out, but not out of quoted strings; gives the comments as well.
pub(super) fn without_comments(value: &str) -> (String, Vec<&str>) {
    let mut plain = String::with_capacity(value.len());
    let mut comments = Vec::new();
    let (mut at, mut quoted, mut closed) = (0, false, true);
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(stop) = rest.find(['(', '"', '\\']) else {
            plain.push_str(rest);
            break;
        };
        plain.push_str(rest.get(..stop).unwrap_or(""));
        let from = at + stop;
        let mark = value.as_bytes().get(from).copied();
        let end = match mark {
            Some(b'(') if !quoted && closed => nested_end(value.as_bytes().get(from + 1..).unwrap_or(b"")),
            _ => None,
        };
        if let Some(len) = end {
            comments.push(value.get(from + 1..from + 1 + len).unwrap_or(""));
            plain.push(' ');
            at = from + len + 2;
            continue;
        }
        closed &= mark != Some(b'(') || quoted;
        quoted ^= mark == Some(b'"');
        at = from + if mark == Some(b'\\') { escaped(value, from) } else { 1 };
        plain.push_str(value.get(from..at).unwrap_or(""));
    }
    (plain, comments)
}

/// The length of a backslash and the character behind it.
fn escaped(value: &str, at: usize) -> usize {
    let next = value.get(at + 1..).and_then(|rest| rest.chars().next());
    1 + next.map_or(0, char::len_utf8)
}

/// Divides a value at its semicolons, not at those in quoted strings.
pub(super) fn segments(plain: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    plain.split(move |c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
}

/// Divides a segment into words; `name = value` and `name= "some value"` are one word each.
fn words(segment: &str) -> impl Iterator<Item = &str> {
    let mut rest = segment;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let (word, after) = rest.split_at_checked(word_end(rest))?;
        rest = after;
        Some(word)
    })
}

/// Where the first word of a text ends.
fn word_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let name = bytes.iter().position(|b| b.is_ascii_whitespace() || *b == b'=').unwrap_or(bytes.len());
    let gap = bytes.iter().skip(name).take_while(|b| b.is_ascii_whitespace()).count();
    if bytes.get(name + gap) != Some(&b'=') {
        return name;
    }
    let from = name + gap + 1;
    let gap = bytes.iter().skip(from).take_while(|b| b.is_ascii_whitespace()).count();
    value_end(bytes, from + gap)
}

/// Where a value ends that begins here: a quoted string, or a word.
fn value_end(bytes: &[u8], from: usize) -> usize {
    let mut quoted = false;
    let mut escape = false;
    let end = bytes.iter().skip(from).position(|b| {
        let plain = !std::mem::take(&mut escape);
        escape = plain && *b == b'\\';
        quoted ^= plain && *b == b'"';
        b.is_ascii_whitespace() && !quoted
    });
    end.map_or(bytes.len(), |len| from + len)
}

/// Divides `name = value`, without quotation marks around the value.
fn pair(word: &str) -> Option<(String, &str)> {
    let (name, value) = word.split_once('=')?;
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
    Some((name.trim().to_ascii_lowercase(), inner))
}

/// The server's name: the first word, if it is no result already.
fn server(words: &[&str]) -> Option<String> {
    let first = words.first().filter(|word| !word.contains('='))?;
    let name: String = first.chars().take(255).collect();
    (name != "none").then_some(name)
}

/// The results of a segment. Careless servers put several into one; a name without a dot in front of
/// the equals sign, other than `reason`, begins the next.
fn results(words: &[&str]) -> Vec<AuthResult> {
    let mut all: Vec<AuthResult> = Vec::new();
    for (name, value) in words.iter().filter_map(|word| pair(word)) {
        if let Some(method) = method(&name).filter(|_| begins_result(&name, value, all.is_empty())) {
            let result = value.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("").to_ascii_lowercase();
            all.push(AuthResult { method: method.to_owned(), result, ..AuthResult::default() });
        } else if let Some(last) = all.last_mut() {
            describe(last, name, value);
        }
    }
    all
}

/// The method in `method/version`, if the word can be one.
fn method(name: &str) -> Option<&str> {
    let method = name.split('/').next()?.trim();
    let fits = !method.is_empty() && method.len() <= 40;
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (fits && method.bytes().all(known)).then_some(method)
}

/// Whether a pair begins a result: the first one of a segment does; a later one only if it is a
/// well-known method with a well-known result.
fn begins_result(name: &str, value: &str, first: bool) -> bool {
    const RESULTS: &[&str] = &[
        "pass",
        "fail",
        "softfail",
        "hardfail",
        "neutral",
        "none",
        "temperror",
        "permerror",
        "policy",
        "bestguesspass",
        "discard",
        "skipped",
        "unknown",
    ];
    let word = value.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    let known = RESULTS.iter().any(|result| result.eq_ignore_ascii_case(word));
    if first { name != "reason" && !word.is_empty() } else { known && METHODS.contains(&name) }
}

/// Adds a reason or property to a result.
fn describe(result: &mut AuthResult, name: String, value: &str) {
    let value: String = value.chars().take(400).collect();
    if name == "reason" {
        result.reason = Some(value);
    } else if result.properties.len() < MOST {
        result.properties.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a value says by method, as short text.
    fn short(value: &str) -> String {
        let verdicts = verdicts(&read(value));
        let show = |(method, verdict): (&String, &Verdict)| match verdict {
            Verdict::One(result) => format!("{method}={result}"),
            Verdict::Each(list) => format!("{method}=[{}]", list.join(",")),
        };
        verdicts.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn results_are_read_by_method() {
        let cases = [
            ("mx.example.org; none", ""),
            ("mx.example.org 1; spf=pass smtp.mailfrom=example.net", "spf=pass"),
            (
                "mx.example.org; dkim=pass (2048-bit; ok) header.d=a.example; dkim=fail header.d=b.example",
                "dkim=[pass,fail]",
            ),
            (
                "spf=None (sender IP is 192.0.2.1) smtp.mailfrom=x.example;dkim=none;compauth=fail reason=001",
                "compauth=fail dkim=[none] spf=none",
            ),
            ("mx; dmarc = fail reason=\"a; b (c)\" header.from=x.example", "dmarc=fail"),
            ("mx; dkim/1=pass header.i=\" x;y\"@example.org; arc=pass (i=1 spf=pass)", "arc=pass dkim=[pass]"),
            (
                "mta.example  from=x.example; domainkeys=neutral (no sig); from=x.example; dkim=neutral (no sig)",
                "dkim=[neutral]",
            ),
            ("mx; spf=none smtp.helo=a.example; spf=pass smtp.mailfrom=b@c.example", "spf=pass"),
            ("mx; spf=pass smtp.mailfrom=a dkim=fail header.d=b", "dkim=[fail] spf=pass"),
            ("mx (comment; spf=fail) ; iprev=pass policy.iprev=\"192.0.2.1\"", "iprev=pass"),
            ("mx; x-tls.subject=x; senderid=pass", ""),
        ];
        for (value, want) in cases {
            assert_eq!(short(value), want, "{value}");
        }
    }

    #[test]
    fn reasons_and_properties_are_kept() {
        let found = read("mx.example.org; dmarc=fail reason=\"not aligned\" header.from=x.example policy.p=none");
        let one = &found.results[0];
        assert_eq!(found.server.as_deref(), Some("mx.example.org"));
        assert_eq!(one.reason.as_deref(), Some("not aligned"));
        assert_eq!(one.properties["header.from"], "x.example");
    }

    #[test]
    fn open_brackets_and_quotes_take_linear_time() {
        let value = format!("mx; spf=pass {}", "(\"".repeat(100_000));
        assert_eq!(short(&value), "spf=pass");
    }
}
