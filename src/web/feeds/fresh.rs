//! Whether somebody has the present list already: entity tags and times (RFC 9110, 8.8 and 13).

use axum::http::header::{ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::blocklist::Standing;
use crate::domain::time::{SECOND, Time};

/// How an HTTP date is written.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// How many seconds a list may be used unasked.
pub(super) const MAX_AGE: i64 = 5;

/// What names one state of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// The tag: it changes with every change and with everything that ends by itself.
    pub(super) etag: String,
    /// When that was, to the second; none while that second lasts, in which more may change.
    modified: Option<Time>,
}

impl Mark {
    /// The mark of a list as it stands at `now`.
    pub(super) fn of(standing: &Standing, now: Time) -> Self {
        let second = standing.changed_at.0.div_euclid(SECOND).max(standing.last_end);
        let position = &standing.position;
        Self {
            etag: format!("W/\"{}.{}.{}\"", tag_text(&position.epoch), position.n, standing.last_end),
            modified: Some(Time(second * SECOND)).filter(|at| now.since(*at) >= SECOND),
        }
    }

    /// Whether these headers of a request say that the present state is known; the tag counts before the time.
    pub(super) fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(tags) = text(IF_NONE_MATCH) {
            let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            return tags.split(',').any(|tag| tag.trim() == "*" || bare(tag) == bare(&self.etag));
        }
        let since = text(IF_MODIFIED_SINCE).and_then(parse_date);
        matches!((since, self.modified), (Some(since), Some(modified)) if modified <= since)
    }

    /// Writes the headers of an answer.
    pub(super) fn write(&self, now: Time, headers: &mut HeaderMap) {
        let expires = date(now.plus(MAX_AGE * SECOND));
        let modified = self.modified.map(date).map(|date| (LAST_MODIFIED, date));
        for (name, value) in [(ETAG, self.etag.clone()), (EXPIRES, expires)].into_iter().chain(modified) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The characters of an epoch that may stand in a tag.
fn tag_text(epoch: &str) -> String {
    epoch.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

/// An HTTP date.
fn date(at: Time) -> String {
    at.jiff().strftime(HTTP_DATE).to_string()
}

/// Reads an HTTP date of the preferred form.
fn parse_date(text: &str) -> Option<Time> {
    let parsed = jiff::civil::DateTime::strptime(HTTP_DATE, text.trim()).ok()?;
    Some(Time(jiff::tz::TimeZone::UTC.to_timestamp(parsed).ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn tags_and_times_say_what_is_known() {
        let now = Time(1_795_435_200_000);
        let mark = Mark { etag: "W/\"e.7.0\"".into(), modified: Some(now) };
        let known = |name, value: &str| mark.is_known_to(&headers(name, value));
        for tags in ["W/\"e.7.0\"", "\"e.7.0\"", "\"x\", W/\"e.7.0\"", "*"] {
            assert!(known(IF_NONE_MATCH, tags), "{tags}");
        }
        assert!(!known(IF_NONE_MATCH, "W/\"e.8.0\"") && !mark.is_known_to(&HeaderMap::new()));
        assert!(known(IF_MODIFIED_SINCE, &date(now)) && known(IF_MODIFIED_SINCE, &date(now.plus(SECOND))));
        assert!(!known(IF_MODIFIED_SINCE, &date(now.plus(-SECOND))) && !known(IF_MODIFIED_SINCE, "yesterday"));
        let mut both = headers(IF_NONE_MATCH, "\"other\"");
        both.insert(IF_MODIFIED_SINCE, HeaderValue::from_str(&date(now)).unwrap());
        assert!(!mark.is_known_to(&both), "the tag counts before the time");
        assert!(!Mark { modified: None, ..mark }.is_known_to(&headers(IF_MODIFIED_SINCE, &date(now))));
        assert_eq!(date(now), "Mon, 23 Nov 2026 12:00:00 GMT");
    }
}
