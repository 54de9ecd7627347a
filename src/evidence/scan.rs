//! Small scanners over text: addresses, URLs, mail addresses, what stands between two marks.
//!
//! All of them run in linear time and keep at most a handful of results.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// One address as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundIp {
    /// The address; IPv4 mapped into IPv6 is shown as IPv4.
    pub(crate) ip: IpAddr,
    /// Where it stands.
    pub(crate) span: Range<usize>,
}

/// At most this many addresses are taken from one piece of text.
const MAX_IPS: usize = 64;

/// What stands between `start` and the next `end`.
pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = after(text, start)?;
    rest.find(end).and_then(|at| rest.get(..at))
}

/// What follows the first `mark`.
pub(crate) fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// The first word of what follows `mark`, up to white space or one of `,;`.
pub(crate) fn word_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = after(text, mark)?.trim_start();
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).unwrap_or(rest.len());
    rest.get(..end).filter(|w| !w.is_empty())
}

/// White space folded to single blanks; at most `limit` bytes.
pub(crate) fn folded(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if out.len() + word.len() > limit {
            out.push_str(truncated(word, limit.saturating_sub(out.len())));
            break;
        }
        out.push_str(word);
    }
    out
}

/// The first `limit` bytes of `text`, cut at a character.
pub(crate) fn truncated(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Reads a whole text as an address, with the dresses that logs give it: brackets, `IPv6:`, zone.
pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    let bare = text.trim().trim_start_matches(['[', '(', '<']).trim_end_matches([']', ')', '>', '.']);
    let bare = strip_prefix_ignore_case(bare, "IPv6:").unwrap_or(bare);
    let bare = bare.split('%').next().unwrap_or(bare);
    bare.parse::<IpAddr>().ok().map(unmapped)
}

/// The address of one end of a connection: `192.0.2.1:25`, `[2001:db8::1]:25`, or an address alone.
pub(crate) fn ip_of_end(text: &str) -> Option<IpAddr> {
    ip(text).or_else(|| text.rsplit_once(':').and_then(|(host, _)| ip(host)))
}

/// Shows an IPv4 address that is mapped into IPv6 as IPv4.
fn unmapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// `strip_prefix` that ignores ASCII case.
pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

/// The byte at `at`, if there is one.
fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// All addresses in the text, in order, with where they stand.
pub(crate) fn ips(text: &str) -> Vec<FoundIp> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < MAX_IPS {
        let end = run_end(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        if let Some(ip) = address_in_run(text, at, end) {
            found.push(ip);
        }
        at = end;
    }
    found
}

/// The end of a run of characters that an address may be made of.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while byte(bytes, end).is_some_and(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.') {
        end += 1;
    }
    end
}

/// The address in one run, if its surroundings allow it to be one.
fn address_in_run(text: &str, start: usize, end: usize) -> Option<FoundIp> {
    let bytes = text.as_bytes();
    let lone = byte(bytes, start) == Some(b':') && byte(bytes, start + 1) != Some(b':');
    let start = start + usize::from(lone);
    let before = start.checked_sub(1).and_then(|i| byte(bytes, i));
    let joined_before = before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let run = text.get(start..end)?;
    if run.bytes().filter(|b| *b == b':').count() >= 2 {
        return v6_in_run(text, start, end, joined_before);
    }
    if joined_before || !boundary_after(bytes, end) {
        return None;
    }
    v4_in_run(run, start).filter(|_| !version_like(text, start))
}

/// An addition to `str` for looking back a few letters.
trait LookBack {
    /// Whether the text ends with `suffix`, ASCII case ignored.
    fn ends_with_ignore_case(&self, suffix: &str) -> bool;
}

impl LookBack for str {
    fn ends_with_ignore_case(&self, suffix: &str) -> bool {
        self.len()
            .checked_sub(suffix.len())
            .and_then(|at| self.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
    }
}

/// Whether an address may end here: no letter, digit or joined label follows.
fn boundary_after(bytes: &[u8], end: usize) -> bool {
    match byte(bytes, end) {
        Some(b'-' | b'_') => !byte(bytes, end + 1).is_some_and(|b| b.is_ascii_alphanumeric()),
        Some(b) => !b.is_ascii_alphanumeric(),
        None => true,
    }
}

/// Whether the four numbers follow the name of a program (`Exim/4.94.2.1`, `version 1.2.3.4`).
fn version_like(text: &str, start: usize) -> bool {
    let mut from = start.saturating_sub(120);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let head = text.get(from..start).unwrap_or("");
    let token = head.rsplit(char::is_whitespace).next().unwrap_or("");
    if token.contains("://") {
        return false;
    }
    if let Some(slashed) = head.strip_suffix('/') {
        let word = slashed.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '.').next().unwrap_or("");
        return !word.is_empty()
            && !word.contains('.')
            && !matches!(word.to_ascii_lowercase().as_str(), "ip" | "query" | "v4");
    }
    let word = head.trim_end().rsplit(char::is_whitespace).next().unwrap_or("");
    matches!(word.to_ascii_lowercase().as_str(), "version" | "ver" | "v" | "release" | "(version")
}

/// The IPv4 address at the start of a run such as `192.0.2.1:25` or `192.0.2.1.`.
fn v4_in_run(run: &str, start: usize) -> Option<FoundIp> {
    let host = run.split(':').next().unwrap_or(run).trim_end_matches('.');
    let v4 = host.parse::<Ipv4Addr>().ok()?;
    Some(FoundIp { ip: IpAddr::V4(v4), span: start..start + host.len() })
}

/// The IPv6 address in a run; a leading mark such as `IP:` or `v6:` is left out.
fn v6_in_run(text: &str, start: usize, end: usize, joined_before: bool) -> Option<FoundIp> {
    let run = text.get(start..end)?;
    let lead = if joined_before { run.find(':')? + 1 } else { 0 };
    let cut = run.get(lead..)?;
    let lead = if cut.starts_with(':') && !cut.starts_with("::") { lead + 1 } else { lead };
    let candidate = run.get(lead..)?.trim_end_matches(['.', ':']);
    let followed = byte(text.as_bytes(), end).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    let parsed = if followed { None } else { candidate.parse::<Ipv6Addr>().ok().map(|v6| (v6, candidate)) };
    let shortened = || {
        let short = run.get(lead..)?;
        let kept = short.strip_suffix("::").map(|_| short)?;
        kept.parse::<Ipv6Addr>().ok().map(|v6| (v6, kept))
    };
    let (v6, shown) = shortened().or(parsed)?;
    let telling = shown.bytes().any(|b| b.is_ascii_digit()) && (lead == 0 || !joined_before || shown.len() > 6);
    telling.then(|| FoundIp { ip: unmapped(IpAddr::V6(v6)), span: start + lead..start + lead + shown.len() })
}

/// The spans of the URLs in the text, at most a handful.
pub(crate) fn url_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")).map(|i| from + i) {
        let start = scheme_start(text, at);
        let end = url_end(text, at + 3);
        if start < at && end > at + 3 {
            spans.push(start..end);
        }
        from = end.max(at + 3);
        if spans.len() >= 8 {
            break;
        }
    }
    spans
}

/// Where the scheme before `://` starts, if it is one of the web.
fn scheme_start(text: &str, colon: usize) -> usize {
    let head = text.get(..colon).unwrap_or("");
    ["https", "http", "ftp"]
        .iter()
        .find(|scheme| head.ends_with_ignore_case(scheme))
        .map_or(colon, |scheme| colon - scheme.len())
}

/// Where a URL ends: before white space, quotes, angle brackets, and without closing punctuation.
fn url_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or("");
    let len = rest
        .find(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'' | '\\' | '`' | '|' | '“' | '”')
        })
        .unwrap_or(rest.len());
    let mut shown = rest.get(..len).unwrap_or("");
    for _ in 0..MOST_CLOSING {
        let Some(last) = shown.chars().next_back().filter(|last| closes(shown, *last)) else {
            return from + shown.len();
        };
        shown = shown.get(..shown.len() - last.len_utf8()).unwrap_or("");
    }
    from + shown.trim_end_matches(['.', ',', ';', ':', ')', ']', '}', '!', '*', '[', '(']).len()
}

/// How many characters behind a URL are looked at one by one.
const MOST_CLOSING: usize = 6;

/// Whether the last character of a URL belongs to the sentence around it; a bracket that was opened inside does not.
fn closes(url: &str, last: char) -> bool {
    let short = url.len() <= 4000;
    let opened = |open: char| short && url.matches(open).count() >= url.matches(last).count();
    match last {
        ')' => !opened('('),
        ']' => !opened('[') || url.ends_with("[...]") || url.ends_with("[…]"),
        '}' => !opened('{'),
        _ => matches!(last, '.' | ',' | ';' | ':' | '!' | '*' | '[' | '('),
    }
}

/// The first URL in the text; one without a scheme counts only when a path follows a host name.
pub(crate) fn url(text: &str) -> Option<String> {
    if let Some(span) = url_spans(text).into_iter().next() {
        return text.get(span).map(str::to_owned);
    }
    text.split_whitespace()
        .map(|w| w.trim_matches(['(', ')', '<', '>', '"', '.', ',', ';', '\'']))
        .find(|w| bare_url(w))
        .map(str::to_owned)
}

/// Whether a word is a URL that lost its scheme: `www.…` or `host.domain.tld/path`.
fn bare_url(word: &str) -> bool {
    let (host, path) = word.split_once('/').unwrap_or((word, ""));
    let named = host_like(host) && !host.contains('@');
    let labels = host.split('.').count();
    named && ((host.starts_with("www.") && labels > 2) || (labels > 2 && path.len() > 3 && path.contains('/')))
}

/// Whether a word looks like a host name: labels, at least one dot, a top level of letters.
pub(crate) fn host_like(word: &str) -> bool {
    let word = word.strip_suffix('.').unwrap_or(word);
    let top = word.rsplit('.').next().unwrap_or("");
    word.len() <= 253
        && word.contains('.')
        && top.len() >= 2
        && (top.bytes().all(|b| b.is_ascii_alphabetic()) || top.starts_with("xn--"))
        && word.split('.').all(|l| {
            !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || b >= 0x80)
        })
}

/// The domain of a mail address in any dress (`<a@b>`, `"a"@b`, `rfc822;a@b`, `SMTP:a@b`).
pub(crate) fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let end = domain.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(domain.len());
    let domain = domain.get(..end)?.trim_end_matches('.');
    (!domain.is_empty() && domain.len() <= 253).then(|| domain.to_lowercase())
}

/// The first mail address in the text, without brackets.
pub(crate) fn address(text: &str) -> Option<&str> {
    let at = text.char_indices().find(|(i, c)| *c == '@' && address_around(text, *i).is_some())?.0;
    address_around(text, at)
}

/// The mail address around the `@` at `at`.
fn address_around(text: &str, at: usize) -> Option<&str> {
    let local = text
        .get(..at)?
        .rfind(|c: char| !local_char(c))
        .map_or(0, |i| i + text.get(i..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    let rest = text.get(at + 1..)?;
    let len = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(rest.len());
    let whole = text.get(local..at + 1 + len)?.trim_end_matches(['.', '-']);
    (local < at && len > 0).then_some(whole)
}

/// Whether a character may stand in the local part of an address, quoting aside.
fn local_char(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&*+-/=?^_{|}~.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        ips(text).into_iter().map(|f| f.ip.to_string()).collect()
    }

    #[test]
    fn addresses_are_found_in_their_usual_dresses() {
        let cases: &[(&str, &[&str])] = &[
            ("from [192.0.2.1]:2525 to 198.51.100.2.", &["192.0.2.1", "198.51.100.2"]),
            ("IP=203.0.113.9, ip:203.0.113.8", &["203.0.113.9", "203.0.113.8"]),
            ("[IPv6:2001:db8::1] and 2001:db8:0:1::2.", &["2001:db8::1", "2001:db8:0:1::2"]),
            ("net 2001:db8:1000:16da::]", &["2001:db8:1000:16da::"]),
            ("::ffff:192.0.2.7", &["192.0.2.7"]),
            ("at 12:34:56 smtp::queue::dsn 1.2.3.4.example.org", &[]),
            ("Exim/4.94.2.1 version 1.2.3.4 a-1.2.3.4", &[]),
            ("300.1.2.3 1.2.3.xx 1.2.3", &[]),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), *want, "{text}");
        }
    }

    #[test]
    fn urls_end_before_punctuation() {
        assert_eq!(url("see (https://example.org/a?b=1).").as_deref(), Some("https://example.org/a?b=1"));
        assert_eq!(
            url("see https://example.org/?ip=[address]).").as_deref(),
            Some("https://example.org/?ip=[address]")
        );
        assert_eq!(url("[https://example.org/a]]").as_deref(), Some("https://example.org/a"));
        assert_eq!(url("visit help.example.org/mail/answer/1 now").as_deref(), Some("help.example.org/mail/answer/1"));
        assert_eq!(url("mail a@example.org or mx.example.org"), None);
    }

    #[test]
    fn domains_of_addresses() {
        assert_eq!(domain_of("<Ann@Example.ORG>").as_deref(), Some("example.org"));
        assert_eq!(domain_of("nobody"), None);
        assert_eq!(address("to: <ann@example.org>, x"), Some("ann@example.org"));
    }
}
