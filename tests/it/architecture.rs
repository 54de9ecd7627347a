//! The structure holds: who imports whom, what migrations and templates may contain, that every sentence exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may use of the others (docs/architecture.md).
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("evidence", &["evidence", "domain"]),
    ("checks", &["checks", "domain"]),
    ("locale", &["locale", "domain"]),
    ("config", &["config", "domain"]),
    ("content", &["content", "config", "domain", "locale"]),
    ("store", &["store", "domain", "evidence"]),
    ("mail", &["mail", "config", "domain", "evidence", "locale", "store"]),
    ("blocklist", &["blocklist", "store", "domain"]),
    ("gateways", &["gateways", "blocklist", "config", "content", "domain"]),
    ("edge", &["edge", "gateways", "blocklist", "config", "content", "domain"]),
    ("desk", &["desk", "blocklist", "checks", "config", "content", "domain", "evidence", "locale", "mail", "store"]),
    (
        "jobs",
        &[
            "jobs",
            "desk",
            "gateways",
            "blocklist",
            "config",
            "content",
            "domain",
            "evidence",
            "locale",
            "mail",
            "store",
        ],
    ),
    (
        "web",
        &[
            "web",
            "app",
            "desk",
            "blocklist",
            "checks",
            "config",
            "content",
            "domain",
            "evidence",
            "locale",
            "mail",
            "store",
        ],
    ),
];

/// All files below `folder` with this ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The room of a source file.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The words that follow `start` in `text`.
fn words_after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).map(|rest| {
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next().unwrap_or_default()
    })
}

#[test]
fn rooms_use_only_what_lies_below() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for path in files("src", ".rs") {
        let Some(allowed) = rules.get(room(&path).as_str()) else { continue };
        let source = std::fs::read_to_string(&path).unwrap();
        for used in words_after(&source, "crate::") {
            assert!(allowed.contains(&used), "{} uses {used}", path.display());
        }
    }
}

#[test]
fn only_store_speaks_sql() {
    for path in files("src", ".rs").iter().filter(|p| room(p) != "store") {
        let source = std::fs::read_to_string(path).unwrap();
        for call in ["sqlx::query", "query_as(", "query_scalar("] {
            assert!(!source.contains(call), "{} has {call}", path.display());
        }
    }
}

#[test]
fn every_statement_is_asked_for_by_its_name() {
    let mut sources = files("src", ".rs");
    sources.extend(files("tests", ".rs"));
    let sources: String = sources.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect();
    for path in files("src/store", ".rs").iter().filter(|p| !p.ends_with("mod.rs")) {
        let source = std::fs::read_to_string(path).unwrap();
        let file = path.file_stem().unwrap().to_string_lossy();
        for name in words_after(&source, "\npub async fn ") {
            assert!(sources.contains(&format!("{file}::{name}(")), "nobody asks {file}::{name}");
        }
    }
}

#[test]
fn migrations_use_portable_types() {
    for path in files("migrations", ".sql") {
        let sql = std::fs::read_to_string(&path).unwrap();
        for line in sql.lines().filter(|l| !l.trim_start().starts_with("--")) {
            for word in [
                "BOOLEAN",
                "TIMESTAMP",
                "DATETIME",
                "UUID",
                "JSON",
                "JSONB",
                "SERIAL",
                "AUTOINCREMENT",
                "BLOB",
                "INTEGER",
                "VARCHAR",
            ] {
                let found = line.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w.eq_ignore_ascii_case(word));
                assert!(!found, "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn templates_have_nothing_inline_and_are_used_once() {
    let sources: String = files("src", ".rs").iter().map(|p| std::fs::read_to_string(p).unwrap()).collect();
    for path in files("templates", ".html") {
        let html = std::fs::read_to_string(&path).unwrap();
        let lower = html.to_lowercase();
        assert!(!lower.contains("style=") && !lower.contains("<style"), "{}", path.display());
        assert!(
            !lower.contains(" onclick=") && !lower.contains(" onsubmit=") && !lower.contains(" onchange="),
            "{}",
            path.display()
        );
        for script in lower.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap().contains("src="), "{}", path.display());
        }
        let name = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")).unwrap();
        let uses = sources.matches(&format!("path = \"{}\"", name.display())).count();
        let is_part = name.starts_with("macros")
            || html.contains("{% block main %}{% endblock %}")
            || name.ends_with("base.html");
        assert!(uses == 1 || (is_part && uses == 0), "{} is used {uses} times", path.display());
    }
}

#[test]
fn every_sentence_that_is_asked_for_exists() {
    let texts = postern::locale::texts("en");
    let mut missing = BTreeSet::new();
    let mut all = files("templates", ".html");
    all.extend(files("src", ".rs"));
    for path in all {
        let source = std::fs::read_to_string(&path).unwrap();
        for start in [".t(\"", ".t1(\"", ".t2(\"", ".with(\"", "Sentence::new(\"", "Refusal::invalid(\""] {
            for rest in source.split(start).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                if !key.contains('{') && key.contains('-') && !texts.has(key) {
                    missing.insert(format!("{key} ({})", path.file_name().unwrap().to_string_lossy()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no such sentences: {missing:#?}");
}

#[test]
fn the_readme_lists_all_settings() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(
        readme.contains(&postern::config::table()),
        "write what `postern settings --markdown` prints into README.md"
    );
}
