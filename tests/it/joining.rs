//! Somebody types another's mail address into the form: nothing tells them whether a ticket is open.

use postern::domain::staff::Role;
use postern::domain::ticket::{By, Resolution, Ticket};
use postern::domain::time::HOUR;
use postern::store::{evidence, messages};

use crate::support::{Answer, Browser, TestApp};

/// What the stranger types: the mail address and the server of somebody else.
const TYPED: &[(&str, &str)] = &[
    ("email", "ann@example.org"),
    ("ips", "203.0.113.7"),
    ("kind", "unblock"),
    ("name", "Mallory"),
    ("message", "from a stranger"),
    ("evidence", "client 192.0.2.66 refused"),
];

/// Somebody who writes down all that the portal answers, with what differs from page to page taken out.
struct Stranger {
    /// Their browser.
    browser: Browser,
    /// What was answered.
    seen: Vec<String>,
    /// The page of their request, with its key.
    page: String,
}

impl Stranger {
    /// Somebody who has sent the form.
    async fn asks(app: &TestApp) -> Self {
        let mut stranger = Self { browser: app.visitor_from("192.0.2.200"), seen: Vec::new(), page: String::new() };
        let answer = stranger.browser.post_files("/requests/new", TYPED, &[("file", "a.log", b"a line")]).await;
        stranger.page = answer.assert_redirect().split("&new").next().unwrap().to_owned();
        let first = answer.location().to_owned();
        stranger.note(&answer);
        let shown = stranger.browser.get(&first).await;
        shown.assert_page(200, "Thank you, your request has arrived").assert_page(200, "it was added there");
        stranger.note(&shown);
        stranger
    }

    /// The code of their request.
    fn code(&self) -> &str {
        self.page.split(['/', '?']).nth(2).unwrap()
    }

    /// The key of their page.
    fn key(&self) -> &str {
        self.page.split("key=").nth(1).unwrap()
    }

    /// The address of one of the page's forms.
    fn form(&self, name: &str) -> String {
        self.page.replace('?', &format!("/{name}?"))
    }

    /// Writes an answer down.
    fn note(&mut self, answer: &Answer) {
        let headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let all = format!("{}\n{}\n{}", answer.status, headers.join("\n"), answer.text);
        let request = answer.headers.get("x-request-id").unwrap().to_str().unwrap();
        let all = all.replace(self.code(), "CODE").replace(self.key(), "KEY").replace(request, "REQUEST");
        let lines = all.lines().filter(|line| !line.contains("name=\"once\""));
        self.seen.push(lines.map(without_keys).collect::<Vec<_>>().join("\n"));
    }

    /// Looks at the page.
    async fn looks(&mut self) -> String {
        let answer = self.browser.get(&self.page.clone()).await;
        self.note(&answer);
        answer.text
    }

    /// Sends one of the forms, with a file or without.
    async fn sends(&mut self, form: &str, message: &str, file: &[(&str, &str, &[u8])]) {
        let answer = self.browser.post_files(&self.form(form), &[("message", message)], file).await;
        self.note(&answer);
    }
}

/// A line of a page without the keys of pieces of evidence: they are the only long numbers.
fn without_keys(line: &str) -> String {
    let words = line.split_inclusive(|c: char| !c.is_ascii_digit());
    words.map(|word| if word.len() > 12 { "KEY" } else { word }).collect()
}

/// All that a stranger can try on the pages of a request.
async fn tries_all(app: &TestApp) -> Vec<String> {
    let mut stranger = Stranger::asks(app).await;
    stranger.looks().await;
    stranger.sends("messages", " ", &[]).await;
    stranger.sends("messages", "typed", &[("file", "x.exe", b"x")]).await;
    stranger.sends("messages", "and this", &[("file", "b.log", b"client 192.0.2.67 refused")]).await;
    stranger.looks().await;
    app.wait(HOUR);
    stranger.sends("withdrawal", "", &[]).await;
    stranger.looks().await;
    stranger.sends("withdrawal", "", &[]).await;
    stranger.sends("messages", "not settled", &[]).await;
    stranger.looks().await;
    for wrong in [stranger.page.replace("key=", "key=x"), "/requests/received".to_owned()] {
        let answer = stranger.browser.get(&wrong).await;
        answer.assert_page(404, "There is nothing here");
        stranger.note(&answer);
    }
    stranger.seen
}

/// An open ticket of Ann, and somebody who typed her address into the form.
async fn joined(app: &TestApp) -> (Ticket, Stranger) {
    let (ticket, _) = app.ask("ann@example.org", "203.0.113.7").await;
    (ticket, Stranger::asks(app).await)
}

#[tokio::test]
async fn all_answers_are_those_that_a_fresh_request_gets() {
    let (with, without) = (TestApp::start().await, TestApp::start().await);
    let cases = [with.block("203.0.113.7", "PB-SPAM").await, without.block("203.0.113.7", "PB-SPAM").await];
    let agent = with.staff("bea", Role::Agent).await;
    let (ticket, _) = with.ask("ann@example.org", "203.0.113.7").await;
    with.desk().answer(&agent, ticket.id, "Our secret talk.", true).await.unwrap();
    let (seen, expected) = (tries_all(&with).await, tries_all(&without).await);
    assert_eq!((seen.len(), expected.len()), (14, 14));
    for (seen, expected) in seen.iter().zip(&expected) {
        let (seen, expected) =
            (seen.replace(&cases[0].case_code, "CASE"), expected.replace(&cases[1].case_code, "CASE"));
        let pairs = seen.lines().zip(expected.lines());
        let first = pairs.clone().find(|(one, other)| one != other);
        assert_eq!(seen, expected, "they differ in {first:?}");
        assert!(!seen.contains(&ticket.code) && !seen.contains("secret talk"));
    }
}

#[tokio::test]
async fn a_double_click_leads_to_the_same_page_and_adds_once() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@example.org", "203.0.113.7").await;
    let fields = [&[("once", "the-key-of-this-form")], TYPED].concat();
    let mut browser = app.visitor();
    let first = browser.post("/requests/new", &fields).await;
    let second = browser.post("/requests/new", &fields).await;
    assert_eq!(first.assert_redirect(), second.assert_redirect());
    let pool = app.desk().db.pool();
    assert_eq!(messages::of_ticket(pool, ticket.id).await.unwrap().len(), 2);
    let pieces = evidence::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((pieces.len(), pieces[0].author_kind), (1, By::Unverified));
}

#[tokio::test]
async fn the_key_of_a_joined_request_opens_nothing_of_the_ticket() {
    let app = TestApp::start().await;
    let (ticket, mut stranger) = joined(&app).await;
    let path = format!("/requests/{}?key={}", ticket.code, stranger.key());
    stranger.browser.get(&path).await.assert_page(404, "There is nothing here");
    let agent = app.staff("beatrix", Role::Agent).await;
    app.desk().answer(&agent, ticket.id, "Our secret talk.", true).await.unwrap();
    app.desk().note(&agent, ticket.id, "A secret note.").await.unwrap();
    let page = stranger.looks().await;
    for hidden in [
        "secret talk",
        "secret note",
        "We cleaned the machine.",
        "Ann Sender",
        &ticket.code,
        "beatrix",
        "waiting for you",
    ] {
        assert!(!page.contains(hidden), "{hidden}");
    }
    assert!(page.contains("from a stranger") && page.contains("It is in the queue"));
}

#[tokio::test]
async fn of_the_end_a_stranger_learns_the_word_and_that_the_answer_went_by_mail() {
    let app = TestApp::start().await;
    let (ticket, mut stranger) = joined(&app).await;
    let agent = app.staff("bea", Role::Agent).await;
    app.desk().resolve(&agent, ticket.id, Resolution::Declined, "Our secret reasons.").await.unwrap();
    let page = stranger.looks().await;
    assert!(page.contains("went by mail") && !page.contains("secret reasons"), "{page}");
    stranger.sends("messages", "This is not settled.", &[]).await;
    assert!(app.ticket_by_id(ticket.id).await.is_open());
    assert!(stranger.looks().await.contains("This is not settled."));
}

#[tokio::test]
async fn staff_find_the_ticket_by_the_code_of_a_joined_request() {
    let app = TestApp::start().await;
    let (ticket, stranger) = joined(&app).await;
    let mut staff = app.sign_in(Role::Agent).await;
    let answer = staff.get(&format!("/staff/tickets?q={}", stranger.code())).await;
    let page = staff.get(answer.assert_redirect()).await;
    page.assert_page(200, &ticket.code).assert_page(200, "from a stranger").assert_page(200, stranger.code());
    let queue = staff.get("/staff/tickets").await;
    queue.assert_page(200, &ticket.code);
    assert!(!queue.text.contains(stranger.code()), "it is no ticket of its own");
}
