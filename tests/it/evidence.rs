//! Evidence comes in: as it came, in bounded rows, attached once.

use postern::desk::Refusal;
use postern::desk::evidence::Held;
use postern::desk::request::{Request, Submitted};
use postern::domain::id::{Id, Secret, hash};
use postern::domain::net::Net;
use postern::domain::ticket::By;
use postern::domain::time::{DAY, HOUR};
use postern::evidence::READER;
use postern::store::evidence::{self, CHUNK, Form, FullyRead, Holder, Reading};
use postern::store::tickets::{self, Origin};

use crate::support::TestApp;

/// A mail server's log of so many bytes, and a little more to its line end.
fn log_of(size: usize) -> Vec<u8> {
    let mut log = Vec::with_capacity(size + 200);
    let mut n = 0;
    while log.len() < size {
        let line = format!(
            "Nov 23 11:{:02}:{:02} mx postfix/smtp[{n}]: {n:08X}: to=<someone{n}@customer.example>, relay=mx1.provider.example[192.0.2.1]:25, delay={}, status=deferred (connection timed out)\n",
            n / 60 % 60,
            n % 60,
            n % 977
        );
        log.extend_from_slice(line.as_bytes());
        n += 1;
    }
    log
}

/// Streams bytes in, in pieces of this size.
async fn take(app: &TestApp, name: &str, bytes: &[u8], piece: usize) -> Held {
    let mut incoming = app.desk().begin_evidence(Form::File, name).await.unwrap();
    for part in bytes.chunks(piece) {
        app.desk().take_evidence(&mut incoming, part).await.unwrap();
    }
    app.desk().complete_evidence(incoming).await.unwrap()
}

/// What is stored of a piece, row by row.
async fn rows(app: &TestApp, id: Id) -> Vec<Vec<u8>> {
    let mut rows = Vec::new();
    while let Some(row) = evidence::chunk(app.desk().db.pool(), id, i64::try_from(rows.len()).unwrap()).await.unwrap() {
        rows.push(row);
    }
    rows
}

#[tokio::test]
async fn megabytes_are_kept_as_they_came_in_bounded_rows() {
    let app = TestApp::start().await;
    let log = log_of(3 * 1024 * 1024);
    let held = take(&app, "mail.log", &log, 10_007).await;
    let rows = rows(&app, held.id).await;
    assert!(rows.iter().all(|row| !row.is_empty() && row.len() <= CHUNK) && rows.len() >= 12);
    assert!(rows.concat() == log, "the bytes are the same");
    let piece = evidence::find(app.desk().db.pool(), held.id).await.unwrap().unwrap();
    assert_eq!((piece.size, piece.sha256), (i64::try_from(log.len()).unwrap(), hash(&log)));
    assert_eq!((piece.fully_read, piece.form, piece.name.as_str()), (FullyRead::No, Form::File, "mail.log"));
    assert!(
        piece.text.starts_with("Nov 23 11:00:00 mx") && piece.text.len() <= 1024 * 1024 + 8,
        "the beginning is shown"
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_are_kept_as_they_came() {
    let app = TestApp::start().await;
    let bytes: Vec<u8> =
        (0..2 * CHUNK + 77).map(|n: usize| u8::try_from(n.wrapping_mul(2_654_435_761) >> 7 & 0xff).unwrap()).collect();
    let without_lines: Vec<u8> = bytes.iter().map(|b| if *b == b'\n' { 0 } else { *b }).collect();
    for (bytes, piece) in [(&bytes, 65_536), (&without_lines, 1 << 20), (&without_lines, 4_095)] {
        let held = take(&app, "core.dump", bytes, piece).await;
        let rows = rows(&app, held.id).await;
        assert!(rows.iter().all(|row| row.len() <= CHUNK));
        assert!(rows.concat() == *bytes);
    }
}

#[tokio::test]
async fn nothing_at_all_is_a_piece_too() {
    let app = TestApp::start().await;
    let held = take(&app, "", b"", 1).await;
    let piece = evidence::find(app.desk().db.pool(), held.id).await.unwrap().unwrap();
    assert_eq!((held.size, piece.size, piece.text.as_str()), (0, 0, ""));
    assert!(rows(&app, held.id).await.is_empty());
}

#[tokio::test]
async fn a_nul_and_a_hostile_name_break_nothing() {
    let app = TestApp::start().await;
    let held = take(&app, "a\0b\r\nBcc: x\u{202e}.log", b"one\0two\n", 3).await;
    let piece = evidence::find(app.desk().db.pool(), held.id).await.unwrap().unwrap();
    assert!(!piece.text.contains('\0') && piece.text.contains("one"), "{}", piece.text);
    assert!(!piece.name.contains(['\0', '\r', '\n']), "{}", piece.name);
    assert_eq!(rows(&app, held.id).await.concat(), b"one\0two\n");
}

#[tokio::test]
async fn a_held_piece_is_found_by_its_secret_only_once_it_is_complete() {
    let app = TestApp::start().await;
    let mut incoming = app.desk().begin_evidence(Form::File, "half.log").await.unwrap();
    app.desk().take_evidence(&mut incoming, b"half a").await.unwrap();
    let held = app.desk().complete_evidence(incoming).await.unwrap();
    let found = app.desk().held_evidence(held.secret.reveal()).await.unwrap();
    assert_eq!((found.id, found.size, found.name.as_str()), (held.id, 6, "half.log"));
    assert!(matches!(app.desk().held_evidence(Secret::new().reveal()).await, Err(Refusal::NotFound)));
    let pool = app.desk().db.pool();
    let unfinished = Secret::new();
    evidence::begin(
        pool,
        Id::new(app.desk().now()),
        Holder { hash: &unfinished.hash(), network: None },
        Form::File,
        "cut.log",
        app.desk().now(),
    )
    .await
    .unwrap();
    assert!(matches!(app.desk().held_evidence(unfinished.reveal()).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn a_held_piece_goes_to_one_ticket() {
    let app = TestApp::start().await;
    let held = take(&app, "mail.log", &log_of(500), 100).await;
    let with_it = |email: &str| Request { evidence: vec![held.id], ..TestApp::request(email, "203.0.113.7") };
    let Submitted { code, .. } = app.desk().submit(with_it("ann@sender.example")).await.unwrap();
    let ticket = app.ticket(&code).await;
    let pool = app.desk().db.pool();
    let pieces = evidence::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((pieces.len(), pieces[0].id, pieces[0].author_kind), (1, held.id, By::Sender));
    assert!(app.desk().held_evidence(held.secret.reveal()).await.is_err(), "its secret is spent");
    let stolen = app.desk().submit(with_it("eve@elsewhere.example")).await;
    assert!(matches!(stolen, Err(Refusal::Stale)));
    assert!(tickets::list(pool, &tickets::Filter::default(), 10).await.unwrap().len() == 1, "nothing half is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_forms_with_the_same_piece_one_gets_it() {
    let app = TestApp::start().await;
    let held = take(&app, "mail.log", b"a line\n", 100).await;
    let tries: Vec<_> = (0..6)
        .map(|n| {
            let desk = app.desk().clone();
            let request =
                Request { evidence: vec![held.id], ..TestApp::request(&format!("s{n}@sender.example"), "203.0.113.7") };
            tokio::spawn(async move { desk.submit(request).await })
        })
        .collect();
    let mut taken = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => taken += 1,
            Err(refused) => assert!(matches!(refused, Refusal::Stale), "{refused}"),
        }
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn addresses_in_the_evidence_become_networks_of_the_ticket() {
    let app = TestApp::start().await;
    let line = b"550 5.7.1 <mx.sender.example[203.0.113.9]>: Client host rejected: blocked (PB-SPAM), see https://portal.example/c/7K3FQ2XW/203.0.113.9\n";
    let held = take(&app, "", line, 1_000).await;
    let request =
        Request { evidence: vec![held.id], typed: Vec::new(), ..TestApp::request("ann@sender.example", "203.0.113.9") };
    let Submitted { code, .. } = app.desk().submit(request).await.unwrap();
    let ticket = app.ticket(&code).await;
    let networks = tickets::networks(app.desk().db.pool(), ticket.id).await.unwrap();
    assert!(networks.contains(&(Net::parse("203.0.113.9").unwrap(), Origin::Evidence)), "{networks:?}");
}

#[tokio::test]
async fn a_piece_can_be_read_again() {
    let app = TestApp::start().await;
    let held = take(&app, "mail.log", &log_of(2_000), 512).await;
    let pool = app.desk().db.pool();
    forget_reading(&app, held.id).await;
    let piece = evidence::find(pool, held.id).await.unwrap().unwrap();
    app.desk().reread_evidence(&piece).await.unwrap();
    let piece = evidence::find(pool, held.id).await.unwrap().unwrap();
    assert_eq!(piece.fully_read, FullyRead::Yes);
    assert_eq!(postern::desk::evidence::findings(&piece), held.findings);
}

#[tokio::test]
async fn all_pieces_of_tickets_are_read_again() {
    let app = TestApp::start().await;
    let pool = app.desk().db.pool();
    let mut pieces = Vec::new();
    for n in 0..3 {
        let held = take(&app, "mail.log", &log_of(500), 512).await;
        let email = format!("s{n}@sender.example");
        let request = Request { evidence: vec![held.id], ..TestApp::request(&email, "203.0.113.7") };
        app.desk().submit(request).await.unwrap();
        forget_reading(&app, held.id).await;
        pieces.push(held);
    }
    take(&app, "held.log", b"waits for its form", 512).await;
    assert_eq!(app.desk().reread_all().await.unwrap(), 3);
    for held in pieces {
        let piece = evidence::find(pool, held.id).await.unwrap().unwrap();
        assert_eq!(postern::desk::evidence::findings(&piece), held.findings);
    }
}

#[tokio::test]
async fn what_an_older_reader_read_is_read_again_and_what_was_purged_is_not() {
    let app = TestApp::with(&[("evidence.retention", "30d")]).await;
    let pool = app.desk().db.pool();
    let mut ids = Vec::new();
    for n in 0..12 {
        let line = format!(
            "Nov 20 10:00:0{} mx postfix/smtp[1]: A{n}: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.1.1 no)\n",
            n % 10
        );
        let held = take(&app, "mail.log", line.as_bytes(), 512).await;
        let request =
            Request { evidence: vec![held.id], ..TestApp::request(&format!("s{n}@sender.example"), "203.0.113.7") };
        app.desk().submit(request).await.unwrap();
        ids.push(held.id);
    }
    assert_eq!(app.desk().reread_outdated(Id(0)).await.unwrap(), None, "all of them are fresh");
    for id in &ids {
        forget_reading(&app, *id).await;
    }
    evidence::purge(pool, ids[11], "", None, app.desk().clock.now()).await.unwrap();
    assert_eq!(evidence::outdated(pool, READER, Id(0), 100).await.unwrap(), ids[..11]);
    app.wait(400 * DAY);
    assert_eq!(app.desk().reread_outdated(Id(0)).await.unwrap(), Some(ids[9]), "a few at a time");
    assert_eq!(app.desk().reread_outdated(ids[9]).await.unwrap(), Some(ids[10]));
    assert_eq!(app.desk().reread_outdated(Id(0)).await.unwrap(), None);
    let piece = evidence::find(pool, ids[0]).await.unwrap().unwrap();
    let found = postern::desk::evidence::findings(&piece);
    assert_eq!(found.replies[0].at.as_deref(), Some("2026-11-20T10:00:00"), "the year is that of its arrival");
    let reading = Reading { text: "back".into(), findings: "{}".into(), fully_read: FullyRead::Yes, reader: READER };
    assert!(!evidence::set_reading(pool, ids[11], &reading).await.unwrap(), "what was purged stays so");
}

/// Makes a piece look as if an older reader had understood nothing of it.
async fn forget_reading(app: &TestApp, id: Id) {
    let nothing = Reading { text: String::new(), findings: "{}".into(), fully_read: FullyRead::No, reader: 0 };
    assert!(evidence::set_reading(app.desk().db.pool(), id, &nothing).await.unwrap());
}

#[tokio::test]
async fn secrets_in_wide_text_are_not_stored() {
    let app = TestApp::start().await;
    let text = format!("{}password=sesame-open-1234\r\n", "250 ok\r\n".repeat(30_000));
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let held = take(&app, "session.txt", &wide, 65_537).await;
    let stored = rows(&app, held.id).await.concat();
    let narrow: String = stored.iter().filter(|b| **b != 0).map(|b| char::from(*b)).collect();
    assert_eq!(stored.len(), wide.len());
    assert!(narrow.ends_with("password=****************\r\n"), "{}", &narrow[narrow.len() - 60..]);
}

#[tokio::test]
async fn passwords_in_a_log_are_not_stored() {
    let app = TestApp::start().await;
    let log = format!(
        "{}{}",
        "250 ok\n".repeat(40_000),
        "> AUTH PLAIN AGFubgBzZXNhbWUtb3Blbi0xMjM0\nPassword: sesame-open-1234\n"
    );
    let held = take(&app, "session.txt", log.as_bytes(), 9_999).await;
    let rows = rows(&app, held.id).await;
    let stored = String::from_utf8(rows.concat()).unwrap();
    let piece = evidence::find(app.desk().db.pool(), held.id).await.unwrap().unwrap();
    for text in [&stored, &piece.text] {
        assert!(
            !text.contains("sesame-open-1234") && !text.contains("AGFubgBzZXNhbWUtb3Blbi0xMjM0"),
            "a password is stored"
        );
    }
    assert_eq!(stored.len(), log.len(), "masked at the same length");
}

#[tokio::test]
async fn what_no_form_takes_is_gone_after_a_day() {
    let app = TestApp::start().await;
    let held = take(&app, "mail.log", &log_of(300_000), 65_536).await;
    app.wait(23 * HOUR);
    app.desk().purge().await.unwrap();
    assert!(app.desk().held_evidence(held.secret.reveal()).await.is_ok(), "it waits a day");
    app.wait(2 * HOUR);
    assert_eq!(app.desk().purge().await.unwrap(), 1);
    assert!(app.desk().held_evidence(held.secret.reveal()).await.is_err());
    assert!(rows(&app, held.id).await.is_empty());
    app.wait(DAY);
    assert_eq!(app.desk().purge().await.unwrap(), 0, "once is enough");
}
