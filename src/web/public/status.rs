//! To come.

use crate::web::error::Error;

/// To come.
pub async fn show() -> Error {
    Error::NotFound
}

/// To come.
pub async fn add() -> Error {
    Error::NotFound
}

/// To come.
pub async fn withdraw() -> Error {
    Error::NotFound
}
