//! How long reading a header takes, beside `mail-parser` on the same bytes, and for hostile shapes
//! of growing size, whose time must grow with their length and no faster.

use divan::{Bencher, counter::BytesCount};
use postern::evidence::{Context, header, lint, mask};

/// One hop as Postfix writes it.
const HOP: &str = "Received: from mail.example.org (ptr.example.org [192.0.2.1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby mx.example.net (Postfix) with ESMTPS id 4XyZ12\r\n\tfor <bob@example.net>; Mon, 23 Nov 2026 12:00:03 +0100 (CET)\r\n";

/// The fields that are there once.
const REST: &str = "Authentication-Results: mx.example.net;\r\n\tdkim=pass (2048-bit key) header.d=example.org header.i=@example.org header.b=AbCdEf12;\r\n\tspf=pass (mx.example.net: domain of ann@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@example.org;\r\n\tdmarc=pass (p=reject) header.from=example.org\r\nReceived-SPF: pass (mx.example.net: domain of ann@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1; helo=mail.example.org;\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=k1;\r\n\th=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\nX-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,DKIM_VALID autolearn=ham\r\nX-Spam-Level:\r\nReturn-Path: <ann@example.org>\r\nDelivered-To: bob@example.net\r\nMessage-ID: <20261123120000.1@example.org>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0100\r\nFrom: Ann Lee <ann@example.org>\r\nTo: Bob <bob@example.net>, Eve <eve@example.net>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from the coast\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_x\"\r\nList-Unsubscribe: <https://example.org/u/1>, <mailto:u@example.org>\r\nX-Mailer: Example 1.0\r\n\r\n";

/// A header of ordinary size.
fn ordinary(hops: usize) -> Vec<u8> {
    format!("{}{REST}", HOP.repeat(hops)).into_bytes()
}

/// Shapes that were made to hurt.
fn hostile(shape: &str, size: usize) -> Vec<u8> {
    let fill = |unit: &str| unit.repeat(size / unit.len() + 1);
    match shape {
        "hops" => fill(HOP),
        "one line" => format!("Received: {}", fill("from a (b ")),
        "folding" => format!("Received: from a\n{}", fill(" x\n")),
        "brackets" => format!("Authentication-Results: {}", fill("(\"<[")),
        "semicolons" => format!("Received: from a by b{}", fill("; Mon, 23")),
        "results" => format!("Authentication-Results: mx; {}", fill("dkim=pass (a) x.y=z; ")),
        "fields" => fill("X-Spam-Score: 5\nFrom: a@example.org\n"),
        _ => fill("@=:\"password: AUTH PLAIN :// SG."),
    }
    .into_bytes()
}

fn main() {
    divan::main();
}

#[divan::bench(args = [3, 8])]
fn read_ordinary(bencher: Bencher<'_, '_>, hops: usize) {
    let text = ordinary(hops);
    let context = Context::default();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| header::read(divan::black_box(&text), &context));
}

#[divan::bench(args = [3, 8])]
fn mail_parser_ordinary(bencher: Bencher<'_, '_>, hops: usize) {
    let text = ordinary(hops);
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench(|| mail_parser::MessageParser::default().parse_headers(divan::black_box(&text[..])).is_some());
}

/// The hostile shapes and their sizes.
const SHAPES: [(&str, usize); 16] = [
    ("hops", 500_000),
    ("hops", 5_000_000),
    ("one line", 500_000),
    ("one line", 5_000_000),
    ("folding", 500_000),
    ("folding", 5_000_000),
    ("brackets", 500_000),
    ("brackets", 5_000_000),
    ("semicolons", 500_000),
    ("semicolons", 5_000_000),
    ("results", 500_000),
    ("results", 5_000_000),
    ("fields", 500_000),
    ("fields", 5_000_000),
    ("secrets", 500_000),
    ("secrets", 5_000_000),
];

#[divan::bench(args = SHAPES, sample_count = 5, sample_size = 1)]
fn read_hostile(bencher: Bencher<'_, '_>, (shape, size): (&str, usize)) {
    let text = hostile(shape, size);
    let context = Context::default();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| header::read(divan::black_box(&text), &context));
}

#[divan::bench(args = SHAPES, sample_count = 5, sample_size = 1)]
fn lint_hostile(bencher: Bencher<'_, '_>, (shape, size): (&str, usize)) {
    let text = hostile(shape, size);
    let context = Context::default();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| lint::check(divan::black_box(&text), 1, &context));
}

#[divan::bench(args = SHAPES, sample_count = 5, sample_size = 1)]
fn mask_hostile(bencher: Bencher<'_, '_>, (shape, size): (&str, usize)) {
    let text = hostile(shape, size);
    bencher.counter(BytesCount::of_slice(&text)).with_inputs(|| text.clone()).bench_values(|mut bytes| {
        let masked = mask::secrets(&mut bytes);
        (masked, mask::recipients(&String::from_utf8_lossy(&bytes)).len())
    });
}

/// Texts of 25 MB made of one short line: empty, harmless, nearly a secret, a secret, the start of a dialogue.
#[divan::bench(args = ["\n", "a=b\n", "key\n", "pass=x\n", "AUTH LOGIN\n"], sample_count = 3, sample_size = 1)]
fn mask_short_lines(bencher: Bencher<'_, '_>, line: &str) {
    let text = line.repeat((25 << 20) / line.len()).into_bytes();
    bencher
        .counter(BytesCount::of_slice(&text))
        .with_inputs(|| text.clone())
        .bench_values(|mut bytes| mask::secrets(&mut bytes));
}

/// Text in UTF-16, masked in its own bytes.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn mask_wide(bencher: Bencher<'_, '_>) {
    let text: Vec<u8> = "250 ok password=x\r\n".repeat(500_000).encode_utf16().flat_map(u16::to_le_bytes).collect();
    bencher
        .counter(BytesCount::of_slice(&text))
        .with_inputs(|| text.clone())
        .bench_values(|mut bytes| mask::secrets(&mut bytes));
}

#[divan::bench(args = [1_000_000, 10_000_000], sample_count = 5, sample_size = 1)]
fn mask_log(bencher: Bencher<'_, '_>, size: usize) {
    let line = "Nov 23 12:00:00 mx postfix/smtp[4711]: 4XyZ12: to=<bob@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1.2, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.7.1 refused)\n";
    let text = line.repeat(size / line.len()).into_bytes();
    bencher
        .counter(BytesCount::of_slice(&text))
        .with_inputs(|| text.clone())
        .bench_values(|mut bytes| mask::secrets(&mut bytes));
}
