//! What a visitor is told when a request cannot be served, and the rest for the log.

use std::any::Any;

use askama::Template;
use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::shell::Shell;
use crate::app::App;
use crate::desk::Refusal;
use crate::domain::words::UnknownWord;
use crate::locale::Sentence;

/// Why a request was not served. Becomes a page, or JSON for programs; the cause goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing lives here, or the visitor may not know that it does.
    #[error("not found")]
    NotFound,
    /// The visitor is known and may not.
    #[error("not allowed")]
    NotAllowed,
    /// The visitor has to sign in first, and then comes back to this path.
    #[error("sign in first")]
    SignIn(String),
    /// A program sent no good token.
    #[error("no good token")]
    NoToken,
    /// The changes that a program asks for are not known (any more).
    #[error("the log does not reach there")]
    Gone,
    /// It changed meanwhile.
    #[error("changed meanwhile")]
    Stale,
    /// What was sent makes no sense; says what.
    #[error("{0}")]
    Invalid(Sentence),
    /// More than one visitor may send for now.
    #[error("too many requests")]
    TooMany,
    /// A body beyond the limit.
    #[error("too large")]
    TooLarge,
    /// The database is away, or there is too much to do.
    #[error("unavailable")]
    Unavailable,
    /// Our fault.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// The outcome of a handler.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::NotAllowed => Self::NotAllowed,
            Refusal::Stale => Self::Stale,
            Refusal::TooMuch | Refusal::Beyond => Self::TooMany,
            Refusal::Invalid(what) => Self::Invalid(what),
            Refusal::Database(error) => error.into(),
            Refusal::Internal(error) => Self::Internal(error),
        }
    }
}

impl From<UnknownWord> for Error {
    fn from(bad: UnknownWord) -> Self {
        Self::Invalid(bad.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_away(&error) {
            tracing::error!(error = error.to_string(), "the database is away");
            Self::Unavailable
        } else {
            Self::Internal(error.into())
        }
    }
}

/// Whether the database does not answer, as opposed to refusing a statement.
#[must_use]
pub fn is_away(error: &sqlx::Error) -> bool {
    let busy = error.as_database_error().is_some_and(|e| {
        // 57P01 to 57P03: PostgreSQL is shutting down or starting; 5 and 6: SQLite is locked by another process.
        e.code().is_some_and(|code| matches!(code.as_ref(), "57P01" | "57P02" | "57P03" | "53300" | "5" | "6"))
    });
    busy || matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)
    )
}

impl Error {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::SignIn(_) | Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Gone => StatusCode::GONE,
            Self::Stale => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word under which the texts of the page stand.
    fn word(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::NotAllowed => "not-allowed",
            Self::SignIn(_) => "sign-in",
            Self::NoToken => "no-token",
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Invalid(_) => "invalid",
            Self::TooMany => "too-many",
            Self::TooLarge => "too-large",
            Self::Unavailable => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

/// A failed answer on its way out: [`page`] gives it words.
#[derive(Debug, Clone)]
struct Failed {
    /// The word of the error.
    word: &'static str,
    /// What the visitor may know beyond it.
    detail: Option<Sentence>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::SignIn(next) = &self {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            return Redirect::to(&format!("/staff/sign-in?next={next}")).into_response();
        }
        if let Self::Internal(error) = &self {
            tracing::error!(error = format!("{error:#}"), "a request failed");
        }
        let (status, word) = (self.status(), self.word());
        let detail = if let Self::Invalid(what) = self { Some(what) } else { None };
        let mut response = status.into_response();
        response.extensions_mut().insert(Failed { word, detail });
        response
    }
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    /// What all pages share.
    shell: Shell,
    /// The word under which its texts stand.
    word: &'static str,
    /// What the visitor may know beyond it.
    detail: String,
    /// What to quote to the operator.
    request_id: String,
}

/// Gives failed answers their page: ours by their word, those of libraries by their status.
pub async fn page(State(app): State<App>, request: Request, next: Next) -> Response {
    let for_feed = request.uri().path().starts_with("/feeds/");
    let for_program = is_for_program(request.uri().path(), request.headers());
    let id = request.headers().get("x-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (mut parts, body) = request.into_parts();
    let shell = match Shell::from_request_parts(&mut parts, &app).await {
        Ok(shell) => shell,
        Err(never) => match never {},
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let failed = response.extensions().get::<Failed>().cloned().or_else(|| of_library(&response));
    let Some(Failed { word, detail }) = failed else { return response };
    let status = response.status();
    let mut answer = if for_program {
        let what = detail.map_or_else(|| shell.word("error", word), |detail| shell.say(&detail));
        Json(serde_json::json!({ "error": word, "detail": what, "request_id": id })).into_response()
    } else {
        let detail = detail.map(|detail| shell.say(&detail)).unwrap_or_default();
        let page = ErrorPage { shell, word, detail, request_id: id };
        page.render().map_or_else(|_| status.into_response(), |html| Html(html).into_response())
    };
    *answer.status_mut() = status;
    if word == "no-token" {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        if for_feed {
            answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"feeds\""));
        }
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    answer
}

/// Whether a program asks: for the API, for a path in `.json`, or for JSON and not for a page.
#[must_use]
pub fn is_for_program(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = accept.contains("application/json") && !accept.contains("text/html");
    let is_json = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "json");
    accepts || is_json || path.starts_with("/feeds/") || path.starts_with("/api/")
}

/// What a failure of a library (router, limits, cross-site check) means in our words. Pages that carry a form are no failures.
fn of_library(response: &Response) -> Option<Failed> {
    let is_ours = response.headers().contains_key(axum::http::header::CONTENT_TYPE)
        && response
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .is_some_and(|t| t.as_bytes().starts_with(b"text/html") || t.as_bytes() == b"application/json");
    let word = match response.status() {
        _ if is_ours => return None,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "not-found",
        StatusCode::FORBIDDEN => "cross-site",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::REQUEST_TIMEOUT => "too-slow",
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => "invalid",
        StatusCode::INTERNAL_SERVER_ERROR => "internal",
        _ => return None,
    };
    Some(Failed { word, detail: None })
}

/// The answer to a path that does not exist. A slash too much at its end is taken off: who cuts the tail off a case link
/// often leaves it.
pub async fn not_found(method: Method, uri: Uri) -> Result<Redirect> {
    let path = uri.path().trim_end_matches('/');
    // A second slash or a backslash at the beginning would lead to another host.
    let is_local = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    if path == uri.path() || !is_local || method != Method::GET {
        return Err(Error::NotFound);
    }
    Ok(Redirect::to(&uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))))
}

/// The answer of a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "tower-http hands it over like this")]
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let what = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    Error::Internal(anyhow::anyhow!("a handler panicked: {}", what.unwrap_or("no message"))).into_response()
}
