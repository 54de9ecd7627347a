//! `postern read`: what the evidence reader understands, without a database or a server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value};

use super::say;
use crate::evidence::{self, Context, Findings};

/// Prints what is understood of each file; a file that cannot be read is said and skipped.
pub(super) fn run(files: &[PathBuf], pretty: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match std::fs::read(file) {
            Ok(bytes) => {
                let context = Context { file_name: Some(file.display().to_string()), ..Context::default() };
                let found = evidence::read(&bytes, &context);
                say(&if pretty { words(file, &found) } else { json(file, &found)? })?;
            }
            Err(error) => {
                tracing::debug!(error = error.to_string(), "skipped");
                let _ = std::io::Write::write_fmt(
                    &mut std::io::stderr(),
                    format_args!("postern: {}: {error}\n", file.display()),
                );
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// One line of JSON, the file first.
fn json(file: &Path, found: &Findings) -> anyhow::Result<String> {
    let mut object = Map::new();
    object.insert("file".to_owned(), Value::String(file.display().to_string()));
    if let Value::Object(rest) = serde_json::to_value(found)? {
        object.extend(rest);
    }
    Ok(serde_json::to_string(&object)?)
}

/// The same for people.
fn words(file: &Path, found: &Findings) -> String {
    let mut out = format!("{}: {}", file.display(), word(&found.kind));
    if let Some(mta) = &found.mta {
        let _ = write!(out, ", written by {mta}");
    }
    for reply in &found.replies {
        let line = reply.line.map(|n| format!("line {n}: ")).unwrap_or_default();
        let category = reply.category.as_ref().map(word).unwrap_or_default();
        let whose = reply.whose.as_ref().map(word).unwrap_or_default();
        let ip = reply.ip.map(|ip| format!(" [{ip}]")).unwrap_or_default();
        let _ = write!(out, "\n  {line}{category}{ip} {whose}\n      {}", reply.text);
    }
    if let Some(header) = &found.header {
        let border = header.border_ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
        let _ = write!(out, "\n  header: {} hops, came in from {border}", header.received_count);
    }
    for fault in &found.lint {
        let _ = write!(out, "\n  line {}: {} {}: {}", fault.line, word(&fault.severity), fault.rule, fault.what);
    }
    if !found.fully_read {
        out.push_str("\n  (not fully read)");
    }
    out
}

/// A word as it stands in the JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}
