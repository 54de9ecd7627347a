//! Pages for staff.

use axum::Router;

use crate::app::App;

/// All routes of staff, below `/staff`.
pub fn router() -> Router<App> {
    Router::new()
}
