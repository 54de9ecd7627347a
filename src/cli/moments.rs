//! Moments in the texts of the demonstration: written as how long before a request they were, so that they fit any start.

use anyhow::Context as _;
use jiff::tz::{TimeZone, offset};

use crate::domain::time::{SECOND, Time};

/// What stands before a moment.
const BEGIN: &str = "{{ago ";

/// A text with its moments filled in, as they were before a request that came at `came`.
///
/// # Errors
/// When one of them is not `{{ago SECONDS ZONE FORMAT}}`.
pub(super) fn fill_in(text: &str, came: Time) -> anyhow::Result<String> {
    let mut parts = text.split(BEGIN);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once("}}").context("a moment has no end")?;
        filled.push_str(&moment(inside, came).with_context(|| format!("the moment “{inside}”"))?);
        filled.push_str(rest);
    }
    Ok(filled)
}

/// One moment: so many seconds before `came`, in a zone of so many hours from UTC, in a format of strftime.
fn moment(inside: &str, came: Time) -> anyhow::Result<String> {
    let mut words = inside.splitn(3, ' ');
    let mut word = || words.next().context("it needs seconds, a zone and a format");
    let (seconds, hours, format) = (word()?.parse::<i64>()?, word()?.parse::<i8>()?, word()?);
    let then = came.plus(-seconds * SECOND).jiff().to_zoned_datetime(TimeZone::fixed(offset(hours)));
    Ok(jiff::fmt::strtime::format(format, &then)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_the_request() {
        let came = Time::parse_rfc3339("2027-03-01T00:10:00Z").unwrap();
        let filled = |text: &str| fill_in(text, came).unwrap();
        assert_eq!(filled("{{ago 1200 +00 %b %e %H:%M:%S}} mail {{x}}"), "Feb 28 23:50:00 mail {{x}}");
        assert_eq!(filled("at {{ago 0 +01 %a, %-d %b %Y %H:%M:%S %z}}"), "at Mon, 1 Mar 2027 01:10:00 +0100");
        assert_eq!(filled("t={{ago 60 +00 %s}};"), "t=1803859740;");
        for bad in ["{{ago 1 +00 %b", "{{ago x +00 %b}}", "{{ago 1}}"] {
            assert!(fill_in(bad, came).is_err(), "{bad}");
        }
    }
}
