//! A database for one test.

use postern::config::Config;
use postern::domain::id::Secret;
use sqlx::{AnyConnection, Connection as _};

/// A database that goes away with the test.
pub(crate) struct Database {
    /// Where it is.
    pub(crate) url: String,
    /// The server it was made on, if it is `PostgreSQL`.
    server: Option<(String, String)>,
    /// The folder of its file, if it is `SQLite`.
    _folder: tempfile::TempDir,
}

/// The server that databases are made on, if the tests run on `PostgreSQL`.
#[expect(clippy::disallowed_methods, reason = "the test run says which engine")]
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

impl Database {
    /// Makes an empty database.
    pub(crate) async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Some(server) = server() else {
            let url = format!("sqlite:{}/test.db", folder.path().display());
            return Self { url, server: None, _folder: folder };
        };
        // A schema of its own is made and dropped in a tenth of the time of a database.
        let name = format!("it_{}", Secret::new().reveal());
        run(&server, &[format!("CREATE SCHEMA {name}")]).await;
        let sign = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{sign}options[search_path]={name}&application_name={name}");
        Self { url, server: Some((server, name)), _folder: folder }
    }

    /// Settings that use it.
    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> Config {
        let mut all = vec![
            ("database.url", self.url.as_str()),
            ("database.connections", "4"),
            ("provider.name", "Example Mail"),
            ("mail.from", "postmaster@portal.example"),
            ("http.public_url", "https://portal.example"),
            ("dns.servers", "off"),
            ("limits.requests_per_hour", "1000"),
            ("limits.requests_per_hour_mail", "1000"),
            ("limits.requests_per_hour_network", "1000"),
            ("limits.requests_per_minute", "1000"),
        ];
        all.extend_from_slice(settings);
        super::config(&all)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else { return };
        // The test's runtime is ending; a thread with one of its own drops the schema, once nobody works in it any more.
        let gone = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let ended = format!(
                "SELECT pg_terminate_backend(pid) IS NULL FROM pg_stat_activity WHERE application_name = '{name}'"
            );
            runtime.block_on(run(&server, &[ended, format!("DROP SCHEMA IF EXISTS {name} CASCADE")]));
        });
        let _ = gone.join();
    }
}

/// Runs statements on the server.
async fn run(server: &str, statements: &[String]) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.expect("PostgreSQL at TEST_DATABASE_URL answers");
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
    }
}
