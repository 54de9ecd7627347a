//! Dates of header fields: RFC 5322 with its obsolete forms, and what servers write instead.
//!
//! The parts of a date are told apart by their looks, not by their place, so `asctime` and ISO forms
//! come through the same door.

use jiff::civil;

/// One date with the offset it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Seconds since 1970, fractions dropped.
    pub(crate) epoch: i64,
    /// Seconds east of Greenwich.
    pub(crate) offset: i32,
    /// Whether a zone was written at all; without one the moment is not known.
    pub(crate) zoned: bool,
    /// The local date and time.
    pub(crate) local: civil::DateTime,
}

impl Stamp {
    /// The date as RFC 3339 writes it; without zone when none was written.
    pub(crate) fn rfc3339(&self) -> String {
        let (date, time) = (self.local.date(), self.local.time());
        let mut text = String::with_capacity(25);
        let years = i32::from(date.year());
        digits(&mut text, years / 100);
        digits(&mut text, years % 100);
        let rest =
            [('-', date.month()), ('-', date.day()), ('T', time.hour()), (':', time.minute()), (':', time.second())];
        for (mark, number) in rest {
            text.push(mark);
            digits(&mut text, i32::from(number));
        }
        if self.zoned {
            let minutes = self.offset.abs() / 60;
            text.push(if self.offset < 0 { '-' } else { '+' });
            digits(&mut text, minutes / 60);
            text.push(':');
            digits(&mut text, minutes % 60);
        }
        text
    }
}

/// Writes a number from 0 to 99 with two digits.
fn digits(text: &mut String, number: i32) {
    for digit in [number / 10 % 10, number % 10] {
        let digit = u8::try_from(digit).unwrap_or(0);
        text.push(char::from(b'0' + digit));
    }
}

/// Parts of a date found so far.
#[derive(Default)]
struct Parts {
    /// Day of the month.
    day: Option<i8>,
    /// Month, 1 to 12.
    month: Option<i8>,
    /// Year, all four digits.
    year: Option<i16>,
    /// Hour, minute, second.
    time: Option<(i8, i8, i8)>,
    /// Offset in seconds.
    offset: Option<i32>,
}

/// Reads the date at the start of the text; comments are skipped, what follows it is left alone.
pub(crate) fn parse(text: &str) -> Option<Stamp> {
    let mut parts = Parts::default();
    let mut depth = 0_usize;
    for word in words(text).take(24) {
        if depth > 0 || word.starts_with('(') {
            depth = deeper(depth, word);
            continue;
        }
        if !parts.take(word) {
            break;
        }
    }
    parts.finish()
}

/// The words of a date: divided by white space, with commas and comments as words' ends.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let end = text.char_indices().nth(200).map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or(text);
    head.split(|c: char| c.is_ascii_whitespace() || c == ',' || c == ';')
        .flat_map(split_comment)
        .filter(|word| !word.is_empty())
}

/// Cuts `14:02(PST)` before its comment.
fn split_comment(word: &str) -> [&str; 2] {
    match word.find('(') {
        Some(at) if at > 0 => {
            let (left, right) = word.split_at(at);
            [left, right]
        }
        _ => [word, ""],
    }
}

/// The nesting of comments after a word.
fn deeper(depth: usize, word: &str) -> usize {
    let (open, shut) = word.bytes().fold((0, 0), |(open, shut), b| match b {
        b'(' => (open + 1, shut),
        b')' => (open, shut + 1),
        _ => (open, shut),
    });
    (depth + open).saturating_sub(shut)
}

impl Parts {
    /// Finds a place for one word; says whether the date can go on after it.
    fn take(&mut self, word: &str) -> bool {
        if self.complete() {
            return false;
        }
        if is_weekday(word) {
            return self.day.is_none() || self.time.is_none();
        }
        if let Some(month) = month(word) {
            return self.month.replace(month).is_none();
        }
        if word.contains(':') && !word.starts_with(['+', '-']) {
            return self.clock(word);
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            return self.number(word);
        }
        self.iso(word) || self.dashed(word) || self.zone(word)
    }

    /// Whether nothing more is wanted.
    fn complete(&self) -> bool {
        self.day.is_some() && self.year.is_some() && self.time.is_some() && self.offset.is_some()
    }

    /// A bare number: day first, then year.
    fn number(&mut self, word: &str) -> bool {
        let Ok(value) = word.parse::<i16>() else {
            return false;
        };
        if word.len() <= 2 && self.day.is_none() {
            self.day = i8::try_from(value).ok();
            return true;
        }
        if self.year.is_some() || word.len() > 4 {
            return false;
        }
        self.year = Some(full_year(value, word.len()));
        true
    }

    /// `14:02`, `14:02:38`, `14:02:38.123`, also with a `T` date before or a zone behind it.
    fn clock(&mut self, word: &str) -> bool {
        if let Some((date, time)) = word.split_once(['T', 't']) {
            return self.iso(date) && self.clock(time);
        }
        if self.time.is_some() {
            return false;
        }
        let (time, zone) = split_zone(word);
        let mut pieces = time.split(':');
        let hour = pieces.next().and_then(two_digits);
        let minute = pieces.next().and_then(two_digits);
        let second = pieces.next().map_or(Some(0), seconds);
        let (Some(hour), Some(minute), Some(second), None) = (hour, minute, second, pieces.next()) else {
            return false;
        };
        self.time = Some((hour, minute, second.min(59)));
        zone.is_empty() || self.zone(zone)
    }

    /// `2026-11-23`.
    fn iso(&mut self, word: &str) -> bool {
        let mut pieces = word.split('-');
        let (Some(year), Some(month), Some(day), None) = (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return false;
        };
        if year.len() != 4 || self.day.is_some() {
            return false;
        }
        self.year = year.parse().ok();
        self.month = two_digits(month);
        self.day = two_digits(day);
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// `23-Nov-2026`, as old mailers write it.
    fn dashed(&mut self, word: &str) -> bool {
        let mut pieces = word.split('-');
        let (Some(day), Some(name), Some(year), None) = (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return false;
        };
        self.day = two_digits(day);
        self.month = month(name);
        self.year = year.parse().ok().map(|value| full_year(value, year.len()));
        self.day.is_some() && self.month.is_some() && self.year.is_some()
    }

    /// A zone; only after the time, because nothing else could stand there.
    fn zone(&mut self, word: &str) -> bool {
        if self.time.is_none() || self.offset.is_some() {
            return false;
        }
        self.offset = numeric_zone(word).or_else(|| named_zone(word));
        self.offset.is_some()
    }

    /// Puts the parts together, if they are a day that exists.
    fn finish(self) -> Option<Stamp> {
        let (hour, minute, second) = self.time?;
        let local = civil::Date::new(self.year?, self.month?, self.day?)
            .and_then(|date| civil::Time::new(hour, minute, second, 0).map(|time| date.to_datetime(time)))
            .ok()?;
        let days = i64::from(days_from_1970(local.date()));
        let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        let offset = self.offset.unwrap_or(0);
        Some(Stamp { epoch: days * 86_400 + of_day - i64::from(offset), offset, zoned: self.offset.is_some(), local })
    }
}

/// Days between 1970-01-01 and a date of the Gregorian calendar.
fn days_from_1970(date: civil::Date) -> i32 {
    let (month, day) = (i32::from(date.month()), i32::from(date.day()));
    let year = i32::from(date.year()) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Two-digit and three-digit years after RFC 5322, 4.3.
fn full_year(value: i16, digits: usize) -> i16 {
    match digits {
        1 | 2 if value < 50 => value + 2000,
        1..=3 => value + 1900,
        _ => value,
    }
}

/// One or two digits.
fn two_digits(text: &str) -> Option<i8> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// Seconds, whose fraction is dropped.
fn seconds(text: &str) -> Option<i8> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let fits = fraction.bytes().all(|b| b.is_ascii_digit());
    two_digits(whole).filter(|second| fits && *second <= 60)
}

/// Divides `14:02:38+0100` or `14:02:38Z` before the zone.
fn split_zone(word: &str) -> (&str, &str) {
    let at = word.find(|c: char| c == '+' || c == '-' || c.is_ascii_alphabetic());
    word.split_at(at.unwrap_or(word.len()))
}

/// `+0100`, `-08:00`, `+01`.
fn numeric_zone(word: &str) -> Option<i32> {
    let (sign, rest) = match word.as_bytes().first()? {
        b'+' => (1, word.get(1..)?),
        b'-' => (-1, word.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(pair) => pair,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "00"),
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours <= 24 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)) * 60)
}

/// Zones by name, in minutes east: those of RFC 5322, and those that servers write and that mean one thing only.
const ZONES: &[(&str, i32)] = &[
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("WEST", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("SAST", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("JST", 540),
    ("KST", 540),
    ("AWST", 480),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// A zone by name; military letters say nothing reliable (RFC 5322, 4.3) and count as zero.
fn named_zone(word: &str) -> Option<i32> {
    if word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(0);
    }
    let found = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, minutes)| minutes * 60)
}

/// Whether the word is a day of the week.
fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    begins_one_of(word, &DAYS).is_some()
}

/// The number of a month by its name or its first three letters.
fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = begins_one_of(word, &MONTHS)?;
    i8::try_from(at + 1).ok()
}

/// Which of the names the word is, or is the short form of.
fn begins_one_of(word: &str, names: &[&str]) -> Option<usize> {
    let short = word.trim_end_matches('.');
    if short.len() < 3 || !short.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let matches = |name: &&str| name.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short));
    names.iter().position(matches)
}

/// Whether a date could begin with this word; saves trying all the others.
pub(super) fn may_begin(word: &str) -> bool {
    let iso = word.len() >= 10 && word.as_bytes().get(4) == Some(&b'-') && word.as_bytes().get(7) == Some(&b'-');
    iso || is_weekday(word.trim_end_matches(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The epoch of a date, if it is one.
    fn epoch(text: &str) -> Option<i64> {
        parse(text).map(|stamp| stamp.epoch)
    }

    #[test]
    fn usual_and_obsolete_forms_mean_the_same_moment() {
        for text in [
            "Fri, 13 Feb 2009 23:31:30 +0000",
            "13 Feb 2009 23:31:30 +0000 (UTC)",
            "Fri, 13 Feb 2009 15:31:30 PST",
            "Fri, 13 Feb 09 23:31:30 GMT",
            "Fri, 13 Feb 109 23:31:30 GMT",
            "Fri Feb 13 23:31:30 2009 +0000",
            "Fri Feb 13 23:31:30 UTC 2009",
            "2009-02-13T23:31:30Z",
            "2009-02-13T18:31:30.250-05:00",
            "2009-02-13 23:31:30.028704749 +0000 UTC",
            "Sat, 14 Feb 2009 00:31:30 +01:00",
            "14-Feb-2009 00:31:30 CET",
            "Friday, 13 February 2009 23:31:30 +0000",
            "(sent) Fri, 13 Feb 2009 23:31:30 -0000 (envelope-from <a@example.org>)",
            "Fri,13 Feb 2009 23:31:30(UTC) +0000",
        ] {
            assert_eq!(epoch(text), Some(1_234_567_890), "{text}");
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_none() {
        for text in ["", "apparently", "31 Feb 2009 10:00:00 +0000", "Fri, 13 Feb 2009", "13 Feb 2009 25:00:00 +0000"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }

    #[test]
    fn the_written_offset_is_kept() {
        let stamp = parse("Fri, 13 Feb 2009 15:31:30 -0830").unwrap();
        assert_eq!(stamp.rfc3339(), "2009-02-13T15:31:30-08:30");
        assert!(!parse("Fri Feb 13 23:31:30 2009").unwrap().zoned);
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (text, want) in
            [("1 Jan 1970 00:00:00 Z", 0), ("29 Feb 2000 00:00:00 Z", 951_782_400), ("31 Dec 1969 23:59:59 Z", -1)]
        {
            assert_eq!(epoch(text), Some(want), "{text}");
        }
    }
}
