//! To come.

use crate::web::error::Error;

/// To come.
pub async fn form() -> Error {
    Error::NotFound
}

/// To come.
pub async fn submit() -> Error {
    Error::NotFound
}

/// To come.
pub async fn received() -> Error {
    Error::NotFound
}
