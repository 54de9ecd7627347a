//! The program as people run it: commands beside a running server, first and second start, wrong settings.

use std::time::{Duration, Instant};

use postern::desk::auth::SignIn;
use postern::domain::email::Email;
use postern::domain::id::Secret;
use postern::domain::staff::Role;
use postern::domain::time::DAY;
use postern::store::{blocks, evidence, messages, staff, tickets};

use crate::support::{Gateway, Place, Sink};

/// The recipient that everybody writes to.
const CARL: &str = "carl@customer.example";

/// Fails unless a gateway obeys within a second (and one more for a machine that is busy with other tests).
async fn obeyed(gateway: &mut Gateway, client: &str, blocked: bool) {
    let begun = Instant::now();
    while (gateway.ask(client, CARL).await != "DUNNO") != blocked {
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{client} is still {}",
            if blocked { "free" } else { "blocked" }
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn help_says_where_to_begin() {
    let place = Place::new().await;
    place.run(&["--help"]).assert_ok("postern serve --demo").assert_ok("doctor").assert_ok("settings");
    place.run(&["block", "--help"]).assert_ok("import").assert_ok("Lift the block");
    place.run(&["--version"]).assert_ok("postern 0.");
    place.run(&[]).assert_fails(&["Usage"]);
    place.run(&["blokc"]).assert_fails(&["blokc", "block"]);
}

#[tokio::test]
async fn every_setting_is_listed() {
    let place = Place::new().await;
    let listed = place.run(&["settings"]);
    let table = place.run(&["settings", "--markdown"]);
    for setting in postern::config::SETTINGS {
        listed.assert_ok(setting.key).assert_ok(setting.help);
        table.assert_ok(&format!("| `{}` |", setting.key));
    }
}

#[tokio::test]
async fn a_wrong_setting_names_the_key_what_is_wrong_and_an_example() {
    let place = Place::new().await;
    for (setting, value, said) in [
        (
            "POSTERN_HTTP__PUBLIC_URL",
            "postmaster.example.org",
            &["http.public_url", "postmaster.example.org", "Example", "https://"][..],
        ),
        ("POSTERN_HTTP__LISTEN", "everywhere", &["http.listen", "everywhere", "Example", "127.0.0.1:8080"]),
        ("POSTERN_EVIDENCE__RETENTION", "forever", &["evidence.retention", "forever", "180d"]),
        ("POSTERN_HTTP__LISTN", "127.0.0.1:1", &["http.listn", "POSTERN_HTTP__LISTN", "postern settings"]),
        (
            "POSTERN_HTTP_LISTEN",
            "127.0.0.1:1",
            &["POSTERN_HTTP_LISTEN", "did you mean http.listen", "POSTERN_HTTP__LISTEN"],
        ),
        ("POSTERN_DATABASE__URL", "mysql://db", &["database.url", "sqlite:"]),
        ("POSTERN_LOG__LEVEL", "postern=very", &["log.level"]),
    ] {
        place.run_with(&["migrate"], &[(setting, value)], "").assert_fails(said);
    }
    let file = place.write("other.toml", "[http]\nlisten = 7\n");
    place.run(&["--config", &file, "migrate"]).assert_fails(&["http.listen", "other.toml"]);
    let file = place.write("broken.toml", "[http\n");
    place.run(&["--config", &file, "migrate"]).assert_fails(&["broken.toml", "TOML"]);
    place.run(&["--config", "nowhere.toml", "migrate"]).assert_fails(&["nowhere.toml"]);
    let gone = "postgres://postern@127.0.0.1:1/postern";
    place.run_with(&["migrate"], &[("POSTERN_DATABASE__URL", gone)], "").assert_fails(&["database.url"]);
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    let place = Place::new().await;
    place.run(&["migrate"]).assert_ok("Applied");
    place.run(&["migrate"]).assert_ok("up to date");
}

#[tokio::test]
async fn staff_are_added_and_sign_in() {
    let place = Place::new().await;
    let made_up = place.run(&["staff", "add", "ann@postern.example", "--role", "agent", "--name", "Ann"]);
    made_up.assert_ok("Added ann@postern.example as agent with the password ");
    let password = made_up.out.split("password ").nth(1).unwrap().trim().trim_end_matches('.').to_owned();
    place
        .run_with(
            &["staff", "add", "ada@postern.example", "--role", "admin", "--password-stdin"],
            &[],
            "correct horse battery\n",
        )
        .assert_ok("Added ada@postern.example as admin.");
    let portal = place.portal().await;
    for (email, password) in
        [("ann@postern.example", password.as_str()), ("ada@postern.example", "correct horse battery")]
    {
        let answer = portal.desk.sign_in(email, password, "127.0.0.1".parse().unwrap()).await.unwrap();
        assert!(matches!(answer, SignIn::Welcome(_)), "{email}");
    }
    place.run(&["staff", "list"]).assert_ok("ann@postern.example  agent  Ann").assert_ok("ada@postern.example  admin");
    place.run(&["staff", "add", "ANN@postern.example", "--role", "lead"]).assert_fails(&["already"]);
    place
        .run(&["staff", "add", "bob@postern.example", "--role", "boss"])
        .assert_fails(&["boss", "reader, agent, lead, admin"]);
    place.run(&["staff", "add", "bob", "--role", "lead"]).assert_fails(&["bob"]);
    place
        .run_with(&["staff", "add", "bob@postern.example", "--role", "lead", "--password-stdin"], &[], "short\n")
        .assert_fails(&["12"]);
    assert_eq!(staff::list(portal.desk.db.pool()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_taken_back() {
    let place = Place::new().await;
    let made = place.run(&["token", "add", "detector", "--scope", "blocks:write", "--scope", "blocks:read"]);
    made.assert_ok("shown once");
    let secret = Secret::presented(made.out.lines().next().unwrap());
    let portal = place.portal().await;
    for scope in ["blocks:read", "blocks:write"] {
        assert_eq!(portal.desk.token_for(&secret, scope).await.unwrap().name, "detector");
    }
    let listed = place.run(&["token", "list"]);
    listed.assert_ok("detector  blocks:write blocks:read");
    assert!(!listed.out.contains(secret.reveal()));
    place.run(&["token", "add", "detector", "--scope", "blocks:read"]).assert_fails(&["detector"]);
    place.run(&["token", "add", "other", "--scope", "everything"]).assert_fails(&["everything", "blocks:read"]);
    place.run(&["token", "add", "other"]).assert_fails(&["--scope"]);
    place.run(&["token", "revoke", "detector"]).assert_ok("back");
    assert!(portal.desk.token_for(&secret, "blocks:read").await.is_err());
    place.run(&["token", "revoke", "detector"]).assert_fails(&["detector"]);
    place.run(&["token", "list"]).assert_ok("(taken back)");
}

#[tokio::test]
async fn commands_are_obeyed_by_a_running_server_within_a_second() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let mut gateway = Gateway::connect(place.policy).await;
    assert_eq!(gateway.ask("203.0.113.7", CARL).await, "DUNNO");
    let added = place.run(&["block", "add", "203.0.113.0/24", "--cause", "PB-SPAM", "--for", "7d", "--note", "a test"]);
    added.assert_ok("Blocked 203.0.113.0/24 for PB-SPAM until ");
    obeyed(&mut gateway, "203.0.113.7", true).await;
    let link = added.out.split("Case link: ").nth(1).unwrap().trim();
    let reply = gateway.ask("203.0.113.7", CARL).await;
    assert!(reply.contains(&format!("{link}/203.0.113.7")), "{reply}");
    place.run(&["block", "lift", "203.0.113.7", "--only", "--reason", "clean"]).assert_ok("203.0.113.7");
    obeyed(&mut gateway, "203.0.113.7", false).await;
    obeyed(&mut gateway, "203.0.113.8", true).await;
    place.run(&["block", "find", "203.0.113.8"]).assert_ok("203.0.113.8 is blocked by 203.0.113.0/24 (PB-SPAM)");
    place
        .run(&["block", "find", "203.0.113.7"])
        .assert_ok("203.0.113.7 is not blocked")
        .assert_ok("203.0.113.0/24  PB-SPAM  live");
    place.run(&["block", "lift", "203.0.113.9"]).assert_fails(&["203.0.113.0/24"]);
    place.run(&["block", "lift", "203.0.113.0/24"]).assert_ok("Lifted 1 block(s) of 203.0.113.0/24.");
    obeyed(&mut gateway, "203.0.113.8", false).await;
    let list = place.write("list.txt", "# a list\n192.0.2.0/28\n2001:db8:7::/48 PB-DYN # dial-up\n\n");
    place.run(&["block", "import", &list, "--source", "dynamic", "--cause", "PB-SPAM"]).assert_ok("2 new, 0 known");
    obeyed(&mut gateway, "192.0.2.15", true).await;
    obeyed(&mut gateway, "2001:db8:7::25", true).await;
    assert!(serving.stop().await.success());
}

#[tokio::test]
async fn blocks_are_refused_with_a_sentence() {
    let place = Place::new().await;
    place.run(&["block", "add", "203.0.113.7/24", "--cause", "PB-SPAM"]).assert_fails(&["203.0.113.0/24"]);
    place.run(&["block", "add", "mx.example", "--cause", "PB-SPAM"]).assert_fails(&["mx.example"]);
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-WHY"]).assert_fails(&["PB-WHY", "PB-SPAM"]);
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM", "--for", "soon"]).assert_fails(&["soon", "7d"]);
    place.run(&["block", "add", "203.0.113.7"]).assert_fails(&["--cause"]);
    place.run(&["block", "lift", "203.0.113.7"]).assert_fails(&["not blocked"]);
    place.run(&["block", "import", "nowhere.txt"]).assert_fails(&["nowhere.txt"]);
    place.run(&["block", "export"]).assert_ok("");
    let protected = ["block", "add", "127.0.0.1", "--cause", "PB-SPAM"];
    place.run(&protected).assert_fails(&["this machine itself", "--override 127.0.0.1"]);
}

#[tokio::test]
async fn for_an_ipv6_address_its_64_is_suggested() {
    let place = Place::new().await;
    let hint = "postern block add 2001:db8:5::/64 --cause PB-SPAM";
    place.run(&["block", "add", "2001:db8:5::25", "--cause", "PB-SPAM"]).assert_ok(hint);
    let wide = place.run(&["block", "add", "2001:db8:6::/64", "--cause", "PB-SPAM"]);
    assert!(wide.assert_ok("Blocked").out.lines().count() == 2, "{}", wide.out);
}

#[tokio::test]
async fn a_list_with_a_bad_line_is_not_taken_at_all() {
    let place = Place::new().await;
    let list = place.write(
        "list.txt",
        "203.0.113.7\n203.0.113.8 PB-WHY\nnonsense\n203.0.113.9 PB-SPAM too much\n198.51.100.0/24\n",
    );
    let ran = place.run(&["block", "import", &list]);
    ran.assert_fails(&["3 bad line(s)", "--skip-bad"]);
    for text in ["line 2: ", "PB-WHY", "line 3: ", "line 4: "] {
        assert!(ran.out.contains(text), "{}", ran.out);
    }
    let portal = place.portal().await;
    assert_eq!(blocks::count_live(portal.desk.db.pool()).await.unwrap(), 0);
    place.run(&["block", "import", &list, "--skip-bad"]).assert_ok("2 new");
    assert_eq!(blocks::count_live(portal.desk.db.pool()).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_exported_is_imported_elsewhere() {
    let (here, there) = (Place::new().await, Place::new().await);
    let list: String = (0..1_500).map(|n| format!("10.{}.{}.0/24 PB-DYN # range {n}\r\n", n / 256, n % 256)).collect();
    here.run_with(&["block", "import", "-", "--source", "dynamic"], &[], &list).assert_ok("1500 new");
    here.run(&["block", "add", "2001:db8::/64", "--cause", "PB-SPAM", "--note", "one # two"]).assert_ok("Blocked");
    here.run(&["block", "lift", "10.0.0.0/24"]).assert_ok("Lifted 1");
    let exported = here.run(&["block", "export"]);
    assert_eq!(exported.out.lines().count(), 1_500);
    there.run_with(&["block", "import", "-", "--source", "elsewhere"], &[], &exported.out).assert_ok("1500 new");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&there.run(&["block", "export"]).out), sorted(&exported.out));
    let shorter = exported.out.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    there
        .run_with(&["block", "import", "-", "--source", "elsewhere", "--replace"], &[], &shorter)
        .assert_ok("0 new, 1499 known, 0 stay lifted, 1 ended.");
}

#[tokio::test]
async fn a_lift_outlives_the_next_import() {
    let place = Place::new().await;
    let list = place.write("dynamic.txt", "203.0.113.7\n203.0.113.8\n");
    place.run(&["block", "import", &list, "--replace"]).assert_ok("2 new");
    place.run(&["block", "lift", "203.0.113.7"]).assert_ok("Lifted 1");
    place.run(&["block", "import", &list, "--replace"]).assert_ok("0 new, 1 known, 1 stay lifted, 0 ended.");
    place.run(&["block", "find", "203.0.113.7"]).assert_ok("203.0.113.7 is not blocked").assert_ok("lifted");
}

#[tokio::test]
async fn many_blocks_are_lifted_at_once_and_blocked_again() {
    let place = Place::new().await;
    let list: String = (0..1_200).map(|n| format!("10.{}.{}.1\n", n / 256, n % 256)).collect();
    place
        .run_with(&["block", "import", "-", "--source", "dynamic", "--cause", "PB-DYN"], &[], &list)
        .assert_ok("1200 new");
    place.run(&["block", "lift"]).assert_fails(&["--inside", "--source", "--cause"]);
    place.run(&["block", "lift", "10.0.0.1", "--source", "dynamic"]).assert_fails(&["cannot be used with"]);
    place.run(&["block", "lift", "--cause", "PB-DYN", "--only"]).assert_fails(&["cannot be used with"]);
    place.run(&["block", "lift", "--source", "nobody"]).assert_fails(&["No block"]);
    place
        .run(&["block", "lift", "--inside", "10.0.0.0/15", "--source", "dynamic", "--dry-run"])
        .assert_ok("Nothing was changed. It would lift 512 of 1200 blocks (42 percent).")
        .assert_ok("cause PB-DYN: 512")
        .assert_ok("10.0.0.1  PB-DYN  dynamic")
        .assert_ok("--yes-change-share");
    place.run(&["block", "lift", "--inside", "10.0.0.0/15"]).assert_fails(&["512 of 1200", "--yes-change-share"]);
    let lifted = place.run(&["block", "lift", "--inside", "10.0.0.0/15", "--yes-change-share", "--reason", "wrong"]);
    let id = lifted.assert_ok("Lifted 512 block(s).").out.split("undo ").nth(1).unwrap().trim().to_owned();
    place.run(&["block", "find", "10.1.9.1"]).assert_ok("10.1.9.1 is not blocked");
    place.run(&["block", "imports"]).assert_ok(&id).assert_ok("inside 10.0.0.0/15  operator  512 lifted.");
    place.run(&["block", "undo", &id]).assert_ok("512 of 512 block(s) are blocked again.");
    place.run(&["block", "find", "10.1.9.1"]).assert_ok("10.1.9.1 is blocked by 10.1.9.1 (PB-DYN)");
    place.run(&["block", "imports"]).assert_ok("taken back: 512 blocked again");
    place.run(&["block", "undo", &id]).assert_fails(&["already"]);
}

#[tokio::test]
async fn doctor_says_what_is_set_up_wrong() {
    let sink = Sink::start().await;
    let place = Place::with(&format!("mail.smtp_url = \"{}\"", sink.url())).await;
    place.make_empty_database();
    let before = place.run(&["doctor"]);
    before.assert_fails(&["something does not work"]);
    assert!(before.out.contains("run: postern migrate"), "{}", before.out);
    place.run(&["migrate"]).assert_ok("Applied");
    place
        .run(&["doctor"])
        .assert_ok("ok    database: answers")
        .assert_ok("ok    mail.smtp_url: the mail server answers")
        .assert_ok("there is no admin yet")
        .assert_ok("without https")
        .assert_ok("nothing answers at")
        .assert_ok("0 fault(s)");
    place.run(&["staff", "add", "ada@postern.example", "--role", "admin"]).assert_ok("Added");
    let _serving = place.serve().await;
    place
        .run(&["doctor"])
        .assert_ok("ok    there is an admin")
        .assert_ok("ok    gateways.policy.listen: Postern answers at");
    let other = sink.url().trim_start_matches("smtp://").to_owned();
    let taken = place.run_with(&["doctor"], &[("POSTERN_GATEWAYS__POLICY__LISTEN", &other)], "");
    assert!(taken.out.contains("does not answer as Postern does"), "{}", taken.out);
    drop(sink);
    let after = place.run(&["doctor"]);
    after.assert_fails(&["something does not work"]);
    assert!(after.out.contains("WRONG mail.smtp_url"), "{}", after.out);
}

#[tokio::test]
async fn doctor_makes_no_database() {
    let place = Place::new().await;
    let new = [("POSTERN_DATABASE__URL", "sqlite:fresh/postern.db")];
    place
        .run_with(&["doctor"], &new, "")
        .assert_ok("no database yet at sqlite:fresh/postern.db; `postern serve` makes it")
        .assert_ok("provider.hosts is not set")
        .assert_ok("0 fault(s)");
    assert!(!place.exists("fresh"));
    let hosts = [new[0], ("POSTERN_PROVIDER__HOSTS", "mx1.provider.example")];
    let ran = place.run_with(&["doctor"], &hosts, "");
    assert!(!ran.assert_ok("no database yet").out.contains("provider.hosts"), "{}", ran.out);
}

#[tokio::test]
async fn the_first_start_prints_a_link_for_the_first_admin_and_the_second_keeps_everything() {
    let place = Place::new().await;
    let serving = place.serve().await;
    let printed = place.printed();
    assert!(printed.contains(&format!("http://{}/", place.http)), "{printed}");
    let key = Secret::presented(
        printed.split("/staff/setup?key=").nth(1).expect("a link").split_whitespace().next().unwrap(),
    );
    assert_eq!(serving.get("/healthz").unwrap().0, 200);
    assert!(serving.stop().await.success(), "SIGTERM is an ordinary end");
    place.run(&["block", "add", "203.0.113.7", "--cause", "PB-SPAM"]).assert_ok("Blocked");
    let serving = place.serve().await;
    let mut gateway = Gateway::connect(place.policy).await;
    assert!(gateway.ask("203.0.113.7", CARL).await.starts_with("550"), "the list is there from the first query");
    assert!(place.printed().contains("/staff/setup?key="), "as long as there is no admin");
    let portal = place.portal().await;
    let email = |name: &str| Email::parse(&format!("{name}@postern.example")).unwrap();
    portal
        .desk
        .set_up(&key, &email("ada"), "Ada", "correct horse battery")
        .await
        .expect("the first link is good still");
    assert!(portal.desk.set_up(&key, &email("eve"), "Eve", "correct horse battery").await.is_err(), "once");
    drop(serving);
    let _serving = place.serve().await;
    assert!(!place.printed().contains("setup"), "{}", place.printed());
    assert_eq!(staff::list(portal.desk.db.pool()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_setting() {
    let place = Place::new().await;
    let _serving = place.serve().await;
    place.run(&["serve"]).assert_fails(&["http.listen", &place.http.to_string(), "another program"]);
}

#[tokio::test]
async fn a_server_whose_log_nobody_reads_serves_and_stops() {
    let place = Place::new().await;
    let serving = place.serve_unheard().await;
    assert!(serving.stop().await.success());
}

#[tokio::test]
async fn the_demonstration_stays_at_home() {
    let place = Place::new().await;
    for (setting, key) in
        [("POSTERN_HTTP__LISTEN", "http.listen"), ("POSTERN_GATEWAYS__POLICY__LISTEN", "gateways.policy.listen")]
    {
        for addr in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:8080"] {
            place.run_with(&["serve", "--demo"], &[(setting, addr)], "").assert_fails(&[key, "loopback"]);
        }
    }
}

#[tokio::test]
async fn the_demonstration_fills_a_database_of_its_own_once() {
    let place = Place::new().await;
    let serving = place.serve_demo().await;
    let printed = place.printed();
    for (email, role) in
        [("ann@postern.example", "agent"), ("ben@postern.example", "agent"), ("ada@postern.example", "admin")]
    {
        let line = printed.lines().find(|line| line.contains(email)).expect("a sign-in");
        assert!(line.contains(role), "{line}");
    }
    let portal = place.demo_portal().await;
    let pool = portal.desk.db.pool();
    let filter = tickets::Filter { newest_first: true, ..tickets::Filter::default() };
    let all = tickets::list(pool, &filter, 1_000).await.unwrap();
    let live = blocks::count_live(pool).await.unwrap();
    assert!(all.len() >= 40 && live >= 5, "{} tickets, {live} blocks", all.len());
    let hit: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM blocks WHERE hits > 0").fetch_one(pool).await.unwrap();
    assert!(hit >= 5, "{hit} blocks refused something");
    for state in postern::domain::ticket::State::ALL {
        assert!(all.iter().any(|t| t.state == *state), "no ticket is {state}");
    }
    let mut clients = std::collections::BTreeSet::new();
    for ticket in &all {
        clients.insert(tickets::client(pool, ticket.id).await.unwrap());
        for message in messages::of_ticket(pool, ticket.id).await.unwrap() {
            assert!(!message.text.contains("{{"), "{}", message.text);
        }
        for piece in evidence::of_ticket(pool, ticket.id).await.unwrap() {
            let (came, day_before) = (ticket.created_at.jiff(), ticket.created_at.plus(-DAY).jiff());
            let days = [came, day_before].map(|day| day.strftime("%b %e").to_string());
            let logged = piece.text.lines().find(|line| line.contains(" postfix/"));
            assert!(!piece.text.contains("{{"), "{}", piece.text);
            assert!(logged.is_none_or(|line| days.iter().any(|day| line.starts_with(day))), "{came}: {logged:?}");
        }
    }
    assert!(clients.len() > 20, "people write from many addresses: {}", clients.len());
    assert!(serving.stop().await.success());
    let _again = place.serve_demo().await;
    assert_eq!(tickets::list(pool, &filter, 1_000).await.unwrap(), all, "a second start keeps everything");
    assert_eq!(staff::list(pool).await.unwrap().iter().filter(|m| m.role == Role::Admin).count(), 1);
}

#[tokio::test]
async fn known_passwords_never_go_live() {
    let place = Place::new().await;
    let demo = |url: &str| {
        let listen = place.http.to_string();
        let settings = [
            ("POSTERN_HTTP__LISTEN", listen.as_str()),
            ("POSTERN_GATEWAYS__POLICY__LISTEN", "off"),
            ("POSTERN_DATABASE__URL", url),
        ];
        place.run_with(&["serve", "--demo"], &settings, "")
    };
    demo("sqlite:prod.db").assert_fails(&["database.url", "sqlite:prod.db", "a database of its own"]);
    assert!(!place.exists("prod.db"));

    let own = [("POSTERN_DATABASE__URL", "sqlite:not-a-demo.db")];
    place.run_with(&["staff", "add", "eve@postern.example", "--role", "admin"], &own, "").assert_ok("Added");
    demo("sqlite:not-a-demo.db").assert_fails(&["database.url", "in use", "known passwords"]);

    let serving = place.serve_demo().await;
    assert!(serving.stop().await.success());
    let url = place.demo_url();
    place.run_with(&["serve"], &[("POSTERN_DATABASE__URL", url.as_str())], "").assert_fails(&[
        "database.url",
        "filled by the demo",
        "--demo",
    ]);
}

#[tokio::test]
async fn other_commands_work_on_the_demonstration_when_told_to() {
    let place = Place::new().await;
    let serving = place.serve_demo().await;
    assert!(place.printed().contains("--demo"), "{}", place.printed());
    place.run(&["--demo", "staff", "list"]).assert_ok("ada@postern.example");
    place.run(&["block", "add", "198.51.100.9", "--cause", "PB-SPAM", "--demo"]).assert_ok("198.51.100.9");
    place.run(&["block", "find", "198.51.100.9", "--demo"]).assert_ok("198.51.100.9");
    place.run(&["block", "find", "198.51.100.9"]).assert_ok("198.51.100.9 is not blocked");
    place.run(&["edge", "--demo"]).assert_fails(&["--demo"]);
    assert!(serving.stop().await.success());
}

#[tokio::test]
async fn evidence_is_read_at_the_command_line() {
    let place = Place::new().await;
    let line = "Nov 23 11:00:00 mx postfix/smtp[7]: 4XyZ: to=<carl@customer.example>, relay=mx1.provider.example[192.0.2.1]:25, \
                dsn=5.7.1, status=bounced (host mx1.provider.example[192.0.2.1] said: 550 5.7.1 blocked (in reply to RCPT TO command))\n";
    let file = place.write("mail.log", line);
    let ran = place.run(&["read", &file]);
    let object: serde_json::Value = serde_json::from_str(ran.assert_ok("").out.trim()).unwrap();
    assert_eq!((&object["kind"], &object["smtp_code"]), (&"log".into(), &550.into()), "{object}");
    place.run(&["read", "--pretty", &file]).assert_ok("550 5.7.1 blocked");
    let partly = place.run(&["read", "nowhere.log", &file]);
    partly.assert_fails(&["nowhere.log"]);
    assert!(partly.out.contains("\"file\""), "the others are read all the same");
}
