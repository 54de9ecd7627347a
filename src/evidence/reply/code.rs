//! Finds reply codes: three digits are one only where servers and logs put them.

use crate::evidence::scan;

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
    let mut placed: Option<CodeAt> = None;
    for (at, digit) in bytes.iter().enumerate() {
        if !classes.contains(digit) {
            continue;
        }
        if placed.is_some_and(|p| at > p.start + REACH) {
            break;
        }
        match code_at(text, at) {
            Some(found) if found.certainty == Certainty::Confirmed => {
                return Some(nearer(placed, found));
            }
            Some(found) if placed.is_none() => placed = Some(found),
            _ => {}
        }
    }
    placed
}

/// How far behind a placed code a confirmed one may still be the same reply.
const REACH: usize = 400;
/// How much of the text before and behind three digits tells whether they are a code.
const NEAR: usize = 160;

/// The end of a text, at most `limit` bytes.
fn tail(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or("")
}

/// Prefers a placed code over a later confirmed one: of the same number, since both are one reply, or at the very start,
/// since the later one is quoted.
fn nearer(placed: Option<CodeAt>, confirmed: CodeAt) -> CodeAt {
    placed
        .filter(|p| p.start == 0 || p.code == confirmed.code || confirmed.start > p.start + REACH / 2)
        .unwrap_or(confirmed)
}

/// The code at this offset, if three digits there are one.
fn code_at(text: &str, at: usize) -> Option<CodeAt> {
    let bytes = text.as_bytes();
    let digits = bytes.get(at..at + 3)?;
    let (Some(b'2'..=b'5'), Some(b'0'..=b'7'), Some(b'0'..=b'9')) = (digits.first(), digits.get(1), digits.get(2))
    else {
        return None;
    };
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    if before.is_some_and(|b| {
        b.is_ascii_alphanumeric() && !escaped_newline(bytes, at)
            || matches!(b, b'.' | b'-' | b'_' | b'/' | b'@' | b'$' | b'%' | b'+' | b'&' | b'?')
    }) {
        return None;
    }
    let rest = scan::truncated(text.get(at + 3..)?, NEAR);
    let code = text.get(at..at + 3)?.parse().ok()?;
    if is_template(rest) || is_data(text.get(..at)?, rest) {
        return None;
    }
    if enhanced_follows(rest, digits.first().copied()) {
        return Some(CodeAt { start: at, code, certainty: Certainty::Confirmed });
    }
    if before == Some(b'#') && at > 1 {
        return None;
    }
    (text_follows(rest) && introduced(text.get(..at)?)).then_some(CodeAt {
        start: at,
        code,
        certainty: Certainty::Placed,
    })
}

/// Whether the byte before `at` is the letter of a written-out `\n` or `\r`.
fn escaped_newline(bytes: &[u8], at: usize) -> bool {
    let tail = at.checked_sub(2).and_then(|i| bytes.get(i..at));
    matches!(tail, Some(b"\\n" | b"\\r"))
}

/// What follows a code, without the marks that stand between it and a status (`550, b'5.1.1 …` is Python's).
pub(super) fn after_code(rest: &str) -> &str {
    let marks = [' ', '-', ':', '\n', '\r', '\t', '#', ',', '(', '_', '"', '\'', '['];
    let body = rest.trim_start_matches(marks);
    body.strip_prefix("b'").or_else(|| body.strip_prefix("b\"")).map_or(body, |b| b.trim_start_matches(marks))
}

/// Whether an enhanced status code of this class comes right after the code, one odd word in between allowed.
fn enhanced_follows(rest: &str, class: Option<u8>) -> bool {
    let Some(first) = rest.chars().next() else {
        return false;
    };
    if !matches!(first, ' ' | '-' | ':' | '\n' | '\r' | '\t' | ',' | '_') {
        return false;
    }
    let body = after_code(rest);
    let direct = status_prefix(body, 999);
    let skipped = || body.split_once(' ').filter(|(w, _)| odd_word(w)).and_then(|(_, rest)| enhanced_prefix(rest));
    direct.or_else(skipped).is_some_and(|e| e.as_bytes().first().copied() == class)
}

/// Whether a status code is followed by a place to fill in, as in source code (`554 5.7.1 {}`), or is only spoken of.
fn is_template(rest: &str) -> bool {
    let body = after_code(rest);
    let told = status_prefix(body, 999).and_then(|status| body.get(status.len()..));
    let told = told.map_or("", str::trim_start);
    told.starts_with(['{', '%', '$']) || told_of(told.split(' ').next().unwrap_or(""))
}

/// Whether three digits are a value among values: one of a list (`[421, 450]`, `- 550`) or of a statement (`= 554;`).
fn is_data(head: &str, rest: &str) -> bool {
    let line = rest.split('\n').next().unwrap_or("").trim_end();
    let before = head.trim_end_matches([' ', '\t', '[']);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count() == 3;
    let next = line.strip_prefix(", ").filter(|next| digits(next)).and_then(|next| next.get(3..));
    let listed = next.is_some_and(|behind| behind.is_empty() || behind.starts_with([',', ']', ')']));
    let last = line == "]" && before.ends_with(',');
    let cell = line.is_empty() && before.ends_with('|');
    let alone = cell || line.is_empty() && before.rsplit('\n').next().is_some_and(|start| start.trim() == "-");
    listed || last || alone || line == ";" && before.ends_with('=')
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
pub(super) fn status_prefix(text: &str, subjects: u16) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let word = text.get(..end)?.trim_end_matches('.');
    let mut parts = word.split('.');
    let class = parts.next()?;
    let subject = parts.next()?;
    let detail = parts.next()?;
    let lengths = class.len() == 1 && (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len());
    let known = matches!(class, "2" | "4" | "5") && subject.parse::<u16>().is_ok_and(|s| s <= subjects);
    let next = text.get(word.len()..).and_then(|t| t.chars().next());
    let ends = !next.is_some_and(|c| {
        c.is_alphanumeric()
            || matches!(c, '-' | '_' | '@')
                && text.get(word.len() + 1..).is_some_and(|t| t.starts_with(char::is_alphanumeric))
    });
    (parts.next().is_none() && lengths && known && ends).then_some(word)
}

/// Whether what follows three digits reads like the text of a reply.
fn text_follows(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        Some('-') => {
            rest.len() > 1
                && (!chars.next().is_some_and(|c| c.is_ascii_digit())
                    || scan::ips(scan::truncated(rest.get(1..).unwrap_or(""), 48))
                        .first()
                        .is_some_and(|f| f.span.start == 0))
        }
        Some(' ' | '\t' | ':' | ',') => {
            let body = rest.trim_start_matches([' ', '\t', ':', ',']);
            let word = body.split_whitespace().next().unwrap_or("");
            !unit(word) && !told_of(word) && !word.starts_with(['%', '*', '=', '+', '|', '&', '?', '{'])
        }
        Some('.') => !chars.next().is_some_and(|c| c.is_ascii_digit()),
        None | Some('\n' | '\r' | '"' | '\'' | ')' | ']' | '>' | ';' | '\\' | '&' | '/') => true,
        Some(_) => false,
    }
}

/// Whether a word makes the number before it one that somebody speaks of (`error 550 is gone`), rather than says.
fn told_of(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "was"
            | "were"
            | "has"
            | "had"
            | "means"
            | "should"
            | "gets"
            | "get"
            | "instead"
            | "and"
            | "or"
            | "ist"
            | "sind"
            | "war"
    )
}

/// Whether a word makes the number before it a count or an amount.
fn unit(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.', ';', ')']);
    matches!(
        word.to_ascii_lowercase().as_str(),
        "bytes"
            | "byte"
            | "kb"
            | "mb"
            | "gb"
            | "kib"
            | "mib"
            | "ms"
            | "s"
            | "sec"
            | "seconds"
            | "second"
            | "minutes"
            | "hours"
            | "days"
            | "messages"
            | "mails"
            | "emails"
            | "recipients"
            | "times"
            | "users"
            | "connections"
            | "euro"
            | "eur"
            | "usd"
            | "lines"
            | "errors"
            | "px"
            | "percent"
            | "files"
            | "hosts"
    )
}

/// Whether what stands before three digits is a place where servers and logs put a code.
pub(crate) fn introduced(head: &str) -> bool {
    let line = tail(head, NEAR).rsplit('\n').next().unwrap_or(head);
    let trimmed = line.trim_end_matches([' ', '\t', '"', '\'', '(', '[', '<', '“', '\u{a0}']);
    if trimmed.trim_start_matches(['>', '|', ' ', '*', '-', '\t']).is_empty() {
        return true;
    }
    if trimmed.ends_with("\\n") || trimmed.ends_with("\\r") || trimmed.ends_with("#<") {
        return true;
    }
    if ["==", "!=", ">=", "<="].iter().any(|sign| trimmed.ends_with(sign))
        || trimmed.ends_with("_code =") && !trimmed.ends_with("smtp_code =")
    {
        return false;
    }
    if trimmed.ends_with([':', ';', '=', '>', '|']) {
        let tight = line.ends_with(':')
            && trimmed
                .trim_end_matches(':')
                .rsplit(char::is_whitespace)
                .next()
                .is_some_and(|w| w.contains('.') && !w.ends_with('>'));
        return !tight && !numeric_label(trimmed);
    }
    if line.ends_with("], ") {
        return true;
    }
    if line.ends_with(['"', '\'']) && trimmed.ends_with([',', '{']) {
        return true;
    }
    let word = trimmed.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | '"')).next().unwrap_or("");
    if line.ends_with('(') && scan::address(word).is_some() {
        return true;
    }
    let code = word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|b| b.is_ascii_digit());
    if code { introduced(trimmed.strip_suffix(word).unwrap_or("")) } else { introducing_word(word) }
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
            "size"
                | "pid"
                | "uid"
                | "gid"
                | "port"
                | "delay"
                | "nrcpt"
                | "nrcpts"
                | "count"
                | "bytes"
                | "length"
                | "line"
                | "time"
                | "id"
                | "ip"
                | "fd"
                | "sid"
                | "rank"
                | "score"
                | "msgs"
                | "total"
                | "tel"
                | "phone"
                | "fax"
                | "s"
                | "xdelay"
                | "pri"
                | "class"
                | "stratum"
                | "priority"
                | "ms"
                | "qp"
                | "session"
                | "seq"
                | "mailsize"
                | "version"
                | "delays"
        )
}

/// Whether a word announces a reply code.
fn introducing_word(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "said"
            | "smtp"
            | "error"
            | "code"
            | "reply"
            | "response"
            | "returned"
            | "received"
            | "status"
            | "with"
            | "was"
            | "got"
            | "answer"
            | "reject"
            | "rejected"
            | "deferred"
            | "failed"
            | "replied"
            | "responded"
            | "reason"
            | "antwort"
            | "fehler"
            | "erreur"
            | "fehlercode"
            | "in:"
            | "failure"
            | "deny"
    )
}
