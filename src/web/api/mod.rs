//! The API for programs: JSON in, JSON out, a bearer token.
//!
//! A token is made by `postern token add NAME --scope blocks:write` and sent as `Authorization: Bearer …` (RFC 6750 2.1).

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::routing::post;

use super::error::{Error, Result};
use crate::app::App;
use crate::domain::id::Secret;
use crate::store::api_tokens::ApiToken;

mod blocks;
mod evidence;
mod ranges;

/// All routes, below `/api/v1`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/blocks", post(blocks::add).get(blocks::find).delete(blocks::lift))
        .route("/ranges/requests", post(ranges::file).get(ranges::list).layer(DefaultBodyLimit::max(ranges::MOST)))
        .route("/evidence", post(evidence::read).layer(DefaultBodyLimit::max(evidence::MOST)))
}

/// A program that may read blocks.
#[derive(Debug)]
struct Reader;

/// A program that may change blocks.
#[derive(Debug)]
struct Writer(ApiToken);

/// The bearer token of a request.
fn bearer(parts: &Parts) -> Result<&str> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (scheme, secret) = header.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") || secret.trim().is_empty() {
        return Err(Error::NoToken);
    }
    Ok(secret)
}

/// The program behind the token of a request, if it is good for `scope`.
async fn program(parts: &Parts, app: &App, scope: &str) -> Result<ApiToken> {
    let secret = bearer(parts)?;
    app.desk.token_for(&Secret::presented(secret), scope).await.map_err(|refusal| match Error::from(refusal) {
        Error::NotFound => Error::NoToken,
        other => other,
    })
}

impl FromRequestParts<App> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        program(parts, app, "blocks:read").await.map(|_| Self)
    }
}

impl FromRequestParts<App> for Writer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        program(parts, app, "blocks:write").await.map(Self)
    }
}
