//! A refused mail, its case link, a request, a decision, an accepted mail, a notification: all through HTTP and SMTP.

use postern::domain::staff::Role;

use crate::support::postfix::Postfix;
use crate::support::wire::Wire;
use crate::support::{DnsServer, Place, Sink, add_member};

/// The case link in a refusal or a log line.
fn case_link(text: &str) -> &str {
    let start = text.find("http://").unwrap_or_else(|| panic!("no link in: {text}"));
    text[start..].split([' ', ')', '\r', '\n']).next().unwrap()
}

/// The path of a link to the portal.
fn path_of(link: &str) -> &str {
    let rest = link.split_once("://").unwrap().1;
    &rest[rest.find('/').unwrap()..]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_accepted_after_the_lift_and_its_sender_is_told() {
    let (sink, relay) = (Sink::start().await, Sink::start().await);
    let place = Place::with(&format!("mail.smtp_url = \"{}\"\n", sink.url())).await;
    let _serving = place.serve().await;
    place.run(&["block", "add", "203.0.113.0/24", "--cause", "PB-DYN"]).assert_ok("Blocked");
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    add_member(&place, "ann@provider.example", Role::Agent);
    let postfix = Postfix::start(place.policy.port(), relay.port());
    until_blocked(&postfix);

    // The sender reads the refusal, follows its link, and sends the form with the log line of this very refusal.
    let refusal = postfix.send("203.0.113.7", "ben@provider.example");
    assert!(
        refusal
            .starts_with("550 5.7.1 <mail.sender.example[203.0.113.7]>: Client host rejected: blocked (PB-SPAM), see "),
        "{refusal}"
    );
    let mut sender = Wire::new(place.http);
    let link = case_link(&refusal);
    assert!(link.ends_with("/203.0.113.7"), "{link}");
    let page = sender.get(path_of(link));
    assert_eq!(page.status, 200);
    assert!(page.text.contains("PB-SPAM") && page.text.contains("203.0.113.7"), "{}", page.text);
    let refused = |log: &str| {
        log.lines().find(|l| l.contains("NOQUEUE: reject") && l.contains("203.0.113.7")).map(ToOwned::to_owned)
    };
    crate::support::eventually("the refusal is in the log", async || refused(&postfix.log()).is_some()).await;
    let reject = refused(&postfix.log()).unwrap();
    let fields = [
        ("kind", "unblock"),
        ("email", "ann@sender.example"),
        ("evidence", reject.as_str()),
        ("message", "We closed the hole."),
    ];
    let status = sender.post("/requests/new", &fields);
    let own_page = path_or_link(status.leads_to()).to_owned();
    let page = sender.get(&own_page);
    assert!(page.text.contains("203.0.113.7"), "{}", page.text);
    let code = own_page.trim_start_matches("/requests/").split('?').next().unwrap().to_owned();

    // An agent opens the ticket and lifts.
    let mut agent = Wire::new(place.http);
    let signed_in = [("email", "ann@provider.example"), ("password", crate::support::PASSWORD), ("next", "")];
    agent.post("/staff/sign-in", &signed_in).leads_to();
    assert!(agent.get("/staff/tickets").text.contains(&code));
    let ticket = agent.get(&format!("/staff/tickets/{code}"));
    assert!(ticket.text.contains("NOQUEUE: reject"), "{}", ticket.text);
    let block =
        ticket.text.split("name=\"block\" value=\"").nth(1).expect("a lift form").split('"').next().unwrap().to_owned();
    let lift = [
        ("block", block.as_str()),
        ("scope", "entry"),
        ("reason", "cleaned"),
        ("probation_days", "14"),
        ("answer", "Thank you for closing the hole."),
    ];
    agent.post(&format!("/staff/tickets/{code}/lift"), &lift).leads_to();

    // The same mail is accepted, although the range around it is still blocked; a neighbour is refused.
    let accepted = postfix.send("203.0.113.7", "ben@provider.example");
    assert!(accepted.starts_with("250"), "{accepted}");
    assert!(postfix.send("203.0.113.8", "ben@provider.example").contains("PB-DYN"));
    assert!(relay.wait_for(1).await[0].text.contains("Subject: Hello"));
    let mails = sink.wait_for(2).await;
    let lifted = mails.iter().find(|m| m.subject().contains("lifted")).expect("a notification");
    assert_eq!(lifted.to, ["ann@sender.example"]);
    assert!(lifted.plain().contains("203.0.113.7") && lifted.plain().contains("Thank you for closing the hole."));
    assert!(lifted.from.starts_with("bounce+"), "{}", lifted.from);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "the figure is for people")]
async fn a_mail_from_the_blocked_machine_gets_it_out_of_the_block_without_a_person() {
    let dns =
        DnsServer::start("7.113.0.203.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.7").await;
    let (sink, relay) = (Sink::start().await, Sink::start().await);
    let more = format!(
        "mail.smtp_url = \"{}\"\ndns.servers = \"{}\"\ngateways.policy.asked_first = true\n",
        sink.url(),
        dns.addr
    );
    let place = Place::with(&more).await;
    let _serving = place.serve().await;
    place.run(&["block", "add", "203.0.113.0/24", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    let postfix = Postfix::start(place.policy.port(), relay.port());
    until_blocked(&postfix);
    let refusal = postfix.send("203.0.113.7", "ben@provider.example");
    let mut sender = Wire::new(place.http);
    let fields = [("kind", "unblock"), ("email", "ann@sender.example"), ("evidence", &refusal), ("message", "Mended.")];
    let own_page = path_or_link(sender.post("/requests/new", &fields).leads_to()).to_owned();
    let begin = own_page.replacen('?', "/proofs?", 1);
    sender.post(&begin, &[("addr", "203.0.113.7")]).leads_to();
    let page = sender.get(&own_page).text;
    let at = page.find("unblock+").unwrap_or_else(|| panic!("no address to write to in: {page}"));
    let address = page[at..].split('<').next().unwrap().to_owned();
    crate::support::eventually("the live checks are made", async || {
        sender.get(&own_page).text.contains("The set-up is in order")
    })
    .await;

    let elsewhere = postfix.send("203.0.113.8", &address);
    assert!(elsewhere.starts_with("550"), "{elsewhere}");
    assert!(postfix.send("203.0.113.7", "ben@provider.example").starts_with("550"));
    let since = std::time::Instant::now();
    let proof = postfix.send("203.0.113.7", &address);
    assert!(proof.starts_with("250"), "{proof}");
    while !postfix.send("203.0.113.7", "ben@provider.example").starts_with("250") {
        assert!(since.elapsed() < std::time::Duration::from_secs(10), "{}", sender.get(&own_page).text);
    }
    eprintln!("from the proof to the accepted mail: {:.1?}", since.elapsed());
    assert!(postfix.send("203.0.113.8", "ben@provider.example").starts_with("550"), "a neighbour is still refused");
    let mails = sink.wait_for(2).await;
    let lifted = mails.iter().find(|mail| mail.subject().contains("lifted")).expect("a notification");
    assert!(lifted.plain().contains("met all rules of our published policy"), "{}", lifted.plain());
}

#[tokio::test(flavor = "multi_thread")]
async fn postmaster_and_abuse_are_reached_by_blocked_clients_and_ipv6_is_refused_by_its_64() {
    let relay = Sink::start().await;
    let place = Place::new().await;
    let _serving = place.serve().await;
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    place.run(&["block", "add", "2001:db8:7::/64", "--cause", "PB-RATE"]).assert_ok("Blocked");
    let postfix = Postfix::start(place.policy.port(), relay.port());
    until_blocked(&postfix);
    for open in ["postmaster@provider.example", "abuse@provider.example"] {
        let reply = postfix.send("203.0.113.7", open);
        assert!(reply.starts_with("250"), "{open}: {reply}");
    }
    let deferred = postfix.send("2001:db8:7::25", "ben@provider.example");
    assert!(deferred.starts_with("450 4.7.28") && deferred.contains("PB-RATE"), "{deferred}");
    assert!(postfix.send("2001:db8:8::25", "ben@provider.example").starts_with("250"));
    place.run(&["block", "lift", "2001:db8:7::/64"]).assert_ok("Lifted");
    crate::support::eventually("the lift of another process is obeyed", async || {
        postfix.send("2001:db8:7::25", "ben@provider.example").starts_with("250")
    })
    .await;
}

/// The path of a redirect, whether it is a whole link or a path.
fn path_or_link(location: &str) -> &str {
    if location.starts_with('/') { location } else { path_of(location) }
}

/// Waits until the server follows the blocks that the command line made.
fn until_blocked(postfix: &Postfix) {
    let start = std::time::Instant::now();
    while postfix.send("203.0.113.7", "ben@provider.example").starts_with("250") {
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "the block is not obeyed");
    }
}
