//! What staff meet on their pages.

use postern::domain::staff::Role;

use crate::support::TestApp;

#[tokio::test]
async fn a_ticket_is_lifted_from_its_page_and_leaves_the_queue() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let mut agent = app.sign_in(Role::Agent).await;
    agent.get("/staff/tickets").await.assert_page(200, &ticket.code);
    let page = agent.get(&format!("/staff/tickets/{}", ticket.code)).await;
    page.assert_page(200, "PB-SPAM").assert_page(200, "We cleaned the machine.");
    let id = block.id.to_string();
    let fields = [
        ("block", id.as_str()),
        ("scope", "entry"),
        ("reason", "cleaned"),
        ("probation_days", "7"),
        ("answer", "Thanks."),
    ];
    agent.post(&format!("/staff/tickets/{}/lift", ticket.code), &fields).await.assert_redirect();
    assert!(!app.is_blocked("203.0.113.7"));
    assert!(!agent.get("/staff/tickets").await.text.contains(&ticket.code));
    agent.get(&format!("/staff/tickets/{}", ticket.code)).await.assert_page(200, "Thanks.");
}

#[tokio::test]
async fn a_reader_sees_everything_and_changes_nothing() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let mut reader = app.sign_in(Role::Reader).await;
    let path = format!("/staff/tickets/{}", ticket.code);
    let page = reader.get(&path).await;
    page.assert_page(200, "PB-SPAM");
    assert!(!page.text.contains("/lift\""), "a reader gets no form to lift");
    let id = block.id.to_string();
    let lift = [("block", id.as_str()), ("scope", "entry"), ("reason", "x"), ("probation_days", "7"), ("answer", "")];
    assert_eq!(reader.post(&format!("{path}/lift"), &lift).await.status.as_u16(), 403);
    assert_eq!(reader.post(&format!("{path}/notes"), &[("note", "hello")]).await.status.as_u16(), 403);
    assert!(app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn an_agent_may_not_lift_a_wide_network_but_an_address_out_of_it() {
    let app = TestApp::start().await;
    let block = app.block("203.0.0.0/16", "PB-DYN").await;
    let mut agent = app.sign_in(Role::Agent).await;
    let path = format!("/staff/blocks/{}/lift", block.id);
    let id = block.id.to_string();
    let whole = [("block", id.as_str()), ("scope", "entry"), ("reason", "x"), ("probation_days", "0")];
    assert_eq!(agent.post(&path, &whole).await.status.as_u16(), 403);
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let only = [
        ("block", id.as_str()),
        ("scope", "only"),
        ("only", "203.0.113.7"),
        ("reason", "own PTR"),
        ("probation_days", "7"),
        ("answer", "Out."),
    ];
    agent.post(&format!("/staff/tickets/{}/lift", ticket.code), &only).await.assert_redirect();
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
}

#[tokio::test]
async fn two_people_do_not_take_the_same_ticket() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let mut first = app.sign_in(Role::Agent).await;
    let mut second = app.sign_in(Role::Lead).await;
    let me = app.staff_named("agent").await.to_string();
    let other = app.staff_named("lead").await.to_string();
    let path = format!("/staff/tickets/{}/assignment", ticket.code);
    let version = ticket.version.to_string();
    first.post(&path, &[("version", &version), ("assignee", &me)]).await.assert_redirect();
    second.post(&path, &[("version", &version), ("assignee", &other)]).await.assert_page(409, "changed meanwhile");
}

#[tokio::test]
async fn pages_of_staff_want_a_sign_in_and_lead_back() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    for path in ["/staff/tickets", "/staff/blocks", "/staff/outbox", "/staff/team", "/staff/audit", "/staff/account"] {
        let answer = visitor.get(path).await;
        assert!(answer.assert_redirect().starts_with("/staff/sign-in?next="), "{path}");
    }
    app.staff("ann", Role::Agent).await;
    let wrong = [("email", "ann@postern.example"), ("password", "not this one"), ("next", "/staff/blocks")];
    let page = visitor.post("/staff/sign-in", &wrong).await;
    page.assert_page(422, "ann@postern.example");
    assert!(!page.text.contains("not this one"));
    let right = [("email", "ann@postern.example"), ("password", crate::support::PASSWORD), ("next", "/staff/blocks")];
    assert_eq!(visitor.post("/staff/sign-in", &right).await.assert_redirect(), "/staff/blocks");
    for path in ["/staff/blocks", "/staff/exemptions", "/staff/outbox", "/staff/team", "/staff/audit", "/staff/account"]
    {
        assert_eq!(visitor.get(path).await.status.as_u16(), 200, "{path}");
    }
    visitor.post("/staff/sign-out", &[]).await.assert_redirect();
    visitor.get("/staff/blocks").await.assert_redirect();
}
