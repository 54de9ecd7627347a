//! To come.

use crate::web::error::Error;

/// To come.
pub async fn show() -> Error {
    Error::NotFound
}
