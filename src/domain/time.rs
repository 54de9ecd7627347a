//! Time as Postern stores and shows it: Unix milliseconds, UTC, from one clock that tests can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use super::words::quoted;

/// A moment: Unix milliseconds (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Time(pub i64);

/// Milliseconds of one second, minute, hour and day.
pub const SECOND: i64 = 1_000;
/// See [`SECOND`].
pub const MINUTE: i64 = 60 * SECOND;
/// See [`SECOND`].
pub const HOUR: i64 = 60 * MINUTE;
/// See [`SECOND`].
pub const DAY: i64 = 24 * HOUR;

impl Time {
    /// The moment that lies `millis` later (earlier when negative); stops at the ends of the range.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when it lies after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same moment for the calendar library; out-of-range values become the epoch.
    #[must_use]
    pub fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    /// `2026-11-23 14:05 UTC`, for people.
    #[must_use]
    pub fn human(self) -> String {
        self.jiff().strftime("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// `2026-11-23T14:05:09Z` (RFC 3339), for programs and `<time datetime>`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Reads an RFC 3339 moment.
    ///
    /// # Errors
    /// When the text is no such moment; the message says what is wrong.
    pub fn parse_rfc3339(text: &str) -> Result<Self, jiff::Error> {
        Ok(Self(text.parse::<jiff::Timestamp>()?.as_millisecond()))
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.human())
    }
}

/// Where the present moment comes from: the machine, or a test's own hand.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Fixed(Arc<AtomicI64>),
    /// The machine's clock, set right by so many milliseconds.
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn fixed(start: Time) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Time {
        match self {
            Self::System => Time(jiff::Timestamp::now().as_millisecond()),
            Self::Fixed(at) => Time(at.load(Ordering::SeqCst)),
            Self::Shifted(by) => Self::System.now().plus(by.load(Ordering::SeqCst)),
        }
    }

    /// The machine's clock, which can be set right.
    #[must_use]
    pub fn shifted() -> Self {
        Self::Shifted(Arc::default())
    }

    /// By how many milliseconds it is set right.
    #[must_use]
    pub fn shift(&self) -> i64 {
        match self {
            Self::Shifted(by) => by.load(Ordering::SeqCst),
            Self::System | Self::Fixed(_) => 0,
        }
    }

    /// Sets it right by so many milliseconds; other clocks stay.
    pub fn set_shift(&self, millis: i64) {
        if let Self::Shifted(by) = self {
            by.store(millis, Ordering::SeqCst);
        }
    }

    /// Moves a fixed clock forward; a system clock cannot be moved and stays.
    pub fn advance(&self, millis: i64) {
        if let Self::Fixed(at) = self {
            at.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

/// Why a length of time was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no length of time; write a whole number and a unit: 90m, 12h, 7d, 2w, or “never”")]
pub struct BadSpan(String);

/// Reads `90m`, `12h`, `7d`, `2w` as milliseconds; `never` gives `None`.
///
/// # Errors
/// When it is anything else, zero, or longer than 100 years.
pub fn parse_span(text: &str) -> Result<Option<i64>, BadSpan> {
    let bad = || BadSpan(quoted(text));
    let text = text.trim();
    if text == "never" {
        return Ok(None);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits) {
        Some("s") => SECOND,
        Some("m") => MINUTE,
        Some("h") => HOUR,
        Some("d") => DAY,
        Some("w") => 7 * DAY,
        _ => return Err(bad()),
    };
    let count: i64 = digits.parse().map_err(|_| bad())?;
    match count.checked_mul(unit) {
        Some(span) if span > 0 && span <= 36_525 * DAY => Ok(Some(span)),
        _ => Err(bad()),
    }
}

/// A length of time in its largest whole unit, as [`parse_span`] reads it: `7d`, `36h`.
#[must_use]
pub fn span_text(millis: i64) -> String {
    let whole = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m")].into_iter().find(|(unit, _)| millis % unit == 0);
    match whole {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{}s", millis / SECOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_and_written_the_same() {
        for text in ["90m", "36h", "7d", "45s"] {
            assert_eq!(span_text(parse_span(text).unwrap().unwrap()), text);
        }
        assert_eq!(parse_span("2w"), Ok(Some(14 * DAY)));
        assert_eq!(parse_span("never"), Ok(None));
    }

    #[test]
    fn a_span_without_sense_is_refused() {
        for text in ["", "d", "0d", "-1d", "7", "7 days", "999999999999w", "1.5h", "é"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fixed_clock_moves_only_by_hand() {
        let clock = Clock::fixed(Time(5));
        assert_eq!(clock.now(), Time(5));
        clock.advance(10);
        assert_eq!(clock.now(), Time(15));
    }
}
