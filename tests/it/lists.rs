//! Lists in and out through the command line, beside a portal on the same database.

use std::process::Command;

use postern::domain::net::Net;
use postern::domain::ticket::Who;

use crate::support::TestApp;

/// A portal and a folder with settings for the command line.
struct Place {
    /// The portal.
    app: TestApp,
    /// The folder.
    folder: tempfile::TempDir,
}

impl Place {
    /// A portal with an empty list.
    async fn new() -> Self {
        let app = TestApp::start().await;
        let folder = tempfile::tempdir().unwrap();
        let url = &app.database.url;
        std::fs::write(folder.path().join("postern.toml"), format!("[database]\nurl = \"{url}\"\n")).unwrap();
        Self { app, folder }
    }

    /// Runs `postern block …`; gives whether it went well, and all it said.
    fn run(&self, args: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
        let out = command.current_dir(self.folder.path()).arg("block").args(args).output().unwrap();
        (
            out.status.success(),
            String::from_utf8_lossy(&out.stdout).into_owned() + String::from_utf8_lossy(&out.stderr).as_ref(),
        )
    }

    /// Imports a list; gives all that was said.
    fn import(&self, text: &str, args: &[&str]) -> (bool, String) {
        std::fs::write(self.folder.path().join("list"), text).unwrap();
        self.run(&[&["import", "list", "--source", "partner"], args].concat())
    }

    /// Exports the list; gives its lines without comments.
    fn export(&self, format: &str) -> Vec<String> {
        let (ok, text) = self.run(&["export", "--format", format]);
        assert!(ok, "{text}");
        text.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect()
    }

    /// Whether an address is blocked, once the portal has followed.
    async fn is_blocked(&self, addr: &str) -> bool {
        let desk = self.app.desk();
        desk.blocklist.catch_up(&desk.db, &desk.clock).await.unwrap();
        self.app.is_blocked(addr)
    }
}

#[tokio::test]
async fn what_is_exported_in_any_format_is_imported_as_it_was() {
    for format in ["plain", "set", "csv", "rbldnsd", "cidr", "jsonl"] {
        let from = Place::new().await;
        let list = "203.0.113.7 PB-SPAM # first\n2001:db8:7::/64 PB-TRAP\n198.51.100.0/24 PB-SPAM # \"with\", marks\n";
        let (ok, said) = from.import(list, &[]);
        assert!(ok && said.contains("3 new"), "{said}");
        let (_, written) = from.run(&["export", "--format", format]);
        let to = Place::new().await;
        let (ok, said) = to.import(&written, &["--format", format, "--cause", "PB-SPAM"]);
        assert!(ok && said.contains("3 new"), "{format}: {said}\n{written}");
        for addr in ["203.0.113.7", "2001:db8:7::25", "198.51.100.99"] {
            assert!(to.is_blocked(addr).await, "{format}: {addr}");
        }
        assert!(!to.is_blocked("203.0.113.8").await);
        let trap = to.export("plain").iter().any(|line| line.starts_with("2001:db8:7::/64 PB-TRAP"));
        assert_eq!(trap, format != "set", "{format} keeps the cause");
    }
}

#[tokio::test]
async fn the_end_of_a_block_survives_export_and_import_and_what_has_ended_is_no_entry() {
    for format in ["csv", "jsonl"] {
        let from = Place::new().await;
        let list = "net,cause,until\n203.0.113.7,PB-SPAM,2099-12-01T00:00:00Z\n203.0.113.8,PB-SPAM,never\n\
                    203.0.113.9,PB-SPAM,2020-01-01T00:00:00Z\n203.0.113.10,PB-SPAM,\n";
        let (ok, said) = from.import(list, &["--format", "csv", "--for", "3650d"]);
        assert!(ok && said.contains("3 new"), "{said}");
        let (_, written) = from.run(&["export", "--format", format]);
        let to = Place::new().await;
        assert!(to.import(&written, &["--format", format]).0);
        let ends = |lines: Vec<String>| {
            let mut ends: Vec<String> = lines.into_iter().filter(|line| line.contains("203.0.113")).collect();
            ends.sort_unstable();
            ends
        };
        let (first, second) = (ends(from.export(format)), ends(to.export(format)));
        assert_eq!(first, second, "{format}");
        assert!(first.iter().any(|line| line.contains("203.0.113.7") && line.contains("2099-12-01T00:00:00Z")));
        assert!(first.iter().any(|line| line.contains("203.0.113.8") && line.contains("never")));
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let place = Place::new().await;
    assert!(place.import("203.0.113.7\n203.0.113.8\n203.0.113.9\n", &[]).0);
    place.app.desk().lift_net(&Who::operator(), Net::parse("203.0.113.8").unwrap(), "cleaned").await.unwrap();
    let before = place.export("plain");
    let list = "203.0.113.7\n203.0.113.8\n203.0.113.10\n203.0.113.11\n";
    let (ok, said) = place.import(list, &["--replace", "--dry-run"]);
    let want = "2 new, 1 known, 1 stay lifted, 1 ended.";
    assert!(ok && said.contains("Nothing was changed") && said.contains(want), "{said}");
    assert_eq!(place.export("plain"), before);
    assert!(place.is_blocked("203.0.113.9").await && !place.is_blocked("203.0.113.10").await);
    let (ok, said) = place.import(list, &["--replace"]);
    assert!(ok && said.contains(want), "the real one does just that: {said}");
    assert!(!place.is_blocked("203.0.113.9").await && place.is_blocked("203.0.113.10").await);
}

#[tokio::test]
async fn every_bad_line_is_named_and_without_skip_bad_nothing_counts() {
    let place = Place::new().await;
    let long = format!("# {}", "x".repeat(20_000));
    let list = format!(
        "net,cause\n203.0.113.7,PB-SPAM\n203.0.113.7/24,PB-SPAM\n{long}\n203.0.113.8,PB-NONE\n203.0.113.9,PB-SPAM\n"
    );
    let (ok, said) = place.import(&list, &["--format", "csv"]);
    assert!(!ok && said.contains("line 3: ") && said.contains("203.0.113.0/24"), "{said}");
    assert!(said.contains("line 4: longer than") && !said.contains("line 6"), "{said}");
    assert!(!place.is_blocked("203.0.113.7").await);
    let (ok, said) = place.import(&list, &["--format", "csv", "--skip-bad"]);
    assert!(
        ok && said.contains("line 5: ") && said.contains("3 bad line(s) left out") && said.contains("2 new"),
        "{said}"
    );
    assert!(place.is_blocked("203.0.113.7").await && place.is_blocked("203.0.113.9").await);
}

#[tokio::test]
async fn exemptions_and_lifts_are_cut_out_of_ranges_exactly() {
    let place = Place::new().await;
    let wide = place.app.block("203.0.113.0/28", "PB-SPAM").await;
    place.app.block("203.0.113.4/30", "PB-TRAP").await;
    place.app.block("2001:db8:7::/126", "PB-SPAM").await;
    let desk = place.app.desk();
    desk.lift_only(&Who::operator(), Net::parse("203.0.113.9").unwrap(), "cleaned").await.unwrap();
    desk.lift_only(&Who::operator(), Net::parse("2001:db8:7::1").unwrap(), "cleaned").await.unwrap();
    let set: Vec<Net> = place.export("set").iter().map(|line| Net::parse(line).unwrap()).collect();
    for last in 0..32 {
        let v4 = format!("203.0.113.{last}");
        let v6 = format!("2001:db8:7::{last:x}");
        for addr in [v4, v6] {
            let listed = set.iter().any(|net| net.covers(Net::parse(&addr).unwrap()));
            assert_eq!(listed, place.is_blocked(&addr).await, "{addr}");
        }
    }
    let table = place.export("cidr");
    let first = table.iter().position(|line| line.starts_with("203.0.113.4/30 550 5.7.1 blocked (PB-TRAP)")).unwrap();
    let later = table.iter().position(|line| line.contains(&wide.case_code)).unwrap();
    assert!(first < later, "the narrow block answers first: {table:?}");
    assert_eq!(place.export("plain").len(), 3, "as they stand");
}
