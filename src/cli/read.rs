//! `postern read`: what the evidence reader understands, without a database or a server.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value};

use super::say;
use crate::evidence::{self, Context, Findings, Long};

/// Prints what is understood of each file; a file that cannot be read is said and skipped.
pub(super) fn run(files: &[PathBuf], pretty: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match findings(file) {
            Ok(found) => {
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

/// How many bytes of a long log are read at a time, as few as fit into the cache of a processor.
const PIECE: u64 = 256 << 10;

/// What is found in a file; a long log is read piece by piece.
fn findings(file: &Path) -> io::Result<Findings> {
    let context = Context { file_name: Some(file.display().to_string()), ..Context::default() };
    let mut source = File::open(file)?;
    let mut bytes = Vec::new();
    source.by_ref().take(Long::FIRST).read_to_end(&mut bytes)?;
    let first = whole_lines(&bytes);
    if let Some(long) = Long::begin(first, &context) {
        let read = first.len();
        bytes.drain(..read);
        return rest(source, bytes, long);
    }
    source.read_to_end(&mut bytes)?;
    Ok(evidence::read(&bytes, &context))
}

/// Reads the rest of a long log, of which the start of a line is read already.
fn rest(mut source: File, mut bytes: Vec<u8>, mut long: Long<'_>) -> io::Result<Findings> {
    while source.by_ref().take(PIECE).read_to_end(&mut bytes)? > 0 {
        let lines = whole_lines(&bytes);
        long.more(lines);
        let read = lines.len();
        bytes.drain(..read);
    }
    long.more(&bytes);
    Ok(long.end())
}

/// The bytes without the start of a line that goes on.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_what_its_bytes_tell() {
        let refused =
            "May  1 10:11:12 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 554 5.7.1 no";
        let queued =
            "May  1 10:11:12 mx postfix/qmgr[8]: A7: from=<a@example.com>, size=4242, nrcpt=1 (queue active)\n";
        let long = queued.repeat(50_000);
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("short", format!("{queued}{refused}")),
            ("long", format!("{long}{refused}\n{long}{refused}")),
            ("of one line", format!("{refused}{}", "x".repeat(5 << 20))),
            ("of prose", "It does not work. ".repeat(300_000)),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, &text).unwrap();
            let context = Context { file_name: Some(path.display().to_string()), ..Context::default() };
            assert_eq!(super::findings(&path).unwrap(), evidence::read(text.as_bytes(), &context), "{name}");
        }
    }
}
