use super::super::{Header, read};
use super::*;

/// What the header reader says about pasted lines.
fn header(lines: &[&str], context: &Context) -> Header {
    read(lines.join("\n").as_bytes(), context).unwrap()
}

/// The border's hop and address.
fn border(lines: &[&str]) -> (Option<usize>, Option<String>) {
    let got = header(lines, &Context::default());
    (got.border_hop, got.border_ip.map(|ip| ip.to_string()))
}

/// The border at a hop with an address.
fn at(hop: usize, ip: &str) -> (Option<usize>, Option<String>) {
    (Some(hop), Some(ip.to_owned()))
}

#[test]
fn filters_and_stores_of_the_receiver_are_inside() {
    let got = border(&[
        "Received: from mx.example.net by store.example.net (Dovecot) with LMTP id a; Mon, 23 Nov 2026 12:00:03 +0000",
        "Received: from localhost (localhost [127.0.0.1]) by mx.example.net (Postfix) with ESMTP id b; Mon, 23 Nov 2026 12:00:02 +0000",
        "Received: from mail.example.org ([192.0.2.1]) by localhost (mx.example.net [127.0.0.1]) (amavis, port 10024) with ESMTP; Mon, 23 Nov 2026 12:00:01 +0000",
        "Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx.example.net (Postfix) with ESMTPS id c; Mon, 23 Nov 2026 12:00:00 +0000",
        "Received: from laptop (line.example.com [203.0.113.5]) by mail.example.org (Postfix) with ESMTPSA id d; Mon, 23 Nov 2026 11:59:59 +0000",
    ]);
    assert_eq!(got, at(3, "192.0.2.1"));
}

#[test]
fn relays_with_public_addresses_are_inside() {
    let got = border(&[
        "Received: from mx2.example.net (mx2.example.net [198.51.100.2]) by imap.example.net (Postfix) with ESMTP id a",
        "Received: from mx1.example.net (198.51.100.1) by mx2.example.net (198.51.100.2) with Microsoft SMTP Server id 15.2",
        "Received: from mail.example.org ([192.0.2.1]) by mx1.example.net with ESMTP id c",
    ]);
    assert_eq!(got, at(2, "192.0.2.1"));
}

#[test]
fn a_client_that_calls_itself_by_the_receivers_name_stays_outside() {
    let got = border(&[
        "Received: from mx.example.net (unknown [192.0.2.66]) by mx.example.net (Postfix) with ESMTP id a",
        "Received: from bank.example.com ([203.0.113.9]) by mail.example.com with ESMTP id c",
    ]);
    assert_eq!(got, at(0, "192.0.2.66"));
}

#[test]
fn a_customers_line_is_no_server_of_the_house() {
    let got = border(&[
        "Received: from box (192-0-2-66.dsl.example.net [192.0.2.66]) by mx.example.net (Postfix) with SMTP id a",
        "Received: from bank.example.com ([203.0.113.9]) by relay.example.net with ESMTP id c",
    ]);
    assert_eq!(got, at(0, "192.0.2.66"));
}

#[test]
fn mail_between_customers_of_one_house_crosses_its_border() {
    let got = border(&[
        "Received: from AM1PR01MB1.eurprd01.prod.outlook.com (2001:db8::1) by DB1PR01MB1.eurprd01.prod.outlook.com with HTTPS; Mon, 23 Nov 2026 12:00:02 +0000",
        "Received: from DB1EUR01FT1.eop-EUR01.prod.protection.outlook.com (10.0.0.1) by AM1PR01.outlook.office365.com (10.0.0.2) with Microsoft SMTP Server id 15.20",
        "Authentication-Results: spf=pass (sender IP is 192.0.2.40) smtp.mailfrom=example.org; dkim=pass",
        "Received-SPF: Pass (protection.outlook.com: domain of example.org designates 192.0.2.40 as permitted sender) client-ip=192.0.2.40; helo=EUR01-obe.outbound.protection.outlook.com;",
        "Received: from EUR01-obe.outbound.protection.outlook.com (192.0.2.40) by DB1EUR01FT1.mail.protection.outlook.com (10.0.0.3) with Microsoft SMTP Server id 15.20 via Frontend Transport",
        "Received: from VI1PR01MB1.eurprd01.prod.outlook.com (2001:db8::2) by VI1PR01MB2.eurprd01.prod.outlook.com (2001:db8::3) with Microsoft SMTP Server id 15.20",
    ]);
    assert_eq!(got, at(2, "192.0.2.40"));
}

#[test]
fn a_gateway_in_front_of_an_inner_server_is_inside() {
    let inner = "Received: from gate.example.net (198.51.100.1) by EX1.corp.local (10.0.0.5) with Microsoft SMTP Server id 15.2";
    let outer = "Received: from mail.example.org ([192.0.2.1]) by gate.example.net with ESMTP id c";
    let spf = "Received-SPF: pass (gate.example.net: domain of a@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;";
    assert_eq!(border(&[inner, spf, outer]), at(1, "192.0.2.1"));
    assert_eq!(border(&["Delivered-To: bob@example.net", inner, outer]), at(1, "192.0.2.1"));
    assert_eq!(border(&[inner, outer]), at(0, "198.51.100.1"));
}

#[test]
fn a_fetched_mail_came_in_below_the_fetch() {
    let got = border(&[
        "Received: from pop.example.net [198.51.100.9] by laptop with POP3 (fetchmail-6.5) for <ann@localhost>; Mon, 23 Nov 2026 12:00:02 +0000",
        "Received: from mail.example.org (HELO mail.example.org) (192.0.2.1) by mx.example.net with SMTP; 23 Nov 2026 12:00:00 -0000",
    ]);
    assert_eq!(got, at(1, "192.0.2.1"));
}

#[test]
fn only_private_hops_have_no_border() {
    let got = border(&[
        "Received: from a.example.net (a [10.0.0.1]) by b.example.net (Postfix) with ESMTP id a",
        "Received: by a.example.net (Postfix, from userid 0) id b; Mon, 23 Nov 2026 12:00:00 +0000",
    ]);
    assert_eq!(got, (None, None));
}

#[test]
fn our_own_hosts_and_networks_settle_it() {
    let lines = [
        "Received: from gate.example.com (gate.example.com [198.51.100.7]) by box.example.org (Postfix) with ESMTP id a",
        "Received: from mx.ours.example (mx.ours.example [203.0.113.2]) by gate.example.com (Postfix) with ESMTP id b",
        "Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx.ours.example (Postfix) with ESMTP id c",
    ];
    let context = Context { own_hosts: vec!["ours.example".to_owned()], ..Context::default() };
    assert_eq!(header(&lines, &context).border_hop, Some(2));
    let context = Context { networks: vec!["198.51.100.0/24".parse().unwrap()], ..Context::default() };
    assert_eq!(header(&lines, &context).border_hop, Some(1));
}

#[test]
fn without_hops_the_checks_name_the_client() {
    let got = header(
        &[
            "Authentication-Results: mx.example.net; iprev=pass policy.iprev=192.0.2.1 (mail.example.org); spf=pass smtp.helo=helo.example.org",
        ],
        &Context::default(),
    );
    assert_eq!(got.border_ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.1"));
    assert_eq!(
        (got.border_helo.as_deref(), got.border_rdns.as_deref()),
        (Some("helo.example.org"), Some("mail.example.org"))
    );
    assert_eq!((got.border_hop, got.received_count), (None, 0));
}

#[test]
fn large_houses_with_many_inner_hops_are_crossed() {
    let fastmail = border(&[
        "Received: from compute1.internal (compute1.internal [10.202.2.1]) by store1 (Cyrus 3.11) with LMTPA; Mon, 23 Nov 2026 07:00:05 -0500",
        "Received: from mx1.internal ([10.202.2.2]) by compute1.internal (LMTPProxy); Mon, 23 Nov 2026 07:00:05 -0500",
        "Received: from mx1.messagingengine.com (localhost [127.0.0.1]) by mx1.messagingengine.com (Authentication Milter) with ESMTP id 1",
        "Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx1.messagingengine.com (Postfix) with ESMTPS id 2",
    ]);
    let yahoo = border(&[
        "Received: from 10.253.229.40 by atlas1.omega.yahoo.com pod-id atlas1 with HTTP; Mon, 23 Nov 2026 12:00:05 +0000",
        "Received: from 192.0.2.1 (EHLO mail.example.org) by 10.253.229.40 with SMTPs; Mon, 23 Nov 2026 12:00:04 +0000",
    ]);
    let icloud = border(&[
        "Received: from smtpin-12 by mailgateway-5c7d (mailgateway 2610B1) with SMTP id a; Mon, 23 Nov 2026 12:00:04 GMT",
        "Received: from mail.example.org (mail.example.org [192.0.2.1]) by smtpin-12 (Postfix) with ESMTPS id 1",
    ]);
    let google = border(&[
        "Received: by 2002:a05:6358:e483:b0:ed:1eae:60a3 with SMTP id a; Mon, 23 Nov 2026 04:00:04 -0800 (PST)",
        "Received: from mail.example.org (mail.example.org. [192.0.2.1]) by mx.google.com with ESMTPS id b",
    ]);
    assert_eq!(
        [fastmail, yahoo, icloud, google],
        [at(3, "192.0.2.1"), at(1, "192.0.2.1"), at(1, "192.0.2.1"), at(1, "192.0.2.1")]
    );
}

#[test]
fn a_forwarded_mail_first_crossed_the_border_below() {
    let lines = [
        "Received: by 2002:a05:1::1 with SMTP id a; Mon, 23 Nov 2026 04:00:04 -0800",
        "Received: from mail-sor-f41.google.com (mail-sor-f41.google.com. [198.51.100.41]) by mx.google.com with SMTPS id b",
        "Received-SPF: pass (google.com: domain of x@example.net designates 198.51.100.41 as permitted sender) client-ip=198.51.100.41;",
        "Received: by 2002:a19:1::1 with SMTP id c; Mon, 23 Nov 2026 04:00:03 -0800",
    ];
    assert_eq!(border(&lines), at(1, "198.51.100.41"));
    let below = [
        "Received: from mail.example.org (mail.example.org. [192.0.2.1]) by mx.google.com with ESMTPS id d",
        "Received-SPF: pass (google.com: domain of a@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;",
    ];
    assert_eq!(border(&[&lines[..], &below[..]].concat()), at(3, "192.0.2.1"));
}
