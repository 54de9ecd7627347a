use super::*;

/// HELO, PTR, address, receiver and protocol of a field, `-` for what it does not say.
fn short(value: &str) -> String {
    let got = read(value);
    let ip = got.ip.map(|ip| ip.to_string());
    let told = [got.helo, got.rdns, ip.as_deref(), got.by, got.with.as_deref()];
    told.map(|one| one.unwrap_or("-")).join(" | ")
}

/// A date for samples in which it does not matter.
const DATE: &str = "Mon, 23 Nov 2026 12:00:00 +0100";

/// Fields as servers of all kinds write them, and what they say.
const SERVERS: &[(&str, &str)] = &[
    // Postfix
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) (No client certificate requested) by mx.example.net (Postfix) with ESMTPS id 4XyZ for <a@example.net>; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from [192.0.2.7] (unknown [IPv6:2001:db8::7]) by mx.example.net (Postfix) with ESMTPSA id 4XyZ; ",
        "[192.0.2.7] | - | 2001:db8::7 | mx.example.net | ESMTPSA",
    ),
    // Exim
    (
        "from ptr.example.org ([192.0.2.1]:4711 helo=mail.example.org) by mx.example.net with esmtps (TLS1.3) tls TLS_AES (Exim 4.97) (envelope-from <a@example.org>) id 1abCde-0001Fg-2H for b@example.net; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | esmtps tls TLS_AES",
    ),
    (
        "from [192.0.2.1] (helo=mail.example.org) by mx.example.net with smtp (Exim 4.97) id 1abCde-0001Fg-2H; ",
        "mail.example.org | - | 192.0.2.1 | mx.example.net | smtp",
    ),
    (
        "from [192.0.2.1] (port=4711 helo=[10.0.0.5]) by mx.example.net with esmtpsa (Exim 4.97) id 1abCde-0001Fg-2H; ",
        "[10.0.0.5] | - | 192.0.2.1 | mx.example.net | esmtpsa",
    ),
    // Sendmail
    (
        "from mail.example.org (IDENT:ann@ptr.example.org [192.0.2.1] (may be forged)) by mx.example.net (8.18.1/8.18.1) with ESMTPS id 4ANB0 (version=TLSv1.3 cipher=X bits=256 verify=NO) for <b@example.net>; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    ("(from ann@localhost) by mx.example.net (8.18.1/8.18.1/Submit) id 4ANB0; ", "- | - | - | mx.example.net | -"),
    // qmail
    (
        "from unknown (HELO mail.example.org) (192.0.2.1) by mx.example.net with SMTP; ",
        "mail.example.org | - | 192.0.2.1 | mx.example.net | SMTP",
    ),
    (
        "from ptr.example.org (HELO mail.example.org) (ann@192.0.2.1) by mx.example.net with ESMTPA; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPA",
    ),
    ("(qmail 4711 invoked from network); ", "- | - | - | - | -"),
    // Exchange
    (
        "from EX1.example.org (2001:db8::1) by EX2.example.org (10.0.0.2) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.2.1.1 via Frontend Transport; ",
        "EX1.example.org | - | 2001:db8::1 | EX2.example.org | Microsoft SMTP Server",
    ),
    (
        "from EX1.example.org ([fe80::1]) by EX1.example.org ([fe80::1%11]) with mapi id 15.01.0001.000; ",
        "EX1.example.org | - | fe80::1 | EX1.example.org | mapi",
    ),
    (
        "from HOST1 ([192.0.2.1]) by mx.example.net with Microsoft SMTPSVC(10.0.14393.1); ",
        "HOST1 | - | 192.0.2.1 | mx.example.net | Microsoft SMTPSVC",
    ),
    // Gmail and Yahoo
    (
        "from mail.example.org (ptr.example.org. [192.0.2.1]) by mx.google.com with ESMTPS id a1-20020a.5.2026 for <b@example.net> (version=TLS1_3 cipher=X bits=256/256); ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.google.com | ESMTPS",
    ),
    (
        "by 2002:a05:6358:e483:b0:ed:1eae:60a3 with SMTP id by3csp989960rwb; ",
        "- | - | - | 2002:a05:6358:e483:b0:ed:1eae:60a3 | SMTP",
    ),
    (
        "from 192.0.2.1 (EHLO mail.example.org) by atlas1.mail.yahoo.com pod-id NONE with SMTPS; ",
        "mail.example.org | - | 192.0.2.1 | atlas1.mail.yahoo.com | SMTPS",
    ),
    (
        "from example.org ([192.0.2.1]:44246 \"EHLO mail.example.org\") by vger.example.net with ESMTP id S7; ",
        "mail.example.org | example.org | 192.0.2.1 | vger.example.net | ESMTP",
    ),
    ("from [192.0.2.1] by web1.mail.yahoo.com via HTTP; ", "- | - | 192.0.2.1 | web1.mail.yahoo.com | -"),
    // GMX, WEB.DE, 1&1
    (
        "from mail.example.org ([192.0.2.1]) by mx-ha.gmx.net (mxgmx101 [212.227.15.9]) with ESMTPS (Nemesis) id 1MabcD-1nEfgH2iJK-00KlMn for <b@gmx.example>; ",
        "mail.example.org | - | 192.0.2.1 | mx-ha.gmx.net | ESMTPS",
    ),
    (
        "from ptr.example.org (EHLO mail.example.org) [192.0.2.1] by mx0.gmx.net (mx012) with SMTP; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx0.gmx.net | SMTP",
    ),
    // Haraka, OpenSMTPD, Stalwart, KumoMTA, ZoneMTA
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx.example.net (Haraka/3.0.3) with ESMTPS id 1D.1 envelope-from <a@example.org> tls TLS_AES (authenticated bits=0); ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx.example.net (OpenSMTPD) with ESMTPS id 1a2b3c (TLSv1.3:X:256:NO) for <b@example.net>; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from mail.example.org (ptr.example.org [192.0.2.1] (AS64496 EX)) (using TLSv1.3 with cipher X) by mx.example.net (Stalwart SMTP) with ESMTPS id 3A; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from mail.example.org (192.0.2.1:33333) by mx.example.net (KumoMTA 198.51.100.2) with ESMTPS id 9f for <b@example.net>; ",
        "mail.example.org | - | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from laptop.example ([192.0.2.1] ptr.example.org) (Authenticated sender: ann) by mx.example.net (ZoneMTA) with ESMTPSA id 18a.001; ",
        "laptop.example | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPSA",
    ),
    // Filters in front
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx0a-1.pphosted.com (PPS) with ESMTPS id 3x (version=TLSv1.3 bits=256 verify=OK); ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx0a-1.pphosted.com | ESMTPS",
    ),
    (
        "from mail.example.org (mail.example.org [192.0.2.1]) by relay.mimecast.com with ESMTP with both STARTTLS and AUTH (version=TLSv1.3, cipher=X) id uk-mta-1; ",
        "mail.example.org | mail.example.org | 192.0.2.1 | relay.mimecast.com | ESMTP with both",
    ),
    (
        "from mail.example.org (mail.example.org [192.0.2.1]) by bar.example.net with ESMTP id aBc (version=TLSv1.2) for <b@example.net>; ",
        "mail.example.org | mail.example.org | 192.0.2.1 | bar.example.net | ESMTP",
    ),
    (
        "from localhost (localhost [127.0.0.1]) by localhost (mx.example.net [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id x; ",
        "localhost | localhost | 127.0.0.1 | localhost | ESMTP",
    ),
    // Groupware
    (
        "from mail.example.org ([192.0.2.1]) by mx.example.net (HCL Domino Release 12.0.2) with ESMTP id 2026112312000000-4711 ; ",
        "mail.example.org | - | 192.0.2.1 | mx.example.net | ESMTP",
    ),
    (
        "from [192.0.2.1] (account ann@example.net HELO [10.0.0.5]) by mx.example.net (CommuniGate Pro SMTP 6.3) with ESMTPSA id 4711; ",
        "[10.0.0.5] | - | 192.0.2.1 | mx.example.net | ESMTPSA",
    ),
    (
        "from [192.0.2.1] (HELO mail.example.org) by mx.example.net (CommuniGate Pro SMTP 6.3) with ESMTP id 4711; ",
        "mail.example.org | - | 192.0.2.1 | mx.example.net | ESMTP",
    ),
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx.example.net (MDaemon PRO v24.0.0) with ESMTPS id md50000012345.msg; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx.example.net (IceWarp 14.0.0.1) with ESMTP (SSL) id 2026; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTP",
    ),
    (
        "from mail.example.org (ptr.example.org [::ffff:192.0.2.1]) (TLS: TLSv1.3,256bits,X) by mx.example.net with ESMTPS id 00000000000A0.00000000; ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from mail.example.org (ptr.example.org [192.0.2.1]) by mx.example.net with ESMTPS (version=TLSv1.3 cipher=X bits=256); ",
        "mail.example.org | ptr.example.org | 192.0.2.1 | mx.example.net | ESMTPS",
    ),
    (
        "from murder ([unix socket]) by mx.example.net (Cyrus 3.8) with LMTPA; ",
        "murder | - | - | mx.example.net | LMTPA",
    ),
    (
        "from mx.example.net by store.example.net (Dovecot) with LMTP id aB/cD ; ",
        "mx.example.net | - | - | store.example.net | LMTP",
    ),
    // Programs
    (
        "from pop.example.org [192.0.2.1] by laptop with POP3 (fetchmail-6.5.2) for <ann@localhost> (single-drop); ",
        "pop.example.org | - | 192.0.2.1 | laptop | POP3",
    ),
    (
        "from 192.0.2.1 (SquirrelMail authenticated user ann) by web.example.org with HTTP; ",
        "- | - | 192.0.2.1 | web.example.org | HTTP",
    ),
    ("from (192.0.2.1) by mta.example.net id h1k; ", "- | - | 192.0.2.1 | mta.example.net | -"),
    // Forged and broken ones
    ("from unknown (HELO ) (192.0.2.1) by mx.example.net with SMTP; ", " | - | 192.0.2.1 | mx.example.net | SMTP"),
    (
        "from a.example (ptr.example.org [192.0.2.1] by mx.example.net with SMTP; ",
        "a.example | - | 192.0.2.1 | mx.example.net | SMTP",
    ),
    ("apparently", "- | - | - | - | -"),
];

#[test]
fn servers_of_all_kinds_are_understood() {
    for (value, want) in SERVERS {
        let value = format!("{value}{DATE}");
        assert_eq!(&short(&value), want, "{value}");
    }
}

#[test]
fn the_date_is_found_where_servers_put_it() {
    for value in [
        "by a with SMTP; Mon, 23 Nov 2026 12:00:00 +0100 (envelope-from <a@example.org>)",
        "by a with SMTP; (version=TLSv1.3; x) Mon, 23 Nov 2026 12:00:00 +0100",
        "by a with SMTP id x-1 2026-11-23 11:00:00.028704749 +0000 UTC",
        "by a with SMTP id x-1 2026-11-23 11:00:00.028704749 +0000 UTC m=+0.512345",
        "by a with SMTP for <b@example.net>; Mon, 23 Nov 2026 11:00:00.987 +0000 (UTC)",
        "by a with SMTP id x Mon, 23 Nov 2026 12:00:00 +0100",
        "from a by b; id x; Mon, 23 Nov 2026 12:00:00 +0100;",
    ] {
        assert_eq!(read(value).stamp.map(|stamp| stamp.epoch), Some(1_795_431_600), "{value}");
    }
    let got = read("by a with SMTP; some day soon");
    assert_eq!((got.stamp, got.written), (None, Some("some day soon")));
}

#[test]
fn submissions_fetches_and_handovers_are_told_apart() {
    let of = |value: &str| {
        let got = read(value);
        (got.authenticated, got.fetched, got.local)
    };
    assert_eq!(of("from a ([192.0.2.1]) by b with ESMTPSA id x"), (true, false, false));
    assert_eq!(of("from a (p.example [192.0.2.1]) (Authenticated sender: ann) by b with ESMTP"), (true, false, false));
    assert_eq!(of("from a [192.0.2.1] by b with IMAP (fetchmail-6)"), (false, true, false));
    assert_eq!(of("from a by b with LMTP"), (false, false, true));
    assert_eq!(of("by b with HTTP"), (false, false, true));
    assert_eq!(of("from a ([192.0.2.1]) by b with ESMTP"), (false, false, false));
}
