//! All SQL: one file a family of tables, one function a statement, one text for `SQLite` and `PostgreSQL`.
//!
//! The portable-SQL rules that every statement here follows:
//!
//! - Columns are `TEXT`, `BIGINT` or (for bytes as they came) `BYTEA`; time is Unix milliseconds; a set of words has a
//!   `CHECK`; a fact that may be absent is a nullable column. No booleans, no time types, no JSON types, no serials.
//! - Ids are made by the program. Placeholders are `$1…$n`. Columns are named, never `*`. Sums are cast.
//! - Optional filters are `($1 IS NULL OR state = $1)`.
//! - A change is one conditional statement; `rows_affected() == 1` says whether it happened. Nothing is read in order
//!   to be written back. A condition of a sub-select is repeated outside of it.
//! - Writing transactions start with [`Db::begin`] and stay short: no mail, no DNS, no hashing inside.
//! - Uniqueness is told by `is_unique_violation()`, never by a constraint's name.
//! - An applied migration is never edited. New columns are nullable or have a default.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub mod api_tokens;
pub mod assessments;
pub mod blocks;
pub mod bulks;
pub mod changes;
pub mod confirmations;
pub mod events;
pub mod evidence;
pub mod exemptions;
pub mod followers;
pub mod gateways;
pub mod held;
pub mod imports;
pub mod leases;
pub mod limits;
pub mod mail_tokens;
pub mod messages;
pub mod outbox;
pub mod probations;
pub mod proofs;
pub mod queue;
pub mod resolvers;
pub mod secrets;
pub mod sessions;
pub mod snapshots;
pub mod staff;
pub mod tickets;
pub mod watches;

pub use sqlx::any::AnyExecutor;

/// Which database stands behind the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file beside the program.
    Sqlite,
    /// A server.
    Postgres,
}

/// After a large import the file of `SQLite`'s log shrinks to so many bytes again.
const LOG_MOST: &str = "PRAGMA journal_size_limit = 67108864";

/// How long a long work pauses.
const PAUSE: Duration = Duration::from_millis(30);

/// The database: a pool of connections, and the queue in which `SQLite`'s writers wait.
#[derive(Debug, Clone)]
pub struct Db {
    /// The connections.
    pool: AnyPool,
    /// What they lead to.
    engine: Engine,
    /// `SQLite` has one writer at a time; waiting here is fair and cheap, waiting in `SQLite` is neither.
    gate: Arc<Mutex<()>>,
}

impl Db {
    /// Connects to `sqlite:…` or `postgres:…`; an `SQLite` file and its folder are created when missing.
    ///
    /// # Errors
    /// When there is no such database or it does not answer.
    pub async fn connect(url: &str, max_connections: u32) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("sqlite:") { Engine::Sqlite } else { Engine::Postgres };
        let url = if engine == Engine::Sqlite { prepare_sqlite(url)? } else { url.to_owned() };
        let pool = AnyPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(15))
            .after_connect(move |connection, _| Box::pin(set_up(connection, engine)))
            .connect(&url)
            .await
            .context("the database does not answer; look at database.url")?;
        Ok(Self { pool, engine, gate: Arc::default() })
    }

    /// Whether connecting would make a new `SQLite` file.
    #[must_use]
    pub fn would_be_new(url: &str) -> bool {
        url.starts_with("sqlite:") && !std::path::Path::new(file_and_query(url).0).exists()
    }

    /// Brings the tables up to date; says how many migrations it applied.
    ///
    /// # Errors
    /// When a migration fails or the database is newer than this program.
    pub async fn migrate(&self) -> anyhow::Result<usize> {
        let _gate = self.gate.lock().await;
        let before = self.applied_migrations().await;
        sqlx::migrate!().run(&self.pool).await.context("the tables could not be brought up to date")?;
        let fresh = self.applied_migrations().await.saturating_sub(before);
        secrets::ensure(&self.pool).await?;
        changes::ensure(&self.pool).await?;
        Ok(fresh)
    }

    /// How many migrations the database has; none when it is empty.
    async fn applied_migrations(&self) -> usize {
        let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&self.pool).await;
        count.ok().and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    }

    /// How many migrations this program has that the database lacks.
    pub async fn missing_migrations(&self) -> usize {
        sqlx::migrate!().migrations.len().saturating_sub(self.applied_migrations().await)
    }

    /// The pool, for reading.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Which database it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts a transaction that will write: on `SQLite` it takes the write lock at once.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        match self.engine {
            Engine::Sqlite => {
                let gate = Arc::clone(&self.gate).lock_owned().await;
                let inner = self.pool.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Tx { inner, _gate: Some(gate) })
            }
            Engine::Postgres => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that begins")]
                let inner = self.pool.begin().await?;
                Ok(Tx { inner, _gate: None })
            }
        }
    }

    /// Starts a transaction that reads one state of the database, whatever is committed meanwhile.
    pub async fn snapshot(&self) -> sqlx::Result<Tx> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN DEFERRED",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Ok(Tx { inner: self.pool.begin_with(begin).await?, _gate: None })
    }

    /// Lets writers of other processes in, between two transactions of a long work. `SQLite` has no queue: who waits looks
    /// again after 25 ms at most, for the first eighth of a second; so one who finds the pause waits no longer than that.
    pub async fn pause(&self) {
        if self.engine == Engine::Sqlite {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets the planner of `PostgreSQL` know how large the list has become: its own gathering comes by once a minute at best,
    /// and until then a table that grew by a million rows is walked through for each address. `SQLite` takes every index for
    /// selective.
    pub async fn gather_statistics(&self) -> sqlx::Result<()> {
        if self.engine == Engine::Postgres {
            sqlx::query("ANALYZE blocks").execute(&self.pool).await?;
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        sqlx::query_scalar::<_, i64>("SELECT n FROM block_counter WHERE id = 1").fetch_one(&self.pool).await.is_ok()
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A transaction; it is rolled back when dropped without [`Tx::commit`].
#[derive(Debug)]
pub struct Tx {
    /// What the database knows of it.
    inner: Transaction<'static, Any>,
    /// The place at the head of `SQLite`'s queue of writers; given back after `inner` is done.
    _gate: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    /// Makes everything in it durable.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.inner.commit().await
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// The file and the options of an `SQLite` database.
fn file_and_query(url: &str) -> (&str, &str) {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    path.split_once('?').unwrap_or((path, ""))
}

/// Creates the folder of an `SQLite` file and asks for the file to be created with it.
fn prepare_sqlite(url: &str) -> anyhow::Result<String> {
    let (path, query) = file_and_query(url);
    if let Some(folder) = std::path::Path::new(path).parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} of database.url cannot be created", folder.display()))?;
    }
    let query = if query.contains("mode=") { query.to_owned() } else { format!("mode=rwc&{query}") };
    Ok(format!("sqlite://{path}?{}", query.trim_end_matches('&')))
}

/// Settings of a fresh connection: on `SQLite` "stored" must survive a power cut.
async fn set_up(connection: &mut AnyConnection, engine: Engine) -> sqlx::Result<()> {
    if engine == Engine::Sqlite {
        for pragma in
            ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 10000", LOG_MOST]
        {
            sqlx::query(pragma).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
