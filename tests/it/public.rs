//! What senders meet: pages to read, a look-up, the case link, the form and the page of a request.

use std::collections::BTreeSet;

use postern::domain::id::Id;
use postern::domain::staff::Role;
use postern::domain::ticket::Ticket;
use postern::domain::time::{HOUR, MINUTE};
use postern::store::evidence::{Form, Holder};
use postern::store::{evidence, tickets};

use crate::support::{Answer, TestApp};

/// The addresses that the links and form targets of a page lead to, within the portal.
fn links(page: &str) -> impl Iterator<Item = String> {
    page.split("href=\"").skip(1).filter_map(|rest| {
        let link = rest.split('"').next()?.replace("&#38;", "&").replace("&amp;", "&");
        link.starts_with('/').then(|| link.split('#').next().unwrap_or_default().to_owned())
    })
}

/// The anchors of a page.
fn anchors(page: &str) -> Vec<String> {
    page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split(&start).nth(1).unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The ticket that an answer leads to.
async fn ticket_of(app: &TestApp, answer: &Answer) -> Ticket {
    let path = answer.assert_redirect().to_owned();
    let code = path.strip_prefix("/requests/").unwrap().split('?').next().unwrap();
    app.ticket(code).await
}

/// The bytes of all evidence of a ticket, piece by piece.
async fn evidence_of(app: &TestApp, ticket: Id) -> Vec<(String, Vec<u8>)> {
    let db = app.desk().db.pool();
    let mut pieces = Vec::new();
    for piece in evidence::of_ticket(db, ticket).await.unwrap() {
        let mut bytes = Vec::new();
        let mut n = 0;
        while let Some(chunk) = evidence::chunk(db, piece.id, n).await.unwrap() {
            bytes.extend_from_slice(&chunk);
            n += 1;
        }
        pieces.push((piece.name, bytes));
    }
    pieces
}

#[tokio::test]
async fn every_link_of_the_public_pages_leads_somewhere_and_every_anchor_is_one() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let mut visitor = app.visitor();
    let case = format!("/c/{}/203.0.113.7", block.case_code);
    let mut open: Vec<String> = vec!["/".to_owned(), case, "/check?q=203.0.113.7".to_owned(), "/nowhere".to_owned()];
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(path) = open.pop() {
        let answer = visitor.get(&path).await;
        let wanted = if path == "/nowhere" { 404 } else { 200 };
        assert!(answer.status.as_u16() == wanted || path == "/staff", "{path}: {}", answer.status);
        let anchors = anchors(&answer.text);
        let once: BTreeSet<&String> = anchors.iter().collect();
        assert_eq!(once.len(), anchors.len(), "{path} has an anchor twice: {anchors:?}");
        for link in links(&answer.text).filter(|l| !l.starts_with("/static/")) {
            if seen.insert(link.clone()) {
                open.push(link);
            }
        }
    }
    assert!(seen.len() > 50, "{seen:?}");
}

#[tokio::test]
async fn articles_are_found_by_words_and_by_front_door() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    visitor.get("/faq?q=Greylisting").await.assert_page(200, "/faq/greylisting");
    visitor.get("/faq?q=xylophone+%3Cb%3E").await.assert_page(200, "Nothing found for “xylophone &#60;b&#62;”");
    let hoster = visitor.get("/faq?door=hoster").await;
    hoster.assert_page(200, "/faq/ranges-and-hosters");
    assert!(!hoster.text.contains("/faq/mail-missing"));
}

#[tokio::test]
async fn an_address_is_looked_up_in_any_spelling() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let mut visitor = app.visitor();
    for spelling in ["203.0.113.7", "[203.0.113.7]", "%20203.0.113.7%3A25", "::ffff:203.0.113.7", "203[.]0[.]113[.]7"] {
        let page = visitor.get(&format!("/check?q={spelling}")).await;
        page.assert_page(200, "203.0.113.7</bdi> is blocked");
        page.assert_page(200, &format!("/c/{}/203.0.113.7", block.case_code));
        assert!(!page.text.contains("seen by the detector"));
    }
    visitor.get("/check?q=198.51.100.1").await.assert_page(200, "198.51.100.1 is not blocked");
    visitor.get("/check?q=203.0.113.0/24").await.assert_page(422, "is a network");
    visitor.get("/check?q=mx.example.org").await.assert_page(422, "is no IP address");
    visitor.get("/check?q=203.0.113.07").await.assert_page(422, "begins with 0");
    let pasted = format!("550+blocked,+see+https://portal.example/c/{}/203.0.113.7", block.case_code);
    let answer = visitor.get(&format!("/check?q={pasted}")).await;
    assert_eq!(answer.assert_redirect(), format!("/c/{}/203.0.113.7", block.case_code));
}

#[tokio::test]
async fn a_refusal_without_a_link_is_looked_up_by_its_address() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let mut visitor = app.visitor();
    for refusal in [
        "550 5.7.1 <mail.example.org[203.0.113.7]>: Client host rejected: blocked",
        "host mx.portal.example[192.0.2.25] said: 550 5.7.1 Service unavailable; client [203.0.113.7] blocked",
        "it says 203.0.113.7 (10.0.0.5 inside) is not welcome",
    ] {
        let q: String = url::form_urlencoded::byte_serialize(refusal.as_bytes()).collect();
        visitor.get(&format!("/check?q={q}")).await.assert_page(200, "203.0.113.7</bdi> is blocked");
    }
    let several = visitor.get("/check?q=neither+203.0.113.7+nor+198.51.100.1").await;
    several.assert_page(422, "more than one address in this text: 203.0.113.7, 198.51.100.1");
    visitor.get("/check?q=no+address+at+all").await.assert_page(422, "is no IP address");
    let answer = visitor.get(&format!("/check?q={}", block.case_code.to_lowercase())).await;
    assert_eq!(answer.assert_redirect(), format!("/c/{}", block.case_code));
}

#[tokio::test]
async fn addresses_that_never_reach_us_are_not_called_free() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    for inner in ["10.0.0.5", "127.0.0.1", "0.0.0.0", "169.254.7.7", "fe80::1", "::1", "fd00::7"] {
        let page = visitor.get(&format!("/check?q={inner}")).await;
        page.assert_page(200, "never reaches our servers");
        assert!(!page.text.contains("is not blocked"), "{inner}");
    }
}

#[tokio::test]
async fn look_ups_have_a_rate() {
    let app = TestApp::with(&[("limits.checks_per_minute", "2")]).await;
    let mut visitor = app.visitor();
    for status in [200, 200, 429] {
        assert_eq!(visitor.get("/check?q=198.51.100.1").await.status, status);
    }
    assert_eq!(app.visitor_from("198.51.100.99").get("/check?q=198.51.100.1").await.status, 200);
    app.wait(MINUTE);
    assert_eq!(visitor.get("/check?q=198.51.100.1").await.status, 200);
}

#[tokio::test]
async fn a_case_link_tells_how_its_address_stands() {
    let app = TestApp::start().await;
    let wide = app.block("203.0.113.0/24", "PB-DYN").await;
    let narrow = app.block("203.0.113.7", "PB-SPAM").await;
    let mut visitor = app.visitor();
    let case = |code: &str, tail: &str| format!("/c/{}{tail}", code.to_lowercase());
    let page = visitor.get(&case(&narrow.case_code, "/203.0.113.7")).await;
    page.assert_page(200, "stopped by this block").assert_page(200, "Spam traffic");
    assert!(!page.text.contains("seen by the detector") && page.text.contains("noindex"));
    visitor.get(&case(&wide.case_code, "/203.0.113.7")).await.assert_page(200, "another one does");
    visitor.get(&case(&wide.case_code, "/192.0.2.1")).await.assert_page(200, "does not lie in the network");
    visitor.get(&case(&wide.case_code, "/203.0.1")).await.assert_page(200, "could not be read");
    visitor.get(&case(&wide.case_code, "")).await.assert_page(200, "Mail from this network is refused");
    let cut = visitor.get(&case(&wide.case_code, "/?from=mail")).await;
    assert_eq!(cut.assert_redirect(), case(&wide.case_code, "?from=mail"), "a tail that was cut off leaves its slash");
    assert_eq!(visitor.get("/requests/new/").await.assert_redirect(), "/requests/new");
    visitor.get("/c/ABCDEFGH/203.0.113.7").await.assert_page(404, "This link leads to no block");
    visitor.get("/c/%00%27%22").await.assert_page(404, "This link leads to no block");
    app.wait(8 * 24 * HOUR);
    let ended = visitor.get(&case(&narrow.case_code, "/203.0.113.7")).await;
    ended.assert_page(200, "nothing stops mail from this address");
    assert!(!ended.text.contains("Mail from there is refused"));
}

#[tokio::test]
async fn the_form_is_filled_in_by_the_case_link() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let mut visitor = app.visitor();
    let page = visitor.get(&format!("/c/{}/203.0.113.7", block.case_code)).await;
    let form = links(&page.text).find(|l| l.starts_with("/requests/new?kind=unblock&case=")).unwrap();
    let form = visitor.get(&form).await;
    form.assert_page(200, "About the block of 203.0.113.0/24").assert_page(200, "\n203.0.113.7</textarea>");
    assert_eq!(hidden(&form.text, "case"), block.case_code);
    let answer = visitor
        .post("/requests/new", &[("case", &block.case_code), ("kind", "unblock"), ("email", "ann@example.org")])
        .await;
    let page = visitor.get(answer.assert_redirect()).await;
    page.assert_page(200, "203.0.113.0/24");
}

#[tokio::test]
async fn a_mistake_costs_neither_text_nor_file() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let fields = [
        ("ips", "203.0.113.9, nonsense"),
        ("email", "ann"),
        ("message", "we <i>cleaned</i> it"),
        ("evidence", "one line"),
    ];
    let page =
        visitor.post_files("/requests/new", &fields, &[("file", "C:\\mail\\bounce.eml", b"Subject: back\r\n")]).await;
    page.assert_page(422, "Please look at 2 things")
        .assert_page(422, "href=\"#ips\"")
        .assert_page(422, "href=\"#email\"");
    page.assert_page(422, "we &#60;i&#62;cleaned&#60;/i&#62; it").assert_page(422, "one line</textarea>");
    page.assert_page(422, "bounce.eml (15 bytes) is kept").assert_page(422, "aria-invalid=\"true\"");
    let held = hidden(&page.text, "held");
    let again =
        [("held", held.as_str()), ("ips", "203.0.113.9"), ("email", "ann@example.org"), ("evidence", "one line")];
    let ticket = ticket_of(&app, &visitor.post_files("/requests/new", &again, &[]).await).await;
    let pieces = evidence_of(&app, ticket.id).await;
    assert_eq!(pieces.len(), 2, "{pieces:?}");
    assert!(pieces.contains(&("bounce.eml".to_owned(), b"Subject: back\r\n".to_vec())), "{pieces:?}");
    // What one ticket took cannot be taken by another.
    let page = visitor.post("/requests/new", &[("held", held.as_str()), ("email", "eve@example.net")]).await;
    page.assert_page(422, "is not there any more");
}

#[tokio::test]
async fn what_is_pasted_can_be_read_before_it_is_sent() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let empty = visitor.post("/requests/new", &[("read", "yes"), ("message", "nothing else")]).await;
    empty.assert_page(422, "nothing to read yet").assert_page(422, "nothing else</textarea>");
    let paste = "550 5.7.1 Service unavailable; client [203.0.113.7] blocked using bl.example.org";
    let log =
        b"Nov 23 12:00:00 out postfix/smtp[7]: 4F1A2B3C4D: to=<bob@example.net>, relay=mx.example.net[192.0.2.25]:25, \
        delay=1, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.25] said: 550 5.7.1 [198.51.100.9] blocked)\n";
    let fields = [("read", "yes"), ("ips", "192.0.2.1"), ("evidence", paste), ("message", "we <b>cleaned</b> it")];
    app.block("203.0.113.0/24", "PB-SPAM").await;
    let page = visitor.post_files("/requests/new", &fields, &[("file", "out.log", log)]).await;
    page.assert_page(200, "192.0.2.1 is not blocked here").assert_page(200, "203.0.113.7 is blocked here, by");
    page.assert_page(200, "198.51.100.9 is not blocked here");
    page.assert_page(200, "What we read in it").assert_page(200, "Service unavailable").assert_page(200, "5.7.1");
    page.assert_page(200, "blocked using bl.example.org</textarea>").assert_page(200, "we &#60;b&#62;cleaned");
    page.assert_page(200, "out.log").assert_page(200, "name=\"found\" value=\"203.0.113.7\"");
    assert!(!page.text.contains("aria-invalid"));
    let held = hidden(&page.text, "held");
    let fields = [
        ("ips", "192.0.2.1"),
        ("found", "203.0.113.7"),
        ("found", "198.51.100.9"),
        ("evidence", paste),
        ("held", held.as_str()),
    ];
    let page = visitor.post("/requests/new", &fields).await;
    page.assert_page(422, "A mail address is missing");
    page.assert_page(422, "\n192.0.2.1\n203.0.113.7\n198.51.100.9</textarea>");
    let fields = [&fields[..], &[("email", "ann@example.org")]].concat();
    let ticket = ticket_of(&app, &visitor.post("/requests/new", &fields).await).await;
    let nets = tickets::networks(app.desk().db.pool(), ticket.id).await.unwrap();
    assert!(nets.iter().any(|(net, _)| net.to_string() == "203.0.113.7"), "{nets:?}");
    assert_eq!(evidence_of(&app, ticket.id).await.len(), 2);
}

#[tokio::test]
async fn a_held_file_can_be_replaced_or_left_out() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let page = visitor.post_files("/requests/new", &[("email", "")], &[("file", "old.log", b"old")]).await;
    let old = hidden(&page.text, "held");
    let fields = [("held", old.as_str()), ("email", "ann@example.org")];
    let answer = visitor.post_files("/requests/new", &fields, &[("file", "new.log", b"new")]).await;
    let pieces = evidence_of(&app, ticket_of(&app, &answer).await.id).await;
    assert_eq!(pieces, [("new.log".to_owned(), b"new".to_vec())]);
    let fields = [("held", old.as_str()), ("drop", old.as_str()), ("email", "ben@example.org"), ("message", "without")];
    let answer = visitor.post_files("/requests/new", &fields, &[]).await;
    assert!(evidence_of(&app, ticket_of(&app, &answer).await.id).await.is_empty());
}

#[tokio::test]
async fn only_the_mail_address_and_one_thing_to_go_by_are_needed() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let page = visitor.post("/requests/new", &[("email", "ann@example.org"), ("message", "  ")]).await;
    page.assert_page(422, "something to go by");
    let page = visitor.post("/requests/new", &[("message", "why?")]).await;
    page.assert_page(422, "A mail address is missing");
    let page = visitor
        .post("/requests/new", &[("email", "ann@example.org"), ("ips", "203.0.113.7"), ("kind", "unblok")])
        .await;
    page.assert_page(422, "Choose what it is about");
    for wide in ["0.0.0.0/0", "2000::/3"] {
        let page = visitor.post("/requests/new", &[("email", "ann@example.org"), ("ips", wide)]).await;
        page.assert_page(422, "is wider than one request may be about");
    }
    for (n, (field, value, kind)) in
        [("ips", "203.0.113.7", "unblock"), ("message", "why?", "other"), ("evidence", "log", "other")]
            .iter()
            .enumerate()
    {
        let email = format!("ann{n}@example.org");
        let answer = visitor.post("/requests/new", &[("email", &email), (field, value)]).await;
        assert_eq!(ticket_of(&app, &answer).await.kind.as_str(), *kind);
    }
}

#[tokio::test]
async fn a_file_of_another_kind_or_beyond_the_limit_is_a_mistake() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let fields = [("email", "ann@example.org"), ("message", "look")];
    let page = visitor.post_files("/requests/new", &fields, &[("file", "run.exe", b"MZ")]).await;
    page.assert_page(422, "is not of a kind that we take").assert_page(422, "look</textarea>");
    let large = vec![b'x'; 25 * 1024 * 1024 + 1];
    let page = visitor.post_files("/requests/new", &fields, &[("file", "big.log", &large)]).await;
    page.assert_page(422, "is larger than 25 MB").assert_page(422, "look</textarea>");
    let huge = vec![b'x'; 65 * 1024 * 1024];
    let page = visitor.post_files("/requests/new", &fields, &[("file", "huge.log", &huge)]).await;
    page.assert_page(413, "This is too large");
    let answer = visitor.post_files("/requests/new", &fields, &[("file", "", b"")]).await;
    assert!(evidence_of(&app, ticket_of(&app, &answer).await.id).await.is_empty());
}

#[tokio::test]
async fn a_long_paste_is_kept_as_it_came() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let log = "Nov 23 12:00:00 mx postfix/smtp[7]: A1: status=bounced\r\n".repeat(40_000);
    let page = visitor.post("/requests/new", &[("email", "ann"), ("evidence", &log)]).await;
    page.assert_page(422, "Your pasted text (3 MB) is kept");
    let held = hidden(&page.text, "held");
    // The field is empty now; a second mistake must not cost what waits.
    let page = visitor.post("/requests/new", &[("email", "ann"), ("evidence", ""), ("held", &held)]).await;
    assert_eq!(hidden(&page.text, "held"), held);
    let answer = visitor.post("/requests/new", &[("email", "ann@example.org"), ("held", &held)]).await;
    let pieces = evidence_of(&app, ticket_of(&app, &answer).await.id).await;
    assert_eq!(pieces.len(), 1);
    assert!(pieces[0].1 == log.as_bytes());
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let endless = "x".repeat(3 * 1024 * 1024);
    for (kind, body) in [
        ("text/plain", "email=a"),
        ("multipart/form-data", "no boundary"),
        ("multipart/form-data; boundary=f", "--f\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nbroken off"),
        ("multipart/form-data; boundary=f", endless.as_str()),
        ("application/x-www-form-urlencoded", endless.as_str()),
    ] {
        let headers = [("content-type", kind)];
        let body = axum::body::Body::from(body.to_owned());
        let answer = visitor.send(axum::http::Method::POST, "/requests/new", &headers, body).await;
        assert_eq!(answer.status, 422, "{kind}");
    }
}

#[tokio::test]
async fn a_double_click_makes_one_ticket() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let form = visitor.get("/requests/new").await;
    let once = hidden(&form.text, "once");
    let page = visitor.post_files("/requests/new", &[("email", "")], &[("file", "a.log", b"line")]).await;
    let held = hidden(&page.text, "held");
    let fields =
        [("once", once.as_str()), ("held", held.as_str()), ("email", "ann@example.org"), ("ips", "203.0.113.7")];
    let first = visitor.post("/requests/new", &fields).await;
    let second = visitor.post("/requests/new", &fields).await;
    assert_eq!(first.assert_redirect(), second.assert_redirect());
}

#[tokio::test]
async fn what_looks_like_a_machine_gets_the_same_answer_and_a_flag() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let started = app.desk().now().0.to_string();
    for (n, (field, value, flag)) in [
        ("website", "http://spam.example", Some("trap-field")),
        ("started", started.as_str(), Some("too-fast")),
        ("started", "0", None),
    ]
    .iter()
    .enumerate()
    {
        let email = format!("bot{n}@example.net");
        let answer = visitor.post("/requests/new", &[("email", &email), ("message", "hi"), (field, value)]).await;
        let ticket = ticket_of(&app, &answer).await;
        assert_eq!(ticket.suspected.as_deref(), *flag);
        visitor.get(answer.location()).await.assert_page(200, "Thank you, your request has arrived");
    }
}

#[tokio::test]
async fn too_many_requests_keep_what_was_typed() {
    let app = TestApp::with(&[("limits.requests_per_hour", "1")]).await;
    let mut visitor = app.visitor();
    visitor.post("/requests/new", &[("email", "ann@example.org"), ("message", "one")]).await.assert_redirect();
    let fields = [("email", "ben@example.org"), ("message", "typed with care")];
    visitor.post("/requests/new", &fields).await.assert_page(202, "confirm your mail address");
    let page = visitor.post_files("/requests/new", &fields, &[("file", "a.log", b"line")]).await;
    page.assert_page(429, "too many requests")
        .assert_page(429, "typed with care")
        .assert_page(429, "has to be chosen again");
    assert_eq!(page.headers.get("retry-after").unwrap(), "3600");
    app.wait(HOUR);
    visitor.post("/requests/new", &fields).await.assert_redirect();
}

#[tokio::test]
async fn who_leaves_too_many_large_files_lying_about_has_to_do_without_them() {
    let app = TestApp::start().await;
    let (pool, now) = (app.desk().db.pool(), app.desk().now());
    let holder = Holder { hash: "a hash", network: Some("198.51.100.23") };
    evidence::begin(pool, Id::new(now), holder, Form::File, "a.log", now).await.unwrap();
    let large = vec![b'x'; 2 * 1024 * 1024];
    let fields = [("email", "ann@example.org"), ("message", "typed with care")];
    let mut visitor = app.visitor();
    visitor.post_files("/requests/new", &fields, &[("file", "a.log", &large)]).await.assert_redirect();
    let waiting = Id(0);
    evidence::begin(pool, waiting, Holder { hash: "another", ..holder }, Form::File, "b.log", now).await.unwrap();
    evidence::grow(pool, waiting, 256 * 1024 * 1024).await.unwrap();
    assert_eq!(evidence::held_bytes(pool, "198.51.100.23").await.unwrap(), (256 << 20, 256 << 20));
    let page = visitor.post_files("/requests/new", &fields, &[("file", "a.log", &large)]).await;
    page.assert_page(429, "no room for so large a file").assert_page(429, "typed with care");
    page.assert_page(429, "has to be chosen again");
    visitor.post_files("/requests/new", &fields, &[("file", "a.log", b"a line")]).await.assert_redirect();
    let mut other = app.visitor_from("192.0.2.200");
    other.post_files("/requests/new", &fields, &[("file", "a.log", &large)]).await.assert_redirect();
}

#[tokio::test]
async fn with_the_database_away_the_form_keeps_what_was_typed() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let mut visitor = app.visitor();
    app.desk().db.close().await;
    let fields = [("email", "ann@example.org"), ("message", "typed with care"), ("held", "sometoken")];
    let page = visitor.post_files("/requests/new", &fields, &[("file", "a.log", b"line")]).await;
    page.assert_page(503, "database does not answer").assert_page(503, "typed with care");
    page.assert_page(503, "has to be chosen again").assert_page(503, "value=\"sometoken\"");
    visitor.get("/requests/new").await.assert_page(200, "Write to the postmasters");
    visitor.get("/check?q=203.0.113.7").await.assert_page(200, "is blocked");
}

#[tokio::test]
async fn the_page_of_a_request_opens_with_its_secret_only() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("ann@example.org", "203.0.113.7").await;
    let (other, _) = app.ask("ben@example.org", "203.0.113.8").await;
    let mut visitor = app.visitor();
    let right = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    let page = visitor.get(&right).await;
    page.assert_page(200, "Request PM-").assert_page(200, "We cleaned the machine.");
    assert!(page.headers.get("x-robots-tag").is_some_and(|v| v.as_bytes().starts_with(b"noindex")));
    assert_eq!(page.headers.get("cache-control").unwrap(), "no-store");
    let nothing = visitor.get("/requests/PM-0000-0000?key=x").await.text;
    for wrong in [
        format!("/requests/{}?key=wrong", ticket.code),
        format!("/requests/{}", ticket.code),
        format!("/requests/{}?key={}", other.code, secret.reveal()),
    ] {
        let page = visitor.get(&wrong).await;
        page.assert_page(404, "There is nothing here");
        assert_eq!(page.text.len(), nothing.len(), "{wrong}");
    }
    let messages = format!("/requests/{}/messages?key=wrong", ticket.code);
    assert_eq!(visitor.post(&messages, &[("message", "x")]).await.status, 404);
    let withdrawal = format!("/requests/{}/withdrawal?key=wrong", ticket.code);
    assert_eq!(visitor.post(&withdrawal, &[]).await.status, 404);
}

#[tokio::test]
async fn the_sender_adds_to_a_request_and_takes_it_back() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("ann@example.org", "203.0.113.7").await;
    let agent = app.staff("beatrix", Role::Agent).await;
    app.desk().note(&agent, ticket.id, "do not show this").await.unwrap();
    app.desk().answer(&agent, ticket.id, "What did you change?", true).await.unwrap();
    let mut visitor = app.visitor();
    let path = |tail: &str| format!("/requests/{}{tail}?key={}", ticket.code, secret.reveal());
    let page = visitor.get(&path("")).await;
    page.assert_page(200, "waiting for you").assert_page(200, "What did you change?");
    assert!(!page.text.contains("do not show this") && !page.text.contains("beatrix"));
    assert!(!page.text.contains("opens the request again"));
    visitor.post(&path("/messages"), &[("message", " ")]).await.assert_page(422, "Write something");
    let page = visitor.post_files(&path("/messages"), &[("message", "the log")], &[("file", "x.exe", b"x")]).await;
    page.assert_page(422, "the log</textarea>").assert_page(422, "What did you change?");
    let answer =
        visitor.post_files(&path("/messages"), &[("message", "the password")], &[("file", "a.log", b"line")]).await;
    let page = visitor.get(answer.assert_redirect()).await;
    page.assert_page(200, "the password").assert_page(200, "File a.log (4 bytes)").assert_page(200, "in work");
    visitor.post(&path("/withdrawal"), &[]).await.assert_redirect();
    let twice = visitor.post(&path("/withdrawal"), &[]).await;
    let page = visitor.get(twice.assert_redirect()).await;
    page.assert_page(200, "taken back by you");
    assert!(!page.text.contains("/withdrawal") && page.text.contains("opens the request again"));
    visitor.post(&path("/messages"), &[("message", "again blocked")]).await.assert_redirect();
    assert!(app.ticket(&ticket.code).await.is_open());
}

#[tokio::test]
async fn an_address_that_never_reaches_us_is_not_called_free() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let (ticket, secret) = app.ask("ann@example.org", "10.0.0.7").await;
    let mut visitor = app.visitor();
    let status = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    for path in [format!("/c/{}/10.0.0.7", block.case_code), status, "/check?q=10.0.0.7".to_owned()] {
        let page = visitor.get(&path).await;
        page.assert_page(200, "never reaches our servers");
        assert!(!page.text.contains("not blocked"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_file_is_kept_for_ever_under_its_version_only() {
    fn kept(answer: &crate::support::Answer) -> &str {
        answer.headers["cache-control"].to_str().unwrap()
    }
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let page = visitor.get("/").await;
    let style = links(&page.text).find(|link| link.starts_with("/static/") && link.contains(".css")).unwrap();
    assert!(kept(&visitor.get(&style).await).contains("immutable"), "{style}");
    let (bare, _) = style.split_once('?').unwrap();
    for other in [bare, &format!("{bare}?v=0"), "/favicon.ico"] {
        assert_eq!(kept(&visitor.get(other).await), "public, max-age=3600", "{other}");
    }
}
