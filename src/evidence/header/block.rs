//! Finds the header in what was pasted, and its fields with their folding repaired.
//!
//! People paste headers with text around them, quoted with `> `, indented, with blank lines between
//! all lines, with the folding lost, or escaped for HTML. One pass over the lines finds the part that
//! is a header; a second one over that part gives the fields.

use std::borrow::Cow;

use super::names::{self, Weight};

/// One header field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field<'t> {
    /// The name as written.
    pub(crate) name: &'t str,
    /// The value, unfolded, without white space at its ends.
    pub(crate) value: Cow<'t, str>,
    /// Line in the pasted text, from 1.
    pub(crate) line: usize,
}

impl Field<'_> {
    /// Whether the field has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Where a header stands in the pasted bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// First byte.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// Number of its first line, from 1.
    pub(crate) line: usize,
    /// Whether blank lines stand between its lines.
    doubled: bool,
    /// White space that stands before each of its fields.
    indent: usize,
}

/// Lines in a row that are neither field nor folded, after which a header is over.
const STRAY_LINES: usize = 30;

/// The longest header that is read, in bytes; the rest of a longer one is left.
const LONGEST: usize = 16 << 20;

/// The longest value of a field; the rest of a longer one is left.
const LONGEST_VALUE: usize = 64 << 10;

/// What a line looks like.
enum Kind<'l> {
    /// Nothing at all.
    Blank,
    /// A field begins, with this name and value.
    Field(&'l str, &'l str),
    /// White space first: the line before goes on (also if there is nothing else).
    Folded,
    /// Anything else.
    Stray,
}

/// Takes quotation marks off a line: `> `, `>> `, `| `.
fn unquoted(line: &str) -> &str {
    let mut rest = line;
    while let Some(inner) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("| ")) {
        rest = inner.strip_prefix(' ').unwrap_or(inner);
    }
    rest
}

/// Tells what a line is, given the white space that stands before each field.
fn kind(line: &str, indent: usize) -> Kind<'_> {
    let white = line.len() - line.trim_start_matches([' ', '\t']).len();
    if line.is_empty() || (white == line.len() && white <= indent && indent > 0) {
        return Kind::Blank;
    }
    if white > indent {
        return Kind::Folded;
    }
    let body = line.get(white..).unwrap_or("");
    match names::field(body) {
        Some((name, value)) => Kind::Field(name, value),
        None => Kind::Stray,
    }
}

/// A part of the text that may be a header.
struct Candidate {
    /// Where it is.
    place: Place,
    /// Fields written by servers.
    trace: usize,
    /// Fields that only headers have.
    header: usize,
    /// Fields that quoted mails have too.
    quoted: usize,
    /// Whether there was a `From`.
    from: bool,
    /// Stray lines in a row.
    stray: usize,
    /// Blank lines in a row.
    blank: usize,
    /// Lines that were not blank.
    lines: usize,
    /// Whether nothing but white space stands before it.
    first: bool,
}

impl Candidate {
    /// Counts a field.
    fn count(&mut self, name: &str, weight: Weight) {
        match weight {
            Weight::Trace => self.trace += 1,
            Weight::Header => self.header += 1,
            Weight::Quoted => self.quoted += 1,
            Weight::Unknown => {}
        }
        self.from |= name.eq_ignore_ascii_case("from");
    }

    /// Whether this is a header and no quoted mail or prose.
    fn accepted(&self) -> bool {
        let known = self.header + self.quoted;
        self.trace > 0 || (self.header > 0 && known >= 3) || (self.first && known >= 2 && self.quoted > 0)
    }

    /// Takes one more line; says whether the header goes on with it.
    fn goes_on(&mut self, kind: &Kind<'_>) -> bool {
        match kind {
            Kind::Blank => {
                self.blank += 1;
                self.place.doubled |= self.lines == 1;
                self.blank <= 1
            }
            Kind::Field(name, value) => {
                let weight = names::weigh(name, value);
                self.after_blank(weight) && self.next(name, weight)
            }
            Kind::Folded => self.blank == 0 || self.place.doubled,
            Kind::Stray => {
                self.stray += 1;
                self.blank == 0 && self.stray <= STRAY_LINES
            }
        }
    }

    /// Whether a field may stand here: not behind a blank line, unless those are a habit of this
    /// text or the header has no `From` yet.
    fn after_blank(&self, weight: Weight) -> bool {
        self.blank == 0 || self.place.doubled || (weight != Weight::Unknown && !self.from)
    }

    /// Takes a field; two of them without a blank line between show that blank lines are no habit.
    fn next(&mut self, name: &str, weight: Weight) -> bool {
        self.place.doubled &= self.blank > 0;
        self.count(name, weight);
        self.stray = 0;
        true
    }
}

/// A walk over the lines of bytes, each with its first byte and without its line end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let start = at;
        at += len;
        Some((start, without_end(rest.get(..len)?)))
    })
}

/// The line without its end, of either kind.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The beginning of a line as text, which is all that is needed to tell its kind.
fn head(line: &[u8]) -> Cow<'_, str> {
    let end = line.len().min(200);
    decoded(line.get(..end).unwrap_or(line))
}

/// Bytes as text. Nearly all of it is UTF-8, which a plain check finds out faster than a repairing one.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Finds the first part of the text that is a header.
pub(crate) fn find(text: &[u8]) -> Option<Place> {
    let mut open: Option<Candidate> = None;
    let mut first = true;
    for (number, (start, line)) in lines(text).enumerate() {
        let head = head(line);
        let head = unquoted(&head);
        if let Some(mut candidate) = open.take() {
            if step(&mut candidate, head, start + line.len()) {
                open = Some(candidate);
                continue;
            }
            if candidate.accepted() {
                return Some(candidate.place);
            }
        }
        open = begin(head, start, number + 1, first);
        if let Some(candidate) = &mut open {
            candidate.place.end = start + line.len();
        }
        first &= head.trim().is_empty();
    }
    open.filter(Candidate::accepted).map(|candidate| candidate.place)
}

/// Lets a candidate have one more line; says whether it took it.
fn step(candidate: &mut Candidate, head: &str, end: usize) -> bool {
    let kind = kind(head, candidate.place.indent);
    let goes_on = candidate.goes_on(&kind) && end - candidate.place.start <= LONGEST;
    if goes_on && !matches!(kind, Kind::Blank) {
        candidate.blank = 0;
        candidate.lines += 1;
        candidate.place.end = end;
    }
    goes_on
}

/// Opens a candidate where a line is a field that headers are known to have.
fn begin(head: &str, start: usize, line: usize, first: bool) -> Option<Candidate> {
    let indent = head.len() - head.trim_start_matches([' ', '\t']).len();
    let Kind::Field(name, value) = kind(head, indent) else {
        return None;
    };
    let weight = names::weigh(name, value);
    if weight == Weight::Unknown {
        return None;
    }
    let place = Place { start, end: start, line, doubled: false, indent };
    let mut candidate =
        Candidate { place, trace: 0, header: 0, quoted: 0, from: false, stray: 0, blank: 0, lines: 1, first };
    candidate.count(name, weight);
    Some(candidate)
}

/// The text of a place, with HTML escapes undone if it was escaped.
pub(crate) fn text(bytes: &[u8], place: Place) -> Cow<'_, str> {
    let region = bytes.get(place.start..place.end).unwrap_or(b"");
    let text = decoded(region);
    let escaped = [&b"&lt;"[..], b"&gt;", b"&#"].iter().any(|mark| memchr::memmem::find(region, mark).is_some());
    if escaped {
        return Cow::Owned(unescaped(&text));
    }
    text
}

/// Undoes the escapes of HTML that headers meet.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (skip, plain) = escape(from).unwrap_or((1, '&'));
        out.push(plain);
        rest = from.get(skip..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// The escape at the start of a text: how long it is, and the character it stands for. Line ends are
/// none of them, because they would change which line is which.
fn escape(text: &str) -> Option<(usize, char)> {
    const NAMES: &[(&str, char)] =
        &[("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' '), ("commat", '@'), ("amp", '&')];
    let near = text.get(..text.floor_char_boundary(10)).unwrap_or(text);
    let (name, _) = near.get(1..)?.split_once(';')?;
    let length = name.len() + 2;
    if let Some(number) = name.strip_prefix('#') {
        let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
        let code = hexadecimal.unwrap_or_else(|| number.parse()).ok()?;
        return char::from_u32(code).filter(|c| !c.is_control()).map(|c| (length, c));
    }
    let found = NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, plain)| (length, *plain))
}

/// Divides the text of a place into fields.
pub(crate) fn fields(text: &str, place: Place) -> Vec<Field<'_>> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    for (number, raw) in text.split('\n').enumerate() {
        let line = unquoted(raw.strip_suffix('\r').unwrap_or(raw));
        match kind(line, place.indent) {
            Kind::Blank => {}
            Kind::Field(name, value) => {
                let value = value.trim();
                fields.push(Field { name, value: Cow::Borrowed(bounded(value)), line: place.line + number });
            }
            Kind::Folded | Kind::Stray => {
                if let Some(last) = fields.last_mut() {
                    fold(&mut last.value, line.trim());
                }
            }
        }
    }
    fields
}

/// Adds a folded line to a value, as long as the value stays within its bound.
fn fold(value: &mut Cow<'_, str>, more: &str) {
    if more.is_empty() || value.len() >= LONGEST_VALUE {
        return;
    }
    let value = value.to_mut();
    if !value.is_empty() {
        value.push(' ');
    }
    value.push_str(bounded(more));
}

/// The beginning of a text, at most as long as a value may be.
fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_VALUE)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values of the header in a text.
    fn read(pasted: &str) -> Vec<(String, String, usize)> {
        let Some(place) = find(pasted.as_bytes()) else {
            return Vec::new();
        };
        let text = text(pasted.as_bytes(), place);
        let owned = |field: Field<'_>| (field.name.to_owned(), field.value.into_owned(), field.line);
        fields(&text, place).into_iter().map(owned).collect()
    }

    /// One field as a test expects it.
    fn field(name: &str, value: &str, line: usize) -> (String, String, usize) {
        (name.to_owned(), value.to_owned(), line)
    }

    #[test]
    fn folded_lines_belong_to_their_field() {
        let got = read("Received: from a.example\n\tby b.example;\n  Mon\nFrom: x\n\nReceived: from body");
        assert_eq!(got, [field("Received", "from a.example by b.example; Mon", 1), field("From", "x", 4)]);
    }

    #[test]
    fn text_around_a_header_is_left_alone() {
        let got = read("Hello,\nhere it is:\n\nReceived: from a by b\nSubject: x\n\nRegards\nFrom: me");
        assert_eq!(got, [field("Received", "from a by b", 4), field("Subject", "x", 5)]);
    }

    #[test]
    fn quotes_indents_and_escapes_are_undone() {
        let want = [field("Received", "from a (b <c>)", 1), field("To", "<x@example.org>", 3)];
        for pasted in [
            "> Received: from a\n>   (b <c>)\n> To: <x@example.org>",
            "    Received: from a\n        (b <c>)\n    To: <x@example.org>",
            "Received: from a\n  (b &lt;c&gt;)\nTo: &lt;x@example.org&gt;",
            "Received: from a\n(b <c>)\nTo: <x@example.org>",
        ] {
            assert_eq!(read(pasted), want, "{pasted}");
        }
    }

    #[test]
    fn doubled_lines_are_one_header() {
        let got = read("Received: from a\n\n by b\n\nSubject: x\n\nTo: y\n\n\nBody: z");
        let names: Vec<_> = got.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["Received", "Subject", "To"]);
    }

    #[test]
    fn mails_quoted_by_people_are_no_headers() {
        assert!(read("see below\n\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nhello").is_empty());
        assert!(read("Nothing here: really\nat all").is_empty());
    }

    #[test]
    fn a_plain_message_is_a_header() {
        assert_eq!(read("From: a@example.org\nTo: b@example.net\nSubject: c\n\nbody").len(), 3);
    }
}
