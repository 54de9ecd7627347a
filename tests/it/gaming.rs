//! What a sender may try against proofs, the policy that lifts, and probation.

use axum::body::Body;
use axum::http::Method;
use postern::desk::Refusal;
use postern::desk::lift::{Lift, Scope};
use postern::domain::block::{Block, Lasts};
use postern::domain::net::Net;
use postern::domain::proof::Way;
use postern::domain::staff::Role;
use postern::domain::ticket::{Resolution, Who};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::{outbox, proofs};

use crate::selfservice::{GOOD, act, asked, begin, curl, portal, way};
use crate::support::{DnsServer, TestApp};

/// Names of three addresses in a /24, and of an IPv6 host.
const MANY: &str = r"
    *.113.0.203.in-addr.arpa PTR mail.sender.example.
    mail.sender.example A 203.0.113.1
    mail.sender.example A 203.0.113.2
    mail.sender.example A 203.0.113.3
    *.1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.sender.example.
    six.sender.example AAAA 2001:db8:0:1::25
    six.sender.example AAAA 2001:db8:0:1::26
";

/// A request for a blocked address whose control is shown by a web request; gives the path of its page.
async fn proven(app: &TestApp, email: &str, addr: &str) -> String {
    let (ticket, secret) = app.ask(email, addr).await;
    let page = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    app.desk().take_snapshots().await.unwrap();
    let id = begin(app, &ticket, &page, addr).await;
    assert_eq!(curl(&mut app.visitor_from(addr), &app.desk().proof_token(Way::Web, id)).await, 200);
    page
}

/// Takes one address out of a block, with the usual probation.
fn only(block: &Block, addr: &str) -> Lift {
    let scope = Scope::Only(Net::parse(addr).unwrap());
    Lift { block: block.id, scope, reason: "mended".to_owned(), probation: 14 * DAY, ticket: None }
}

#[tokio::test]
async fn what_waited_is_lifted_only_if_the_set_up_is_still_in_order() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    proven(&app, "ann@sender.example", "203.0.113.7").await;
    app.desk().assess_due().await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
    app.wait(HOUR);
    app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().assess_due().await.unwrap();
    app.wait(12 * HOUR + MINUTE);
    let broken = DnsServer::start("x.example A 192.0.2.1").await;
    let mut desk = app.desk().clone();
    let settings = postern::domain::dns::DnsSettings {
        servers: postern::domain::dns::Servers::These(vec![broken.addr]),
        ..desk.config.dns.clone()
    };
    desk.checks = std::sync::Arc::new(postern::checks::Checks::new(settings));
    desk.assess_due().await.unwrap();
    desk.take_snapshots().await.unwrap();
    assert_eq!(desk.assess_due().await.unwrap(), 1);
    assert!(app.is_blocked("203.0.113.7"), "its name is gone");
}

#[tokio::test]
async fn a_proof_of_a_64_does_not_count_once_the_address_itself_is_blocked() {
    let (app, _dns) = portal(MANY, &[]).await;
    let wide = app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "2001:db8:0:1::25").await;
    let id = begin(&app, &ticket, &page, "2001:db8:0:1::25").await;
    app.block("2001:db8:0:1::25", "PB-SPAM").await;
    let neighbour = "2001:db8:0:1::99";
    assert_eq!(curl(&mut app.visitor_from(neighbour), &app.desk().proof_token(Way::Web, id)).await, 200);
    app.desk().assess_due().await.unwrap();
    assert!(app.is_blocked("2001:db8:0:1::25"), "a neighbour showed nothing of the address");
    app.visitor().get(&page).await.assert_page(200, "Show me how");
    let own = begin(&app, &ticket, &page, "2001:db8:0:1::25").await;
    let token = app.desk().proof_token(Way::Web, own);
    assert_eq!(curl(&mut app.visitor_from(neighbour), &token).await, 403);
    assert_eq!(curl(&mut app.visitor_from("2001:db8:0:1::25"), &token).await, 200);
    app.desk().assess_due().await.unwrap();
    assert!(!app.is_blocked("2001:db8:0:1::25"));
    assert!(app.is_blocked(neighbour), "only what was proven is free; {} stays", wide.net);
}

#[tokio::test]
async fn a_lift_of_a_64_minds_the_blocks_inside() {
    let (app, _dns) = portal(MANY, &[]).await;
    let hard = app.desk().content.causes.iter().find(|cause| cause.protected).unwrap().code.clone();
    for (inner, want) in [(hard.as_str(), true), ("PB-SPAM", false)] {
        app.block("2001:db8:0:1::/64", "PB-SPAM").await;
        app.block("2001:db8:0:1::66", inner).await;
        app.wait(MINUTE);
        let page = proven(&app, &format!("{inner}@sender.example"), "2001:db8:0:1::25").await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked("2001:db8:0:1::25"), want, "{inner}");
        assert_eq!(app.is_blocked("2001:db8:0:1::66"), want, "the probation of the /64 would free it as well: {inner}");
        if want {
            app.visitor().get(&page).await.assert_page(200, &format!("Only a person lifts this cause: {inner}"));
            app.wait(100 * DAY);
        }
    }
}

#[tokio::test]
async fn who_changes_the_address_within_a_64_waits_like_any_repeat() {
    let (app, _dns) = portal(MANY, &[]).await;
    for (addr, want) in [("2001:db8:0:1::25", false), ("2001:db8:0:1::26", true)] {
        app.block(addr, "PB-SPAM").await;
        let page = proven(&app, "ann@sender.example", addr).await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked(addr), want, "{addr}");
        if want {
            app.visitor().get(&page).await.assert_page(200, "It was lifted before, so it waits until");
        }
        app.wait(HOUR);
    }
}

#[tokio::test]
async fn daily_caps_hold_over_processes_and_over_midnight() {
    let (app, _dns) = portal(MANY, &[("policy.per_network", "1")]).await;
    let to_midnight = DAY - app.desk().now().0.rem_euclid(DAY);
    app.wait(to_midnight - 10 * MINUTE);
    for n in 1..=2 {
        app.block(&format!("203.0.113.{n}"), "PB-SPAM").await;
        proven(&app, &format!("ann{n}@sender.example"), &format!("203.0.113.{n}")).await;
    }
    let (one, two) = (app.desk().clone(), app.desk().clone());
    let (one, two) = tokio::join!(one.assess_due(), two.assess_due());
    assert!(one.unwrap() + two.unwrap() >= 2);
    let free = || (1..=3).filter(|n| !app.is_blocked(&format!("203.0.113.{n}"))).count();
    app.block("203.0.113.3", "PB-SPAM").await;
    assert_eq!(free(), 1);
    app.wait(20 * MINUTE);
    proven(&app, "ann3@sender.example", "203.0.113.3").await;
    app.desk().assess_due().await.unwrap();
    assert_eq!(free(), 1, "a new date is not a new day");
}

#[tokio::test]
async fn a_proof_serves_its_own_ticket_and_what_is_decided_stays_decided() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let (other, secret) = app.ask("ben@other.example", "203.0.113.7").await;
    let others = format!("/requests/{}?key={}", other.code, secret.reveal());
    app.visitor().post(&act(&others, &format!("/proofs/{id}/record")), &[]).await.assert_page(404, "");
    app.visitor()
        .post(&act(&others, &format!("/proofs/{id}/mail")), &[("mailbox", "abuse")])
        .await
        .assert_page(404, "");
    let agent = app.staff("agent", Role::Agent).await;
    app.desk().resolve(&agent, ticket.id, Resolution::Declined, "No.").await.unwrap();
    assert_eq!(curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await, 200);
    app.visitor().post(&act(&page, &format!("/proofs/{id}/mail")), &[("mailbox", "abuse")]).await.assert_page(409, "");
    app.desk().take_snapshots().await.unwrap();
    app.desk().assess_due().await.unwrap();
    assert!(app.is_blocked("203.0.113.7"), "neither the closed ticket is lifted nor that of somebody else");
    assert!(proofs::of_ticket(app.desk().db.pool(), other.id).await.unwrap().is_empty());
    app.visitor().get(&others).await.assert_page(200, "Control over the address is not shown yet");
    let reopened = app.ticket(&ticket.code).await;
    assert_eq!((reopened.resolution, block.net.to_string().as_str()), (Some(Resolution::Declined), "203.0.113.7"));
}

#[tokio::test]
async fn the_link_for_a_64_goes_to_the_domain_of_its_address() {
    let (app, _dns) = portal(MANY, &[]).await;
    app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "2001:db8:0:1::25").await;
    let id = begin(&app, &ticket, &page, "2001:db8:0:1::25").await;
    let send = act(&page, &format!("/proofs/{id}/mail"));
    app.visitor().post(&send, &[("mailbox", "postmaster")]).await.assert_redirect();
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(mails.last().unwrap().recipient.as_str(), "postmaster@sender.example");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_address_before_it_counts_and_no_forged_one() {
    let (app, _dns) = portal(GOOD, &[("http.trusted_proxies", "192.0.2.80")]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let path = format!("/prove/{}", app.desk().proof_token(Way::Web, id));
    let mut proxy = app.visitor_from("192.0.2.80");
    for (forwarded, status) in [
        ("203.0.113.7, 198.51.100.9", 403),
        ("203.0.113.7, nonsense", 403),
        ("203.0.113.8", 403),
        ("198.51.100.9, 203.0.113.7", 200),
    ] {
        let answer = proxy.send(Method::POST, &path, &[("x-forwarded-for", forwarded)], Body::empty()).await;
        assert_eq!(answer.status, status, "{forwarded}");
        assert_eq!(way(&app, id).await.is_some(), status == 200, "{forwarded}");
    }
}

#[tokio::test]
async fn only_leads_lift_a_protected_cause() {
    let app = TestApp::start().await;
    let hard = app.desk().content.causes.iter().find(|cause| cause.protected).unwrap().code.clone();
    let (agent, lead) = (app.staff("agent", Role::Agent).await, app.staff("lead", Role::Lead).await);
    let wide = app.block("203.0.113.0/24", &hard).await;
    let own = app.block("203.0.113.7", "PB-SPAM").await;
    for lift in [
        only(&wide, "203.0.113.7"),
        only(&own, "203.0.113.7"),
        Lift { scope: Scope::Entry, ..only(&wide, "203.0.113.7") },
    ] {
        let refused = app.desk().lift(&agent, lift).await;
        assert!(matches!(&refused, Err(Refusal::Invalid(_))), "{refused:?}");
    }
    assert!(matches!(app.desk().set_block_end(&agent, wide.id, Lasts::For(MINUTE)).await, Err(Refusal::Invalid(_))));
    assert!(app.is_blocked("203.0.113.7"));
    app.desk().lift(&lead, only(&own, "203.0.113.7")).await.unwrap();
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
}

#[tokio::test]
async fn nobody_is_told_of_a_block_that_their_address_was_taken_out_of() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.0/24", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await;
    app.desk().assess_due().await.unwrap();
    app.visitor().get(&page).await.assert_page(200, "Control is shown: A web request from the address");
    app.wait(HOUR);
    app.block("203.0.113.0/24", "PB-SPAM").await;
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"), "the same block, renewed");
    let after = app.ticket(&ticket.code).await;
    assert_eq!(after.resolution, Some(Resolution::Lifted), "the ticket stays as it is");
    let old = postern::domain::block::NewBlock {
        net: Net::parse("203.0.113.7").unwrap(),
        cause: "PB-SPAM".to_owned(),
        lasts: None,
        note: String::new(),
        source: "detector".to_owned(),
        evidence_at: None,
    };
    app.desk().add_block(&Who::operator(), old).await.unwrap();
    assert!(app.is_blocked("203.0.113.7"));
}
