use super::read::Values;
use super::{BadSetting, Config, SETTINGS};

fn with(pairs: &[(&str, &str)], demo: bool) -> Result<Config, BadSetting> {
    let mut values = Values::default();
    values.add_environment(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))?;
    values.check(demo)
}

#[test]
fn nothing_at_all_is_enough() {
    let config = with(&[], false).unwrap();
    assert_eq!(config.http.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.database.url, "sqlite:data/postern.db");
    assert!(config.mail.smtp_url.is_none() && !config.gateways.policy_is_set);
}

#[test]
fn the_demo_has_its_own_database_and_stays_at_home() {
    assert_eq!(with(&[], true).unwrap().database.url, "sqlite:data/demo.db");
    for own in ["sqlite:demo.db", "sqlite:///srv/my-demo.db?cache=private"] {
        assert_eq!(with(&[("POSTERN_DATABASE__URL", own)], true).unwrap().database.url, own);
    }
    for other in ["sqlite:prod.db", "sqlite:prod.db?x=demo.db", "sqlite:demo.db/prod.db", "postgres://db/demo.db"] {
        let error = with(&[("POSTERN_DATABASE__URL", other)], true).unwrap_err().to_string();
        assert!(error.contains("database.url") && error.contains("of its own"), "{error}");
    }
    let error = with(&[("POSTERN_HTTP__LISTEN", "0.0.0.0:8080")], true).unwrap_err().to_string();
    assert!(error.contains("http.listen") && error.contains("loopback"), "{error}");
}

#[test]
fn a_wrong_setting_names_key_fault_and_example() {
    for (name, value, want) in [
        ("POSTERN_HTTP__LISTEN", "localhost", "http.listen"),
        ("POSTERN_HTTP__PUBLIC_URL", "postmaster.example.org", "https://postmaster.example.org"),
        ("POSTERN_HTTP__TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
        ("POSTERN_DATABASE__URL", "mysql://x", "sqlite:"),
        ("POSTERN_MAIL__FROM", "nobody", "mail.from"),
        ("POSTERN_EVIDENCE__RETENTION", "0", "evidence.retention"),
        ("POSTERN_LIMITS__REQUESTS_PER_HOUR", "many", "whole number"),
        ("POSTERN_LOG__FORMAT", "xml", "text or json"),
        ("POSTERN_EDGE__PORTAL", "http://postmaster.example.org", "https://"),
        ("POSTERN_EDGE__PORTAL", "https://postmaster.example.org/x", "without a path"),
        ("POSTERN_HTTP__LISTEM", "x", "there is no setting http.listem"),
        ("POSTERN_WEB__LISTEN", "x", "did you mean http.listen?"),
        ("POSTERN_HTTP_LISTEN", "x", "did you mean http.listen?\nExample: POSTERN_HTTP__LISTEN=\"127.0.0.1:8080\""),
        ("POSTERN_DATABSE__URL", "x", "did you mean database.url?"),
        ("POSTERN_DEMO", "yes", "postern serve --demo"),
        ("POSTERN_COLOUR", "blue", "there is no setting colour"),
    ] {
        let error = with(&[(name, value)], false).unwrap_err().to_string();
        assert!(error.contains(want), "{name}: {error}");
        assert!(error.contains(name), "the place is named: {error}");
    }
}

#[test]
fn file_and_environment_are_layers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postern.toml");
    std::fs::write(
        &path,
        "[http]\nlisten = \"127.0.0.1:9\"\ntrusted_proxies = [\"192.0.2.1\"]\n[mail]\ninbound = true\n",
    )
    .unwrap();
    let mut values = Values::default();
    values.add_file(&path).unwrap();
    values.add_environment([("POSTERN_HTTP__LISTEN".to_owned(), "127.0.0.1:10".to_owned())].into_iter()).unwrap();
    let config = values.check(false).unwrap();
    assert_eq!(config.http.listen.port(), 10);
    assert!(config.mail.inbound && config.http.trusted_proxies.len() == 1);
}

#[test]
fn a_wrong_key_in_the_file_is_told_with_the_nearest_and_an_example() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postern.toml");
    std::fs::write(&path, "[http]\nlistn = \"127.0.0.1:9\"\n").unwrap();
    let error = Values::default().add_file(&path).unwrap_err().to_string();
    for said in ["http.listn", "postern.toml", "did you mean http.listen?", "Example: http.listen = \"127.0.0.1:8080\""]
    {
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_a_cluster_says_of_a_service_is_no_setting() {
    for (name, value) in [
        ("POSTERN_SERVICE_HOST", "192.0.2.1"),
        ("POSTERN_SERVICE_PORT_HTTP", "8080"),
        ("POSTERN_PORT", "tcp://192.0.2.1:8080"),
        ("POSTERN_PORT_8080_TCP_ADDR", "192.0.2.1"),
    ] {
        with(&[(name, value)], false).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn every_default_and_example_is_valid() {
    // Those name what has to be there.
    for setting in SETTINGS.iter().filter(|s| !["content.folder", "dns.origin_file"].contains(&s.key)) {
        let name = super::read::variable(setting.key);
        with(&[(&name, setting.example)], false).unwrap_or_else(|e| panic!("{e}"));
    }
}
