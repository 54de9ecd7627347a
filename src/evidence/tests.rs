//! Whole readings: evidence in many dresses and from many servers, and what is to be found in it.

use std::io::Write;

use super::*;

/// One piece of evidence and what its first refusal is.
struct Case {
    /// The text.
    text: &'static str,
    /// Code, status inside the reply, category.
    reply: (Option<u16>, Option<&'static str>, Category),
    /// The sending address.
    ip: Option<&'static str>,
    /// The recipient's domain.
    domain: Option<&'static str>,
}

/// Reads with nothing known.
fn findings(text: &str) -> Findings {
    read(text.as_bytes(), &Context::default())
}

/// Checks the first refusal of each case.
fn check(cases: &[Case]) {
    for case in cases {
        let found = findings(case.text);
        let status = found.enhanced_status.as_deref();
        let category = found.category.unwrap();
        assert_eq!((found.smtp_code, status, category), case.reply, "{}", case.text);
        let ip = found.ips.first().map(ToString::to_string);
        assert_eq!(ip.as_deref(), case.ip, "{}", case.text);
        assert_eq!(found.replies[0].recipient_domain.as_deref(), case.domain, "{}", case.text);
    }
}

#[test]
fn logs_of_many_servers() {
    check(&[
        Case {
            text: "2024-05-01T10:11:12.345Z smtp: RCPT error\t{\"msg_id\":\"1a\",\"rcpt\":\"b@example.org\",\"smtp_code\":550,\"smtp_enchcode\":\"5.1.1\",\"smtp_msg\":\"User does not exist\",\"src_ip\":\"192.0.2.7:43210\"}",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: Some("192.0.2.7"),
            domain: Some("example.org"),
        },
        Case {
            text: "\"SMTPC\"\t12\t77\t\"2024-05-01 10:11:12.345\"\t\"198.51.100.2\"\t\"SENT: RCPT TO:<b@example.org>\"\n\"SMTPC\"\t12\t77\t\"2024-05-01 10:11:12.545\"\t\"198.51.100.2\"\t\"RECEIVED: 550 5.1.1 User unknown[nl]\"",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "Wed 2024-05-01 10:11:12: [7:1] --> RCPT To:<b@example.org>\nWed 2024-05-01 10:11:13: [7:1] <-- 550-5.7.1 Client host [203.0.113.8]\nWed 2024-05-01 10:11:13: [7:1] <-- 550 5.7.1 blocked using bl.example.net",
            reply: (Some(550), Some("5.7.1"), Category::Rbl),
            ip: Some("203.0.113.8"),
            domain: Some("example.org"),
        },
        Case {
            text: "May 01 10:11:12 host=smtp.example.com tls=on from=a@example.com recipients=b@example.org smtpstatus=554 smtpmsg='554 5.7.1 <b@example.org>: Relay access denied' errormsg='not accepted' exitcode=EX_UNAVAILABLE",
            reply: (Some(554), Some("5.7.1"), Category::Policy),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "May 01 10:11:12 host=smtp.example.com tls=on from=a@example.com recipients=b@example.org smtpstatus=553 smtpmsg='553 5.1.3 The recipient address is not a valid RFC 5321 address' exitcode=EX_DATAERR",
            reply: (Some(553), Some("5.1.3"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "Nov  2 16:26:36 host sendmail[3160]: NOQUEUE: tcpwrappers (a.example, 192.0.2.7) rejection",
            reply: (None, None, Category::Policy),
            ip: Some("192.0.2.7"),
            domain: None,
        },
        Case {
            text: "May  1 10:11:12 host dma[ab12.55d]: remote delivery to mx.example.org [198.51.100.2] failed after RCPT TO: 550 5.7.1 Client 203.0.113.6 has no PTR record",
            reply: (Some(550), Some("5.7.1"), Category::Rdns),
            ip: Some("203.0.113.6"),
            domain: None,
        },
        Case {
            text: "2024-05-01 10:11:12 host zone-mta[99]: Queue 18f2 [18f2.001] REJECTED to=b@example.org mx=mx.example.org[198.51.100.2] local=10.0.0.4 response=\"550 5.1.1 no such user\" category=\"recipient\"",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "2024-05-01T10:11:12Z INFO Rejected recipient (delivery.rcpt-to-rejected) queueId = 12345, to = \"b@example.org\", hostname = \"mx.example.org\", code = 550, details = \"5.1.1 User unknown\"",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
    ]);
}

#[test]
fn events_of_many_services() {
    check(&[
        Case {
            text: "{\"type\":\"Bounce\",\"id\":\"abc\",\"recipient\":\"b@example.org\",\"response\":{\"code\":550,\"enhanced_code\":{\"class\":5,\"subject\":7,\"detail\":1},\"content\":\"Client host [203.0.113.77] blocked using bl.example.net\"},\"peer_address\":{\"name\":\"mx.example.org.\",\"addr\":\"198.51.100.2\"},\"timestamp\":1714557072,\"bounce_classification\":\"SpamBlock\"}",
            reply: (Some(550), Some("5.7.1"), Category::Rbl),
            ip: Some("203.0.113.77"),
            domain: Some("example.org"),
        },
        Case {
            text: "[{\"email\":\"c@example.net\",\"event\":\"delivered\",\"response\":\"250 OK\",\"sg_event_id\":\"1\"},\n{\"email\":\"b@example.org\",\"event\":\"bounce\",\"reason\":\"550 5.7.1 SPF check failed\",\"sg_event_id\":\"2\"}]",
            reply: (Some(550), Some("5.7.1"), Category::AuthDmarc),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "{\"event-data\":{\"event\":\"failed\",\"severity\":\"permanent\",\"recipient\":\"b@example.org\",\"delivery-status\":{\"code\":550,\"message\":\"5.1.1 The mailbox does not exist\",\"mx-host\":\"mx.example.org\"}}}",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "{\"_HOSTNAME\":\"mx\",\"SYSLOG_IDENTIFIER\":\"postfix/smtpd\",\"MESSAGE\":\"NOQUEUE: reject: RCPT from unknown[203.0.113.88]: 554 5.7.1 Service unavailable; Client host [203.0.113.88] blocked using bl.example.net; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x.example>\"}",
            reply: (Some(554), Some("5.7.1"), Category::Rbl),
            ip: Some("203.0.113.88"),
            domain: Some("example.org"),
        },
    ]);
}

#[test]
fn dumps_of_programs() {
    check(&[
        Case {
            text: "Traceback (most recent call last):\n  File \"send.py\", line 10, in <module>\nsmtplib.SMTPDataError: (554, b'5.7.1 Message rejected under suspicion of SPAM')",
            reply: (Some(554), Some("5.7.1"), Category::ContentSpam),
            ip: None,
            domain: None,
        },
        Case {
            text: "com.example.smtp.AddressFailedException: 550 5.1.1 <b@example.org>: Recipient address rejected: User unknown\n\tat com.example.Main.main(Main.java:550)",
            reply: (Some(550), Some("5.1.1"), Category::MailboxUnknown),
            ip: None,
            domain: Some("example.org"),
        },
        Case {
            text: "<-  220 mx.example.org ESMTP\n -> EHLO out.example.com\n<-  250 ok\n -> RCPT TO:<b@example.org>\n<** 554 5.7.1 <out.example.com[203.0.113.5]>: Client host rejected: Access denied\n -> QUIT",
            reply: (Some(554), Some("5.7.1"), Category::IpBlock),
            ip: Some("203.0.113.5"),
            domain: Some("example.org"),
        },
    ]);
}

#[test]
fn dresses_make_no_difference() {
    let text = "May  1 10:11:12 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>\n";
    let plain = findings(text);
    assert_eq!(plain.category, Some(Category::Rdns));
    let wide: Vec<u8> = std::iter::once(0xfeff_u16).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let html = format!("<pre>{}</pre>", text.replace('<', "&lt;").replace('>', "&gt;"));
    let dressed = [
        wide,
        packer.finish().unwrap(),
        html.into_bytes(),
        format!("> {text}").into_bytes(),
        format!("\u{1b}[1m{text}\u{1b}[0m").into_bytes(),
    ];
    for bytes in dressed {
        let mut found = read(&bytes, &Context::default());
        found.replies.iter_mut().for_each(|r| r.line = Some(1));
        assert_eq!(found.replies, plain.replies);
    }
}

#[test]
fn mailboxes_hold_several_bounces() {
    let one = "From MAILER-DAEMON Wed May  1 10:11:12 2024\nFrom: MAILER-DAEMON@example.com\nSubject: failure notice\n\nHi. This is the qmail-send program at example.com.\n\n<b@example.org>:\n198.51.100.2 does not like recipient.\nRemote host said: 550 5.1.1 no such user\nGiving up on 198.51.100.2.\n\n";
    let two = format!("{one}{}", one.replace("example.org", "example.net"));
    let found = findings(&two);
    assert_eq!(found.recipient_domains, ["example.org", "example.net"]);
    assert_eq!(found.mta.as_deref(), Some("qmail"));
    assert_eq!(found.replies.iter().map(|r| r.line).collect::<Vec<_>>(), [Some(9), Some(20)]);
    assert!(found.ips.is_empty());
}

#[test]
fn nothing_is_found_where_nothing_is() {
    for text in [
        "",
        "Dear sir, our invoice 550 of 2024 is overdue.",
        "May  1 10:11:12 mx sshd[1]: Failed password for root from 192.0.2.1 port 22",
        "2024-05-01 10:11:12 GET / HTTP/1.1 404 550",
        "A1B2C3: to=<b@example.org>, relay=x[198.51.100.1]:25, dsn=2.0.0, status=sent (250 2.0.0 ok)",
    ] {
        let found = findings(text);
        assert!(found.replies.is_empty(), "{text}: {:?}", found.replies);
        assert!(found.ips.is_empty(), "{text}");
    }
}

#[test]
fn whose_refusal_it_is() {
    let context = Context { own_hosts: vec!["mx.provider.example".into()], ..Context::default() };
    let whose = |text: &str| read(text.as_bytes(), &context).whose;
    assert_eq!(
        whose(
            "A1B2C3: to=<b@example.org>, relay=in.mx.provider.example[198.51.100.1]:25, dsn=5.7.1, status=bounced (host in.mx.provider.example[198.51.100.1] said: 550 5.7.1 no)"
        ),
        Some(Whose::Ours)
    );
    assert_eq!(whose("554 5.7.1 Client host [192.0.2.1] blocked using bl.example.net"), Some(Whose::Blocklist));
    assert_eq!(whose("550 5.1.1 no such user"), None, "a bare reply may be anybody's, ours too");
}

#[test]
fn counts_go_on_when_the_list_is_full() {
    let line = "May  1 10:11:12 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 no; from=<> to=<b@example.org> proto=ESMTP helo=<x>\n";
    let found = findings(&line.repeat(MAX_REPLIES + 5));
    assert_eq!((found.replies.len(), found.more_replies), (MAX_REPLIES, 5));
}

#[test]
fn a_header_is_one_block_whatever_its_fields() {
    let text = "Content-Type: text/plain\nDate: Mon, 23 Nov 2026 11:59:00 +0100\nFrom: ann@example.org\nPrecedence: list\nReceived: from a.example (a.example [192.0.2.1])\n\tby mx.example.net with ESMTP id 1; Mon, 23 Nov 2026 11:59:01 +0100\nMessage-ID: <1@example.org>\nTo: bob@example.net\nSubject: x\n\nbody\n";
    let found = findings(text);
    assert!(found.lint.is_empty(), "{:?}", found.lint);
    assert_eq!(found.header.unwrap().received_count, 1);
}

#[test]
fn pasted_reports_of_qmail_have_their_blanks_again() {
    let text = "I wrote to you, but:\n\n<bob@example.net>:\n198.51.100.4_does_not_like_recipient./Remote_host_said:_550_5.7.1_no_mail_from_there_please/Giving_up_on_198.51.100.4./\n";
    let found = findings(text);
    assert_eq!((found.smtp_code, found.enhanced_status.as_deref()), (Some(550), Some("5.7.1")));
    assert_eq!(found.replies.first().and_then(|reply| reply.line), Some(4));
    assert!(found.ips.is_empty());
}

#[test]
fn a_cut_chain_leaves_what_the_receiver_checked() {
    let text = "Received: from AB1PR02MB1.eurprd02.prod.outlook.com (2603:10a6:20b:5ff::10) by CD1PR02MB2.eurprd02.prod.outlook.com with HTTPS; Mon, 13 May 2024 20:07:24 +0000\nReceived: from AB1EPF1.eurprd02.prod.outlook.com (2603:10a6:10:a0:cafe::54) by AB1PR02MB1.outlook.office365.com (2603:10a6:10:a0::16) with Microsoft SMTP Server id 15.20.7544.55 via Frontend Transport; Mon, 13 May 2024 20:07:22 +0000\nReceived-SPF: Pass (protection.outlook.com: domain of example.org designates 192.0.2.33 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.33; helo=out.example.org; pr=C\nFrom: ann@example.org\nSubject: x\n";
    let found = findings(text);
    let header = found.header.unwrap();
    assert_eq!(header.border_ip, Some("192.0.2.33".parse().unwrap()));
    assert_eq!((header.border_helo.as_deref(), header.border_hop), (Some("out.example.org"), None));
    let own = "Received-SPF: pass client-ip=192.0.2.33; helo=out.example.org\nReceived: by out.example.org id h94 for <bob@example.net>; Sun, 31 Dec 2017 18:07:57 +0100\nMessage-ID: <1@example.org>\nFrom: ann@example.org\n";
    assert_eq!(findings(own).header.unwrap().border_ip, Some("192.0.2.33".parse().unwrap()));
}

#[test]
fn houses_are_named_by_the_host_that_took_the_mail() {
    for (by, want) in [
        ("mxfront1.mail.yandex.net (mxfront/Yandex)", "Yandex"),
        ("mx9.i.mail.ru", "Mail.ru"),
        ("mr1.me.com (Postfix)", "iCloud"),
        ("mailin.protonmail.ch (Postfix)", "Proton"),
        ("mx4.messagingengine.com (Postfix)", "Fastmail"),
        ("mx.example.net (Postfix)", "Postfix"),
    ] {
        let text = format!(
            "Received: from out.example.org (out.example.org [192.0.2.33]) by {by} with ESMTPS id 5D3E21C0C3; Sat, 20 Apr 2024 15:30:03 +0000\nFrom: ann@example.org\nMessage-ID: <1@example.org>\n"
        );
        assert_eq!(findings(&text).mta.as_deref(), Some(want), "{by}");
    }
}

#[test]
fn earlier_lines_tell_whom_a_refusal_is_about() {
    let first = |text: &str| findings(text).replies.into_iter().next().unwrap();
    let haraka = first(
        "2024-05-01T10:11:12.1Z [NOTICE] [0AB1C2D3-0F0B-4D9A-8C11-0B3B6E2B7A10] [core] connect ip=192.0.2.7 port=40122\n\
         2024-05-01T10:11:13.1Z [NOTICE] [0AB1C2D3-0F0B-4D9A-8C11-0B3B6E2B7A10.1] [core] recipient <b@example.org> code=DENYSOFT msg=\"Greylisted, come back\" sender=\"a@example.com\"",
    );
    assert_eq!((haraka.ip, haraka.category), (Some("192.0.2.7".parse().unwrap()), Some(Category::Greylist)));
    assert_eq!((haraka.line, haraka.recipient_domain.as_deref()), (Some(2), Some("example.org")));
    let greeted = first(
        "Wed 2024-05-01 10:11:12: [7:1] <-- EHLO out.example.com\nWed 2024-05-01 10:11:12: [7:1] --> 250-mx.example.org Hello out.example.com [192.0.2.9], pleased\n\
         Wed 2024-05-01 10:11:13: [7:1] --> 501 5.1.8 Domain of sender address does not resolve",
    );
    assert_eq!((greeted.ip, greeted.helo.as_deref()), (Some("192.0.2.9".parse().unwrap()), Some("out.example.com")));
    let qmail = first(
        "1054194593.322921 starting delivery 183: msg 4711 to remote b@example.org\n1054194596.057500 delivery 183: failure: 198.51.100.2_does_not_like_recipient./Remote_host_said:_550_no/",
    );
    assert_eq!((qmail.queue_id.as_deref(), qmail.smtp_code), (Some("4711"), Some(550)));
    let container = first(
        "Oct 13 18:20:57 host docker-compose[80]: mailserver-1  | Oct 13 18:20:58 mx postfix/smtpd[5]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>",
    );
    assert_eq!((container.queue_id.as_deref(), container.time.as_deref()), (Some("NOQUEUE"), Some("Oct 13 18:20:58")));
}

#[test]
fn lines_that_are_indented_alike_are_no_wrapped_prose() {
    let quoted = findings(
        ">  postfix/smtpd[10]: NOQUEUE: reject: RCPT from a.example[192.0.2.7] 504 5.5.2 <mail>: Helo command rejected: need fully-qualified hostname; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<mail>\n\
         >  postfix/smtpd[10]: disconnect from a.example[192.0.2.7] ehlo=1 mail=1",
    );
    let reply = &quoted.replies[0];
    assert_eq!((reply.queue_id.as_deref(), reply.helo.as_deref()), (Some("NOQUEUE"), Some("mail")));
    assert_eq!((reply.smtp_code, reply.category), (Some(504), Some(Category::Helo)));
    let debugged = findings(
        "  758   SMTP>> EHLO out\n  758   SMTP<< 250 mx.example.org\n  758   SMTP>> RCPT TO:<b@example.org>\n  758   SMTP<< 550 5.1.1 no such user\n  758   SMTP>> QUIT",
    );
    assert_eq!((debugged.mta.as_deref(), debugged.smtp_code), (Some("Exim"), Some(550)));
    assert_eq!(debugged.replies[0].line, Some(4));
}

#[test]
fn envelopes_inside_one_another_come_to_an_end() {
    for nested in ["May  1 10:11:12 ", "May  1 10:11:12 h p[1]: m | "] {
        let line = format!("{} 550 5.7.1 said: no\n", nested.repeat(60_000 / nested.len()));
        assert!(findings(&line).replies.len() <= 1);
    }
}
