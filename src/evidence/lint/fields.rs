//! Fields that are missing, empty or repeated; dates and identifiers.

use std::borrow::Cow;

use super::Severity::{Error, Note, Warning};
use super::{Rule, Sheet};
use crate::evidence::header::date;

/// A field that must be there.
const MISSING: Rule =
    Rule { name: "missing-field", severity: Error, fix: "Write the field once, with a value.", rfc: "RFC 5322, 3.6" };

/// A field that is there but says nothing.
const EMPTY: Rule = Rule {
    name: "empty-field",
    severity: Error,
    fix: "Give the field a value, or leave it out where it may be missing.",
    rfc: "RFC 5322, 3.6",
};

/// A field that is there more than once.
const REPEATED: Rule = Rule {
    name: "repeated-field",
    severity: Error,
    fix: "Write the field only once; join lists of addresses with commas.",
    rfc: "RFC 5322, 3.6",
};

/// A date that cannot be read.
const DATE_SYNTAX: Rule = Rule {
    name: "date-syntax",
    severity: Error,
    fix: "Write the date like this: Mon, 23 Nov 2026 18:54:24 +0100.",
    rfc: "RFC 5322, 3.3",
};

/// A date in an obsolete or foreign form.
const DATE_FORM: Rule = Rule { name: "date-form", severity: Warning, ..DATE_SYNTAX };

/// A date far from the arrival.
const DATE_FAR: Rule = Rule {
    name: "date-far-off",
    severity: Warning,
    fix: "Set the clock and the time zone of the sending machine, and date the mail when it is sent.",
    rfc: "RFC 5322, 3.6.1",
};

/// An identifier without domain, or in a wrong form.
const MESSAGE_ID: Rule = Rule {
    name: "message-id-syntax",
    severity: Warning,
    fix: "Write the Message-ID as <unique-part@your.domain.example>.",
    rfc: "RFC 5322, 3.6.4",
};

/// Fields that may be there once only.
const ONCE: &[&str] = &[
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
];

/// Judges which fields are there, and dates and identifiers.
pub(super) fn check(sheet: &mut Sheet<'_, '_>) {
    missing(sheet);
    repeated(sheet);
    empty(sheet);
    date(sheet);
    message_id(sheet);
}

/// Whether so much of the header is there that a missing field is really missing, and was not left
/// out by whoever pasted it.
fn is_whole(sheet: &Sheet<'_, '_>) -> bool {
    let has = |name: &str| sheet.fields.iter().any(|field| field.is(name));
    let written =
        ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version"].iter().filter(|name| has(name)).count();
    written >= 3 || (sheet.complete && written >= 2)
}

/// Judges what is missing.
fn missing(sheet: &mut Sheet<'_, '_>) {
    if !is_whole(sheet) {
        return;
    }
    for (name, severity) in [("From", Error), ("Date", Error), ("Message-ID", Warning), ("Subject", Note)] {
        if !sheet.fields.iter().any(|field| field.is(name)) {
            let rule = Rule { severity, ..MISSING };
            sheet.report(&rule, sheet.first_line, format!("The header has no {name} field."));
        }
    }
    let addressed = ["To", "Cc", "Bcc"].iter().any(|name| sheet.fields.iter().any(|field| field.is(name)));
    if !addressed {
        let rule = Rule { severity: Note, ..MISSING };
        sheet.report(
            &rule,
            sheet.first_line,
            "The header names no recipient: there is no To, Cc or Bcc field.".to_owned(),
        );
    }
}

/// Judges what is there twice.
fn repeated(sheet: &mut Sheet<'_, '_>) {
    for name in ONCE {
        let lines: Vec<usize> = sheet.fields.iter().filter(|field| field.is(name)).map(|field| field.line).collect();
        let [first, rest @ ..] = lines.as_slice() else {
            continue;
        };
        for line in rest.iter().take(5) {
            let severity = if *name == "MIME-Version" { Warning } else { Error };
            sheet.report(
                &Rule { severity, ..REPEATED },
                *line,
                format!("{name} stands here again; it is on line {first} already."),
            );
        }
    }
}

/// Judges what is empty.
fn empty(sheet: &mut Sheet<'_, '_>) {
    for (name, severity) in [
        ("Date", Error),
        ("From", Error),
        ("Sender", Error),
        ("To", Error),
        ("Cc", Error),
        ("Reply-To", Warning),
        ("Message-ID", Warning),
        ("Bcc", Note),
        ("Subject", Note),
    ] {
        let lines: Vec<usize> = sheet
            .fields
            .iter()
            .filter(|field| field.is(name) && field.value.is_empty())
            .map(|field| field.line)
            .collect();
        for line in lines {
            sheet.report(&Rule { severity, ..EMPTY }, line, format!("{name} is empty."));
        }
    }
}

/// The first field of a name, if it says anything.
fn told<'s>(sheet: &'s Sheet<'_, '_>, name: &str) -> Option<(usize, Cow<'s, str>)> {
    let field = sheet.fields.iter().find(|field| field.is(name) && !field.value.is_empty())?;
    Some((field.line, Cow::Borrowed(field.value.as_str())))
}

/// Judges the date.
fn date(sheet: &mut Sheet<'_, '_>) {
    let Some((line, value)) = told(sheet, "Date").map(|(line, value)| (line, value.into_owned())) else {
        return;
    };
    let parsed = date::parse(&value);
    let Some(stamp) = parsed.filter(|stamp| stamp.zoned) else {
        let what = if parsed.is_some() { "The date has no time zone" } else { "The date cannot be read" };
        sheet.report(&DATE_SYNTAX, line, format!("{what}: {}", shown(&value)));
        return;
    };
    if !usual_date(&value) {
        sheet.report(&DATE_FORM, line, format!("The date has an unusual form: {}", shown(&value)));
    } else if let Some(day) = wrong_weekday(&value, &stamp) {
        sheet.report(&DATE_FORM, line, format!("That day was not a {day}."));
    }
    let arrived = sheet.context.arrived.map(jiff::Timestamp::as_second).or_else(|| received(sheet));
    let Some(off) = arrived.map(|arrived| stamp.epoch - arrived) else {
        return;
    };
    if off > 3600 * 2 {
        sheet.report(&DATE_FAR, line, format!("The date lies {} after the mail arrived.", span(off)));
    } else if off < -86_400 * 30 && sheet.context.arrived.is_none() {
        sheet.report(&DATE_FAR, line, format!("The date lies {} before the mail arrived.", span(-off)));
    }
}

/// The beginning of a value, for a sentence.
pub(super) fn shown(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// A time span in words.
fn span(seconds: i64) -> String {
    match seconds {
        ..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// When the newest hop says the mail arrived.
fn received(sheet: &Sheet<'_, '_>) -> Option<i64> {
    let hop = sheet.fields.iter().find(|field| field.is("Received"))?;
    let (_, tail) = hop.value.rsplit_once(';')?;
    date::parse(tail).filter(|stamp| stamp.zoned).map(|stamp| stamp.epoch)
}

/// Whether a date has the form of RFC 5322, 3.3, or its widespread obsolete forms.
fn usual_date(value: &str) -> bool {
    let value = value.split('(').next().unwrap_or("").trim();
    let rest = match value.split_once(',') {
        Some((day, rest)) if day.trim().len() == 3 => rest,
        Some(_) => return false,
        None => value,
    };
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [day, month, year, time, zone] = words.as_slice() else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let offset = zone.len() == 5 && zone.starts_with(['+', '-']) && zone.get(1..).is_some_and(digits);
    let named = ["UT", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "UTC", "Z"].contains(zone);
    digits(day)
        && month.len() == 3
        && year.len() == 4
        && digits(year)
        && time.len() >= 5
        && !time.contains('.')
        && (offset || named)
}

/// The day of the week as written, if the date was another one.
fn wrong_weekday<'v>(value: &'v str, stamp: &date::Stamp) -> Option<&'v str> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let (day, _) = value.split_once(',')?;
    let day = day.trim();
    let written = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))?;
    let real = stamp.local.date().weekday().to_monday_zero_offset();
    (usize::try_from(real) != Ok(written)).then_some(day)
}

/// Judges the identifier.
fn message_id(sheet: &mut Sheet<'_, '_>) {
    let Some((line, value)) = told(sheet, "Message-ID").map(|(line, value)| (line, value.into_owned())) else {
        return;
    };
    let inner = value.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let Some((id, _)) = inner else {
        sheet.report(&MESSAGE_ID, line, "The Message-ID does not stand in angle brackets.".to_owned());
        return;
    };
    match id.rsplit_once('@') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            if id.contains([' ', '\t', '<']) {
                sheet.report(&MESSAGE_ID, line, "The Message-ID holds white space or brackets.".to_owned());
            }
        }
        _ => sheet.report(&MESSAGE_ID, line, "The Message-ID has no domain behind an @.".to_owned()),
    }
}
