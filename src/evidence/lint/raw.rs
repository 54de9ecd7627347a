//! Faults of single bytes and lines.

use super::Severity::{Error, Note, Warning};
use super::{Rule, Sheet};
use crate::evidence::header::names::{self, Weight};

/// No line may be longer than this, without its end (RFC 5322, 2.1.1).
const LIMIT: usize = 998;

/// A NUL byte.
const NUL: Rule = Rule {
    name: "nul-byte",
    severity: Error,
    fix: "Send no NUL bytes; look for binary data or UTF-16 text in the program that writes the header.",
    rfc: "RFC 5322, 2.2",
};

/// A carriage return or line feed alone.
const BARE: Rule = Rule {
    name: "bare-cr-lf",
    severity: Error,
    fix: "End each line with CR and LF together, and let neither stand alone.",
    rfc: "RFC 5322, 2.2; RFC 5321, 2.3.8",
};

/// Raw bytes beyond ASCII.
const NON_ASCII: Rule = Rule {
    name: "raw-non-ascii",
    severity: Warning,
    fix: "Encode other letters as an encoded word, such as =?utf-8?Q?Gr=C3=BC=C3=9Fe?=.",
    rfc: "RFC 5322, 2.2; RFC 2047, 2; RFC 6532, 3",
};

/// Bytes beyond ASCII that are not even UTF-8.
const NON_UTF8: Rule = Rule { name: "raw-8bit", severity: Error, ..NON_ASCII };

/// A line that is too long.
const LONG: Rule = Rule {
    name: "line-too-long",
    severity: Error,
    fix: "Fold the field: break the line before a space, and begin the next one with that space.",
    rfc: "RFC 5322, 2.1.1",
};

/// A line that is neither field nor folded.
const STRAY: Rule = Rule {
    name: "broken-folding",
    severity: Error,
    fix: "Begin a folded line with a space or tab, and leave no blank line inside the header.",
    rfc: "RFC 5322, 2.2.3",
};

/// A folded line of nothing but white space.
const BLANK_FOLD: Rule = Rule {
    name: "blank-folded-line",
    severity: Warning,
    fix: "Leave out folded lines that hold white space only; some servers take them for the end of the header.",
    rfc: "RFC 5322, 3.2.2 and 4.2",
};

/// A space before the colon.
const SPACE_BEFORE_COLON: Rule = Rule {
    name: "space-before-colon",
    severity: Warning,
    fix: "Write the colon right behind the name of the field.",
    rfc: "RFC 5322, 2.2 and 4.5",
};

/// Control characters.
const CONTROL: Rule = Rule {
    name: "control-character",
    severity: Warning,
    fix: "Remove control characters from the header.",
    rfc: "RFC 5322, 2.2",
};

/// The part of the bytes before the first blank line, and whether there was one or the text ended.
pub(super) fn header_of(raw: &[u8]) -> (&[u8], bool) {
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        if matches!(rest.get(..len), Some(b"\n" | b"\r\n")) && at > 0 {
            return (raw.get(..at).unwrap_or(raw), true);
        }
        at += len;
    }
    (raw, false)
}

/// Judges bytes and lines.
pub(super) fn check(sheet: &mut Sheet<'_, '_>, header: &[u8], strays: &[usize]) {
    let pairs = memchr::memmem::find_iter(header, b"\r\n").count();
    let line_feeds = memchr::memchr_iter(b'\n', header).count();
    // A text whose lines all end in LF alone was pasted or saved that way; that is no fault of the mail.
    let mixed = pairs > 0 && line_feeds > pairs;
    let lines = header.split(|b| *b == b'\n').enumerate();
    for (number, line) in lines.skip_while(|(_, line)| line.trim_ascii().is_empty()) {
        check_line(sheet, sheet.first_line + number, line, mixed);
    }
    folding(sheet, header, strays);
}

/// Judges lines that belong to no field. Where no line at all is folded, or such a line follows a
/// field that servers wrote, the folding was lost by pasting and not by the sender.
fn folding(sheet: &mut Sheet<'_, '_>, header: &[u8], strays: &[usize]) {
    let folded = memchr::memmem::find(header, b"\n ").is_some() || memchr::memmem::find(header, b"\n\t").is_some();
    let pasted = !folded && strays.len() > 1;
    for line in strays.iter().take(20) {
        let before = sheet.fields.iter().rfind(|field| field.line < *line);
        let by_server = before.is_some_and(|field| names::weigh(field.name, &field.value) == Weight::Trace);
        let severity = if pasted || by_server { Note } else { Error };
        let what = "This line is neither a field nor the folded part of one.".to_owned();
        sheet.report(&Rule { severity, ..STRAY }, *line, what);
    }
}

/// Judges one line, given without its LF.
fn check_line(sheet: &mut Sheet<'_, '_>, number: usize, line: &[u8], mixed: bool) {
    let body = line.strip_suffix(b"\r").unwrap_or(line);
    if body.contains(&0) {
        sheet.report(&NUL, number, "The line holds a NUL byte.".to_owned());
    }
    if body.contains(&b'\r') {
        sheet.report(&BARE, number, "A carriage return stands without line feed.".to_owned());
    } else if mixed && body.len() == line.len() && !line.is_empty() {
        let rule = Rule { severity: Note, ..BARE };
        sheet.report(&rule, number, "The line ends with LF alone, others with CR and LF.".to_owned());
    }
    if body.len() > LIMIT {
        sheet.report(&LONG, number, format!("The line has {} characters; {LIMIT} are allowed.", body.len()));
    }
    if body.iter().any(|b| b.is_ascii_control() && !matches!(b, b'\t' | b'\r' | 0 | 0x1b)) {
        sheet.report(&CONTROL, number, "The line holds a control character.".to_owned());
    }
    if !body.is_empty() && body.iter().all(|b| matches!(b, b' ' | b'\t')) {
        sheet.report(&BLANK_FOLD, number, "A folded line holds white space only.".to_owned());
    }
    letters(sheet, number, body);
    colon(sheet, number, body);
}

/// Judges letters beyond ASCII.
fn letters(sheet: &mut Sheet<'_, '_>, number: usize, body: &[u8]) {
    if body.is_ascii() {
        return;
    }
    if std::str::from_utf8(body).is_ok() {
        sheet.report(
            &NON_ASCII,
            number,
            "The line holds letters beyond ASCII as they are (allowed only with SMTPUTF8).".to_owned(),
        );
    } else {
        sheet.report(&NON_UTF8, number, "The line holds bytes beyond ASCII that are not UTF-8 either.".to_owned());
    }
}

/// Judges the space before a colon.
fn colon(sheet: &mut Sheet<'_, '_>, number: usize, body: &[u8]) {
    let name = body.split(|b| *b == b':').next().unwrap_or(b"");
    let known = name.trim_ascii_end();
    let named = known.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') && !known.is_empty();
    if named && name.len() < body.len() && known.len() < name.len() && !name.starts_with(b" ") {
        sheet.report(&SPACE_BEFORE_COLON, number, "White space stands before the colon.".to_owned());
    }
}
