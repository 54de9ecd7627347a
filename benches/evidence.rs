//! How long the reader takes: from ten kilobytes to twenty-five megabytes, and on hostile shapes.
//!
//! Time per byte must not grow with the size; compare the rows of one benchmark.

use std::fmt::Write;

use divan::Bencher;
use divan::counter::BytesCount;
use postern::evidence::{Context, read};

/// Runs all benchmarks.
fn main() {
    divan::main();
}

/// The sizes that are measured, in bytes.
const SIZES: &[usize] = &[10 << 10, 100 << 10, 1 << 20, 5 << 20, 25 << 20];

/// Repeats what `line` writes until the text is long enough.
fn repeated(size: usize, mut line: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::with_capacity(size + 4096);
    let mut number = 0;
    while text.len() < size {
        line(&mut text, number);
        number += 1;
    }
    text
}

/// Measures one text.
fn measure(bencher: Bencher<'_, '_>, text: &str) {
    bencher.counter(BytesCount::of_str(text)).bench(|| read(divan::black_box(text.as_bytes()), &Context::default()));
}

/// A Postfix log of which two lines in a hundred are refusals.
#[divan::bench(args = SIZES, sample_count = 5)]
fn postfix_log(bencher: Bencher<'_, '_>, size: usize) {
    let text = repeated(size, |out, n| {
        let _ = match n % 100 {
            0 => writeln!(
                out,
                "May  1 10:11:12 mx postfix/smtpd[{n}]: NOQUEUE: reject: RCPT from unknown[192.0.2.{}]: 554 5.7.1 Service unavailable; Client host [192.0.2.{}] blocked using bl.example.net; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x.example>",
                n % 250,
                n % 250
            ),
            1 => writeln!(
                out,
                "May  1 10:11:12 mx postfix/smtp[{n}]: A{n:X}1: to=<b@example.org>, relay=mx.example.org[198.51.100.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.org[198.51.100.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))"
            ),
            _ => writeln!(
                out,
                "May  1 10:11:12 mx postfix/qmgr[{n}]: A{n:X}1: from=<a@example.com>, size=4242, nrcpt=1 (queue active)"
            ),
        };
    });
    measure(bencher, &text);
}

/// A log in which every line is a refusal by Exim.
#[divan::bench(args = SIZES, sample_count = 5)]
fn exim_refusals(bencher: Bencher<'_, '_>, size: usize) {
    let text = repeated(size, |out, n| {
        let _ = writeln!(
            out,
            "2024-05-01 10:11:12 H=a.example (b.example) [192.0.2.{}] F=<c@example.com> rejected RCPT <d@example.org>: relay not permitted",
            n % 250
        );
    });
    measure(bencher, &text);
}

/// Prose full of replies.
#[divan::bench(args = SIZES, sample_count = 3)]
fn prose_replies(bencher: Bencher<'_, '_>, size: usize) {
    let text = repeated(size, |out, n| {
        let _ = writeln!(out, "<u{n}@example.org>:\nRemote host said: 550 5.1.1 no such user {n}\n");
    });
    measure(bencher, &text);
}

/// A header with very many hops.
#[divan::bench(args = [100, 1000, 10_000], sample_count = 3)]
fn received_lines(bencher: Bencher<'_, '_>, count: usize) {
    let mut text = String::new();
    for n in 0..count {
        let _ = writeln!(
            text,
            "Received: from h{n}.example (h{n}.example [192.0.2.{}])\n\tby mx.example with ESMTP id {n}; Wed, 1 May 2024 10:11:12 +0000",
            n % 250
        );
    }
    text.push_str("From: a@example.com\nSubject: x\n\nbody\n");
    measure(bencher, &text);
}

/// One line of five megabytes made to look like replies, addresses, URLs, tags and quotes.
#[divan::bench(args = ["450 450-4", "192.0.2.1 ", "http://a", "<style>", "a@", "=?x?q?", "[[((<<", "\"\\", "::1.", "<b", "&lt", "said: "], sample_count = 3)]
fn one_long_line(bencher: Bencher<'_, '_>, piece: &str) {
    let text = repeated(5 << 20, |out, _| out.push_str(piece));
    measure(bencher, &text);
}

/// Multiparts within multiparts.
#[divan::bench(args = [10, 1000, 20_000], sample_count = 3)]
fn nested_parts(bencher: Bencher<'_, '_>, depth: usize) {
    let mut text = String::from(
        "From: mailer-daemon@example.com\nSubject: failure\nContent-Type: multipart/mixed; boundary=b0\n\n",
    );
    for n in 0..depth {
        let _ = writeln!(text, "--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n", n + 1);
    }
    text.push_str("550 5.1.1 end\n");
    measure(bencher, &text);
}

/// A header field folded over very many lines.
#[divan::bench(args = [1000, 100_000], sample_count = 3)]
fn folding(bencher: Bencher<'_, '_>, lines: usize) {
    let text = format!("From: a@example.com\nReceived: by x\nSubject: x\n{}\n\nbody\n", " 550 x\n".repeat(lines));
    measure(bencher, &text);
}

/// Deep and wide JSON.
#[divan::bench(args = [10 << 10, 1 << 20, 10 << 20], sample_count = 3)]
fn json_events(bencher: Bencher<'_, '_>, size: usize) {
    let events = repeated(size, |out, n| {
        let _ = writeln!(
            out,
            "{{\"event\":\"bounce\",\"email\":\"u{n}@example.org\",\"reason\":\"550 5.1.1 no such user\"}},"
        );
    });
    measure(bencher, &format!("[{events}{{}}]"));
}
