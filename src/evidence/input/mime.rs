//! Takes a message apart: header fields and leaf parts, flat, in one pass over its lines.
//!
//! Boundaries are collected as they are announced, so any depth of nesting costs nothing; parts of
//! returned messages are marked as such and not read for refusals.

use super::{charset, clean, transfer};
use crate::evidence::context::Work;
use crate::evidence::scan;

/// One header field, unfolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The name in lower case.
    pub(crate) name: String,
    /// The value, folding replaced by blanks.
    pub(crate) value: String,
}

/// One leaf part with its decoded text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    /// The media type in lower case, without parameters.
    pub(crate) kind: String,
    /// The decoded text.
    pub(crate) text: String,
    /// The line (from 0) of the document in which the body of the part starts.
    pub(crate) line: usize,
}

/// A message taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// The header fields in order.
    pub(crate) fields: Vec<Field>,
    /// The leaf parts in order.
    pub(crate) parts: Vec<Part>,
    /// How many lines the header has.
    pub(crate) header_lines: usize,
    /// Whether anything but white space follows the header.
    pub(crate) has_body: bool,
}

/// At most this many parts of a message are read.
const MAX_PARTS: usize = 200;
/// At most this many header fields are kept.
const MAX_FIELDS: usize = 2000;

impl Message {
    /// The value of the first field of this name (lower case).
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.value.as_str())
    }

    /// Whether a field of this name (lower case) exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
}

/// Reads one field line: its name in lower case and the start of its value.
pub(crate) fn field_start(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let valid = !name.is_empty()
        && name.len() <= 76
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (valid && name.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| (name.to_ascii_lowercase(), value))
}

/// Reads header fields up to the first empty line; gives them and the number of lines taken.
pub(crate) fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> (Vec<Field>, usize) {
    let mut fields: Vec<Field> = Vec::new();
    let mut taken = 0;
    for line in lines {
        if line.trim().is_empty() {
            break;
        }
        taken += 1;
        if let Some((name, value)) = field_start(line).filter(|_| !line.starts_with([' ', '\t'])) {
            if fields.len() < MAX_FIELDS {
                fields.push(Field { name, value: value.trim().to_owned() });
            }
        } else if let Some(last) = fields.last_mut().filter(|l| l.value.len() < 100_000) {
            last.value.push(' ');
            last.value.push_str(line.trim());
        }
    }
    (fields, taken)
}

/// Takes a message apart.
pub(crate) fn message(text: &str, work: &mut Work) -> Message {
    let lines: Vec<&str> = text.lines().collect();
    let lead =
        lines.iter().take_while(|l| l.trim().is_empty() || l.starts_with("From ") || l.starts_with(">From ")).count();
    let (fields, taken) = fields(lines.iter().skip(lead).copied());
    let body_at = lead + taken + 1;
    let body = lines.get(body_at..).unwrap_or(&[]);
    let has_body = body.iter().any(|l| !l.trim().is_empty());
    let mut walk = Walk { boundaries: Vec::new(), parts: Vec::new() };
    if work.spend(text.len()) {
        let content = Content::of(&fields);
        walk.leaf_or_multi(&content, body, body_at);
    }
    if walk.parts.len() >= MAX_PARTS {
        work.cut();
    }
    Message { fields, parts: walk.parts, header_lines: lead + taken, has_body }
}

/// What a part's own header says about its content.
#[derive(Clone, Debug, Default)]
struct Content {
    /// The media type.
    kind: String,
    /// The boundary of a multipart.
    boundary: Option<String>,
    /// The character set.
    charset: Option<String>,
    /// The transfer encoding.
    encoding: String,
}

impl Content {
    /// Reads the content fields.
    fn of(fields: &[Field]) -> Self {
        let value = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.value.as_str());
        let full = value("content-type").unwrap_or("text/plain");
        let kind = full.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        Self {
            kind: if kind.is_empty() { "text/plain".to_owned() } else { kind },
            boundary: parameter(full, "boundary"),
            charset: parameter(full, "charset"),
            encoding: value("content-transfer-encoding").unwrap_or("").trim().to_ascii_lowercase(),
        }
    }
}

/// A parameter of a structured field, quotes taken off.
fn parameter(value: &str, name: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    let at = lower.match_indices(name).find(|(at, _)| {
        let before = lower.get(..*at).unwrap_or("").trim_end();
        let behind = lower.get(at + name.len()..).unwrap_or("").trim_start();
        before.ends_with(';') && behind.starts_with('=')
    })?;
    let rest = scan::after(value.get(at.0..)?, "=")?.trim_start();
    let found = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or(""),
        None => rest.split([';', ' ', '\t']).next().unwrap_or(""),
    };
    (!found.is_empty()).then(|| found.to_owned())
}

/// The walk over the lines of a body.
struct Walk {
    /// The boundaries announced so far.
    boundaries: Vec<String>,
    /// The leaf parts found so far.
    parts: Vec<Part>,
}

impl Walk {
    /// Reads a body as a multipart when it is one, else as a leaf.
    fn leaf_or_multi(&mut self, content: &Content, body: &[&str], line: usize) {
        let Some(boundary) = content.boundary.clone().filter(|_| content.kind.starts_with("multipart/")) else {
            self.push(content, body, line);
            return;
        };
        self.boundaries.push(boundary);
        self.multi(body, line);
    }

    /// Splits at every boundary known so far; a nested multipart only adds its own.
    fn multi(&mut self, body: &[&str], line: usize) {
        let mut at = 0;
        let mut content: Option<Content> = None;
        let mut start = 0;
        while at < body.len() && self.parts.len() < MAX_PARTS {
            let Some(ends) = body.get(at).and_then(|l| self.boundary(l)) else {
                at += 1;
                continue;
            };
            if let Some(open) = content.take() {
                self.push(&open, body.get(start..at).unwrap_or(&[]), line + start);
            } else if start == 0 && at > 0 {
                self.preamble(body.get(..at).unwrap_or(&[]), line);
            }
            at += 1;
            if !ends {
                (content, at) = self.open(body, at);
            }
            start = at;
        }
        if let Some(open) = content {
            self.push(&open, body.get(start..).unwrap_or(&[]), line + start);
        } else if self.parts.is_empty() {
            self.push(&Content { kind: "text/plain".to_owned(), ..Content::default() }, body, line);
        }
    }

    /// Text before the first boundary that is more than the usual hint for old programs.
    fn preamble(&mut self, body: &[&str], line: usize) {
        if self.parts.is_empty() && body.iter().filter(|l| !l.trim().is_empty()).count() > 4 {
            self.push(&Content { kind: "text/preamble".to_owned(), ..Content::default() }, body, line);
        }
    }

    /// Reads the header of a part; a multipart adds its boundary and opens no leaf.
    fn open(&mut self, body: &[&str], at: usize) -> (Option<Content>, usize) {
        let (fields, taken) = fields(body.iter().skip(at).copied());
        let content = Content::of(&fields);
        let next = at + taken + 1;
        if content.kind.starts_with("multipart/") {
            if let Some(boundary) = content.boundary.filter(|_| self.boundaries.len() < MAX_PARTS) {
                self.boundaries.push(boundary);
            }
            return (None, next);
        }
        (Some(content), next)
    }

    /// Whether a line is a known boundary: `Some(true)` for a closing one.
    fn boundary(&self, line: &str) -> Option<bool> {
        let rest = line.trim().strip_prefix("--")?;
        self.boundaries.iter().rev().find_map(|b| {
            let tail = rest.strip_prefix(b.as_str())?.trim();
            matches!(tail, "" | "--").then_some(tail == "--")
        })
    }

    /// Keeps a leaf, decoded.
    fn push(&mut self, content: &Content, body: &[&str], line: usize) {
        let raw = body.join("\n");
        let text = decoded(content, &raw);
        let html = content.kind == "text/html";
        let text = if html { clean::untag(&text) } else { text };
        self.parts.push(Part { kind: content.kind.clone(), text, line });
    }
}

/// The decoded text of a leaf.
fn decoded(content: &Content, raw: &str) -> String {
    let bytes = match content.encoding.as_str() {
        "quoted-printable" => transfer::quoted_printable(raw.as_bytes()),
        "base64" => transfer::base64(raw.as_bytes()),
        _ => return plain(content, raw),
    };
    charset::named(&bytes, content.charset.as_deref().unwrap_or("utf-8"))
}

/// Text that was not re-encoded, but may still be in ISO-2022-JP.
fn plain(content: &Content, raw: &str) -> String {
    match content.charset.as_deref() {
        Some(label) if raw.contains('\u{1b}') => charset::named(raw.as_bytes(), label),
        _ => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::context::Budget;

    #[test]
    fn nested_parts_come_out_flat() {
        let text = "Subject: x\nContent-Type: multipart/report; boundary=\"a\"\n\nhint\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b--\n--a\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nthr=65=\ne\n--a--\n";
        let message = message(text, &mut Work::new(Budget::default()));
        let texts: Vec<&str> = message.parts.iter().map(|p| p.text.trim()).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert_eq!(message.field("subject"), Some("x"));
    }
}
