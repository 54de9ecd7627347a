//! Which names make a line a header field, and how much such a line says about the text around it.

/// What the name of a field proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Not known; a header may hold it, prose may too.
    Unknown,
    /// Stands in mails quoted by people as well (`From:`, `Subject:` …).
    Quoted,
    /// Stands in headers only.
    Header,
    /// Written by mail servers only; one of them makes a header.
    Trace,
}

/// Fields that mail programs also write above quoted mails.
const QUOTED: &[&str] = &[
    "bcc",
    "cc",
    "date",
    "from",
    "importance",
    "organization",
    "priority",
    "reply-to",
    "sender",
    "sent",
    "subject",
    "to",
];

/// Further fields of RFC 5322, MIME and practice (sorted).
const HEADER: &[&str] = &[
    "accept-language",
    "apparently-to",
    "approved",
    "auto-submitted",
    "autosubmitted",
    "bounces-to",
    "comments",
    "content-class",
    "content-description",
    "content-disposition",
    "content-id",
    "content-language",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "deferred-delivery",
    "delivered-to",
    "delivery-date",
    "disposition-notification-to",
    "encoding",
    "envelope-to",
    "errors-to",
    "expires",
    "feedback-id",
    "in-reply-to",
    "keywords",
    "lines",
    "mail-followup-to",
    "mail-reply-to",
    "mailing-list",
    "message-id",
    "mime-version",
    "msip_labels",
    "newsgroups",
    "original-message-id",
    "original-recipient",
    "precedence",
    "references",
    "require-recipient-valid-since",
    "resent-bcc",
    "resent-cc",
    "resent-date",
    "resent-from",
    "resent-message-id",
    "resent-sender",
    "resent-to",
    "return-path",
    "return-receipt-to",
    "sensitivity",
    "status",
    "suggested_attachment_session_id",
    "thread-index",
    "thread-topic",
    "tls-required",
    "user-agent",
    "vbr-info",
];

/// Beginnings of names that only servers and filters write.
const TRACE: &[&str] = &[
    "received-spf",
    "x-received",
    "authentication-results",
    "arc-",
    "dkim-signature",
    "dkim-filter",
    "domainkey-signature",
    "x-google-",
    "x-gm-",
    "x-ms-exchange-",
    "x-forefront-",
    "x-microsoft-antispam",
    "x-spam",
    "x-rspamd",
    "x-ui-",
    "x-gmx-",
    "x-provags-",
    "x-ironport-",
    "x-proofpoint-",
    "x-mimecast-",
    "x-barracuda-",
    "x-originating-ip",
    "x-ymail",
    "x-yahoo",
    "x-virus-scanned",
    "ironport-",
];

/// The longest name that is looked up.
const LONGEST: usize = 80;

/// Weighs a field by its name, in any case, and by its value where the name alone is no proof.
pub(crate) fn weigh(name: &str, value: &str) -> Weight {
    let mut buffer = [0; LONGEST];
    let Some(lower) = lower(name, &mut buffer) else {
        return Weight::Unknown;
    };
    if lower == "received" {
        return received(value);
    }
    let traces = TRACE.iter().filter(|start| start.as_bytes().first() == lower.as_bytes().first());
    if traces.into_iter().any(|start| lower.starts_with(start)) {
        return Weight::Trace;
    }
    if QUOTED.binary_search(&lower).is_ok() {
        return Weight::Quoted;
    }
    let family = ["x-", "list-", "content-"].iter().any(|start| lower.starts_with(start));
    if family || HEADER.binary_search(&lower).is_ok() { Weight::Header } else { Weight::Unknown }
}

/// A short name in lower case, without an allocation, because every line of a text is asked.
fn lower<'b>(name: &str, buffer: &'b mut [u8; LONGEST]) -> Option<&'b str> {
    let place = buffer.get_mut(..name.len())?;
    place.copy_from_slice(name.as_bytes());
    place.make_ascii_lowercase();
    std::str::from_utf8(place).ok()
}

/// `Received:` is an English word too; as a field it tells a host, a program or a protocol.
fn received(value: &str) -> Weight {
    let value = value.trim_start();
    let starts = |word: &str| value.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let told = value.is_empty() || ["from ", "by ", "(", "from\t", "by\t"].iter().any(|word| starts(word));
    if told { Weight::Trace } else { Weight::Header }
}

/// Divides a line into name and value, if it has the form of a field.
///
/// Without a space behind the colon only names that headers are known to have are believed, because
/// the rest of a broken line may hold colons as well (`CTRY:US;`, `2001:db8::1`).
pub(crate) fn field(line: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b':', line.as_bytes().get(..line.len().min(LONGEST + 2))?)?;
    let (name, rest) = line.split_at_checked(at)?;
    let value = rest.get(1..)?;
    let name = name.trim_end_matches([' ', '\t']);
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if !fits || !starts {
        return None;
    }
    let spaced = value.is_empty() || value.starts_with([' ', '\t', '\r']);
    let known = || weigh(name, value) != Weight::Unknown && !lists_names(value);
    (spaced || known()).then_some((name, value))
}

/// Whether a value goes on with the name of another field, as a broken `h=From:To:Subject` does.
fn lists_names(value: &str) -> bool {
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let end = value.bytes().position(|b| !name(b)).unwrap_or(value.len());
    let (first, rest) = value.split_at_checked(end).unwrap_or((value, ""));
    let listed = rest.is_empty() || rest.starts_with([':', ';']);
    listed && !first.is_empty() && weigh(first, "") != Weight::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted() {
        assert!(QUOTED.is_sorted() && HEADER.is_sorted());
    }

    #[test]
    fn names_weigh_what_they_prove() {
        let cases = [
            ("From", "a@example.org", Weight::Quoted),
            ("Message-ID", "<a@example.org>", Weight::Header),
            ("X-Foo", "1", Weight::Header),
            ("RECEIVED", "from a by b", Weight::Trace),
            ("Received", "yes, thank you", Weight::Header),
            ("ARC-Seal", "i=1", Weight::Trace),
            ("Hello", "you", Weight::Unknown),
        ];
        for (name, value, want) in cases {
            assert_eq!(weigh(name, value), want, "{name}");
        }
    }

    #[test]
    fn parts_of_broken_lines_are_no_fields() {
        for line in [
            "CTRY:US; LANG:en",
            "a05:6358:e483::1 with SMTP",
            "15:20 id",
            "https://example.org",
            "no colon",
            ": x",
            "two words: x",
            "From:To:Subject:Date; bh=x",
            "To:Subject;",
        ] {
            assert_eq!(field(line), None, "{line}");
        }
        assert_eq!(field("Subject:hello"), Some(("Subject", "hello")));
        assert_eq!(field("Foo : bar"), Some(("Foo", " bar")));
    }
}
