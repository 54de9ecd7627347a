//! The power goes at random moments while people submit: what was acknowledged is there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::wire::Wire;
use crate::support::{Delivered, Place, Sink};

/// How often the power goes.
const CUTS: u64 = 5;

/// How many people submit at once.
const PEOPLE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_request_survives_with_one_ticket_and_its_mail() {
    let sink = Sink::start().await;
    let more = format!(
        "mail.smtp_url = \"{}\"\nlimits = {{ requests_per_hour = 1000000, requests_per_hour_mail = 1000000, requests_per_hour_network = 1000000, requests_per_minute = 1000000 }}\n",
        sink.url()
    );
    let place = Place::with(&more).await;
    let acknowledged: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let sent = Arc::new(AtomicUsize::new(0));
    for cut in 0..CUTS {
        let serving = place.serve().await;
        let stop = Arc::new(AtomicBool::new(false));
        let people: Vec<_> = (0..PEOPLE)
            .map(|_| {
                let (acknowledged, sent, stop, server) = (acknowledged.clone(), sent.clone(), stop.clone(), place.http);
                std::thread::spawn(move || submit_until(&stop, server, &sent, &acknowledged))
            })
            .collect();
        // Some moment between the first and the later submissions: different at each cut.
        tokio::time::sleep(Duration::from_millis(150 + 137 * cut)).await;
        serving.kill();
        stop.store(true, Ordering::SeqCst);
        for person in people {
            person.join().unwrap();
        }
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > 20, "only {} requests were acknowledged", acknowledged.len());
    let _serving = place.serve().await;
    let app = place.portal().await;
    for (email, location) in &acknowledged {
        let page = Wire::new(place.http).get(location);
        assert_eq!(page.status, 200, "{email}");
        let email = postern::domain::email::Email::parse(email).unwrap();
        let tickets = postern::store::tickets::of_email(app.desk.db.pool(), &email, postern::domain::id::Id(0), 10)
            .await
            .unwrap();
        assert_eq!(tickets.len(), 1, "{email}");
    }
    // A mail that was being handed over when the power went is another process's for a minute.
    let begun = Instant::now();
    let arrived = |mails: &[Delivered]| acknowledged.keys().all(|email| mails.iter().any(|m| m.to.contains(email)));
    while !arrived(&sink.mails()) {
        assert!(begun.elapsed() < Duration::from_mins(3), "some mails do not arrive");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for mail in sink.mails() {
        let id = mail.header("Message-ID").expect("a Message-ID");
        let known = ids.entry(mail.to[0].clone()).or_insert_with(|| id.clone());
        assert_eq!(*known, id, "a mail sent twice has the same Message-ID");
    }
}

/// Submits one request after the other, each with an address of its own; a request without an answer is sent again.
fn submit_until(
    stop: &AtomicBool,
    server: std::net::SocketAddr,
    sent: &AtomicUsize,
    acknowledged: &Mutex<BTreeMap<String, String>>,
) {
    while !stop.load(Ordering::SeqCst) {
        let n = sent.fetch_add(1, Ordering::SeqCst);
        let email = format!("sender{n}@example.org");
        let ip = format!("203.0.113.{}", n % 250 + 1);
        let once = format!("a form of its own {n:08}");
        let fields = [
            ("kind", "unblock"),
            ("email", email.as_str()),
            ("ips", &ip),
            ("message", "Please look."),
            ("once", &once),
        ];
        let Some(reply) = Wire::new(server).try_post("/requests/new", &fields) else { return };
        if reply.status == 303 {
            acknowledged.lock().unwrap().insert(email, reply.location);
        }
    }
}
