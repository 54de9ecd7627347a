//! What kind of hop it was: a submission by a customer, a fetch from a mailbox, a step inside a machine.

use super::{Parts, Received};

/// Whether a text begins with a word, in any case.
fn begins(text: &str, word: &str) -> bool {
    let head = text.as_bytes().get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a text begins with one of the words.
fn begins_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| begins(text, word))
}

/// Whether the client had logged in: by the protocol (RFC 3848) or by a comment.
pub(super) fn authenticated(received: &Received<'_>, parts: &Parts<'_>) -> bool {
    const PROTOCOLS: &[&str] = &["ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "ASMTP"];
    const REMARKS: &[&str] = &["authenticated", "auth:", "account ", "smtp-auth", "auth="];
    let protocol = parts.with.words.first().unwrap_or("");
    let by_protocol = PROTOCOLS.iter().any(|name| name.eq_ignore_ascii_case(protocol));
    let remarked = |comment: &str| begins_any(comment, REMARKS) || comment.contains("authenticated user");
    let clauses = [&parts.from, &parts.by, &parts.with];
    (by_protocol && received.from.is_some()) || clauses.iter().any(|part| part.comments.iter().any(remarked))
}

/// Whether a program fetched the mail from a mailbox.
pub(super) fn fetched(received: &Received<'_>, parts: &Parts<'_>) -> bool {
    const PROTOCOLS: &[&str] = &["POP3", "IMAP", "APOP", "POP2", "ETRN", "ODMR"];
    const PROGRAMS: &[&str] = &["fetchmail", "getmail", "mpop", "pop3", "popcon", "pullmail"];
    let with = received.with.as_deref().unwrap_or("");
    let remarked = |comment: &str| begins_any(comment, PROGRAMS);
    begins_any(with, PROTOCOLS)
        || received.by.is_some_and(|by| ["getmail", "fetchmail"].contains(&by))
        || [&parts.with, &parts.by].iter().any(|part| part.comments.iter().any(remarked))
}

/// Whether the mail did not come over a network: LMTP, pipes, a program of the same machine.
pub(super) fn local(received: &Received<'_>, parts: &Parts<'_>) -> bool {
    const PROTOCOLS: &[&str] =
        &["lmtp", "local", "pipe", "uucp", "spam-scanned", "scanned", "mapi", "spamassassin", "stored"];
    let with = received.with.as_deref().unwrap_or("");
    begins_any(with, PROTOCOLS)
        || !parts.from.seen
        || parts.from.comments.iter().any(|comment| comment.contains("unix socket"))
}
