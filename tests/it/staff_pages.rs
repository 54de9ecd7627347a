//! Pages of staff: what they show, what they refuse, what they keep.

use postern::domain::staff::Role;
use postern::domain::ticket::Ticket;
use postern::domain::time::MINUTE;
use postern::store::evidence::Form;
use postern::store::{outbox, tickets};

use crate::support::{Browser, PASSWORD, TestApp};

/// What stands between `start` and the next quote.
fn after<'a>(text: &'a str, start: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split('"').next().unwrap()
}

/// The path of a ticket's page.
fn page_of(ticket: &Ticket) -> String {
    format!("/staff/tickets/{}", ticket.code)
}

/// Lifts from the page of a ticket; gives the page that follows.
async fn lift(agent: &mut Browser, ticket: &Ticket, scope: &str, days: &str) -> String {
    let page = agent.get(&page_of(ticket)).await;
    let fields = [
        ("block", after(&page.text, "name=\"block\" value=\"")),
        ("version", after(&page.text, "name=\"version\" value=\"")),
        ("scope", scope),
        ("only", after(&page.text, "name=\"only\" value=\"")),
        ("reason", "cleaned"),
        ("probation_days", days),
        ("answer", "Thank you."),
    ];
    let done = agent.post(&format!("{}/lift", page_of(ticket)), &fields).await;
    let next = done.assert_redirect().split('#').next().unwrap().to_owned();
    agent.get(&next).await.text
}

#[tokio::test]
async fn every_page_asks_who_it_is_first() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    for path in [
        "tickets",
        "tickets/PM-0000-0000",
        "blocks",
        "blocks/1",
        "exemptions",
        "imports",
        "imports/lifts",
        "imports/lifts/1",
        "outbox",
        "outbox/1",
        "team",
        "account",
        "audit",
        "evidence/1",
    ] {
        let answer = visitor.get(&format!("/staff/{path}")).await;
        assert!(answer.assert_redirect().starts_with("/staff/sign-in?next=%2Fstaff%2F"), "{path}");
    }
    let sent = visitor.post("/staff/blocks", &[("net", "203.0.113.7")]).await;
    assert_eq!(sent.assert_redirect(), "/staff/sign-in?next=%2Fstaff");
}

#[tokio::test]
async fn signing_in_keeps_the_address_and_never_the_password() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "2")]).await;
    app.staff("ann", Role::Agent).await;
    let mut browser = app.visitor();
    let wrong = [("email", "ann@postern.example"), ("password", "not the right one"), ("next", "//evil.example/")];
    for _ in 0..2 {
        let page = browser.post("/staff/sign-in", &wrong).await;
        page.assert_page(422, "ann@postern.example");
        assert!(!page.text.contains("not the right one") && !page.text.contains("evil"), "{}", page.text);
    }
    let later = browser.post("/staff/sign-in", &wrong).await;
    assert_eq!((later.status.as_u16(), later.headers["retry-after"].to_str().unwrap()), (429, "3600"));
    let mut other = app.visitor_from("203.0.113.99");
    app.wait(2 * postern::domain::time::HOUR);
    let right = [("email", "ann@postern.example"), ("password", PASSWORD), ("next", "/staff/audit")];
    assert_eq!(other.post("/staff/sign-in", &right).await.assert_redirect(), "/staff/audit");
    assert_eq!(other.get("/staff/sign-in").await.assert_redirect(), "/staff/tickets");
    other.post("/staff/sign-out", &[]).await.assert_redirect();
    other.get("/staff/audit").await.assert_redirect();
}

#[tokio::test]
async fn the_setup_link_makes_the_first_admin_and_signs_it_in() {
    let app = TestApp::start().await;
    let link = app.desk().setup_link().await.unwrap().unwrap();
    let key = link.split("key=").nth(1).unwrap();
    let mut browser = app.visitor();
    browser.get("/staff/setup?key=wrong").await.assert_page(404, "staff add");
    browser.get(&format!("/staff/setup?key={key}")).await.assert_page(200, "new-password");
    let with = |password, again| {
        [("key", key), ("email", "ada@postern.example"), ("name", "Ada"), ("password", password), ("again", again)]
    };
    let page = browser.post("/staff/setup", &with(PASSWORD, "something else")).await;
    page.assert_page(422, "ada@postern.example").assert_page(422, "value=\"Ada\"");
    assert!(!page.text.contains(PASSWORD));
    browser.post("/staff/setup", &with(PASSWORD, PASSWORD)).await.assert_redirect();
    browser.get("/staff/team").await.assert_page(200, "Ada");
    browser.post("/staff/setup", &with(PASSWORD, PASSWORD)).await.assert_page(404, "staff add");
}

#[tokio::test]
async fn the_queue_pages_from_the_longest_untouched_to_the_last() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let mut codes = Vec::new();
    for n in 0..52 {
        app.wait(MINUTE);
        codes.push(app.ask(&format!("a{n}@sender.example"), &format!("203.0.113.{n}")).await.0.code);
    }
    let first = agent.get("/staff/tickets").await.text;
    assert!(first.contains(&codes[0]) && first.contains(&codes[49]) && !first.contains(&codes[50]));
    assert!(first.contains("203.0.113.49"));
    let next = after(&first, "rel=\"next\" href=\"").replace("&#38;", "&");
    let second = agent.get(&next).await.text;
    assert!(!second.contains(&codes[49]) && second.contains(&codes[50]) && second.contains(&codes[51]));
    assert!(!second.contains("rel=\"next\""));
    let newest = agent.get("/staff/tickets?state=any").await.text;
    assert!(newest.contains(&codes[51]) && !newest.contains(&codes[0]), "all of them: the last touched first");
    let next = after(&newest, "rel=\"next\" href=\"").replace("&#38;", "&");
    assert!(agent.get(&next).await.text.contains(&codes[0]));
}

#[tokio::test]
async fn the_search_box_understands_codes_networks_and_addresses() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let (ann, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (ben, _) = app.ask("ben@sender.example", "2001:db8::7").await;
    let typed = ann.code.to_lowercase().replace("pm-", "");
    assert_eq!(agent.get(&format!("/staff/tickets?q={typed}")).await.assert_redirect(), page_of(&ann));
    let case = format!("/staff/blocks?q=http://portal.example/c/{}/203.0.113.7", block.case_code);
    assert_eq!(agent.get(&case).await.assert_redirect(), format!("/staff/blocks/{}", block.id));
    agent.get("/staff/blocks?q=203.0.113.7").await.assert_page(200, "<td class=\"keep\">PB-SPAM</td>");
    for (q, found) in
        [("203.0.113.0/24", &ann), ("Ann@Sender.example", &ann), ("[2001:db8::7]", &ben), ("2001:db8::/32", &ben)]
    {
        let page = agent.get(&format!("/staff/tickets?q={}", q.replace('/', "%2F"))).await.text;
        let other = if found.code == ann.code { &ben } else { &ann };
        assert!(page.contains(&found.code) && !page.contains(&other.code), "{q}");
    }
    agent.get("/staff/tickets?q=comet").await.assert_page(422, "value=\"comet\"");
    agent.get("/staff/tickets?q=PM-0000-0000").await.assert_page(422, "00000000");
    agent.get("/staff/tickets?kind=comet").await.assert_page(422, "comet");
}

#[tokio::test]
async fn the_queue_filters_and_marks() {
    let app = TestApp::start().await;
    let agent_member = app.staff("worker", Role::Agent).await;
    let mut agent = app.sign_in(Role::Agent).await;
    let (mine, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (free, _) = app.ask("ben@sender.example", "203.0.113.8").await;
    let mut machine = TestApp::request("bot@sender.example", "203.0.113.9");
    machine.suspected = Some("too-fast".to_owned());
    app.desk().submit(machine).await.unwrap();
    let me = after(&agent.get(&page_of(&mine)).await.text, "name=\"assignee\" value=\"").to_owned();
    agent
        .post(&format!("{}/assignment", page_of(&mine)), &[("version", "1"), ("assignee", &me)])
        .await
        .assert_redirect();
    let page = agent.get("/staff/tickets?assignee=me").await.text;
    assert!(page.contains(&mine.code) && !page.contains(&free.code));
    let page = agent.get("/staff/tickets?assignee=nobody").await.text;
    assert!(!page.contains(&mine.code) && page.contains(&free.code) && !page.contains("bot@"));
    assert!(page.contains("suspected=only"), "one more looks like a machine's work");
    let page = agent.get("/staff/tickets?suspected=only").await.text;
    assert!(page.contains("bot@sender.example") && !page.contains(&free.code));
    app.wait(MINUTE);
    app.desk().answer(&agent_member, mine.id, "What happened?", true).await.unwrap();
    assert!(!agent.get("/staff/tickets").await.text.contains("the sender replied"));
    app.wait(MINUTE);
    app.desk().sender_adds(&app.ticket_by_id(mine.id).await, "This happened.", &[], None).await.unwrap();
    assert!(agent.get("/staff/tickets").await.text.contains("the sender replied"));
}

#[tokio::test]
async fn a_ticket_page_shows_what_is_known_of_its_network() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    app.block("203.0.113.0/24", "PB-DYN").await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.99", "PB-TRAP").await;
    let (neighbour, _) = app.ask("ben@sender.example", "203.0.113.99").await;
    let page = lift(&mut agent, &neighbour, "only", "14").await;
    assert!(page.contains("203.0.113.99 is not blocked any more"), "{page}");
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let page = agent.get(&page_of(&ticket)).await.text;
    for known in [
        "Blocked now, by the entry 203.0.113.7",
        "PB-DYN",
        "PB-SPAM",
        &neighbour.code,
        "cleaned",
        "198.51.100.23",
        "We cleaned the machine.",
    ] {
        assert!(page.contains(known), "{known} is missing in {page}");
    }
    assert!(page.contains("The request arrived") && page.contains("We have your request"), "events and mails");
}

#[tokio::test]
async fn a_lift_says_whether_the_address_is_free() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    app.block("203.0.113.0/24", "PB-DYN").await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let page = lift(&mut agent, &ticket, "entry", "0").await;
    assert!(page.contains("203.0.113.7 is still blocked by another entry (PB-DYN)"), "{page}");
    assert!(app.is_blocked("203.0.113.7"));
    let page = lift(&mut agent, &ticket, "only", "0").await;
    assert!(
        page.contains("203.0.113.7 is not blocked any more"),
        "a closed ticket is opened and closed for it: {page}"
    );
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
    assert_eq!(outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 3, "both lifts are mailed");
}

#[tokio::test]
async fn the_answer_that_names_the_cause_stands_in_the_mail_once() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let page = agent.get(&page_of(&ticket)).await.text;
    let told = page.split("name=\"answer\"").nth(1).unwrap().split_once(">\n").unwrap().1;
    let told = told.split("</textarea>").next().unwrap().to_owned();
    assert!(told.contains("The block was set because"), "{told}");
    let fields = [
        ("block", after(&page, "name=\"block\" value=\"")),
        ("scope", "entry"),
        ("reason", "cleaned"),
        ("probation_days", "14"),
        ("answer", &told),
    ];
    agent.post(&format!("{}/lift", page_of(&ticket)), &fields).await.assert_redirect();
    let mail = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().pop().unwrap();
    assert_eq!(mail.body.matches("The block was set because").count(), 1, "{}", mail.body);
}

#[tokio::test]
async fn mistakes_keep_what_was_typed() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let path = page_of(&ticket);
    let id = block.id.to_string();
    let lift = |reason, days| {
        [
            ("block", id.as_str()),
            ("scope", "entry"),
            ("reason", reason),
            ("probation_days", days),
            ("answer", "a long answer"),
        ]
    };
    agent
        .post(&format!("{path}/lift"), &lift("", "14"))
        .await
        .assert_page(422, "a long answer")
        .assert_page(422, "href=\"#reason\"");
    agent
        .post(&format!("{path}/lift"), &lift("a reason", "4000"))
        .await
        .assert_page(422, "a reason")
        .assert_page(422, "id=\"probation_days\"");
    agent.post(&format!("{path}/answers"), &[("answer", " ")]).await.assert_page(422, "href=\"#answer\"");
    let old = [("version", "0"), ("answer", "a long answer")];
    agent.post(&format!("{path}/answers"), &old).await.assert_page(409, "a long answer");
    agent.post(&format!("{path}/resolution"), &[("closing", "because")]).await.assert_page(422, "because");
    agent
        .post(&format!("{path}/resolution"), &[("resolution", "lifted"), ("closing", "because")])
        .await
        .assert_page(422, "because");
    agent.post(&format!("{path}/assignment"), &[("version", "0"), ("assignee", "")]).await.assert_page(409, "");
    assert!(app.is_blocked("203.0.113.7"));
    assert_eq!(app.ticket_by_id(ticket.id).await.version, ticket.version, "nothing was changed");
}

#[tokio::test]
async fn a_part_is_lifted_and_the_ticket_stays_open() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.0/24").await;
    let path = page_of(&ticket);
    agent.get(&path).await.assert_page(200, "?answer=lifted#").assert_page(200, "name=\"stays_open\"");
    let fields = [
        ("block", block.id.to_string()),
        ("scope", "only".to_owned()),
        ("only", "203.0.113.58".to_owned()),
        ("reason", "A school.".to_owned()),
        ("probation_days", "7".to_owned()),
        ("stays_open", "yes".to_owned()),
        ("version", ticket.version.to_string()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = agent.post(&format!("{path}/lift"), &fields).await;
    agent.get(answer.assert_redirect()).await.assert_page(200, "The ticket stays open");
    assert!(app.ticket_by_id(ticket.id).await.is_open() && !app.is_blocked("203.0.113.58"));
    let late: Vec<_> =
        fields.into_iter().map(|(name, v)| (name, if name == "only" { "203.0.113.59" } else { v })).collect();
    agent.post(&format!("{path}/lift"), &late).await.assert_page(409, "A school.");
    assert!(app.is_blocked("203.0.113.59"), "the ticket changed meanwhile");
}

#[tokio::test]
async fn answers_notes_and_ends_stand_in_one_line_of_time() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let path = page_of(&ticket);
    assert!(!agent.get(&path).await.text.contains("?answer=lifted#"), "what nobody blocked cannot be lifted");
    let canned = agent.get(&format!("{path}?answer=ask-log")).await;
    canned.assert_page(200, &format!("into the ticket {}", ticket.code));
    agent.post(&format!("{path}/notes"), &[("note", "looks <b>honest</b>")]).await.assert_redirect();
    agent.post(&format!("{path}/answers"), &[("answer", "Which host?"), ("stays_open", "yes")]).await.assert_redirect();
    agent
        .post(&format!("{path}/resolution"), &[("resolution", "not-blocked"), ("closing", "It is free.")])
        .await
        .assert_redirect();
    let page = agent.get(&path).await.text;
    for said in [
        "looks &#60;b&#62;honest",
        "Which host?",
        "It is free.",
        "not blocked",
        "An answer to your request",
        "agent closed the ticket",
    ] {
        assert!(page.contains(said), "{said} is missing in {page}");
    }
    agent.post(&format!("{path}/reopening"), &[]).await.assert_redirect();
    agent.post(&format!("{path}/reopening"), &[]).await.assert_page(409, "");
    let found = agent.get("/staff/audit?what=ticket.").await;
    found.assert_page(200, "agent left a note");
}

#[tokio::test]
async fn hostile_text_is_shown_as_text() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let mut request = TestApp::request("ann@sender.example", "203.0.113.7");
    request.name = "<script>alert(1)</script>\u{202e}".to_owned();
    request.message = "\"><img src=x>\u{1b}[31m\u{202e}".to_owned();
    app.desk().submit(request).await.unwrap();
    let ticket = tickets::list(app.desk().db.pool(), &tickets::Filter::default(), 1).await.unwrap().remove(0);
    let page = agent.get(&page_of(&ticket)).await.text;
    assert!(
        !page.contains("<script>alert")
            && !page.contains("<img src=x>")
            && !page.contains('\u{202e}')
            && !page.contains('\u{1b}')
    );
}

#[tokio::test]
async fn evidence_is_handed_out_as_it_came() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let mut incoming = app.desk().begin_evidence(Form::File, "mail\".log").await.unwrap();
    let line = "Nov 23 11:58:02 mx postfix/smtp[1]: 4X: to=<b@provider.example>, relay=mx.provider.example[198.51.100.10]:25, dsn=5.7.1, status=bounced (host mx.provider.example[198.51.100.10] said: 550 5.7.1 blocked)\n";
    let bytes = line.repeat(2_000);
    app.desk().take_evidence(&mut incoming, bytes.as_bytes()).await.unwrap();
    let held = app.desk().complete_evidence(incoming).await.unwrap();
    agent.get(&format!("/staff/evidence/{}", held.id)).await.assert_page(404, "");
    let mut request = TestApp::request("ann@sender.example", "203.0.113.7");
    request.evidence = vec![held.id];
    app.desk().submit(request).await.unwrap();
    let answer = agent.get(&format!("/staff/evidence/{}", held.id)).await;
    assert_eq!(
        answer.headers["content-disposition"],
        format!("attachment; filename=\"{}-mail-.log\"", held.id).as_str()
    );
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert!(answer.text == bytes, "all chunks in order");
    let ticket = tickets::list(app.desk().db.pool(), &tickets::Filter::default(), 1).await.unwrap().remove(0);
    let page = agent.get(&page_of(&ticket)).await;
    page.assert_page(200, "550 5.7.1 blocked").assert_page(200, &format!("?all={}", held.id));
    let whole = agent.get(&format!("{}?all={}", page_of(&ticket), held.id)).await;
    assert!(whole.text.len() > page.text.len() + 200_000, "all of it");
}

#[tokio::test]
async fn a_reader_sees_everything_and_has_nothing_to_send() {
    let app = TestApp::start().await;
    let mut reader = app.sign_in(Role::Reader).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let own = [
        "/staff/tickets".to_owned(),
        page_of(&ticket),
        "/staff/blocks".to_owned(),
        format!("/staff/blocks/{}", block.id),
        "/staff/exemptions".to_owned(),
        "/staff/outbox".to_owned(),
        "/staff/team".to_owned(),
        "/staff/audit".to_owned(),
    ];
    for path in &own {
        let page = reader.get(path).await;
        page.assert_page(200, "/staff/sign-out");
        assert_eq!(page.text.matches("method=\"post\"").count(), 1, "{path}");
    }
    let end = format!("/staff/blocks/{}/end-set", block.id);
    for path in [
        format!("{}/notes", page_of(&ticket)),
        format!("{}/clearance", page_of(&ticket)),
        end,
        "/staff/team".to_owned(),
    ] {
        let refused = reader.post(&path, &[("note", "x"), ("for", "7d")]).await;
        assert_eq!(refused.status.as_u16(), 403, "{path}");
    }
}

#[tokio::test]
async fn the_block_list_is_kept_from_its_pages() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let new = |net, cause, lasts| [("net", net), ("cause", cause), ("for", lasts), ("note", "seen twice")];
    agent
        .post("/staff/blocks", &new("203.0.113.7/24", "PB-SPAM", "soon"))
        .await
        .assert_page(422, "seen twice")
        .assert_page(422, "203.0.113.0/24");
    agent.post("/staff/blocks", &new("203.0.113.7", "PB-NONE", "7d")).await.assert_page(422, "PB-SPAM");
    agent.post("/staff/blocks", &new("198.18.0.0/15", "PB-SPAM", "7d")).await.assert_page(403, "");
    let added = agent.post("/staff/blocks", &new("203.0.113.0/28", "PB-SPAM", "7d")).await;
    let path = added.assert_redirect().split('?').next().unwrap().to_owned();
    agent.get(added.location().split('#').next().unwrap()).await.assert_page(200, "seen twice").assert_page(200, "/c/");
    assert!(
        agent.post("/staff/blocks", &new("203.0.113.0/28", "PB-TRAP", "")).await.assert_redirect().contains("renewed")
    );
    agent.post(&format!("{path}/end-set"), &[("for", "tomorrow")]).await.assert_page(422, "tomorrow");
    agent.post(&format!("{path}/end-set"), &[("for", "never")]).await.assert_redirect();
    let part = [
        ("scope", "only"),
        ("only", "203.0.113.9"),
        ("reason", "hoster moved it"),
        ("probation_days", "0"),
        ("block", "0"),
    ];
    let found = agent.post(&format!("{path}/lift"), &part).await.assert_redirect().to_owned();
    agent.get(&found).await.assert_page(200, "203.0.113.9").assert_page(200, "hoster moved it");
    assert!(!app.is_blocked("203.0.113.9") && app.is_blocked("203.0.113.8"));
    agent.get(&path).await.assert_page(200, "took 203.0.113.9 out").assert_page(200, "never");
    let whole = [("scope", "entry"), ("reason", "clean"), ("probation_days", "0"), ("block", "0")];
    agent.post(&format!("{path}/lift"), &whole).await.assert_redirect();
    agent.post(&format!("{path}/lift"), &whole).await.assert_page(422, "already");
    assert!(!app.is_blocked("203.0.113.8"));
    agent.get("/staff/blocks?state=lifted&cause=PB-TRAP&source=staff").await.assert_page(200, "203.0.113.0/28");
    agent.get("/staff/blocks?state=live").await.assert_page(200, "No block fits");
}

#[tokio::test]
async fn leads_exempt_and_end_exemptions() {
    let app = TestApp::start().await;
    let (mut agent, mut lead) = (app.sign_in(Role::Agent).await, app.sign_in(Role::Lead).await);
    app.block("203.0.113.0/24", "PB-SPAM").await;
    let new = [("net", "203.0.113.7"), ("for", "30d"), ("note", "our partner")];
    agent.post("/staff/exemptions", &new).await.assert_page(403, "");
    lead.post("/staff/exemptions", &[("net", "203.0.113.7"), ("for", "30d"), ("note", "")])
        .await
        .assert_page(422, "203.0.113.7");
    lead.post("/staff/exemptions", &new).await.assert_redirect();
    assert!(!app.is_blocked("203.0.113.7"));
    let page = lead.get("/staff/exemptions").await.text;
    assert!(page.contains("our partner"));
    let path = format!("/staff/exemptions/{}", after(&page, "action=\"/staff/exemptions/"));
    lead.post(&path, &[]).await.assert_redirect();
    assert!(app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn staff_read_mails_and_try_them_again() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let pool = app.desk().db.pool();
    let mail = outbox::of_ticket(pool, ticket.id).await.unwrap().remove(0);
    let path = format!("/staff/outbox/{}", mail.id);
    agent
        .get("/staff/outbox?state=queued")
        .await
        .assert_page(200, "ann@sender.example")
        .assert_page(200, "mail.smtp_url");
    let page = agent.get(&path).await;
    page.assert_page(200, "Thank you, your request has arrived").assert_page(200, "?key=");
    let page = app.sign_in(Role::Reader).await.get(&path).await;
    page.assert_page(200, "Thank you, your request has arrived").assert_page(200, "?key=…");
    agent.post(&format!("{path}/retry"), &[]).await.assert_page(409, "");
    outbox::give_up(pool, mail.id, "550 no such user").await.unwrap();
    agent.get(&path).await.assert_page(200, "550 no such user").assert_page(200, "/retry");
    agent.post(&format!("{path}/retry"), &[]).await.assert_redirect();
    assert_eq!(outbox::find(pool, mail.id).await.unwrap().unwrap().state.as_str(), "queued");
    agent.get("/staff/audit?what=mail.").await.assert_page(200, "queued a mail again");
}

#[tokio::test]
async fn admins_manage_the_team_and_everybody_their_account() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in(Role::Admin).await;
    let new = |password| [("email", "ben@postern.example"), ("name", "Ben"), ("role", "agent"), ("password", password)];
    admin.post("/staff/team", &new("short")).await.assert_page(422, "ben@postern.example");
    admin.post("/staff/team", &new(PASSWORD)).await.assert_redirect();
    admin.post("/staff/team", &new(PASSWORD)).await.assert_page(422, "already");
    let (mut ben, mut there) = (app.visitor(), app.visitor_from("203.0.113.50"));
    for browser in [&mut ben, &mut there] {
        browser
            .post("/staff/sign-in", &[("email", "ben@postern.example"), ("password", PASSWORD)])
            .await
            .assert_redirect();
    }
    let page = ben.get("/staff/account").await.text;
    assert!(page.contains("203.0.113.50"));
    ben.post("/staff/account/sessions", &[("session", after(&page, "name=\"session\" value=\""))])
        .await
        .assert_redirect();
    there.get("/staff/account").await.assert_redirect();
    let change = |old, new, again| [("old", old), ("password", new), ("again", again)];
    ben.post("/staff/account/password", &change("wrong", "battery horse", "battery horse"))
        .await
        .assert_page(422, "present password");
    ben.post("/staff/account/password", &change(PASSWORD, "battery horse", "other"))
        .await
        .assert_page(422, "not the same");
    ben.post("/staff/account/password", &change(PASSWORD, "battery horse", "battery horse")).await.assert_redirect();
    let team = admin.get("/staff/team").await.text;
    let rest = team.split_once("ben@postern.example").unwrap().1;
    let id = after(rest, "/staff/team/").split('/').next().unwrap().to_owned();
    admin.post(&format!("/staff/team/{id}/role"), &[("role", "lead")]).await.assert_redirect();
    admin.post(&format!("/staff/team/{id}/disable"), &[]).await.assert_redirect();
    ben.get("/staff/account").await.assert_redirect();
    admin.post(&format!("/staff/team/{id}/disable"), &[]).await.assert_page(422, "Team");
    admin.post(&format!("/staff/team/{id}/enable"), &[]).await.assert_redirect();
    admin.post(&format!("/staff/team/{id}/password"), &[("password", "x")]).await.assert_page(422, "Team");
    admin.post(&format!("/staff/team/{id}/password"), &[("password", PASSWORD)]).await.assert_redirect();
    admin
        .get("/staff/audit?actor=admin&what=staff.")
        .await
        .assert_page(200, "set a role")
        .assert_page(200, "ben@postern.example lead");
    admin.get("/staff/audit?net=comet").await.assert_page(422, "comet");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in(Role::Admin).await;
    for path in ["tickets/PM-0000-0000", "tickets/12", "blocks/12", "blocks/x", "outbox/12", "evidence/12", "nowhere"] {
        admin.get(&format!("/staff/{path}")).await.assert_page(404, "");
    }
    admin.post("/staff/exemptions/12/end", &[]).await.assert_page(404, "");
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    admin.get(&format!("/staff/tickets/{}", ticket.id)).await.assert_page(200, &ticket.code);
}

#[tokio::test]
async fn with_the_database_away_nobody_is_asked_to_sign_in_again() {
    let app = TestApp::start().await;
    let mut agent = app.sign_in(Role::Agent).await;
    app.desk().db.close().await;
    for path in ["/staff/tickets", "/staff/sign-in"] {
        agent.get(path).await.assert_page(503, "does not reach its database");
    }
    agent.get("/check").await.assert_page(200, "Look up");
}
