//! What nobody sends by mistake: it is refused or shown as it is, and never a fault of ours.

use postern::domain::staff::Role;

use crate::support::{Browser, TestApp};

/// Pieces of addresses that have broken other programs.
const PIECES: [&str; 8] = [
    "%00",
    "a%00b",
    "%27%20OR%201=1%20--",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "%E2%80%AE",
    "%0d%0aSet-Cookie:%20a=b",
    "%25",
];

/// Opens addresses with each piece in the place of `*`; none may be our fault.
async fn open_all(browser: &mut Browser, paths: &[&str]) {
    for path in paths {
        for piece in PIECES {
            let path = path.replace('*', piece);
            let answer = browser.get(&path).await;
            assert!(answer.status.as_u16() < 500, "{path}: {} {}", answer.status, answer.text);
            assert!(answer.headers.get_all("set-cookie").iter().all(|cookie| !cookie.as_bytes().starts_with(b"a=b")));
        }
    }
}

#[tokio::test]
async fn no_address_of_the_public_pages_is_a_fault() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let own = format!("/requests/{}?key=*", ticket.code);
    let paths = [
        "/*",
        "/faq?q=*",
        "/faq/*",
        "/causes/*",
        "/c/*",
        "/c/*/*",
        "/check?q=*",
        "/requests/new?kind=*&ips=*&case=*",
        "/requests/*?key=*",
        "/static/*",
        "/staff/setup?key=*",
        "/staff/sign-in?next=*",
        "/api/v1/blocks?net=*",
        &own,
    ];
    open_all(&mut app.visitor(), &paths).await;
}

#[tokio::test]
async fn no_address_of_the_staff_pages_is_a_fault() {
    let app = TestApp::start().await;
    let mut ada = app.sign_in(Role::Admin).await;
    let paths = [
        "/staff/*",
        "/staff/tickets?q=*",
        "/staff/tickets?state=*&kind=*&assignee=*&email=*&ip=*&after=*",
        "/staff/tickets/*",
        "/staff/blocks?q=*&state=*&cause=*&source=*&before=*",
        "/staff/blocks/*",
        "/staff/exemptions?before=*",
        "/staff/outbox?state=*&before=*",
        "/staff/audit?actor=*&what=*&net=*&before=*",
        "/staff/team?done=*",
    ];
    open_all(&mut ada, &paths).await;
}

#[tokio::test]
async fn a_nul_in_a_form_is_no_fault() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let nul = "a\0b";
    for field in ["kind", "ips", "evidence", "email", "name", "message", "case", "once", "held"] {
        let mut fields = vec![("kind", "other"), ("email", "ann@sender.example"), ("message", "Hello"), ("ips", "")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, nul));
        let answer = visitor.post("/requests/new", &fields).await;
        assert!(answer.status.as_u16() < 500, "{field}: {} {}", answer.status, answer.text);
    }
    let answer = visitor.post("/staff/sign-in", &[("email", nul), ("password", nul), ("next", nul)]).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text);
    let answer = visitor.post("/staff/setup", &[("key", nul), ("email", nul), ("name", nul), ("password", nul)]).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text);
}

#[tokio::test]
async fn a_slash_too_much_leads_to_no_other_host() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    for path in ["//evil.example/", "///evil.example//", "/\\evil.example/", "/nowhere", "//"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    assert_eq!(visitor.post("/faq/", &[]).await.status, 404);
}
