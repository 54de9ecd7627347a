//! A sender helps themselves: proofs of control in each way, and the published policy that lifts.

use axum::body::Body;
use axum::http::Method;
use postern::domain::id::{Id, hash};
use postern::domain::proof::Way;
use postern::domain::staff::Role;
use postern::domain::ticket::{Resolution, State, Ticket};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::{assessments, outbox, probations, proofs};

use crate::support::{Browser, DnsServer, Gateway, PolicyService, TestApp, eventually};

/// A sender at 203.0.113.7 whose set-up is in order.
pub(crate) const GOOD: &str = r"
    7.113.0.203.in-addr.arpa PTR mail.sender.example.
    mail.sender.example A 203.0.113.7
";

/// A portal whose checks ask `zone`.
pub(crate) async fn portal(zone: &str, settings: &[(&str, &str)]) -> (TestApp, DnsServer) {
    let server = DnsServer::start(zone).await;
    let addr = server.addr.to_string();
    let mut all = vec![("dns.servers", addr.as_str()), ("gateways.policy.asked_first", "yes")];
    all.extend_from_slice(settings);
    (TestApp::with(&all).await, server)
}

/// A request to unblock an address, with its first snapshot and assessment; gives the ticket and the path of its page.
pub(crate) async fn asked(app: &TestApp, net: &str) -> (Ticket, String) {
    let (ticket, secret) = app.ask("ann@sender.example", net).await;
    app.desk().take_snapshots().await.unwrap();
    app.desk().assess_due().await.unwrap();
    let page = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    (ticket, page)
}

/// The path of an act on a ticket's page.
pub(crate) fn act(page: &str, what: &str) -> String {
    page.replacen('?', &format!("{what}?"), 1)
}

/// Begins a proof on the page; gives its key.
pub(crate) async fn begin(app: &TestApp, ticket: &Ticket, page: &str, addr: &str) -> Id {
    app.visitor().post(&act(page, "/proofs"), &[("addr", addr)]).await.assert_redirect();
    proofs::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().last().unwrap().id
}

/// Sends the web request of a proof as curl does.
pub(crate) async fn curl(browser: &mut Browser, token: &str) -> u16 {
    browser.send(Method::POST, &format!("/prove/{token}"), &[], Body::empty()).await.status.as_u16()
}

/// How a proof was given.
pub(crate) async fn way(app: &TestApp, id: Id) -> Option<Way> {
    proofs::find(app.desk().db.pool(), id).await.unwrap().unwrap().met_way
}

#[tokio::test]
async fn a_web_request_from_the_address_lifts_the_first_block_at_once() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.0/24", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let mut sender = app.visitor();
    sender
        .get(&page)
        .await
        .assert_page(200, "Control over the address is not shown yet")
        .assert_page(200, "Show me how");
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let token = app.desk().proof_token(Way::Web, id);
    sender.get(&page).await.assert_page(200, &format!("curl -4 -X POST https://portal.example/prove/{token}"));
    assert_eq!(curl(&mut app.visitor_from("198.51.100.23"), &token).await, 403);
    let mut forger = app.visitor_from("198.51.100.23");
    let path = format!("/prove/{token}");
    let answer = forger.send(Method::POST, &path, &[("x-forwarded-for", "203.0.113.7")], Body::empty());
    assert_eq!(answer.await.status, 403);
    let mut machine = app.visitor_from("203.0.113.7");
    machine.get(&format!("/prove/{token}")).await.assert_page(200, "POST request");
    assert!(way(&app, id).await.is_none() && app.is_blocked("203.0.113.7"));
    assert_eq!(curl(&mut machine, &token).await, 200);
    assert_eq!(curl(&mut machine, &token).await, 200, "the second time changes nothing");
    assert_eq!(app.desk().assess_due().await.unwrap(), 1);
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"), "only what was proven is free");
    let ticket = app.ticket(&ticket.code).await;
    assert_eq!(ticket.resolution, Some(Resolution::Lifted));
    sender
        .get(&page)
        .await
        .assert_page(200, "You have shown control over 203.0.113.7")
        .assert_page(200, "everything holds");
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert!(mails.last().unwrap().body.contains("met all rules of our published policy"), "{mails:?}");
    let mut agent = app.sign_in(Role::Agent).await;
    agent.get(&format!("/staff/tickets/{}", ticket.code)).await.assert_page(200, "A web request from the address");
}

#[tokio::test]
async fn staff_read_a_recommendation_and_its_reasons_before_they_decide() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = asked(&app, "203.0.113.7").await;
    let mut agent = app.sign_in(Role::Agent).await;
    let page = agent.get(&format!("/staff/tickets/{}", ticket.code)).await;
    page.assert_page(200, "Ask, or wait: the sender has not done all that the policy asks for.");
    let advice = page.text.split("id=\"advice\"").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(advice.contains("Control over the address is not shown yet") && !advice.contains("✓"), "{advice}");
}

#[tokio::test]
async fn a_mail_from_the_blocked_address_passes_and_counts() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let token = app.desk().proof_token(Way::Mail, id);
    app.visitor().get(&page).await.assert_page(200, &format!("unblock+{token}@portal.example"));
    let service = PolicyService::start(&app, 10).await;
    let mut gateway = Gateway::connect(service.addr).await;
    let to = format!("unblock+{token}@portal.example");
    for (client, recipient) in [
        ("203.0.113.7", "carl@customer.example".to_owned()),
        ("203.0.113.7", format!("unblock+{token}@customer.example")),
        ("203.0.113.7", format!("reply+{token}@portal.example")),
        ("203.0.113.7", format!("unblock+{}@portal.example", app.desk().proof_token(Way::Web, id))),
    ] {
        assert!(gateway.ask(client, &recipient).await.starts_with("550"), "{recipient}");
    }
    let null = crate::support::request("203.0.113.7", &to).replace("sender=news@sender.example", "sender=");
    gateway.send(null.as_bytes()).await;
    assert!(gateway.action().await.unwrap().starts_with("550"), "mail without a sender does not count");
    assert!(way(&app, id).await.is_none());
    assert_eq!(gateway.ask("203.0.113.7", &to.to_uppercase()).await, "DUNNO");
    eventually("the mail is noted", async || way(&app, id).await == Some(Way::Mail)).await;
    app.desk().assess_due().await.unwrap();
    assert_eq!(gateway.ask("203.0.113.7", "carl@customer.example").await, "DUNNO");
}

#[tokio::test]
async fn mail_is_not_offered_where_gateways_ask_something_else_first() {
    let (app, _dns) = portal(GOOD, &[("gateways.policy.asked_first", "no")]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let token = app.desk().proof_token(Way::Mail, id);
    assert!(!app.visitor().get(&page).await.text.contains("unblock+"));
    let service = PolicyService::start(&app, 10).await;
    let mut gateway = Gateway::connect(service.addr).await;
    assert!(gateway.ask("203.0.113.7", &format!("unblock+{token}@portal.example")).await.starts_with("550"));
}

#[tokio::test]
async fn a_record_counts_in_the_reverse_zone_behind_its_alias_and_at_the_own_name() {
    for (at, zone) in [
        ("_postern.7.113.0.203.in-addr.arpa", GOOD.to_owned()),
        ("_postern.113.0.203.in-addr.arpa", GOOD.to_owned()),
        ("_postern.mail.sender.example", GOOD.to_owned()),
        (
            "_postern.7.0-25.113.0.203.in-addr.arpa",
            "7.113.0.203.in-addr.arpa CNAME 7.0-25.113.0.203.in-addr.arpa.".to_owned(),
        ),
    ] {
        let (app, _dns) = portal(&zone, &[]).await;
        app.block("203.0.113.7", "PB-SPAM").await;
        let (ticket, page) = asked(&app, "203.0.113.7").await;
        let id = begin(&app, &ticket, &page, "203.0.113.7").await;
        let look = act(&page, &format!("/proofs/{id}/record"));
        app.visitor().post(&look, &[]).await.assert_redirect();
        assert_eq!(way(&app, id).await, None);
        let before = app.visitor().get(&page).await;
        assert!(!before.assert_page(200, "Not found yet").text.contains("Reported by"));
        let text = format!("postern-proof={}", app.desk().proof_token(Way::Dns, id));
        let other = format!("{at} TXT \"postern-proof={}\"", app.desk().proof_token(Way::Web, id));
        let mut desk = app.desk().clone();
        for (record, want) in [(other, None), (format!("{at} TXT \"{text}\""), Some(Way::Dns))] {
            let server = DnsServer::start(&format!("{zone}\n{record}")).await;
            let settings = postern::domain::dns::DnsSettings {
                servers: postern::domain::dns::Servers::These(vec![server.addr]),
                ..desk.config.dns.clone()
            };
            desk.checks = std::sync::Arc::new(postern::checks::Checks::new(settings));
            app.wait(3 * MINUTE);
            desk.look_for_records().await.unwrap();
            assert_eq!(way(&app, id).await, want, "{at}");
        }
        app.visitor().get(&page).await.assert_page(200, "Reported by").assert_page(200, "Last seen");
    }
}

#[tokio::test]
async fn the_case_page_ticks_off_the_steps_that_the_checks_show() {
    for (zone, done) in [(GOOD, 3), ("7.113.0.203.in-addr.arpa PTR mail.sender.example.", 1), ("", 0)] {
        let (app, _dns) = portal(zone, &[]).await;
        let case = app.block("203.0.113.7", "PB-NOPTR").await.case_code;
        let page = app.visitor().get(&format!("/c/{case}/203.0.113.7")).await;
        page.assert_page(200, "Let the mail server greet with the same name");
        assert_eq!(page.text.matches("class=\"done\"").count(), done, "{}", page.text);
        let without = app.visitor().get(&format!("/c/{case}")).await;
        assert!(!without.text.contains("class=\"done\""), "nothing is known without an address");
    }
}

#[tokio::test]
async fn without_ways_and_checks_the_policy_page_says_that_none_is_needed() {
    let (app, _dns) = portal(GOOD, &[("policy.proofs", ""), ("policy.checks", "")]).await;
    let page = app.visitor().get("/policy").await;
    page.assert_page(200, "does not have to be shown").assert_page(200, "No live check has to be in order");
}

#[tokio::test]
async fn names_that_ranges_got_or_that_lead_elsewhere_prove_nothing() {
    for zone in [
        "7.113.0.203.in-addr.arpa PTR 203-0-113-7.isp.example.\n203-0-113-7.isp.example A 203.0.113.7",
        "7.113.0.203.in-addr.arpa PTR mail.victim.example.\nmail.victim.example A 192.0.2.1",
    ] {
        let (app, _dns) = portal(&format!("{zone}\n*.victim.example TXT x"), &[]).await;
        assert_eq!(app.desk().checks.vouching_domain("203.0.113.7".parse().unwrap()).await, None, "{zone}");
        app.block("203.0.113.7", "PB-SPAM").await;
        let (ticket, page) = asked(&app, "203.0.113.7").await;
        let id = begin(&app, &ticket, &page, "203.0.113.7").await;
        let answer = app.visitor().post(&act(&page, &format!("/proofs/{id}/mail")), &[("mailbox", "postmaster")]).await;
        answer.assert_page(422, "no name of its own");
    }
}

#[tokio::test]
async fn a_mailed_link_counts_when_its_button_is_pressed() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let token = app.desk().proof_token(Way::Mailbox, id);
    let mut postmaster = app.visitor_from("192.0.2.99");
    assert_eq!(curl(&mut postmaster, &token).await, 404, "a link that was not mailed does not exist");
    let send = act(&page, &format!("/proofs/{id}/mail"));
    app.visitor().post(&send, &[("mailbox", "root")]).await.assert_page(404, "");
    app.visitor().post(&send, &[("mailbox", "abuse")]).await.assert_redirect();
    app.visitor().post(&send, &[("mailbox", "abuse")]).await.assert_page(422, "within the last day");
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    let mail = mails.last().unwrap();
    assert_eq!(mail.recipient.as_str(), "abuse@sender.example");
    assert!(mail.body.contains(&format!("https://portal.example/prove/{token}")), "{}", mail.body);
    assert!(
        !mail.body.contains("cleaned") && !mail.body.contains("/requests/"),
        "nothing of the sender, no secret link"
    );
    postmaster.get(&format!("/prove/{token}")).await.assert_page(200, "Is 203.0.113.7 yours?");
    assert_eq!(way(&app, id).await, None);
    postmaster.post(&format!("/prove/{token}"), &[]).await.assert_page(200, "control over 203.0.113.7 is shown");
    assert_eq!(way(&app, id).await, Some(Way::Mailbox));
    app.desk().assess_due().await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn a_proof_is_for_one_ticket_one_network_and_a_time() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "2001:db8:0:1::25").await;
    app.visitor()
        .post(&act(&page, "/proofs"), &[("addr", "203.0.113.8")])
        .await
        .assert_page(422, "not about that address");
    app.visitor().post(&act(&page, "/proofs"), &[("addr", "x")]).await.assert_page(422, "");
    let id = begin(&app, &ticket, &page, "2001:db8:0:1::25").await;
    assert_eq!(begin(&app, &ticket, &page, "2001:db8:0:1::25").await, id, "a second time does nothing");
    let token = app.desk().proof_token(Way::Web, id);
    let pool = app.desk().db.pool();
    let stored = proofs::find_by_web(pool, &hash(token.as_bytes())).await.unwrap().unwrap();
    assert_eq!(stored.net.to_string(), "2001:db8:0:1::/64");
    assert!(proofs::find_by_web(pool, &hash(b"other")).await.unwrap().is_none());
    app.wait(8 * DAY);
    assert_eq!(curl(&mut app.visitor_from("2001:db8:0:1::9"), &token).await, 404);
    app.visitor().get(&page).await.assert_page(200, "its time is over").assert_page(200, "Show me how");
    app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    let again = begin(&app, &ticket, &page, "2001:db8:0:1::25").await;
    assert_ne!(again, id);
    assert_eq!(curl(&mut app.visitor_from("2001:db8:0:1::9"), &app.desk().proof_token(Way::Web, again)).await, 200);
}

#[tokio::test]
async fn a_repeat_waits_and_then_lifts_by_itself() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    assert_eq!(curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await, 200);
    app.desk().assess_due().await.unwrap();
    for n in 1..3 {
        assert!(!app.is_blocked("203.0.113.7"), "lift {n}");
        app.wait(HOUR);
        app.block("203.0.113.7", "PB-SPAM").await;
        assert_eq!(app.ticket(&ticket.code).await.state, State::Open, "the ticket is open again");
        app.desk().assess_due().await.unwrap();
        app.visitor().get(&page).await.assert_page(200, "It is lifted by itself");
        app.wait(12 * HOUR * n - MINUTE);
        app.desk().assess_due().await.unwrap();
        assert!(app.is_blocked("203.0.113.7"), "too early");
        app.wait(2 * MINUTE);
        assert_eq!(app.desk().assess_due().await.unwrap(), 1);
        assert!(app.is_blocked("203.0.113.7"), "what was found hours ago is looked at again first");
        assert_eq!(app.desk().take_snapshots().await.unwrap(), 1);
        app.desk().assess_due().await.unwrap();
    }
    assert!(!app.is_blocked("203.0.113.7"));
    app.wait(HOUR);
    app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().assess_due().await.unwrap();
    assert!(app.is_blocked("203.0.113.7"));
    app.visitor().get(&page).await.assert_page(200, "A person decides").assert_page(200, "Lifted very often");
    let pool = app.desk().db.pool();
    let around = postern::domain::net::Net::parse("203.0.113.0/24").unwrap();
    assert_eq!(probations::count_by(pool, "policy", around, app.desk().now().plus(-30 * DAY)).await.unwrap(), 3);
}

#[tokio::test]
async fn a_network_has_so_many_lifts_a_day_and_protected_causes_none() {
    let zone = "*.113.0.203.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.1\nmail.sender.example A 203.0.113.2\nmail.sender.example A 203.0.113.3";
    let (app, _dns) = portal(zone, &[("policy.per_network", "2")]).await;
    let leads =
        app.desk().content.causes.iter().find(|cause| !cause.policy_lift || cause.protected).unwrap().code.clone();
    for (addr, cause, want) in [
        ("203.0.113.1", leads.as_str(), true),
        ("203.0.113.2", "PB-SPAM", false),
        ("203.0.113.3", "PB-SPAM", false),
        ("203.0.113.1", "PB-SPAM", true),
    ] {
        app.block(addr, cause).await;
        let (ticket, secret) = app.ask(&format!("{cause}{addr}@sender.example"), addr).await;
        let page = format!("/requests/{}?key={}", ticket.code, secret.reveal());
        app.desk().take_snapshots().await.unwrap();
        let id = begin(&app, &ticket, &page, addr).await;
        curl(&mut app.visitor_from(addr), &app.desk().proof_token(Way::Web, id)).await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked(addr), want, "{addr} {cause}");
    }
}

#[tokio::test]
async fn who_goes_from_address_to_address_over_weeks_ends_at_a_person() {
    let names: Vec<String> = (1..=4).map(|n| format!("mail.sender.example A 203.0.113.{n}")).collect();
    let zone = format!("*.113.0.203.in-addr.arpa PTR mail.sender.example.\n{}", names.join("\n"));
    let (app, _dns) = portal(&zone, &[("policy.addresses", "3")]).await;
    for n in 1..=4 {
        let addr = format!("203.0.113.{n}");
        app.block(&addr, "PB-SPAM").await;
        let (ticket, secret) = app.ask(&format!("ann{n}@sender.example"), &addr).await;
        let page = format!("/requests/{}?key={}", ticket.code, secret.reveal());
        app.desk().take_snapshots().await.unwrap();
        let id = begin(&app, &ticket, &page, &addr).await;
        curl(&mut app.visitor_from(&addr), &app.desk().proof_token(Way::Web, id)).await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked(&addr), n > 3, "{addr}");
        let shown = if n > 3 { "of its network or its sender that were lifted: 3" } else { "is lifted" };
        app.visitor().get(&page).await.assert_page(200, shown);
        app.wait(10 * DAY);
    }
}

#[tokio::test]
async fn who_asks_for_an_address_here_and_one_there_ends_at_a_person() {
    let zone = "*.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.1\nmail.sender.example A 198.51.100.1\nmail.sender.example A 192.0.2.1";
    let (app, _dns) = portal(zone, &[("policy.addresses", "2")]).await;
    for (addr, want) in [("203.0.113.1", false), ("198.51.100.1", false), ("192.0.2.1", true)] {
        app.block(addr, "PB-SPAM").await;
        let (ticket, page) = asked(&app, addr).await;
        let id = begin(&app, &ticket, &page, addr).await;
        curl(&mut app.visitor_from(addr), &app.desk().proof_token(Way::Web, id)).await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked(addr), want, "{addr}");
        app.wait(10 * DAY);
    }
}

#[tokio::test]
async fn what_a_person_declined_the_policy_does_not_lift() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let agent = app.staff("ann", Role::Agent).await;
    app.desk().resolve(&agent, ticket.id, Resolution::Declined, "Not yet.").await.unwrap();
    app.visitor().post(&act(&page, "/messages"), &[("message", "Please look again.")]).await.assert_redirect();
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    assert_eq!(curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await, 200);
    app.desk().take_snapshots().await.unwrap();
    app.desk().assess_due().await.unwrap();
    assert!(app.is_blocked("203.0.113.7"));
    app.visitor().get(&page).await.assert_page(200, "A person declined to lift it not long ago");
    let mut staff = app.sign_in(Role::Agent).await;
    let shown = staff.get(&format!("/staff/tickets/{}", ticket.code)).await;
    shown.assert_page(200, "The published policy looked at it: a person decides");
}

#[tokio::test]
async fn a_shared_machine_and_a_sender_who_changes_addresses_end_at_a_person() {
    let zone = "*.113.0.203.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.1\nmail.sender.example A 203.0.113.2\nmail.sender.example A 203.0.113.3";
    let (app, _dns) = portal(zone, &[("policy.per_sender", "2")]).await;
    for (email, addr, want) in [
        ("ann@sender.example", "203.0.113.1", false),
        ("ben@other.example", "203.0.113.1", true),
        ("ann@sender.example", "203.0.113.2", false),
        ("ANN@sender.example", "203.0.113.3", true),
    ] {
        app.block(addr, "PB-SPAM").await;
        let submitted = app.desk().submit(TestApp::request(email, addr)).await.unwrap();
        let (ticket, secret) = (app.ticket(&submitted.code).await, submitted.secret);
        let page = format!("/requests/{}?key={}", ticket.code, secret.reveal());
        app.desk().take_snapshots().await.unwrap();
        let id = begin(&app, &ticket, &page, addr).await;
        curl(&mut app.visitor_from(addr), &app.desk().proof_token(Way::Web, id)).await;
        app.desk().assess_due().await.unwrap();
        assert_eq!(app.is_blocked(addr), want, "{email} {addr}");
        if email == "ben@other.example" {
            app.visitor().get(&page).await.assert_page(200, "Others have shown control over it lately too");
        }
        app.wait(MINUTE);
    }
}

#[tokio::test]
async fn what_is_missing_is_said_and_advice_lifts_nothing() {
    let (app, _dns) = portal("x.example A 192.0.2.1", &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await;
    app.desk().assess_due().await.unwrap();
    app.visitor().get(&page).await.assert_page(200, "To be mended or still unknown: Name of the address (PTR)");
    let (advice, _dns) = portal(GOOD, &[("policy.automatic", "no")]).await;
    advice.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&advice, "203.0.113.7").await;
    let id = begin(&advice, &ticket, &page, "203.0.113.7").await;
    curl(&mut advice.visitor_from("203.0.113.7"), &advice.desk().proof_token(Way::Web, id)).await;
    advice.desk().assess_due().await.unwrap();
    assert!(advice.is_blocked("203.0.113.7"));
    advice.visitor().get(&page).await.assert_page(200, "Everything holds. A person decides.");
    let found = assessments::find(advice.desk().db.pool(), ticket.id).await.unwrap().unwrap();
    assert_eq!(found.outcome, "advice");
}

#[tokio::test]
async fn the_policy_is_published_from_the_rules_that_decide() {
    let (app, _dns) =
        portal(GOOD, &[("policy.proofs", "dns, mailbox"), ("policy.repeats", "3"), ("policy.checks", "fcrdns")]).await;
    let page = app.visitor().get("/policy").await;
    page.assert_page(200, "A record in the DNS, A link mailed to the postmaster of its name")
        .assert_page(200, "The name leads back to the address")
        .assert_page(200, "fewer than 3 times within 90d")
        .assert_page(200, "12h, 1d");
}

#[tokio::test]
async fn newer_evidence_ends_a_probation_and_opens_the_ticket_again() {
    let (app, _dns) = portal(GOOD, &[]).await;
    for (n, (cause, word)) in [("PB-SPAM", "same cause"), ("PB-TRAP", "new cause")].into_iter().enumerate() {
        app.block("203.0.113.7", "PB-SPAM").await;
        let (ticket, page) = asked(&app, "203.0.113.7").await;
        let agent = app.staff(&format!("agent{n}"), Role::Agent).await;
        let block = app.desk().blocklist.find("203.0.113.7".parse().unwrap(), app.desk().now()).unwrap().block;
        let lift = postern::desk::lift::Lift {
            block,
            scope: postern::desk::lift::Scope::Entry,
            reason: "mended".to_owned(),
            probation: 14 * DAY,
            ticket: Some(postern::desk::ticket::Told {
                ticket: ticket.id.into(),
                answer: "Fine.".to_owned(),
                stays_open: false,
            }),
        };
        app.desk().lift(&agent, lift).await.unwrap();
        app.wait(HOUR);
        app.block("203.0.113.7", cause).await;
        let again = app.ticket(&ticket.code).await;
        assert_eq!((again.state, again.resolution), (State::Open, None));
        let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
        assert!(mails.last().unwrap().body.contains(word), "{}", mails.last().unwrap().body);
        app.visitor().get(&page).await.assert_page(200, "is blocked again during its probation");
        app.desk().assess_due().await.unwrap();
        app.visitor().get(&page).await.assert_page(200, "within the look-back time: ");
        let block = app.desk().blocklist.find("203.0.113.7".parse().unwrap(), app.desk().now()).unwrap();
        let case = app.visitor().get(&format!("/c/{}/203.0.113.7", block.case_code)).await;
        case.assert_page(200, "Blocked before").assert_page(200, "Control over the address is not shown yet");
        app.desk().resolve(&agent, ticket.id, Resolution::Declined, "No.").await.unwrap();
        app.desk()
            .lift_net(
                &postern::domain::ticket::Who::operator(),
                postern::domain::net::Net::parse("203.0.113.7").unwrap(),
                "x",
            )
            .await
            .unwrap();
        app.wait(HOUR);
    }
}

#[tokio::test]
async fn old_evidence_leaves_a_probation_alone() {
    let (app, _dns) = portal(GOOD, &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    curl(&mut app.visitor_from("203.0.113.7"), &app.desk().proof_token(Way::Web, id)).await;
    app.desk().assess_due().await.unwrap();
    app.wait(HOUR);
    let old = postern::domain::block::NewBlock {
        net: postern::domain::net::Net::parse("203.0.113.0/24").unwrap(),
        cause: "PB-SPAM".to_owned(),
        lasts: None,
        note: String::new(),
        source: "list".to_owned(),
        evidence_at: Some(app.desk().now().plus(-2 * HOUR)),
    };
    app.desk().add_block(&postern::domain::ticket::Who::operator(), old).await.unwrap();
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
    assert_eq!(app.ticket(&ticket.code).await.resolution, Some(Resolution::Lifted));
}

#[tokio::test]
async fn a_lost_link_is_mailed_to_its_own_address_and_strangers_learn_nothing() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let mut stranger = app.visitor();
    stranger.get("/requests/new").await.assert_page(200, "/requests/lost");
    stranger.get("/requests/lost").await.assert_page(200, "Code of the request");
    stranger.post("/requests/lost", &[("code", " ")]).await.assert_page(422, "Write the code");
    let real = stranger.post("/requests/lost", &[("code", &ticket.code.to_lowercase())]).await;
    let none = stranger.post("/requests/lost", &[("code", "PM-0000-0000")]).await;
    assert_eq!((real.status, &real.text), (none.status, &none.text));
    real.assert_page(200, "is on its way");
    stranger.post("/requests/lost", &[("code", &ticket.code)]).await.assert_page(200, "is on its way");
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(mails.iter().filter(|mail| mail.notice == "link-again").count(), 1);
    let link = mails.last().unwrap().body.lines().find(|line| line.contains("/requests/PM-")).unwrap().to_owned();
    stranger.get(link.strip_prefix("https://portal.example").unwrap()).await.assert_page(200, &ticket.code);
}
