use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

/// A header of ordinary mail, with the usual fields of a receiver.
const SAMPLE: &str = "\
Return-Path: <ann@example.org>
Delivered-To: bob@example.net
Received: from mx.example.net by store.example.net (Dovecot) with LMTP id a1;
\tMon, 23 Nov 2026 12:00:05 +0100
Authentication-Results: mx.example.net; dkim=pass header.d=example.org;
\tspf=pass smtp.mailfrom=ann@example.org; dmarc=pass (p=none) header.from=example.org
Received-SPF: Pass (mx.example.net: domain of ann@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;
Received: from mail.example.org (ptr.example.org [192.0.2.1])
\tby mx.example.net (Postfix) with ESMTPS id 4XyZ
\tfor <bob@example.net>; Mon, 23 Nov 2026 12:00:03 +0100 (CET)
DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k1; b=abc
ARC-Seal: i=1; a=rsa-sha256; d=example.com; cv=none; b=x
X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00
Received: from laptop (line.example.com [203.0.113.5]) by mail.example.org (Postfix) with ESMTPSA id 4Abc;
\tMon, 23 Nov 2026 11:00:09 +0000
Message-ID: <1@example.org>
Date: Mon, 23 Nov 2026 12:00:00 +0100
From: Ann <ann@example.org>
To: bob@example.net
Subject: hello
List-Unsubscribe: <https://example.org/u/1>, <mailto:u@example.org>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
";

/// Reads a text with nothing known.
fn read_plain(text: &str) -> Option<Header> {
    read(text.as_bytes(), &Context::default())
}

#[test]
fn an_ordinary_header_is_understood() {
    let got = read_plain(SAMPLE).unwrap();
    assert_eq!((got.border_hop, got.received_count, got.total_seconds), (Some(1), 3, Some(-4)));
    assert_eq!(got.border_ip, "192.0.2.1".parse::<IpAddr>().ok());
    assert_eq!(
        (got.border_helo.as_deref(), got.border_rdns.as_deref()),
        (Some("mail.example.org"), Some("ptr.example.org"))
    );
    assert_eq!(got.hops.iter().map(|hop| hop.delay_s).collect::<Vec<_>>(), [Some(2), Some(-6), None]);
    assert_eq!(got.hops.iter().map(|hop| hop.clock_skew).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(got.hops[1].recipient.as_deref(), Some("b***@example.net"));
    assert_eq!(got.hops[1].time.as_deref(), Some("2026-11-23T12:00:03+01:00"));
    assert_eq!(got.auth_results["dkim"], Verdict::Each(vec!["pass".to_owned()]));
    assert_eq!(got.auth_results["dmarc"], Verdict::One("pass".to_owned()));
    assert_eq!((got.received_spf.as_deref(), got.arc_sets, got.mta.as_deref()), (Some("pass"), 1, Some("Postfix")));
    assert_eq!(
        (got.from_domain.as_deref(), got.return_path_domain.as_deref()),
        (Some("example.org"), Some("example.org"))
    );
    assert_eq!(
        (got.message_id.as_deref(), got.date.as_deref()),
        (Some("<1@example.org>"), Some("2026-11-23T12:00:00+01:00"))
    );
    assert_eq!((got.list_unsubscribe.len(), got.list_unsubscribe_post), (2, true));
    assert_eq!(got.dkim_signatures[0].selector.as_deref(), Some("k1"));
    assert!(got.explained.iter().any(|one| one.key == "verdict-ham"));
}

#[test]
fn however_it_was_pasted_it_says_the_same() {
    let plain = read_plain(SAMPLE).unwrap();
    let each = |change: fn(&str) -> String| SAMPLE.lines().map(change).collect::<Vec<_>>().concat();
    let pasted = [
        each(|line| format!("> {line}\n")),
        each(|line| format!("    {line}\n")),
        each(|line| format!("{}\r\n", line.trim_start())),
        each(|line| format!("{line}\n\n")),
        SAMPLE.replace('<', "&lt;").replace('>', "&gt;").replace('+', "&#43;"),
        format!("Dear postmaster,\n\nthis was refused: why?\n\n{SAMPLE}\nKind regards\nFrom: nobody\n"),
        format!("{SAMPLE}\nReceived: from body.example ([203.0.113.99]) by body.example; x\n"),
    ];
    for text in pasted {
        let got = read_plain(&text).unwrap();
        let hops = |header: &Header| header.hops.iter().map(|hop| Hop { line: 0, ..hop.clone() }).collect::<Vec<_>>();
        assert_eq!(hops(&got), hops(&plain), "{text}");
        assert_eq!(
            (&got.auth_results, got.border_ip, &got.message_id),
            (&plain.auth_results, plain.border_ip, &plain.message_id),
            "{text}"
        );
        assert_eq!((&got.list_unsubscribe, &got.from_domain), (&plain.list_unsubscribe, &plain.from_domain), "{text}");
    }
}

#[test]
fn oldest_first_is_turned_round() {
    let hop = |n: u32| {
        format!(
            "Received: from h{n}.example.org ([192.0.2.{n}]) by h{}.example.org; Mon, 23 Nov 2026 12:00:0{n} +0000\n",
            n + 1
        )
    };
    let got = read_plain(&(1..=3).map(hop).collect::<String>()).unwrap();
    assert_eq!(got.hops[0].by.as_deref(), Some("h4.example.org"));
    assert_eq!(got.total_seconds, Some(2));
}

#[test]
fn what_is_no_header_is_none() {
    for text in [
        "",
        "hello",
        "Nov 23 12:00:00 mx postfix/smtpd[1]: connect from a[192.0.2.1]",
        "550 5.7.1 refused: see https://example.org",
    ] {
        assert_eq!(read_plain(text), None, "{text}");
    }
}

#[test]
fn many_hops_are_counted_and_few_are_kept() {
    let text = "Received: from a ([192.0.2.1]) by b; Mon, 23 Nov 2026 12:00:00 +0000\n".repeat(10_000);
    let got = read_plain(&text).unwrap();
    assert_eq!((got.received_count, got.hops.len(), got.total_seconds), (10_000, MOST_HOPS, None));
}

/// Pieces out of which hostile headers are made.
fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Received: ",
        "from ",
        "by ",
        "with ",
        "id ",
        "for ",
        "; ",
        "\n ",
        "\n",
        "\r\n",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        "\"",
        "\\",
        "192.0.2.1",
        "[IPv6:2001:db8::1]",
        "mail.example.org",
        "HELO ",
        "helo=",
        "Mon, 23 Nov 2026 12:00:00 +0100",
        "Authentication-Results: ",
        "spf=pass",
        "dkim=",
        "=",
        "Received-SPF: pass ",
        "client-ip=",
        "From: ",
        "a@example.org",
        "Date: ",
        "X-Spam-Status: ",
        "> ",
        "&lt;",
        "&#x41;",
        "\t",
        "ü",
        "\u{0}",
        "Message-ID: ",
        "List-Unsubscribe: ",
    ]);
    prop::collection::vec(prop_oneof![known.prop_map(str::to_owned), "\\PC{0,6}".prop_map(|text| text)], 0..80)
        .prop_map(|parts| parts.concat())
}

/// Whether an address stands in the text in some spelling.
fn stands_in(text: &str, ip: IpAddr) -> bool {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'));
    let tried = words.flat_map(|word| {
        [word.to_owned(), word.trim_matches(['.', ':']).to_owned(), word.split(':').next().unwrap_or("").to_owned()]
    });
    tried.into_iter().any(|word| word.parse::<IpAddr>().is_ok_and(|found| found.to_canonical() == ip))
        || text.to_ascii_lowercase().split("ipv6:").any(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.')).unwrap_or(rest.len());
            rest[..end].trim_end_matches('.').parse::<IpAddr>().is_ok_and(|found| found.to_canonical() == ip)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes, &Context::default());
    }

    #[test]
    fn hostile_headers_give_bounded_and_true_findings(text in pieces()) {
        let Some(got) = read_plain(&text) else { return Ok(()) };
        let shown = serde_json::to_string(&got).unwrap();
        prop_assert!(shown.len() <= 20 * text.len() + 4000);
        let unescaped = block::text(text.as_bytes(), block::find(text.as_bytes()).unwrap());
        for ip in got.hops.iter().filter_map(|hop| hop.ip).chain(got.border_ip) {
            prop_assert!(stands_in(&unescaped, ip), "{ip}");
        }
        let back: Header = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(back, got);
    }

    #[test]
    fn linting_and_masking_never_panic(text in pieces()) {
        let _ = crate::evidence::lint::check(text.as_bytes(), 1, &Context::default());
        let _ = crate::evidence::mask::recipients(&text);
        let mut bytes = text.clone().into_bytes();
        crate::evidence::mask::secrets(&mut bytes);
        prop_assert_eq!(bytes.len(), text.len());
        let ends = |bytes: &[u8]| bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect::<Vec<_>>();
        prop_assert_eq!(ends(&bytes), ends(text.as_bytes()));
    }
}
