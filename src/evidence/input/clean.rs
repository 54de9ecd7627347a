//! Takes off what pasting puts around a text: terminal escapes, HTML, quoting.

use std::borrow::Cow;

/// How much of a text is looked at to see how it is dressed.
const SAMPLE: usize = 1 << 16;

/// The text without its dress; borrowed when there is none.
pub(super) fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    let text = without(unescaped(text), html, untag);
    without(text, quoted, unquote)
}

/// The text without terminal escapes.
pub(super) fn unescaped(text: Cow<'_, str>) -> Cow<'_, str> {
    without(text, |t| memchr::memchr(0x1b, t.as_bytes()).is_some(), unescape_terminal)
}

/// Applies a cleaner when a test asks for it.
fn without(text: Cow<'_, str>, needed: impl Fn(&str) -> bool, cleaner: impl Fn(&str) -> String) -> Cow<'_, str> {
    if needed(&text) { Cow::Owned(cleaner(&text)) } else { text }
}

/// Takes terminal escapes (colours, cursor, titles) out.
fn unescape_terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        rest = after_escape(rest);
    }
    out.push_str(rest);
    out
}

/// What follows one escape sequence.
fn after_escape(rest: &str) -> &str {
    let mut chars = rest.char_indices();
    match chars.next() {
        Some((_, '[')) => {
            let end = chars.take(40).find(|(_, c)| ('@'..='~').contains(c));
            end.and_then(|(at, _)| rest.get(at + 1..)).unwrap_or(rest)
        }
        Some((_, ']')) => {
            let end = chars.take(200).find(|(_, c)| *c == '\u{7}');
            end.and_then(|(at, _)| rest.get(at + 1..)).unwrap_or(rest)
        }
        Some((_, '(' | ')')) => rest.get(2..).unwrap_or(""),
        Some(_) | None => rest,
    }
}

/// Whether a text is HTML: a tag that no log and no address looks like, and no mail header before it.
fn html(text: &str) -> bool {
    let sample = crate::evidence::scan::truncated(text, SAMPLE);
    let lower = sample.to_ascii_lowercase();
    let start = lower.trim_start();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return true;
    }
    if lower.contains("content-type:") || lower.contains("content-transfer-encoding:") {
        return false;
    }
    let tags =
        ["<br>", "<br/>", "<br />", "</p>", "</div>", "</span>", "</td>", "</pre>", "</code>", "</li>", "</a>", "</b>"];
    tags.iter().any(|t| lower.contains(t)) || entities(&lower)
}

/// Whether angle brackets come as entities only, as they do from a page source.
fn entities(lower: &str) -> bool {
    lower.contains("&lt;") && lower.contains("&gt;")
}

/// The text of an HTML page: tags out, entities resolved, line ends kept where they stood.
pub(crate) fn untag(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(rest.get(..at).unwrap_or(""));
        let from = rest.get(at..).unwrap_or("");
        let taken = if from.starts_with('<') { tag(from, &mut out) } else { entity(from, &mut out) };
        rest = from.get(taken..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Names of tags that end a line.
const BREAKING: &[&str] =
    &["br", "p", "/p", "div", "/div", "li", "tr", "/tr", "pre", "/pre", "h1", "h2", "h3", "blockquote", "table", "hr"];

/// Handles one `<`: skips a tag, keeps anything else; gives how many bytes it took.
fn tag(from: &str, out: &mut String) -> usize {
    let window = crate::evidence::scan::truncated(from, 2000);
    let name_end = window
        .get(1..)
        .and_then(|t| t.find(|c: char| !(c.is_ascii_alphanumeric() || c == '/')))
        .map_or(window.len(), |i| i + 1);
    let name = window.get(1..name_end).unwrap_or("").trim_end_matches('/').to_ascii_lowercase();
    let next = window.get(name_end..).and_then(|t| t.chars().next());
    let comment = window.starts_with("<!");
    let tagged = !name.is_empty()
        && name.len() <= 12
        && !name.contains('@')
        && matches!(next, Some('>' | ' ' | '\n' | '\r' | '\t' | '/'));
    let close =
        window.find('>').filter(|i| !window.get(..*i).unwrap_or("").contains('@') || name == "a" || name == "/a");
    let Some(end) = close.filter(|_| tagged || comment) else {
        out.push('<');
        return 1;
    };
    if name == "style" || name == "script" {
        return closing(from, &name);
    }
    if BREAKING.contains(&name.as_str()) && !out.ends_with('\n') {
        out.push('\n');
    }
    end + 1
}

/// Where the closing tag of this name starts; the end of the text when there is none, so that nothing is read twice.
fn closing(from: &str, name: &str) -> usize {
    let named = |at: usize| from.get(at + 2..at + 2 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
    let found = from.match_indices("</").map(|(at, _)| at).find(|at| named(*at));
    found.unwrap_or(from.len())
}

/// Handles one `&`: resolves the entity, if it is one; gives how many bytes it took.
fn entity(from: &str, out: &mut String) -> usize {
    let window = crate::evidence::scan::truncated(from, 12);
    let Some(end) = window.find(';') else {
        out.push('&');
        return 1;
    };
    let name = window.get(1..end).unwrap_or("");
    let resolved = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => numeric(name),
    };
    if let Some(c) = resolved {
        out.push(c);
        return end + 1;
    }
    out.push('&');
    1
}

/// The character of `#39` or `#x27`.
fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number =
        digits.strip_prefix(['x', 'X']).map_or_else(|| digits.parse().ok(), |h| u32::from_str_radix(h, 16).ok())?;
    char::from_u32(number).filter(|c| !c.is_control() || *c == '\n')
}

/// Whether most lines of a text are quoted with `> `.
fn quoted(text: &str) -> bool {
    let sample = crate::evidence::scan::truncated(text, SAMPLE);
    let (mut lines, mut marked) = (0_usize, 0_usize);
    for line in sample.lines().filter(|l| !l.trim().is_empty()).take(400) {
        lines += 1;
        marked += usize::from(quote_len(line) > 0);
    }
    marked >= 1 && marked * 3 >= lines * 2
}

/// How long the quoting at the start of a line is; a transcript's `>>>` is none.
fn quote_len(line: &str) -> usize {
    if line.starts_with(">>>") {
        return 0;
    }
    let bytes = line.as_bytes();
    let mut end = 0;
    while bytes.get(end) == Some(&b'>') {
        end += 1;
        end += usize::from(bytes.get(end) == Some(&b' '));
    }
    end
}

/// Takes the quoting off each line.
fn unquote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(line.get(quote_len(line)..).unwrap_or(line));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        clean(Cow::Borrowed(text)).into_owned()
    }

    #[test]
    fn dresses_come_off() {
        assert_eq!(cleaned("\u{1b}[31m550\u{1b}[0m no"), "550 no");
        assert_eq!(cleaned("<p>550 &lt;a@example.org&gt;: no</p>").trim(), "550 <a@example.org>: no");
        assert_eq!(cleaned("> 550 no\n> > 550 never\n"), "550 no\n550 never\n");
    }

    #[test]
    fn addresses_and_transcripts_stay() {
        let text = "550 <a@example.org>: no\n>>> RCPT TO:<a@example.org>\n<<< 550 no";
        assert_eq!(cleaned(text), text);
    }
}
