//! Answers by mail: the real Postfix hands them to `postern inbound`, set up as the page says.

use crate::support::docs::snippet;
use crate::support::postfix::{Postfix, Setup};
use crate::support::wire::Wire;
use crate::support::{Place, Sink, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_sender_answers_by_mail_and_a_wrong_address_goes_back() {
    let sink = Sink::start().await;
    let place = Place::with(&format!("mail.smtp_url = \"{}\"\nmail.inbound = true\n", sink.url())).await;
    let (program, settings) = place.open_to_all();
    let _serving = place.serve().await;
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    let services = snippet(
        "inbound.md",
        "In `master.cf`:",
        &[
            ("/usr/local/bin/postern", &program),
            ("/etc/postern/postern.toml", &settings),
            ("user=postern", "user=nobody"),
        ],
    );
    let main = snippet(
        "inbound.md",
        "In `main.cf`:",
        &[
            ("= postmaster.example.org", "= portal.example, provider.example"),
            ("{ postmaster.example.org=", "{ portal.example="),
        ],
    );
    let policy = place.policy.port();
    let asks = format!("smtpd_client_restrictions = check_policy_service {{ inet:127.0.0.1:{policy}, timeout=5s }}\n");
    let postfix = Postfix::with(&Setup { settings: format!("{asks}{main}"), services, ..Setup::default() });
    eventually("the block is obeyed", async || postfix.send("203.0.113.7", "ben@provider.example").starts_with("550"))
        .await;

    let mut sender = Wire::new(place.http);
    let fields = [("kind", "unblock"), ("email", "ann@sender.example"), ("ips", "203.0.113.7"), ("message", "Mended.")];
    let page = sender.post("/requests/new", &fields).leads_to().to_owned();
    let confirmation = sink.wait_for(1).await.remove(0);
    let at =
        confirmation.text.find("reply+").unwrap_or_else(|| panic!("no address to answer to: {}", confirmation.text));
    let address = confirmation.text[at..].split(['\r', '\n', '>']).next().unwrap().to_owned();
    let taken = postfix.send("203.0.113.7", &address);
    assert!(taken.starts_with("250"), "{taken}");
    assert!(postfix.send("203.0.113.7", "ben@provider.example").starts_with("550"), "all else is refused");
    let path = &page[page.find("/requests/").unwrap()..];
    eventually("the answer stands on the page", async || sender.get(path).text.contains(">Hello<")).await;

    let nobody = address.replacen("reply+", "reply+zz", 1);
    let taken = postfix.send("198.51.100.7", &nobody);
    assert!(taken.starts_with("250"), "{taken}");
    eventually("what belongs to no request goes back", async || {
        postfix.log().lines().any(|line| line.contains("status=bounced") && line.contains("5.1.1"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_database_away_the_mail_server_keeps_the_mail() {
    let place = Place::new().await;
    let away = [("POSTERN_DATABASE__URL", "postgres://postern@127.0.0.1:1/postern")];
    let ran = place.run_with(&["inbound", "--recipient", "reply+x@portal.example"], &away, "From: a@b.example\n\nx\n");
    assert_eq!(ran.status.code(), Some(75), "{} {}", ran.out, ran.err);
    let wrong = [("POSTERN_HTTP__LISTEN", "nowhere")];
    let ran = place.run_with(&["inbound", "--recipient", "reply+x@portal.example"], &wrong, "From: a@b.example\n\nx\n");
    assert_eq!(ran.status.code(), Some(75), "{} {}", ran.out, ran.err);
}
