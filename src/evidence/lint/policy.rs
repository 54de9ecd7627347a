//! What receivers ask of senders beyond the form: aligned authors, unsubscription with one click.

use super::Severity::{Note, Warning};
use super::addresses::mailboxes;
use super::{Rule, Sheet};
use crate::evidence::header::{organisation, tag};

/// The author's domain is not the one that was signed or sent for.
const UNALIGNED: Rule = Rule {
    name: "unaligned-from",
    severity: Warning,
    fix: "Sign with DKIM for the domain of the From address, or use an envelope sender of that domain.",
    rfc: "RFC 9989 (DMARC)",
};

/// Bulk mail that cannot be left with one click.
const NO_ONE_CLICK: Rule = Rule {
    name: "bulk-without-one-click",
    severity: Warning,
    fix: "Add List-Unsubscribe with an https address, and List-Unsubscribe-Post: List-Unsubscribe=One-Click.",
    rfc: "RFC 8058, 2 and 3.1; RFC 2369, 3.2",
};

/// A field for one click that does not say what it must.
const ONE_CLICK_FORM: Rule = Rule {
    name: "one-click-syntax",
    severity: Warning,
    fix: "Write exactly: List-Unsubscribe-Post: List-Unsubscribe=One-Click, beside a List-Unsubscribe with an https address.",
    rfc: "RFC 8058, 3.1",
};

/// A list field without angle brackets.
const LIST_FORM: Rule = Rule {
    name: "list-unsubscribe-syntax",
    severity: Warning,
    fix: "Put each address in angle brackets: List-Unsubscribe: <https://example.org/u/1>, <mailto:u@example.org>.",
    rfc: "RFC 2369, 2",
};

/// Judges alignment and lists.
pub(super) fn check(sheet: &mut Sheet<'_, '_>) {
    alignment(sheet);
    lists(sheet);
}

/// Judges whether the author's domain is that of a signature or of the envelope sender. Nothing is
/// said where the header shows neither, or where the mail came through a mailing list.
fn alignment(sheet: &mut Sheet<'_, '_>) {
    let first = |name: &str| sheet.fields.iter().find(|field| field.is(name));
    let Some((line, author)) = first("From").and_then(|field| {
        let boxes = mailboxes(&field.value);
        let [one] = boxes.as_slice() else { return None };
        Some((field.line, one.domain()?))
    }) else {
        return;
    };
    let signed: Vec<String> = sheet
        .fields
        .iter()
        .filter(|field| field.is("DKIM-Signature"))
        .filter_map(|field| tag(&field.value, "d").map(str::to_ascii_lowercase))
        .take(20)
        .collect();
    let envelope = first("Return-Path")
        .and_then(|field| mailboxes(&field.value).first().and_then(super::addresses::Mailbox::domain));
    let listed = first("List-Id").is_some() || first("List-Post").is_some();
    let told = !signed.is_empty() || envelope.is_some();
    let Some(wanted) = organisation(&author).filter(|_| !listed && told) else {
        return;
    };
    let aligned = signed.iter().chain(&envelope).any(|domain| organisation(domain).as_ref() == Some(&wanted));
    if !aligned {
        let others: Vec<&str> = signed.iter().chain(&envelope).map(String::as_str).take(3).collect();
        sheet.report(
            &UNALIGNED,
            line,
            format!("From says {author}, but the mail was signed or sent for {}.", others.join(", ")),
        );
    }
}

/// Judges the fields of lists and bulk mail.
fn lists(sheet: &mut Sheet<'_, '_>) {
    let first =
        |name: &str| sheet.fields.iter().find(|field| field.is(name)).map(|field| (field.line, field.value.clone()));
    let (unsubscribe, post) = (first("List-Unsubscribe"), first("List-Unsubscribe-Post"));
    let bulk =
        first("Precedence").filter(|(_, value)| value.eq_ignore_ascii_case("bulk")).or_else(|| first("Feedback-ID"));
    // Discussion lists have List-Post and are left by mail; their members asked for them.
    let discussion = first("List-Post").is_some();
    let severity = if first("Auto-Submitted").is_some() { Note } else { Warning };
    if let Some((line, value)) = &unsubscribe
        && !value.contains('<')
        && !value.is_empty()
    {
        sheet.report(&LIST_FORM, *line, "List-Unsubscribe holds no address in angle brackets.".to_owned());
    }
    if let Some((line, value)) = &post {
        one_click(sheet, *line, value, unsubscribe.as_ref().map(|(_, value)| value.as_str()));
    } else if let Some((line, _)) = unsubscribe.or(bulk).filter(|_| !discussion) {
        let rule = Rule { severity, ..NO_ONE_CLICK };
        sheet.report(&rule, line, "This is bulk mail, and it cannot be left with one click.".to_owned());
    }
}

/// Judges the offer of one-click unsubscription, which needs both fields in the right form.
fn one_click(sheet: &mut Sheet<'_, '_>, line: usize, value: &str, unsubscribe: Option<&str>) {
    let exact = value.split_whitespace().collect::<String>().eq_ignore_ascii_case("List-Unsubscribe=One-Click");
    let https = unsubscribe.is_some_and(|value| value.to_ascii_lowercase().contains("<https://"));
    if !exact || !https {
        sheet.report(
            &ONE_CLICK_FORM,
            line,
            "List-Unsubscribe-Post does not offer one-click unsubscription.".to_owned(),
        );
    }
}
