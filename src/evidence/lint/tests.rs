use super::*;

/// The rules that a header breaks, gravest mark first in each.
fn rules(text: &str) -> String {
    let context = Context { arrived: "2026-11-23T12:00:00Z".parse().ok(), ..Context::default() };
    let show = |lint: &Lint| format!("{:?}:{}@{}", lint.severity, lint.rule, lint.line);
    check(text.as_bytes(), 1, &context).iter().map(show).collect::<Vec<_>>().join(" ")
}

/// A header without fault, to which a test adds one.
const CLEAN: &str =
    "Date: Mon, 23 Nov 2026 11:59:00 +0100\nMessage-ID: <1@example.org>\nTo: bob@example.net\nSubject: x\n";

#[test]
fn a_clean_header_gives_nothing() {
    assert_eq!(rules(&format!("{CLEAN}From: Ann <ann@example.org>\n\nbody\n")), "");
}

#[test]
fn each_fault_is_found_on_its_line() {
    let cases = [
        ("From: Ann <ann@example.org>\nFrom: x@example.org\n", "Error:repeated-field@6"),
        ("From:\n", "Error:empty-field@5"),
        ("", "Error:missing-field@1"),
        ("From: ann\n", "Error:address-syntax@5"),
        ("From: ann.@example.org\n", "Error:address-syntax@5"),
        ("From: a@example.org, b@example.org\n", "Error:several-from-without-sender@5"),
        ("From: Gr\u{fc}\u{df}e <ann@example.org>\n", "Warning:raw-non-ascii@5"),
        ("From: ann@example.org\nCc:\n", "Error:empty-field@6"),
        ("From: ann@example.org\nbroken line\n", "Error:broken-folding@6"),
        ("From: ann@example.org\nX-A: b\rc\n", "Error:bare-cr-lf@6"),
        ("From: ann@example.org\nX-A: b\0c\n", "Error:nul-byte@6"),
        ("From : ann@example.org\n", "Warning:space-before-colon@5"),
        ("From: ann@example.org\nX-A: b\n \nX-B: c\n", "Warning:blank-folded-line@7"),
        ("From: \"=?utf-8?Q?a?=\" <ann@example.org>\n", "Warning:encoded-word-in-quotes@5"),
        ("From: ann@example.org\nReturn-Path: <x@example.com>\n", "Warning:unaligned-from@5"),
        ("From: ann@example.org\nList-Unsubscribe: <https://example.org/u>\n", "Warning:bulk-without-one-click@6"),
        ("From: ann@example.org\nDKIM-Signature: d=mail.example.org; s=x\nReturn-Path: <x@example.com>\n", ""),
    ];
    for (more, want) in cases {
        assert_eq!(rules(&format!("{CLEAN}{more}\nbody")), want, "{more}");
    }
}

#[test]
fn dates_and_identifiers_are_judged() {
    let cases = [
        ("Date: yesterday", "<1@example.org>", "Error:date-syntax@1"),
        ("Date: Tue, 23 Nov 2026 11:59:00 +0100", "<1@example.org>", "Warning:date-form@1"),
        ("Date: 2026-11-23 11:59:00 +0100", "<1@example.org>", "Warning:date-form@1"),
        ("Date: Wed, 25 Nov 2026 11:59:00 +0100", "<1@example.org>", "Warning:date-far-off@1"),
        ("Date: Mon, 23 Nov 2026 11:59:00 +0100 (CET)", "<1>", "Warning:message-id-syntax@2"),
        ("Date: Mon, 23 Nov 2026 11:59:00", "<1@example.org>", "Error:date-syntax@1"),
        ("Date: Mon, 23 Nov 2026 11:59:00 +0100", "\n <1@example.org>", ""),
        ("Date: Mon, 23 Nov 2026 11:59 GMT", "1@example.org", "Warning:message-id-syntax@2"),
    ];
    for (date, id, want) in cases {
        let header = format!("{date}\nMessage-ID: {id}\nFrom: ann@example.org\nTo: bob@example.net\nSubject: x\n\n");
        assert_eq!(rules(&header), want, "{date} {id}");
    }
}

#[test]
fn a_quoted_header_is_judged_as_it_was() {
    let quoted = format!("> {CLEAN}From: ann").replace('\n', "\n> ");
    assert_eq!(rules(&quoted), "Error:address-syntax@5");
}

#[test]
fn long_lines_are_told() {
    let header = format!("{CLEAN}From: ann@example.org\nX-A: {}\n\n", "x".repeat(1000));
    assert_eq!(rules(&header), "Error:line-too-long@6");
}

#[test]
fn a_part_of_a_header_is_not_missing_anything() {
    assert_eq!(rules("Received: from a by b; Mon, 23 Nov 2026 11:59:00 +0100\nReturn-Path: <a@example.org>\n"), "");
}
