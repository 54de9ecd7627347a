//! The session cookie, and who is signed in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::error::Error;
use crate::app::App;
use crate::config::Config;
use crate::domain::id::Secret;
use crate::domain::staff::Staff;

/// The name of the cookie: with https browsers keep it to this host and to secure connections.
fn cookie_name(config: &Config) -> &'static str {
    if is_https(config) { "__Host-postern" } else { "postern" }
}

/// Whether people reach the portal by https.
fn is_https(config: &Config) -> bool {
    config.http.public_url.starts_with("https://")
}

/// The `Set-Cookie` value that begins a session.
#[must_use]
pub fn set_cookie(config: &Config, token: &Secret) -> String {
    let secure = if is_https(config) { "; Secure" } else { "" };
    format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(config), token.reveal())
}

/// The `Set-Cookie` value that ends a session.
#[must_use]
pub fn clear_cookie(config: &Config) -> String {
    let secure = if is_https(config) { "; Secure" } else { "" };
    format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", cookie_name(config))
}

/// The token that the browser presents.
fn presented(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name)?.1;
    (!value.is_empty()).then(|| Secret::presented(value))
}

/// A member of the staff with a live session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who it is.
    pub staff: Staff,
    /// The hash of the session's token.
    pub session: String,
}

/// Whoever comes.
#[derive(Debug, Clone)]
pub enum Visitor {
    /// A member of the staff.
    Staff(SignedIn),
    /// Somebody who is not signed in.
    Nobody,
    /// Somebody with a session that cannot be looked up now. Public pages are shown all the same.
    Unknown,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let visitor = match presented(&parts.headers, cookie_name(&app.desk.config)) {
            Some(token) => Self::of(app, &token).await,
            None => Self::Nobody,
        };
        parts.extensions.insert(visitor.clone());
        Ok(visitor)
    }
}

impl Visitor {
    /// Whose session it is.
    async fn of(app: &App, token: &Secret) -> Self {
        match app.desk.session(token).await {
            Ok(Some((staff, session))) => Self::Staff(SignedIn { staff, session: session.token_hash }),
            Ok(None) => Self::Nobody,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a session cannot be looked up");
                Self::Unknown
            }
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        match Visitor::from_request_parts(parts, app).await {
            Ok(Visitor::Staff(found)) => Ok(found),
            Ok(Visitor::Nobody) => Err(Error::SignIn(wanted(parts))),
            Ok(Visitor::Unknown) => Err(Error::Unavailable),
            Err(never) => match never {},
        }
    }
}

/// Where the visitor goes on after signing in: the page that was asked for, or the one on which the sent form stands.
fn wanted(parts: &Parts) -> String {
    let asked = parts.uri.path_and_query().map_or("/staff", |p| p.as_str()).to_owned();
    if parts.method == Method::GET {
        return asked;
    }
    let referer = parts.headers.get(REFERER).and_then(|v| v.to_str().ok()).and_then(|text| url::Url::parse(text).ok());
    referer.map_or_else(|| "/staff".to_owned(), |url| url.path().to_owned())
}

/// A path of this portal to go on to; anything else leads to the queue.
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let local = next.starts_with("/staff") && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if local { next } else { "/staff/tickets" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; postern=abc; c=d".parse().unwrap());
        assert_eq!(presented(&headers, "postern").unwrap().reveal(), "abc");
        assert!(presented(&headers, "__Host-postern").is_none());
    }

    #[test]
    fn sign_in_leads_nowhere_else() {
        assert_eq!(safe_next("/staff/tickets?state=new"), "/staff/tickets?state=new");
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "/staff\r\nX: y", ""] {
            assert_eq!(safe_next(bad), "/staff/tickets");
        }
    }
}
