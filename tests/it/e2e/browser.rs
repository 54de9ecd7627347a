//! The journey in a real browser, by keyboard alone, without scripts for the public part.

use postern::domain::staff::Role;

use crate::support::chromium::Chromium;
use crate::support::wire::Wire;
use crate::support::{PASSWORD, Place, add_member};

/// What the sender pastes.
const LOG: &str = "Nov 23 11:58:02 mail postfix/smtp[4711]: 4XyZ12: to=<ben@provider.example>, relay=mx1.provider.example[198.51.100.10]:25, delay=1.2, dsn=5.7.1, status=bounced (host mx1.provider.example[198.51.100.10] said: 550 5.7.1 <mail.sender.example[203.0.113.7]>: Client host rejected: blocked (PB-SPAM) (in reply to RCPT TO command))";

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_by_keyboard_alone() {
    let place = Place::new().await;
    let _serving = place.serve().await;
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    add_member(&place, "ann@provider.example", Role::Agent);
    let base = format!("http://{}", place.http);
    let browser = Chromium::start().await;

    // The sender, without scripts: looks the address up, follows the case link, asks.
    browser.scripts(false).await;
    browser.open(&format!("{base}/")).await;
    browser.open(&format!("{base}/check")).await;
    browser.fill("input[name=q]", "203.0.113.7").await;
    browser.press_enter().await;
    browser.until_text("PB-SPAM").await;
    browser.follow("main a[href*='/requests/new']").await;
    assert_eq!(browser.value("[name=ips]").await, "203.0.113.7");
    browser.fill("textarea[name=evidence]", LOG).await;
    browser.follow("main form[action='/requests/new'] .actions button").await;
    browser.until_text("mail address").await;
    assert!(browser.value("textarea[name=evidence]").await.contains("4XyZ12"), "what was typed is kept");
    browser.fill("input[name=email]", "ann@sender.example").await;
    // Nobody fills a form in within three seconds: that would be marked as a machine's work.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    browser.follow("main form[action='/requests/new'] .actions button").await;
    browser.until_text("PM-").await;
    let status = browser.url().await;
    let code = status.split("/requests/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    browser.scripts(true).await;

    // The agent signs in, opens the ticket, lifts.
    browser.open(&format!("{base}/staff")).await;
    browser.fill("input[name=email]", "ann@provider.example").await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.press_enter().await;
    browser.until_text(&code).await;
    browser.follow(&format!("main a[href$='/staff/tickets/{code}']")).await;
    browser.until_text("4XyZ12").await;
    browser.fill("form[action$='/lift'] [name=reason]", "cleaned").await;
    browser.follow("form[action$='/lift'] button").await;
    browser.until_text("lifted").await;
    browser.assert_quiet_console().await;

    // The sender sees it.
    browser.open(&status).await;
    browser.until_text("lifted").await;
    browser.assert_quiet_console().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_request_keeps_itself_up_to_date_and_leaves_what_is_typed() {
    let place = Place::new().await;
    let _serving = place.serve().await;
    add_member(&place, "ann@provider.example", Role::Agent);
    let base = format!("http://{}", place.http);
    let mut sender = Wire::new(place.http);
    let fields = [("kind", "other"), ("email", "ann@sender.example"), ("message", "Is my address known?")];
    let status = sender.post("/requests/new", &fields).leads_to().to_owned();
    let code = status.split("/requests/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let path = &status[status.find("/requests/").unwrap()..];

    let browser = Chromium::start().await;
    browser.open(&format!("{base}{path}")).await;
    browser.until_text("You should hear from us by").await;
    browser.fill("textarea[name=message]", "By the way,").await;
    let mut agent = Wire::new(place.http);
    agent.post("/staff/sign-in", &[("email", "ann@provider.example"), ("password", PASSWORD), ("next", "")]).leads_to();
    let answer = [("answer", "Which address do you mean?")];
    agent.post(&format!("/staff/tickets/{code}/answers"), &answer).leads_to();
    browser.until_text("Which address do you mean?").await;
    browser.until_text("We close it on").await;
    assert_eq!(browser.value("textarea[name=message]").await, "By the way,");
    browser.assert_quiet_console().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_scrolls_sideways_on_a_telephone() {
    let place = Place::new().await;
    let _serving = place.serve().await;
    place.run(&["block", "add", "2001:db8:1234:5678::/64", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    add_member(&place, "ada@provider.example", Role::Admin);
    let base = format!("http://{}", place.http);
    let browser = Chromium::start().await;
    browser.narrow(true).await;
    let public = [
        "/",
        "/faq",
        "/faq/sending-recommendations",
        "/causes",
        "/causes/PB-SPAM",
        "/check?q=2001:db8:1234:5678::1",
        "/requests/new",
        "/nowhere",
    ];
    for path in public {
        browser.open(&format!("{base}{path}")).await;
        browser.assert_no_sideways_scrolling().await;
    }
    browser.open(&format!("{base}/staff")).await;
    browser.fill("input[name=email]", "ada@provider.example").await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.press_enter().await;
    browser.until_path("/staff/tickets").await;
    for path in [
        "/staff/tickets",
        "/staff/blocks",
        "/staff/exemptions",
        "/staff/outbox",
        "/staff/team",
        "/staff/audit",
        "/staff/account",
    ] {
        browser.open(&format!("{base}{path}")).await;
        browser.assert_no_sideways_scrolling().await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_shows_all_of_a_ticket_however_narrow_the_window() {
    let place = Place::new().await;
    let _serving = place.serve().await;
    add_member(&place, "ann@provider.example", Role::Agent);
    let long = "somebody-with-a-long-name@mail-of-a-house-with-a-long-name.example";
    let fields =
        [("kind", "abuse-from-your-network"), ("email", long), ("ips", "2001:db8:1234:5678:9abc:def1:2345:6789")];
    let mut sender = Wire::new(place.http);
    let status = sender.post("/requests/new", &fields).leads_to().to_owned();
    let code = status.split("/requests/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let mut agent = Wire::new(place.http);
    agent.post("/staff/sign-in", &[("email", "ann@provider.example"), ("password", PASSWORD), ("next", "")]).leads_to();
    // The state with the longest name.
    let answer = [("answer", "Which address do you mean?")];
    agent.post(&format!("/staff/tickets/{code}/answers"), &answer).leads_to();

    let base = format!("http://{}", place.http);
    let browser = Chromium::start().await;
    browser.open(&format!("{base}/staff")).await;
    browser.fill("input[name=email]", "ann@provider.example").await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.press_enter().await;
    browser.until_path("/staff/tickets").await;
    for px in [1200, 1000, 760, 380] {
        browser.width(px).await;
        browser.open(&format!("{base}/staff/tickets?state=any")).await;
        browser.assert_nothing_beyond_the_edge(".scroll:has(.queue)").await;
        browser.assert_no_sideways_scrolling().await;
    }
    // Without its heads the table says what the times are.
    browser.until_text("Waiting for").await;
    browser.close().await;
}
