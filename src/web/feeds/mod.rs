//! The block list for gateways over HTTP: whole lists in the forms that programs read, and its changes.
//!
//! A token is made by `postern token add NAME --scope feeds:read`, one for each gateway, and sent as
//! `Authorization: Bearer …` or, by clients that can only do that, as the password of `Basic`.
//! Answers come from memory. Lists are handed out piece by piece: never is a whole one made up, nor the list locked for long.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use axum::routing::{get, post};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::Client;
use super::error::{Error, Result};
use crate::app::App;
use crate::desk::gateways::Fetcher;
use crate::domain::id::Secret;

mod changes;
mod edges;
mod fresh;
mod list;
mod sending;
mod stream;

/// How many lists are handed out at once.
const LISTS: usize = 16;

/// How many streams of changes are held at once.
const STREAMS: usize = 500;

/// Bounds that all feeds share.
#[derive(Debug, Clone)]
pub struct Places {
    /// For whole lists and deltas.
    lists: Arc<Semaphore>,
    /// For streams.
    streams: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self { lists: Arc::new(Semaphore::new(LISTS)), streams: Arc::new(Semaphore::new(STREAMS)) }
    }
}

/// All routes, below `/feeds`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/changes", get(stream::show))
        .route("/setup", get(edges::setup))
        .route("/report", post(edges::report))
        .route("/{name}", get(list::show))
}

/// A place, or the word that there is none.
fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    Arc::clone(places).try_acquire_owned().map_err(|_| Error::Unavailable)
}

/// A program that may read feeds.
#[derive(Debug)]
struct Reader(Fetcher);

/// A program that may report what it has reached.
#[derive(Debug)]
struct Reporter(Fetcher);

/// The secret of a request: a bearer token, or the password of `Basic`.
fn secret(parts: &Parts) -> Option<Secret> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = header.trim().split_once(' ')?;
    let text = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.trim().to_owned(),
        "basic" => {
            let decoded = data_encoding::BASE64.decode(rest.trim().as_bytes()).ok()?;
            String::from_utf8(decoded).ok()?.split_once(':')?.1.to_owned()
        }
        _ => return None,
    };
    (!text.is_empty()).then(|| Secret::presented(&text))
}

/// The program behind the token of a request, if it is good for `scope`.
async fn fetcher(parts: &mut Parts, app: &App, scope: &str) -> Result<Fetcher> {
    let secret = secret(parts).ok_or(Error::NoToken)?;
    let token = app.desk.token_for(&secret, scope).await.map_err(|refusal| match Error::from(refusal) {
        Error::NotFound => Error::NoToken,
        other => other,
    })?;
    let Ok(Client(client)) = Client::from_request_parts(parts, app).await;
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Fetcher { token, client, agent })
}

impl FromRequestParts<App> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        fetcher(parts, app, "feeds:read").await.map(Self)
    }
}

impl FromRequestParts<App> for Reporter {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        fetcher(parts, app, "feeds:write").await.map(Self)
    }
}
