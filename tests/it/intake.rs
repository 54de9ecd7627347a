//! What forms with evidence bring that nobody expects: very much of it, twice, or with hidden signs in it.

use postern::domain::id::Secret;
use postern::store::{evidence, messages, tickets};

use crate::support::{Answer, TestApp};

/// The value of the first hidden field of this name.
fn hidden(answer: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = answer.text.split_once(&start).unwrap_or_else(|| panic!("no {name} in: {}", answer.text));
    rest.split('"').next().unwrap().to_owned()
}

/// Ten small files.
fn ten_files() -> Vec<(&'static str, &'static str, &'static [u8])> {
    (0..10).map(|_| ("file", "out.log", b"one line\n".as_slice())).collect()
}

#[tokio::test]
async fn a_long_text_beside_many_files_is_kept_whole() {
    let app = TestApp::start().await;
    let long = "a line of a log\n".repeat(140_000);
    let fields = [("email", "ann@sender.example"), ("message", "see below")];
    let mut files = ten_files();
    files.push(("evidence", "", long.as_bytes()));
    let answer = app.visitor().post_files("/requests/new", &fields, &files).await;
    let code = answer.assert_redirect().split(['/', '?']).nth(2).unwrap().to_owned();
    let ticket = tickets::find_by_code(app.desk().db.pool(), &code).await.unwrap().unwrap();
    let pieces = evidence::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(pieces.len(), 11);
    assert!(pieces.iter().any(|piece| piece.size == i64::try_from(long.len()).unwrap()), "{pieces:?}");
}

#[tokio::test]
async fn a_text_that_cannot_be_kept_whole_is_told() {
    let app = TestApp::start().await;
    let long = "a line of a log\n".repeat(70_000);
    let mut files = ten_files();
    files.extend((0..6).map(|_| ("evidence", "", long.as_bytes())));
    let fields = [("email", "ann@sender.example"), ("message", "see below")];
    let answer = app.visitor().post_files("/requests/new", &fields, &files).await;
    answer.assert_page(422, "Only the beginning of this text").assert_page(422, "see below</textarea>");
}

#[tokio::test]
async fn a_file_that_is_gone_is_told_beside_the_message_too() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let path = format!("/requests/{}/messages?key={}", ticket.code, secret.reveal());
    let fields = [("message", "see the file"), ("held", "a secret of nothing")];
    let answer = app.visitor().post(&path, &fields).await;
    answer.assert_page(422, "is not there any more").assert_page(422, "see the file</textarea>");
}

#[tokio::test]
async fn a_message_with_a_held_file_that_is_sent_twice_is_one() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let path = format!("/requests/{}/messages?key={}", ticket.code, secret.reveal());
    let files: [(&str, &str, &[u8]); 2] = [("file", "out.log", b"one line\n"), ("file", "out.exe", b"MZ")];
    let mut visitor = app.visitor();
    let mistaken = visitor.post_files(&path, &[("message", "see the file")], &files).await;
    let held = hidden(mistaken.assert_page(422, "out.exe"), "held");
    let once = Secret::new();
    let fields = [("message", "see the file"), ("held", held.as_str()), ("once", once.reveal())];
    for _ in 0..2 {
        visitor.post(&path, &fields).await.assert_redirect();
    }
    let said = messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(said.iter().filter(|message| message.text == "see the file").count(), 1);
}

#[tokio::test]
async fn what_a_page_repeats_hides_nothing() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let fields = [("ips", "203.0.113.7\u{202e}x"), ("email", "ann\u{202e}@@sender.example"), ("message", "Hello")];
    let files: [(&str, &str, &[u8]); 2] =
        [("file", "a\u{202e}b.log", b"one line\n"), ("file", "c\u{202e}d.exe", b"MZ")];
    let page = visitor.post_files("/requests/new", &fields, &files).await;
    page.assert_page(422, "“203.0.113.7\u{fffd}x”").assert_page(422, "“ann\u{fffd}@@sender.example”");
    page.assert_page(422, "“c\u{fffd}d.exe”").assert_page(422, "a\u{fffd}b.log (9 bytes)");
    visitor.get("/check?q=%E2%80%AE203.0.113.7x").await.assert_page(422, "“\u{fffd}203.0.113.7x”");
}
