//! The API for programs.

use axum::Router;

use crate::app::App;

/// All routes, below `/api/v1`.
pub fn router() -> Router<App> {
    Router::new()
}
