//! The Postfix policy service over a real socket.

use std::time::{Duration, Instant};

use postern::domain::block::Lasts;
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::DAY;
use postern::gateways::policy;

use crate::support::{Gateway, PolicyService, TestApp, idle_connections, judge, request};

/// A portal, its policy service, and a connection to it.
async fn service() -> (TestApp, PolicyService, Gateway) {
    let app = TestApp::start().await;
    let service = PolicyService::start(&app, 100).await;
    let gateway = Gateway::connect(service.addr).await;
    (app, service, gateway)
}

/// The recipient that everybody writes to.
const CARL: &str = "carl@customer.example";

#[tokio::test]
async fn a_blocked_client_is_refused_with_the_cause_and_its_case_link() {
    let (app, _service, mut gateway) = service().await;
    let block = app.block("203.0.113.0/24", "PB-TRAP").await;
    let cause = app.desk().content.causes.find("PB-TRAP").unwrap();
    let reply = gateway.ask("203.0.113.7", CARL).await;
    let link = format!("https://portal.example/c/{}/203.0.113.7", block.case_code);
    assert_eq!(reply, cause.reply_line(&link));
    assert!(reply.starts_with("550 5.7.1 ") && reply.ends_with(&link), "{reply}");
    assert_eq!(gateway.ask("203.0.114.7", CARL).await, "DUNNO");
}

#[tokio::test]
async fn ipv6_clients_are_known_in_every_spelling() {
    let (app, _service, mut gateway) = service().await;
    let v6 = app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    let v4 = app.block("203.0.113.7", "PB-SPAM").await;
    for client in ["2001:db8:0:1::25", "2001:DB8:0000:0001:0:0:0:25"] {
        let reply = gateway.ask(client, CARL).await;
        assert!(reply.ends_with(&format!("/c/{}/2001:db8:0:1::25", v6.case_code)), "{reply}");
    }
    assert_eq!(gateway.ask("2001:db8:0:2::25", CARL).await, "DUNNO");
    let reply = gateway.ask("::ffff:203.0.113.7", CARL).await;
    assert!(reply.ends_with(&format!("/c/{}/203.0.113.7", v4.case_code)), "{reply}");
}

#[tokio::test]
async fn a_cause_that_defers_is_answered_with_a_4xx() {
    let (app, _service, mut gateway) = service().await;
    let defers = |c: &&postern::domain::cause::Cause| c.action == postern::domain::block::Action::Defer;
    let code = app.desk().content.causes.iter().find(defers).expect("a cause that defers").code.clone();
    app.block("203.0.113.7", &code).await;
    let reply = gateway.ask("203.0.113.7", CARL).await;
    assert!(reply.starts_with('4'), "{reply}");
}

#[tokio::test]
async fn a_client_that_is_no_address_is_left_to_others() {
    let (app, _service, mut gateway) = service().await;
    app.block("0.0.0.0/0", "PB-SPAM").await;
    app.block("::/0", "PB-SPAM").await;
    for client in ["", "unknown", "localhost", "203.0.113", "203.0.113.7.9", "[203.0.113.7", "203.0.113.0/24", "💥"] {
        assert_eq!(gateway.ask(client, CARL).await, "DUNNO", "{client}");
    }
    assert!(gateway.ask("203.0.113.7", CARL).await.starts_with("550"));
}

#[tokio::test]
async fn postmaster_abuse_and_live_addresses_are_reached_from_everywhere() {
    let (app, _service, mut gateway) = service().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let token = app.desk().mail_token(ticket.id);
    for open in [
        "postmaster@customer.example".to_owned(),
        "PostMaster@Customer.Example".to_owned(),
        "postmaster".to_owned(),
        "abuse@portal.example".to_owned(),
        format!("reply+{token}@portal.example"),
        format!("bounce+{token}@PORTAL.example"),
        format!("REPLY+{}@portal.example", token.to_uppercase()),
    ] {
        assert_eq!(gateway.ask("203.0.113.7", &open).await, "DUNNO", "{open}");
    }
    for closed in [
        CARL.to_owned(),
        String::new(),
        "xpostmaster@customer.example".to_owned(),
        "postmaster@customer.example@elsewhere.example.abuse".to_owned(),
        format!("reply+{token}@customer.example"),
        format!("reply+{token}x@portal.example"),
        format!("other+{token}@portal.example"),
        "reply+@portal.example".to_owned(),
        "abuse+x@portal.example".to_owned(),
    ] {
        assert!(gateway.ask("203.0.113.7", &closed).await.starts_with("550"), "{closed}");
    }
    app.wait(366 * DAY);
    app.block("203.0.113.7", "PB-SPAM").await;
    assert!(
        gateway.ask("203.0.113.7", &format!("reply+{token}@portal.example")).await.starts_with("550"),
        "its year is over"
    );
}

#[tokio::test]
async fn the_operator_says_who_is_reached_from_everywhere() {
    let app = TestApp::with(&[("gateways.open_recipients", "hostmaster@, Help@Customer.example")]).await;
    let service = PolicyService::start(&app, 10).await;
    let mut gateway = Gateway::connect(service.addr).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    for (recipient, open) in [
        ("hostmaster@any.example", true),
        ("help@customer.example", true),
        ("help@other.example", false),
        ("postmaster@customer.example", false),
    ] {
        assert_eq!(gateway.ask("203.0.113.7", recipient).await == "DUNNO", open, "{recipient}");
    }
}

#[tokio::test]
async fn a_lift_is_obeyed_by_the_next_query_of_the_same_connection() {
    let (app, _service, mut gateway) = service().await;
    for n in 0..5 {
        app.block("203.0.113.7", "PB-SPAM").await;
        assert!(gateway.ask("203.0.113.7", CARL).await.starts_with("550"), "round {n}");
        app.wait(1);
        app.desk().lift_net(&Who::operator(), Net::parse("203.0.113.7").unwrap(), "clean").await.unwrap();
        assert_eq!(gateway.ask("203.0.113.7", CARL).await, "DUNNO", "round {n}");
        app.wait(1);
    }
}

#[tokio::test]
async fn exemptions_carve_outs_and_ends_are_obeyed() {
    let (app, _service, mut gateway) = service().await;
    let lead = app.staff("lead", Role::Lead).await;
    app.block("203.0.113.0/24", "PB-SPAM").await;
    app.desk().lift_only(&Who::operator(), Net::parse("203.0.113.7").unwrap(), "clean").await.unwrap();
    app.desk().add_exemption(&lead, Net::parse("203.0.113.8/29").unwrap(), Lasts::Forever, "ours").await.unwrap();
    for (client, free) in
        [("203.0.113.7", true), ("203.0.113.8", true), ("203.0.113.15", true), ("203.0.113.16", false)]
    {
        assert_eq!(gateway.ask(client, CARL).await == "DUNNO", free, "{client}");
    }
    app.wait(7 * DAY);
    assert_eq!(gateway.ask("203.0.113.16", CARL).await, "DUNNO", "the end needs no job");
}

#[tokio::test]
async fn requests_may_come_in_one_packet_or_byte_by_byte() {
    let (app, _service, mut gateway) = service().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let many: String =
        (0..200).map(|n| request(if n % 2 == 0 { "203.0.113.7" } else { "203.0.113.8" }, CARL)).collect();
    gateway.send(many.as_bytes()).await;
    for n in 0..200 {
        let action = gateway.action().await.unwrap();
        assert_eq!(action == "DUNNO", n % 2 == 1, "answers come in the order of the requests");
    }
    for byte in request("203.0.113.7", CARL).replace('\n', "\r\n").as_bytes() {
        gateway.send(&[*byte]).await;
    }
    assert!(gateway.action().await.unwrap().starts_with("550"));
}

#[tokio::test]
async fn what_is_no_request_ends_the_connection_and_harms_nobody() {
    let (app, service, mut good) = service().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let huge_line =
        [b"request=smtpd_access_policy\nhelo_name=".to_vec(), vec![b'x'; 200_000], b"\n\n".to_vec()].concat();
    let many_lines = [b"request=smtpd_access_policy\n".to_vec(), b"a=b\n".repeat(50_000), b"\n".to_vec()].concat();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: portal.example\r\n\r\n"[..],
        b"request=other_policy\nclient_address=203.0.113.7\n\n",
        b"client_address=203.0.113.7\n\n",
        b"request=smtpd_access_policy\nno equals sign\n\n",
        b"\n\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
        &huge_line,
        &many_lines,
    ] {
        let mut bad = Gateway::connect(service.addr).await;
        bad.send(bytes).await;
        assert_eq!(bad.action().await, None, "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
        assert!(good.ask("203.0.113.7", CARL).await.starts_with("550"), "others are served");
    }
}

#[tokio::test]
async fn who_does_not_end_a_request_is_sent_away_after_a_while() {
    let (app, service, mut good) = service().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let mut slow = Gateway::connect(service.addr).await;
    slow.send(b"request=smtpd_access_policy\nclient_address=203.0.113.7\n").await;
    assert!(good.ask("203.0.113.7", CARL).await.starts_with("550"), "nobody waits for it");
    assert_eq!(slow.action().await, None);
}

#[tokio::test]
async fn attributes_may_hold_anything() {
    let (app, _service, mut gateway) = service().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let text = b"request=smtpd_access_policy\nhelo_name=\xff\xfe=\x01\nsender=a=b=c\nclient_address=203.0.113.7\n\
                 ccert_subject=\xd0\x9f\nrecipient=carl@customer.example\n\n";
    gateway.send(text).await;
    assert!(gateway.action().await.unwrap().starts_with("550"));
    gateway.send(b"request=smtpd_access_policy\n\n").await;
    assert_eq!(gateway.action().await.as_deref(), Some("DUNNO"), "a request without a client is left to others");
}

#[tokio::test]
async fn thousands_of_idle_connections_do_not_keep_others_from_being_served() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let count = idle_connections();
    let service = PolicyService::start(&app, count + 100).await;
    let mut idle = Vec::with_capacity(count);
    for n in 0..count {
        let mut gateway = Gateway::connect(service.addr).await;
        if n % 2 == 0 {
            gateway.send(b"request=smtpd_access_policy\nclient_address=203.").await;
        }
        idle.push(gateway);
    }
    let mut busy = Gateway::connect(service.addr).await;
    let begun = Instant::now();
    for _ in 0..500 {
        assert!(busy.ask("203.0.113.7", CARL).await.starts_with("550"));
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "500 answers took {:?}", begun.elapsed());
    idle[count - 1].send(request("203.0.113.7", CARL).as_bytes()).await;
    assert!(idle[count - 1].action().await.is_some(), "the idle ones are held");
}

#[tokio::test]
async fn who_finds_no_place_waits_until_another_leaves() {
    let app = TestApp::start().await;
    let service = PolicyService::start(&app, 2).await;
    let mut first = Gateway::connect(service.addr).await;
    let mut second = Gateway::connect(service.addr).await;
    assert_eq!(
        (first.ask("203.0.113.7", CARL).await, second.ask("203.0.113.7", CARL).await),
        ("DUNNO".into(), "DUNNO".into())
    );
    let mut third = Gateway::connect(service.addr).await;
    third.send(request("203.0.113.7", CARL).as_bytes()).await;
    assert!(tokio::time::timeout(Duration::from_millis(200), third.action()).await.is_err(), "it waits");
    drop(first);
    assert_eq!(third.action().await.as_deref(), Some("DUNNO"));
}

#[tokio::test]
async fn stopping_ends_idle_connections_at_once() {
    let (_app, service, mut gateway) = service().await;
    assert_eq!(gateway.ask("203.0.113.7", CARL).await, "DUNNO");
    service.stop.cancel();
    assert_eq!(gateway.action().await, None);
    service.ended().await;
}

#[tokio::test]
async fn before_the_list_is_loaded_nothing_is_said() {
    let app = TestApp::start().await;
    let query = policy::parse(request("203.0.113.7", CARL).as_bytes()).unwrap();
    assert_eq!(policy::action(&judge(&app), &query).as_deref(), Some("DUNNO"));
    let empty = std::sync::Arc::new(postern::blocklist::BlockList::default());
    let unready = postern::gateways::Judge { blocklist: empty, ..judge(&app) };
    assert_eq!(policy::action(&unready, &query), None);
}

#[tokio::test]
async fn a_block_of_a_cause_that_is_gone_still_gets_a_reply() {
    let (app, _service, mut gateway) = service().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    sqlx::query("UPDATE blocks SET cause = 'PB-GONE'").execute(app.desk().db.pool()).await.unwrap();
    let mut tx = app.desk().db.begin().await.unwrap();
    app.desk().change(&mut tx, postern::store::changes::Subject::Block, Id(block.id.0)).await.unwrap();
    tx.commit().await.unwrap();
    app.desk().follow_all().await;
    let reply = gateway.ask("203.0.113.7", CARL).await;
    assert!(
        reply.starts_with("550 5.7.1 ") && reply.contains("PB-GONE") && reply.contains(&block.case_code),
        "{reply}"
    );
}
