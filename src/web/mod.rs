//! Pages for people, the API for programs. One table of routes; what all of them share stands beside it.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;

pub mod api;
pub mod assessed;
pub mod checked;
pub mod client;
pub mod crowd;
pub mod error;
pub mod extract;
pub mod feeds;
pub mod files;
pub mod findings;
pub mod form;
pub mod guard;
pub mod health;
pub mod intake;
pub mod proving;
pub mod public;
pub mod ranging;
pub mod say;
pub mod server;
pub mod session;
pub mod shell;
pub mod staff;
pub mod watching;

/// What a browser may load for a page: nothing but the portal's own files; no inline style or script.
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The largest body of an ordinary form.
const FORM_MOST: usize = 1024 * 1024;

/// The largest body of a request with evidence.
pub const REQUEST_MOST: usize = 64 * 1024 * 1024;

/// How many forms with evidence one visitor may send at once: they may take minutes.
const UPLOADS_EACH: usize = 8;

/// How many sign-ins one visitor may try at once: they may be made to wait.
const SIGN_INS_EACH: usize = 4;

/// How long an ordinary request may take.
const PAGE_TIME: Duration = Duration::from_secs(30);

/// How long a form with evidence may take.
const UPLOAD_TIME: Duration = Duration::from_mins(10);

/// All routes.
pub fn router(app: App) -> Router {
    let most = app.desk.config.http.max_requests;
    let slow = most / 4;
    let bound = |most, each| {
        let places = guard::Places::new(app.desk.config.clone(), most, each);
        middleware::from_fn_with_state(places, guard::bound)
    };
    let time = |most| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, most);
    // `intake` counts the bytes itself: it reads on beyond the limit, so that browsers get to see the answer.
    let uploads =
        uploads().layer(DefaultBodyLimit::disable()).layer(time(UPLOAD_TIME)).layer(bound(slow, UPLOADS_EACH));
    let form = DefaultBodyLimit::max(FORM_MOST);
    let sign_ins = sign_ins().layer(form).layer(time(PAGE_TIME)).layer(bound(slow, SIGN_INS_EACH));
    let pages = pages().layer(form).layer(time(PAGE_TIME)).layer(bound(most, guard::share(most)));
    shared(uploads.merge(sign_ins).merge(pages).merge(health()), &app).with_state(app)
}

/// Forms with evidence.
fn uploads() -> Router<App> {
    Router::new()
        .route("/requests/new", post(public::request::submit))
        .route("/requests/{code}/messages", post(public::status::add))
}

/// Forms with a password of somebody who is not signed in.
fn sign_ins() -> Router<App> {
    Router::new()
        .route("/staff/sign-in", post(staff::sign_in::submit))
        .route("/staff/setup", post(staff::setup::submit))
}

/// What is answered however much there is to do.
fn health() -> Router<App> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

/// All else.
fn pages() -> Router<App> {
    Router::new()
        .route("/", get(public::start::show))
        .route("/faq", get(public::faq::index))
        .route("/faq/{slug}", get(public::faq::show))
        .route("/causes", get(public::causes::index))
        .route("/causes/{code}", get(public::causes::show))
        .route("/c/{case}", get(public::case::show))
        .route("/c/{case}/{ip}", get(public::case::show_address))
        .route("/check", get(public::check::show))
        .route("/check.json", get(public::check::show))
        .route("/requests/new", get(public::request::form))
        .route("/requests/lost", get(public::lost::form).post(public::lost::submit))
        .route("/requests/{code}", get(public::status::show))
        .route("/policy", get(public::policy::show))
        .route("/prove/{token}", get(public::prove::show).post(public::prove::submit))
        .route("/confirm/{token}", get(public::confirm::show).post(public::confirm::submit))
        .route("/requests/{code}/proofs", post(public::status::proofs::begin))
        .route("/requests/{code}/proofs/{id}/record", post(public::status::proofs::look))
        .route("/requests/{code}/proofs/{id}/mail", post(public::status::proofs::mail))
        .route("/requests/{code}/proofs/{id}", get(public::status::ranges::show).post(public::status::ranges::submit))
        .route("/requests/{code}/watches", post(public::status::proofs::watch))
        .route("/watches/{token}", get(public::watch::show))
        .route("/watches/{token}/beginning", post(public::watch::begin))
        .route("/watches/{token}/end", get(public::watch::show).post(public::watch::end))
        .route("/watches/{token}/feed.atom", get(public::watch::atom))
        .route("/watches/{token}/feed.json", get(public::watch::json))
        .route("/requests/{code}/checks", post(public::status::check_again))
        .route("/requests/{code}/withdrawal", post(public::status::withdraw))
        .route("/static/{file}", get(files::show))
        .route("/favicon.ico", get(files::favicon))
        .route("/robots.txt", get(files::robots))
        .merge(staff::router())
        .nest("/api/v1", api::router())
        .nest("/feeds", feeds::router())
        .fallback(error::not_found)
}

/// What all routes share.
fn shared(routes: Router<App>, app: &App) -> Router<App> {
    let id = HeaderName::from_static("x-request-id");
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let shared = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(id.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(id))
        .layer(middleware::from_fn(guard::log))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), error::page))
        .layer(middleware::from_fn(guard::no_nul))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(CsrfLayer::new());
    routes.layer(shared)
}
