//! Programs that read lists: set up as the page says, they refuse just whom the portal refuses, and obey a lift after the
//! next fetch.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::gateways::Portal;
use crate::support::dns::{ask, datagram, name_of, question};
use crate::support::docs::snippet;
use crate::support::server::{self, Server};
use crate::support::{Gateway, eventually, free_port};

/// Clients of whom some are blocked: alone, in a range, by an exemption in it not.
const CLIENTS: [&str; 9] = [
    "203.0.113.7",
    "203.0.113.9",
    "198.51.100.9",
    "198.51.100.64",
    "198.51.100.65",
    "198.51.100.66",
    "2001:db8:7::25",
    "2001:db8:7::ffff",
    "2001:db8:8::25",
];

/// Runs a script; gives what it said.
fn run(script: &str) -> String {
    let done = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What a table of Postfix says of a client.
fn look_up(folder: &Path, client: &str) -> String {
    let mut command = Command::new("postmap");
    command.arg("-c").arg(folder).args(["-q", client]).arg(format!("cidr:{}/postern.cidr", folder.display()));
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_postfix_says_what_the_policy_service_says() {
    let mut portal = Portal::start().await;
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().display().to_string();
    std::fs::write(folder.path().join("main.cf"), "").unwrap();
    std::fs::write(folder.path().join("postern.token"), portal.place.token("mx1", "feeds:read")).unwrap();
    let fetch = snippet(
        "feeds.md",
        "once a minute from cron or a systemd timer:",
        &[
            ("/etc/postfix", &base),
            ("https://postmaster.example.org", &format!("http://{}", portal.place.http)),
            ("postfix reload", "echo reloaded"),
        ],
    );
    assert_eq!(run(&fetch), "reloaded\n");
    assert_eq!(run(&fetch), "", "nothing changed");
    let mut policy = Gateway::connect(portal.place.policy).await;
    for client in CLIENTS {
        let action = policy.ask(client, "ben@provider.example").await;
        let found = look_up(folder.path(), client);
        match action.as_str() {
            "DUNNO" => assert_eq!(found, "", "{client}"),
            // A range has one line for all of it, so its link has no address.
            refusal => assert!(!found.is_empty() && refusal.starts_with(&found), "{client}: {refusal} / {found}"),
        }
    }
    portal.lift("203.0.113.7");
    assert_ne!(look_up(folder.path(), "203.0.113.7"), "", "a table knows of a lift when it is fetched");
    assert_eq!(run(&fetch), "reloaded\n");
    assert_eq!(look_up(folder.path(), "203.0.113.7"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn rbldnsd_serves_the_feeds_as_the_portal_itself_does() {
    let mut portal = Portal::start().await;
    let (folder, addr) = (server::folder("feeds"), SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
    let base = folder.path().display().to_string();
    std::fs::write(folder.path().join("token"), portal.place.token("mx1", "feeds:read")).unwrap();
    let fetch = snippet(
        "feeds.md",
        "Fetch both parts, each by a new file:",
        &[
            ("/etc/postern.token", &format!("{base}/token")),
            ("/var/lib/rbldns", &base),
            ("https://postmaster.example.org", &format!("http://{}", portal.place.http)),
        ],
    );
    run(&fetch);
    let program = server::root("rbldnsd", "usr/sbin/rbldnsd").join("usr/sbin/rbldnsd").display().to_string();
    let serve = snippet(
        "feeds.md",
        "and serve them as one zone:",
        &[
            ("rbldnsd -n -u rbldns", &format!("exec {program} -n -u nobody")),
            ("-c 5", "-c 1"),
            ("/var/lib/rbldns", &base),
            ("127.0.0.1/10053", &format!("127.0.0.1/{}", addr.port())),
        ],
    );
    let mut command = Command::new("sh");
    let _server = Server::start(command.args(["-c", serve.trim()]).stdout(Stdio::null()).stderr(Stdio::null()));
    let asked = |client: &str, kind| question(&name_of(client, "bl.example.org"), kind);
    let first = asked("203.0.113.7", RecordType::A).to_vec().unwrap();
    eventually("rbldnsd answers", async || datagram(addr, &first).await.is_some()).await;
    for client in CLIENTS {
        let asked = asked(client, RecordType::A);
        let [theirs, ours] = [ask(addr, &asked).await, ask(portal.zone, &asked).await];
        assert_eq!(theirs.metadata.response_code, ours.metadata.response_code, "{client}");
        assert_eq!(theirs.answers.len(), ours.answers.len(), "{client}");
        if let Some(text) =
            ask(addr, &question(&name_of(client, "bl.example.org"), RecordType::TXT)).await.answers.first()
        {
            assert!(text.data.to_string().ends_with(&format!("/{client}")), "{text}");
        }
    }
    portal.lift("203.0.113.7");
    // It looks at the time of a file in whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    run(&fetch);
    eventually("rbldnsd has read the new file", async || {
        ask(addr, &asked("203.0.113.7", RecordType::A)).await.metadata.response_code == ResponseCode::NXDomain
    })
    .await;
}
