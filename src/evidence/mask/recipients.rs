//! Local parts of mail addresses, masked for display.

use std::borrow::Cow;

use memchr::memchr_iter;

/// Fields and settings whose value is an identifier of a message, not an address.
const IDENTIFIERS: &[&str] = &[
    "message-id",
    "messageid",
    "msgid",
    "message_id",
    "references",
    "in-reply-to",
    "content-id",
    "resent-message-id",
    "msg-id",
    "cid",
    "internetmessageid",
    "smtp-id",
];

/// Masks the local parts of mail addresses: the first letter stays, `a***@example.org`. Identifiers of
/// messages look like addresses and stay as they are.
#[must_use]
pub fn recipients(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut lines = Lines::new(text);
    for at in memchr_iter(b'@', text.as_bytes()) {
        let start = local_start(text, done, at);
        if start == at || !domain_follows(text, at) || lines.identifies(start) {
            continue;
        }
        out.push_str(text.get(done..start).unwrap_or(""));
        out.extend(text.get(start..at).and_then(first_letter));
        out.push_str("***");
        done = at;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or(""));
    Cow::Owned(out)
}

/// The first letter of a local part, behind a quotation mark.
fn first_letter(local: &str) -> Option<char> {
    local.trim_start_matches('"').chars().next()
}

/// The longest local part that is masked as one; longer ones lose their end only.
const LONGEST: usize = 320;

/// Where the local part before an at sign begins.
fn local_start(text: &str, done: usize, at: usize) -> usize {
    let from = text.ceil_char_boundary(done.max(at.saturating_sub(LONGEST)));
    let before = text.get(from..at).unwrap_or("");
    if let Some(inner) = before.strip_suffix('"') {
        let open = inner.rfind('"').map(|open| from + open);
        return open.unwrap_or(at);
    }
    let local = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    let len: usize = before.chars().rev().take_while(|c| local(*c)).map(char::len_utf8).sum();
    settings_end(before.get(before.len() - len..).unwrap_or(""), at - len)
}

/// Leaves the name of a setting before the local part alone (`to=ann@…`, `smtp.mailfrom=ann@…`).
fn settings_end(local: &str, start: usize) -> usize {
    const NAMES: &[&str] = &[
        "to",
        "from",
        "mailfrom",
        "mail",
        "rcpt",
        "sender",
        "rcptto",
        "user",
        "recipient",
        "email",
        "i",
        "for",
        "address",
        "envelope-from",
    ];
    let Some((name, _)) = local.split_once('=') else {
        return start;
    };
    let last = name.rsplit(['.', '_', '?', '&']).next().unwrap_or(name);
    let known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(last));
    if known { start + name.len() + 1 } else { start }
}

/// Whether a domain or an address literal stands behind the at sign.
fn domain_follows(text: &str, at: usize) -> bool {
    let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
    next.is_some_and(|c| c.is_alphanumeric() || c == '[' || c == '_')
}

/// A walk over the lines, to know whether a place belongs to a field that holds identifiers.
struct Lines<'t> {
    /// The whole text.
    text: &'t str,
    /// How far line ends were looked for.
    seen: usize,
    /// Where the present line begins.
    start: usize,
    /// Whether the field of the present line holds identifiers.
    identifiers: bool,
}

impl<'t> Lines<'t> {
    /// Begins before the first line.
    fn new(text: &'t str) -> Self {
        let identifiers = is_identifier_field(text);
        Self { text, seen: 0, start: 0, identifiers }
    }

    /// Whether what stands at a place is an identifier; places must not go back.
    fn identifies(&mut self, place: usize) -> bool {
        let passed = self.text.get(self.seen..place).unwrap_or("");
        for at in memchr_iter(b'\n', passed.as_bytes()) {
            self.start = self.seen + at + 1;
            let rest = self.text.get(self.start..).unwrap_or("");
            if !rest.starts_with([' ', '\t']) {
                self.identifiers = is_identifier_field(rest);
            }
        }
        self.seen = self.seen.max(place);
        self.identifiers || self.is_identifier_setting(place)
    }

    /// Whether `message-id=<` or the like stands right before a place.
    fn is_identifier_setting(&self, place: usize) -> bool {
        let from = self.text.ceil_char_boundary(place.saturating_sub(30).max(self.start));
        let before = self.text.get(from..place).unwrap_or("").trim_end_matches(['<', '"', '\'', ' ', '\\']);
        let Some(name) = before.strip_suffix(['=', ':']) else {
            return false;
        };
        let name = name.trim_end_matches(['"', '\'', ' ', '\\']).to_ascii_lowercase();
        IDENTIFIERS.iter().any(|known| name.ends_with(known)) || name == "id" || name.ends_with(" id")
    }
}

/// Whether a line begins with a field that holds identifiers.
fn is_identifier_field(line: &str) -> bool {
    let near = line.get(..line.floor_char_boundary(40)).unwrap_or(line).trim_start_matches(['>', ' ', '|']);
    let name = near.split_once(':').map(|(name, _)| name.trim().to_ascii_lowercase());
    name.is_some_and(|name| IDENTIFIERS.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_parts_are_masked_and_identifiers_stay() {
        let cases = [
            ("to=<ann.lee@example.org>, relay=mx", "to=<a***@example.org>, relay=mx"),
            ("ann@example.org,bob@example.net", "a***@example.org,b***@example.net"),
            ("\"ann lee\"@example.org", "a***@example.org"),
            ("smtp.mailfrom=ann@example.org", "smtp.mailfrom=a***@example.org"),
            (
                "message-id=<4711.abc@example.org> from=<ann@example.org>",
                "message-id=<4711.abc@example.org> from=<a***@example.org>",
            ),
            (
                "Message-ID: <x1@example.org>\nReferences: <a@b.example>\n\t<c@d.example>\nTo: eve@example.org",
                "Message-ID: <x1@example.org>\nReferences: <a@b.example>\n\t<c@d.example>\nTo: e***@example.org",
            ),
            ("header.i=@example.org and a @ b", "header.i=@example.org and a @ b"),
            ("ürsel@example.org", "ü***@example.org"),
            ("bounce+x=example.net@lists.example.org", "b***@lists.example.org"),
            ("a@b@c", "a***@b***@c"),
        ];
        for (text, want) in cases {
            assert_eq!(recipients(text), want, "{text}");
        }
    }

    #[test]
    fn many_at_signs_take_linear_time() {
        let text = "@".repeat(300_000) + &"a@b.example ".repeat(50_000);
        assert!(!recipients(&text).is_empty());
    }
}
