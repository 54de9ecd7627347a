//! The grammar of an SMTP reply: code, several lines, enhanced status, text (RFC 5321 4.2, RFC 2034, RFC 3463).
//!
//! A reply is found in any dress: `554-… 554 …` over several lines or flattened into one, after
//! `said:` or `smtp;`, in quotes. Three digits alone are no reply: they must stand where servers
//! and logs put them, or be followed by an enhanced status code of the same class.

use super::scan;

/// A reply taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The three-digit code.
    pub(crate) code: Option<u16>,
    /// The enhanced status code inside the text.
    pub(crate) enhanced: Option<String>,
    /// The whole reply, white space folded, without what the sender's server added behind it.
    pub(crate) text: String,
    /// The text without the code and status that repeat at every line.
    pub(crate) plain: String,
    /// The command that was refused, if the text tells it.
    pub(crate) phase: Option<String>,
}

/// At most this much of a reply is kept.
const MAX_TEXT: usize = 2000;

/// How sure it is that three digits are a reply code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// The digits stand where a code would, and text follows.
    Placed,
    /// An enhanced status code of the same class follows.
    Confirmed,
}

/// Where a reply code stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeAt {
    /// The offset of its first digit.
    pub(crate) start: usize,
    /// The code.
    pub(crate) code: u16,
    /// How sure that is.
    pub(crate) certainty: Certainty,
}

/// The first refusal code (4xx or 5xx) in the text: a confirmed one, else a well placed one.
pub(crate) fn find_code(text: &str) -> Option<CodeAt> {
    codes(text, b"45")
}

/// The first reply code whose class is one of `classes`.
fn codes(text: &str, classes: &[u8]) -> Option<CodeAt> {
    let bytes = text.as_bytes();
    let mut placed = None;
    for (at, digit) in bytes.iter().enumerate() {
        if !classes.contains(digit) {
            continue;
        }
        match code_at(text, at) {
            Some(found) if found.certainty == Certainty::Confirmed => return Some(nearer(placed, found)),
            Some(found) if placed.is_none() => placed = Some(found),
            _ => {}
        }
    }
    placed
}

/// Prefers a placed code over a later confirmed one of the same number, since both are one reply.
fn nearer(placed: Option<CodeAt>, confirmed: CodeAt) -> CodeAt {
    placed.filter(|p| p.code == confirmed.code || confirmed.start > p.start + 200).unwrap_or(confirmed)
}

/// The code at this offset, if three digits there are one.
fn code_at(text: &str, at: usize) -> Option<CodeAt> {
    let bytes = text.as_bytes();
    let digits = bytes.get(at..at + 3)?;
    let (Some(b'2'..=b'5'), Some(b'0'..=b'7'), Some(b'0'..=b'9')) = (digits.first(), digits.get(1), digits.get(2)) else {
        return None;
    };
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    if before.is_some_and(|b| b.is_ascii_alphanumeric() && !escaped_newline(bytes, at) || matches!(b, b'.' | b'-' | b'_' | b'/' | b'@' | b'$' | b'%' | b'+' | b'&' | b'?') || (b == b'#' && at > 1)) {
        return None;
    }
    let rest = text.get(at + 3..)?;
    let code = text.get(at..at + 3)?.parse().ok()?;
    if enhanced_follows(rest, digits.first().copied()) {
        return Some(CodeAt { start: at, code, certainty: Certainty::Confirmed });
    }
    (text_follows(rest) && introduced(text.get(..at)?)).then_some(CodeAt { start: at, code, certainty: Certainty::Placed })
}

/// Whether the byte before `at` is the letter of a written-out `\n` or `\r`.
fn escaped_newline(bytes: &[u8], at: usize) -> bool {
    let tail = at.checked_sub(2).and_then(|i| bytes.get(i..at));
    matches!(tail, Some(b"\\n" | b"\\r"))
}

/// What follows a code, without the marks that stand between it and a status (`550, b'5.1.1 …` is Python's).
fn after_code(rest: &str) -> &str {
    let marks = [' ', '-', ':', '\n', '\r', '\t', '#', ',', '(', '_', '"', '\'', '['];
    let body = rest.trim_start_matches(marks);
    body.strip_prefix("b'").or_else(|| body.strip_prefix("b\"")).map_or(body, |b| b.trim_start_matches(marks))
}

/// Whether an enhanced status code of this class comes right after the code, one odd word in between allowed.
fn enhanced_follows(rest: &str, class: Option<u8>) -> bool {
    let Some(first) = rest.chars().next() else { return false };
    if !matches!(first, ' ' | '-' | ':' | '\n' | '\r' | '\t' | ',' | '_') {
        return false;
    }
    let body = after_code(rest);
    let direct = status_prefix(body, 999);
    let skipped = || body.split_once(' ').filter(|(w, _)| odd_word(w)).and_then(|(_, rest)| enhanced_prefix(rest));
    direct.or_else(skipped).is_some_and(|e| e.as_bytes().first().copied() == class)
}

/// Whether a word between code and status is a server's own tag, such as `cuda_nsu`.
fn odd_word(word: &str) -> bool {
    word.len() <= 12 && word.contains('_') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The enhanced status code that the text starts with.
pub(crate) fn enhanced_prefix(text: &str) -> Option<&str> {
    status_prefix(text, 7)
}

/// The status code that the text starts with, its subject at most `subjects` (the registry knows 0 to 7).
fn status_prefix(text: &str, subjects: u16) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let word = text.get(..end)?.trim_end_matches('.');
    let mut parts = word.split('.');
    let class = parts.next()?;
    let subject = parts.next()?;
    let detail = parts.next()?;
    let lengths = class.len() == 1 && (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len());
    let known = matches!(class, "2" | "4" | "5") && subject.parse::<u16>().is_ok_and(|s| s <= subjects);
    let next = text.get(word.len()..).and_then(|t| t.chars().next());
    let ends = !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '@') && text.get(word.len() + 1..).is_some_and(|t| t.starts_with(char::is_alphanumeric)));
    (parts.next().is_none() && lengths && known && ends).then_some(word)
}

/// Whether what follows three digits reads like the text of a reply.
fn text_follows(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        None => true,
        Some('-') => rest.len() > 1 && (!chars.next().is_some_and(|c| c.is_ascii_digit()) || scan::ips(scan::truncated(rest.get(1..).unwrap_or(""), 48)).first().is_some_and(|f| f.span.start == 0)),
        Some('\n' | '\r') => true,
        Some(' ' | '\t' | ':' | ',') => {
            let body = rest.trim_start_matches([' ', '\t', ':', ',']);
            let word = body.split_whitespace().next().unwrap_or("");
            !unit(word) && !word.starts_with(['%', '*', '=', '+'])
        }
        Some('"' | '\'' | ')' | ']' | '>' | '.' | ';' | '\\' | '&' | '/') => true,
        Some(_) => false,
    }
}

/// Whether a word makes the number before it a count or an amount.
fn unit(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.', ';', ')']);
    matches!(
        word.to_ascii_lowercase().as_str(),
        "bytes" | "byte" | "kb" | "mb" | "gb" | "kib" | "mib" | "ms" | "s" | "sec" | "seconds" | "second" | "minutes" | "hours" | "days" | "messages" | "mails"
            | "emails" | "recipients" | "times" | "users" | "connections" | "euro" | "eur" | "usd" | "lines" | "errors" | "px" | "percent" | "files" | "hosts"
    )
}

/// Whether what stands before three digits is a place where servers and logs put a code.
pub(crate) fn introduced(head: &str) -> bool {
    let line = head.rsplit('\n').next().unwrap_or(head);
    let trimmed = line.trim_end_matches([' ', '\t', '"', '\'', '(', '[', '<', '“', '\u{a0}']);
    if trimmed.trim_start_matches(['>', '|', ' ', '*', '-', '\t']).is_empty() {
        return true;
    }
    if trimmed.ends_with("\\n") || trimmed.ends_with("\\r") || trimmed.ends_with("#<") {
        return true;
    }
    if trimmed.ends_with([':', ';', '=', '>', '|']) {
        let tight = line.ends_with(':') && trimmed.trim_end_matches(':').rsplit(char::is_whitespace).next().is_some_and(|w| w.contains('.') && !w.ends_with('>'));
        return !tight && !numeric_label(trimmed);
    }
    if line.ends_with(['"', '\'']) && trimmed.ends_with([',', '{']) {
        return true;
    }
    let word = trimmed.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | '"')).next().unwrap_or("");
    introducing_word(word)
}

/// Whether a colon or equals sign before the digits belongs to a counter rather than to a reply.
fn numeric_label(head: &str) -> bool {
    let label = head.trim_end_matches([':', ';', '=', '>', '|', ' ']);
    let word = label.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
    let timed = word.len() <= 2 && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let low = word.to_ascii_lowercase();
    timed
        || matches!(
            low.as_str(),
            "size" | "pid" | "uid" | "gid" | "port" | "delay" | "nrcpt" | "nrcpts" | "count" | "bytes" | "length" | "line" | "time" | "id" | "ip" | "fd" | "sid" | "rank" | "score"
                | "msgs" | "total" | "tel" | "phone" | "fax" | "s" | "xdelay" | "pri" | "class" | "stratum" | "priority" | "ms" | "qp" | "session" | "seq" | "mailsize" | "version" | "delays"
        )
}

/// Whether a word announces a reply code.
fn introducing_word(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "said" | "smtp" | "error" | "code" | "reply" | "response" | "returned" | "received" | "status" | "with" | "was" | "got" | "answer" | "reject" | "rejected" | "deferred" | "failed"
            | "replied" | "responded" | "reason" | "antwort" | "fehler" | "550" | "554" | "421" | "451" | "450" | "553" | "552" | "erreur" | "fehlercode" | "in:" | "failure" | "deny"
    )
}

/// Takes apart a reply that starts at the head of `text` (or shortly after it).
pub(crate) fn parse(text: &str) -> Parsed {
    let (body, phase) = split_phase(text);
    let found = find_code(body);
    let announced = |f: &CodeAt| introduced(body.get(..f.start).unwrap_or(""));
    let from = found.filter(announced).map_or(body, |f| body.get(f.start..).unwrap_or(body));
    let from = trim_tail(from);
    let code = found.map(|f| f.code);
    let shown = scan::folded(&unescaped(from), MAX_TEXT);
    let plain = plain(&unescaped(scan::truncated(from, 4 * MAX_TEXT)), code);
    let enhanced = enhanced(&shown, &plain, code);
    Parsed { code, enhanced, text: shown, plain, phase }
}

/// Cuts off what Postfix and its like add behind the reply, and gives the command that they name.
fn split_phase(text: &str) -> (&str, Option<String>) {
    let lower = find_last(text, "(in reply to");
    let Some(at) = lower else { return (text, None) };
    let tail = text.get(at..).unwrap_or("");
    let inner = tail.trim_start_matches("(in reply to").trim_start().trim_start_matches(|c: char| c.is_whitespace());
    let phase = inner.split(')').next().map(|p| scan::folded(p, 80).trim_end_matches(" command").to_owned());
    (text.get(..at).unwrap_or(text).trim_end(), phase)
}

/// The last place of `needle`, white space in the text folded or not.
fn find_last(text: &str, needle: &str) -> Option<usize> {
    text.rfind(needle).or_else(|| text.rfind("(in reply\n").or_else(|| text.rfind("(in\n")))
}

/// Takes closing quotes, braces and blanks off the end.
fn trim_tail(text: &str) -> &str {
    let text = text.trim_end();
    let unquoted = text.trim_end_matches(['"', '\'', ',', '`', ' ', '\\']);
    if unquoted.contains('"') { text } else { unquoted }
}

/// Turns written-out line ends (`\n`, `\r\n`) into real ones.
fn unescaped(text: &str) -> String {
    if text.contains('\\') { text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\r", "\n").replace("\\\"", "\"").replace("\\'", "'") } else { text.to_owned() }
}

/// The text without the code and status that several-line replies repeat, words joined by blanks.
fn plain(text: &str, code: Option<u16>) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT));
    let code = code.map(|c| c.to_string()).unwrap_or_default();
    let mut after_code = false;
    let several = multi_line(text, &code);
    for (number, line) in text.lines().enumerate() {
        for (place, word) in line.split_whitespace().enumerate() {
            let starts_line = place == 0 && number > 0;
            let rest = without_code(word, &code, out.is_empty() || starts_line || several);
            let rest = rest.map_or_else(|| (after_code || starts_line).then(|| bare_status(word)).flatten().unwrap_or(word), |r| bare_status(r).unwrap_or(r));
            after_code = word.len() - rest.len() >= 3 && rest.is_empty();
            push_word(&mut out, rest);
        }
    }
    out
}

/// Adds a word if it is not empty and there is room.
fn push_word(out: &mut String, word: &str) {
    if word.is_empty() || out.len() + word.len() > MAX_TEXT {
        return;
    }
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

/// Whether the reply has several lines, so that its code stands in the middle too.
fn multi_line(text: &str, code: &str) -> bool {
    !code.is_empty() && text.match_indices(code).take(8).any(|(at, _)| text.as_bytes().get(at + 3) == Some(&b'-'))
}

/// What is left of a word that is or starts with the code; `None` when it is neither.
fn without_code<'a>(word: &'a str, code: &str, repeats: bool) -> Option<&'a str> {
    if code.is_empty() || !repeats {
        return None;
    }
    let rest = word.strip_prefix(code)?;
    match rest.chars().next() {
        None => Some(rest),
        Some('-' | ':') => rest.get(1..),
        Some(_) => None,
    }
}

/// The empty rest of a word that is a status code, so that it drops out.
fn bare_status(word: &str) -> Option<&str> {
    let status = enhanced_prefix(word)?;
    word.get(status.len()..).filter(|rest| rest.is_empty() || *rest == ":")
}

/// The enhanced status code in the reply: behind the code, as `(#5.1.1)`, or standing alone.
fn enhanced(text: &str, plain: &str, code: Option<u16>) -> Option<String> {
    let class = code.map(|c| if c >= 500 { '5' } else { '4' });
    let fits = |status: &&str| class.is_none_or(|c| status.starts_with(c)) && !status.starts_with('2');
    let behind = code.and_then(|c| text.strip_prefix(c.to_string().as_str())).unwrap_or(text);
    let body = after_code(behind);
    let subjects = if behind.len() < text.len() { 999 } else { 7 };
    if let Some(status) = status_prefix(body, subjects).filter(fits) {
        return Some(status.to_owned());
    }
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | ')' | ']'));
    let alone = words.find_map(|w| status_word(w).filter(fits)).map(str::to_owned);
    alone.filter(|_| !plain.is_empty() || code.is_none())
}

/// The status code that a word is, with a leading `#` or the code and a hyphen before it.
fn status_word(word: &str) -> Option<&str> {
    let word = word.trim_start_matches(['#', '"', '\'']);
    let tail = word.get(4..).filter(|_| word.as_bytes().get(3) == Some(&b'-') && word.bytes().take(3).all(|b| b.is_ascii_digit()));
    let word = tail.unwrap_or(word);
    let status = enhanced_prefix(word)?;
    let rest = word.get(status.len()..)?;
    rest.trim_end_matches([',', ';', ':', '.', '"', '\'', ')']).is_empty().then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> (Option<u16>, Option<String>, String) {
        let p = parse(text);
        (p.code, p.enhanced, p.plain)
    }

    #[test]
    fn replies_in_many_dresses() {
        let cases: &[(&str, Option<u16>, Option<&str>, &str)] = &[
            ("550 5.1.1 <a@example.org>: unknown", Some(550), Some("5.1.1"), "<a@example.org>: unknown"),
            ("554-mx.example (mx1) ESMTP 554-No service 554 Bad PTR", Some(554), None, "mx.example (mx1) ESMTP No service Bad PTR"),
            ("550-5.7.1 [192.0.2.1] Our\n550-5.7.1 policy\n550 5.7.1 says no", Some(550), Some("5.7.1"), "[192.0.2.1] Our policy says no"),
            ("553 sorry, no relay (#5.7.1)", Some(553), Some("5.7.1"), "sorry, no relay (#5.7.1)"),
            ("451 Busy [#4.16.1].", Some(451), None, "Busy [#4.16.1]."),
            ("4.7.32 not aligned", None, Some("4.7.32"), "4.7.32 not aligned"),
            ("smtp; 421 cuda_x 4.7.1 later", Some(421), Some("4.7.1"), "cuda_x 4.7.1 later"),
            ("host mx.example said: 450 again (in reply to RCPT TO command)", Some(450), None, "again"),
            ("delivered 550 messages of 450 bytes", None, None, "delivered 550 messages of 450 bytes"),
        ];
        for (text, code, status, plain) in cases {
            let got = short(text);
            assert_eq!((got.0, got.1.as_deref(), got.2.as_str()), (*code, *status, *plain), "{text}");
        }
    }

    #[test]
    fn the_command_is_taken_from_behind() {
        assert_eq!(parse("550 no (in reply to end of DATA command)").phase.as_deref(), Some("end of DATA"));
    }
}
