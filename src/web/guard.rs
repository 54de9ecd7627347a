//! Bounds that hold for everybody: places, counts per visitor, one log line a request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::client;
use super::crowd::Crowd;
use super::error::{Error, Result};
use crate::app::App;
use crate::config::Config;
use crate::desk::bounds::Bound;
use crate::domain::net::visitor;
use crate::domain::time::MINUTE;

/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// The least share of one visitor: what a browser opens at once.
const SHARE_LEAST: usize = 8;

/// How many acts of one kind all visitors may do in a minute, so that many of them are no flood of writes.
const ALL_MOST: i64 = 1_200;

/// Places for requests of one kind that are worked on, so that those of another kind never wait for them.
#[derive(Debug, Clone)]
pub struct Places {
    /// All of them.
    all: Arc<Semaphore>,
    /// The share of each visitor.
    crowd: Crowd,
    /// The settings, which name the proxies that are believed.
    config: Arc<Config>,
}

impl Places {
    /// So many places, and so many of them for one visitor.
    #[must_use]
    pub fn new(config: Arc<Config>, most: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(most.max(1))), crowd: Crowd::new(each), config }
    }
}

/// What one visitor may take of so many places.
#[must_use]
pub fn share(most: usize) -> usize {
    (most / 8).max(SHARE_LEAST)
}

/// Works on so many requests at once; more wait a little, then get 503, or 429 when they are too many of one visitor.
pub async fn bound(State(places): State<Places>, request: Request, next: Next) -> Response {
    let client = client::of(request.extensions(), request.headers(), &places.config.http.trusted_proxies);
    let share = tokio::time::timeout(PATIENCE, places.crowd.wait(visitor(client)));
    let Ok(_guest) = share.await else { return Error::TooMany.into_response() };
    match tokio::time::timeout(PATIENCE, places.all.acquire()).await {
        Ok(Ok(_place)) => next.run(request).await,
        _ => Error::Unavailable.into_response(),
    }
}

/// Refuses queries with a NUL: nothing of that name is stored, and `PostgreSQL` fails when it is asked for it.
pub async fn no_nul(request: Request, next: Next) -> Response {
    if request.uri().query().is_some_and(|query| query.contains("%00")) {
        return Error::NotFound.into_response();
    }
    next.run(request).await
}

/// Logs one line a request: no address of a visitor, no query (it may hold a secret).
pub async fn log(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<axum::extract::MatchedPath>().map(|p| p.as_str().to_owned());
    let response = next.run(request).await;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let path = path.unwrap_or_else(|| "(none)".to_owned());
    tracing::debug!(http.method = %method, http.route = path, http.status = response.status().as_u16(), duration_ms, "request");
    response
}

/// Counts one act of a visitor: in memory first, in the database only what is within the limit.
///
/// # Errors
/// `TooMany` when that is more than `most` in the present slot, `Unavailable` when all together do too much of it.
pub async fn count(app: &App, what: &str, client: IpAddr, slot_ms: i64, most: i64) -> Result<()> {
    let own = Bound::new(format!("{what}:{}", visitor(client)), slot_ms, most);
    if !app.desk.knows_room(&own) {
        return Err(Error::TooMany);
    }
    if !app.desk.count_here(&Bound::new(format!("{what}-all"), MINUTE, ALL_MOST)) {
        return Err(Error::Unavailable);
    }
    if app.desk.count(&own).await? { Ok(()) } else { Err(Error::TooMany) }
}
