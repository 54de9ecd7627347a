//! Times of log lines as ISO 8601, the year completed where a log leaves it out.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::header::date;

/// How far clocks and zones may make a line seem newer than its arrival.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);

/// A time as written, as ISO 8601; without zone when none is written. A time without year is taken for the last such
/// time before the evidence arrived; when that is not known, nothing is said.
pub(super) fn moment(written: &str, arrived: Option<Timestamp>) -> Option<String> {
    if let Some(stamp) = date::parse(written) {
        return Some(stamp.rfc3339());
    }
    if let Some(told) = since_1970(written) {
        return Some(told);
    }
    let arrived = arrived?;
    let this_year = i32::from(TimeZone::UTC.to_datetime(arrived).year());
    let latest = arrived.checked_add(AHEAD).unwrap_or(arrived).as_second();
    [this_year + 1, this_year, this_year - 1]
        .into_iter()
        .filter_map(|year| date::parse(&format!("{} {year}", written.trim())))
        .find(|stamp| stamp.epoch <= latest)
        .map(|stamp| stamp.rfc3339())
}

/// Seconds or milliseconds since 1970, as events write them, or a TAI64 label.
fn since_1970(written: &str) -> Option<String> {
    if let Some(label) = written.strip_prefix('@') {
        let second = i64::from_str_radix(label.get(..16)?, 16).ok()?.checked_sub((1 << 62) + 10)?;
        return Some(Timestamp::from_second(second).ok()?.to_string().replace('Z', "+00:00"));
    }
    let whole = written.split_once('.').map_or(written, |(whole, _)| whole);
    let number: i64 = whole.parse().ok()?;
    let moment = match whole.len() {
        9..=10 => Timestamp::from_second(number),
        13 => Timestamp::from_millisecond(number),
        16 => Timestamp::from_microsecond(number),
        _ => return None,
    };
    let second = Timestamp::from_second(moment.ok()?.as_second()).ok()?;
    Some(second.to_string().replace('Z', "+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_that_of_the_last_such_day() {
        let arrived: Timestamp = "2026-01-02T08:00:00Z".parse().unwrap();
        for (written, want) in [
            ("Dec 31 23:59:58", Some("2025-12-31T23:59:58")),
            ("Jan  2 09:00:00", Some("2026-01-02T09:00:00")),
            ("2025-11-23T12:00:03.123+01:00", Some("2025-11-23T12:00:03+01:00")),
            ("2025-11-23 12:00:03", Some("2025-11-23T12:00:03")),
            ("1700000000", Some("2023-11-14T22:13:20+00:00")),
            ("1700000000123", Some("2023-11-14T22:13:20+00:00")),
            ("@4000000065538cb02b3c4d5e", Some("2023-11-14T15:05:10+00:00")),
            ("12:00:03", None),
            ("yesterday", None),
        ] {
            assert_eq!(moment(written, Some(arrived)).as_deref(), want, "{written}");
        }
        assert_eq!(moment("Dec 31 23:59:58", None), None);
    }
}
