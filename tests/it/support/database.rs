//! A database for one test.

use postern::config::Config;
use postern::domain::id::Secret;
use sqlx::{AnyConnection, Connection as _};

/// A database that goes away with the test.
pub(crate) struct Database {
    /// Where it is.
    pub(crate) url: String,
    /// The server it was made on, if it is PostgreSQL.
    server: Option<(String, String)>,
    /// The folder of its file, if it is SQLite.
    _folder: tempfile::TempDir,
}

/// The server that databases are made on, if the tests run on PostgreSQL.
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
        let name = format!("it_{}", Secret::new().reveal());
        run(&server, format!("CREATE DATABASE {name}")).await;
        let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
        Self { url: format!("{base}/{name}"), server: Some((server.clone(), name)), _folder: folder }
    }

    /// Settings that use it.
    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> Config {
        let mut all = vec![
            ("database.url", self.url.as_str()),
            ("database.connections", "4"),
            ("provider.name", "Example Mail"),
            ("mail.from", "postmaster@portal.example"),
            ("http.public_url", "https://portal.example"),
        ];
        all.extend_from_slice(settings);
        super::config(&all)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else { return };
        // The test's runtime is ending; a thread with one of its own drops the database.
        let gone = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&server, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _ = gone.join();
    }
}

/// Runs one statement on the server.
async fn run(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.expect("PostgreSQL at TEST_DATABASE_URL answers");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}
