//! Static files: our own style, script and pictures, built in, cached by their version.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use serde::Deserialize;

use super::error::{Error, Result};
use super::extract::{Path, Query};
use crate::domain::id::hash;

/// The files.
#[derive(rust_embed::RustEmbed)]
#[folder = "static/"]
struct Files;

/// The version of each file: the beginning of its sum.
static VERSIONS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let version = |name: &str| Files::get(name).map(|file| hash(&file.data).chars().take(12).collect());
    Files::iter().filter_map(|name| version(&name).map(|v: String| (name.into_owned(), v))).collect()
});

/// The address of a file, with its version.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/static/{name}?v={}", VERSIONS.get(name).map_or("0", String::as_str))
}

/// The version that an address names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The version.
    v: String,
}

/// One file. It is kept for ever under the address of its present version, and for a while under any other.
pub async fn show(Path(name): Path<String>, Query(asked): Query<Asked>) -> Result<Response> {
    let file = Files::get(&name).ok_or(Error::NotFound)?;
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("ico") => "image/x-icon",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    };
    let is_present = VERSIONS.get(&name).is_some_and(|version| *version == asked.v);
    let keep = if is_present { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, keep)], file.data.into_owned()).into_response())
}

/// The picture in the browser's tab, for browsers that do not read the page's link to it.
pub async fn favicon() -> Result<Response> {
    show(Path("icon.svg".to_owned()), Query(Asked::default())).await
}

/// What crawlers may read: the articles, nothing of a person.
pub async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /requests/\nDisallow: /c/\nDisallow: /check\nDisallow: /staff\nDisallow: /api/\n"
}
