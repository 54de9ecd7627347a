//! What logs say of people besides mail addresses: subjects, names of accounts, quoted lines of messages.

use std::borrow::Cow;

/// What stands before something personal, and the first thing that ends it.
const QUOTED: &[(&str, &str)] = &[
    ("\"subject\":\"", "\""),
    ("\"subject\": \"", "\""),
    ("\"Subject\":\"", "\""),
    ("\"displayName\":\"", "\""),
    ("orig_to=<", ">"),
    ("sasl_username=", ","),
];

/// What stands before something personal that may hold anything, and what ends it, looked for from behind.
const LOOSE: &[(&str, &[&str])] = &[
    (" T=\"", &["\" ", "\""]),
    ("header Subject: ", &[" from ", "; "]),
    ("header From: ", &[" from ", "; "]),
    ("header To: ", &[" from ", "; "]),
    ("warning: body ", &[" from ", "; "]),
    ("reject: body ", &[" from ", "; "]),
    ("Subject: ", &["; "]),
];

/// A line or a reply without them.
#[must_use]
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for (mark, end) in QUOTED {
        cover(&mut out, mark, |rest| rest.find(end));
    }
    for (mark, ends) in LOOSE {
        cover(&mut out, mark, |rest| ends.iter().find_map(|end| rest.rfind(end)));
    }
    out
}

/// Masks what stands behind a mark, up to its end or that of the line.
fn cover(text: &mut Cow<'_, str>, mark: &str, end: impl Fn(&str) -> Option<usize>) {
    let Some(start) = text.find(mark).map(|at| at + mark.len()) else { return };
    let rest = text.get(start..).unwrap_or("");
    let bare = rest.trim_end_matches(['\r', '\n']).len();
    let len = end(rest).unwrap_or(bare).min(bare);
    if len > 0 && !rest.starts_with("***") {
        *text = Cow::Owned(format!("{}***{}", text.get(..start).unwrap_or(""), rest.get(len..).unwrap_or("")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_and_accounts_go() {
        let cases = [
            (
                "reject: header Subject: Win from home from mx.example[192.0.2.1]; from=<a@b>",
                "reject: header Subject: *** from mx.example[192.0.2.1]; from=<a@b>",
            ),
            ("client=x, sasl_method=PLAIN, sasl_username=ann", "client=x, sasl_method=PLAIN, sasl_username=***"),
            ("1abc <= a@b T=\"For \\\"you\\\" only\" for c@d", "1abc <= a@b T=\"***\" for c@d"),
            ("{\"subject\":\"Hi\",\"to\":\"x\"}", "{\"subject\":\"***\",\"to\":\"x\"}"),
            ("550 no reason", "550 no reason"),
        ];
        for (line, want) in cases {
            assert_eq!(masked(line), want);
        }
    }
}
