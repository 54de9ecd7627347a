//! The grammar of an SMTP reply: code, several lines, enhanced status, text (RFC 5321 4.2, RFC 2034, RFC 3463).
//!
//! A reply is found in any dress: `554-… 554 …` over several lines or flattened into one, after
//! `said:` or `smtp;`, in quotes. Three digits alone are no reply: they must stand where servers
//! and logs put them, or be followed by an enhanced status code of the same class.

mod code;

use super::scan;
pub(crate) use code::{Certainty, CodeAt, enhanced_prefix, find_code, introduced};
use code::{after_code, status_prefix};

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

/// Takes apart a reply that starts at the head of `text` (or shortly after it).
pub(crate) fn parse(text: &str) -> Parsed {
    let (body, phase) = split_phase(text);
    let body = rewrapped(body);
    let found = find_code(body);
    let announced = |f: &CodeAt| introduced(body.get(..f.start).unwrap_or(""));
    let from = found.filter(announced).map_or(body, |f| body.get(start(body, f)..).unwrap_or(body));
    let from = trim_tail(from);
    let code = found.map(|f| f.code);
    let shown = scan::folded(&unescaped(from), MAX_TEXT);
    let plain = plain(&unescaped(scan::truncated(from, 4 * MAX_TEXT)), code);
    let enhanced = enhanced(&shown, &plain, code);
    Parsed { code, enhanced, text: shown, plain, phase }
}

/// Where a reply begins: at its code, or at the words before it (`Detail: spam SMTP code: 554`, as `PHPMailer` writes).
pub(crate) fn start(text: &str, code: CodeAt) -> usize {
    let head = text.get(..code.start).unwrap_or("");
    let words = head.trim_end().ends_with("SMTP code:").then_some("Detail: ");
    words.and_then(|words| Some(head.rfind(words)? + words.len())).unwrap_or(code.start)
}

/// The reply inside one that Exchange wraps around it (`451 4.4.0 Primary target IP address responded with: "554 …"`),
/// or behind the words of .NET.
fn rewrapped(text: &str) -> &str {
    let inner = scan::after(text, "responded with: \"").filter(|inner| inner.starts_with(['4', '5']));
    let quoted = inner.map(|inner| inner.split_once("\" ").map_or(inner, |(inner, _)| inner));
    quoted.or_else(|| scan::after(text, "The server response was: ")).unwrap_or(text)
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
    let text = if text.ends_with(')') && text.matches(')').count() > text.matches('(').count() {
        text.trim_end_matches(')')
    } else {
        text
    };
    let unquoted = text.trim_end_matches(['"', '\'', ',', '`', ' ', '\\']);
    if unquoted.contains('"') { text } else { unquoted }
}

/// Turns written-out line ends (`\n`, `\r\n`) into real ones.
fn unescaped(text: &str) -> String {
    if text.contains('\\') {
        text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\r", "\n").replace("\\\"", "\"").replace("\\'", "'")
    } else {
        text.to_owned()
    }
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
            let rest = rest.map_or_else(
                || (after_code || starts_line).then(|| bare_status(word)).flatten().unwrap_or(word),
                |r| bare_status(r).unwrap_or(r),
            );
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
    let failed = |status: &&str| !status.starts_with('2');
    let fits = |status: &&str| class.is_none_or(|c| status.starts_with(c)) && failed(status);
    let behind = code.and_then(|c| text.strip_prefix(c.to_string().as_str())).unwrap_or(text);
    let body = after_code(behind);
    let (subjects, near) = if behind.len() < text.len() { (999, true) } else { (7, false) };
    if let Some(status) = status_prefix(body, subjects).filter(|s| if near { failed(s) } else { fits(s) }) {
        return Some(status.to_owned());
    }
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | ')' | ']'));
    let alone = words.find_map(|w| status_word(w).filter(fits)).map(str::to_owned);
    alone.filter(|_| !plain.is_empty() || code.is_none())
}

/// The status code that a word is, with a leading `#` or the code and a hyphen before it.
fn status_word(word: &str) -> Option<&str> {
    let word = word.trim_start_matches(['#', ':', '"', '\'']);
    let tail = word
        .get(4..)
        .filter(|_| word.as_bytes().get(3) == Some(&b'-') && word.bytes().take(3).all(|b| b.is_ascii_digit()));
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
            (
                "554-mx.example (mx1) ESMTP 554-No service 554 Bad PTR",
                Some(554),
                None,
                "mx.example (mx1) ESMTP No service Bad PTR",
            ),
            (
                "550-5.7.1 [192.0.2.1] Our\n550-5.7.1 policy\n550 5.7.1 says no",
                Some(550),
                Some("5.7.1"),
                "[192.0.2.1] Our policy says no",
            ),
            ("553 sorry, no relay (#5.7.1)", Some(553), Some("5.7.1"), "sorry, no relay (#5.7.1)"),
            ("451 Busy [#4.16.1].", Some(451), None, "Busy [#4.16.1]."),
            ("4.7.32 not aligned", None, Some("4.7.32"), "4.7.32 not aligned"),
            ("smtp; 421 cuda_x 4.7.1 later", Some(421), Some("4.7.1"), "cuda_x 4.7.1 later"),
            ("host mx.example said: 450 again (in reply to RCPT TO command)", Some(450), None, "again"),
            ("550 4.4.7 QUEUE.Expired; message expired", Some(550), Some("4.4.7"), "QUEUE.Expired; message expired"),
            (
                "451 4.4.0 Primary target IP address responded with: \"554 5.7.1 no.\" Attempted failover",
                Some(554),
                Some("5.7.1"),
                "no.",
            ),
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
