//! A whole list, fetched and read while it comes.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::Response;
use axum::http::header::CONTENT_ENCODING;
use flate2::write::GzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::portal::Portal;
use crate::blocklist::Position;
use crate::blocklist::index::Index;
use crate::blocklist::item::Line;

/// How long a piece may take.
const PIECE: Duration = Duration::from_secs(30);

/// The most bytes of one line.
const LINE_MOST: usize = 64 * 1024;

/// Lines of a list, read into an index.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// What was read.
    pub(super) index: Index,
    /// Bytes of a line that is not complete.
    rest: Vec<u8>,
}

impl Lines {
    /// Takes bytes.
    ///
    /// # Errors
    /// When a line is not understood or too long.
    pub(super) fn take(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            anyhow::ensure!(self.rest.len() <= LINE_MOST, "a line of the list is too long");
            if self.rest.ends_with(b"\n") {
                let line: Line = serde_json::from_slice(&self.rest).context("a line of the list is not understood")?;
                self.index.take(&line.item, line.event.is_live());
                self.rest.clear();
            }
        }
        Ok(())
    }

    /// The index, when the last line was complete.
    ///
    /// # Errors
    /// When it was not.
    pub(super) fn finish(self) -> anyhow::Result<Index> {
        anyhow::ensure!(self.rest.is_empty(), "the list breaks off");
        Ok(self.index)
    }
}

/// Bytes on their way into lines, unpacked where they are packed.
enum Unpacking {
    /// As they come.
    Plain(Box<Lines>),
    /// Packed.
    Gzip(Box<GzDecoder<Vec<u8>>>, Box<Lines>),
}

impl Unpacking {
    /// Takes a piece of the body.
    fn take(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Plain(lines) => lines.take(piece),
            Self::Gzip(decoder, lines) => {
                decoder.write_all(piece)?;
                let unpacked = std::mem::take(decoder.get_mut());
                lines.take(&unpacked)
            }
        }
    }

    /// The index of all of it.
    fn finish(self) -> anyhow::Result<Index> {
        match self {
            Self::Plain(lines) => lines.finish(),
            Self::Gzip(decoder, mut lines) => {
                lines.take(&decoder.finish()?)?;
                lines.finish()
            }
        }
    }
}

/// Fetches the whole list.
pub(super) async fn list(portal: &Portal) -> anyhow::Result<(Index, Position)> {
    let answer = portal.get_list().await?;
    let position = position_of(&answer)?;
    let packed = answer.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let lines = Box::<Lines>::default();
    let mut unpacking =
        if packed { Unpacking::Gzip(Box::new(GzDecoder::new(Vec::new())), lines) } else { Unpacking::Plain(lines) };
    let mut body = answer.into_body();
    while let Some(frame) = tokio::time::timeout(PIECE, body.frame()).await.context("the list does not go on")? {
        if let Ok(piece) = frame.context("the list breaks off")?.into_data() {
            unpacking.take(&piece)?;
        }
    }
    Ok((unpacking.finish()?, position))
}

/// Which state of the list an answer is.
fn position_of(answer: &Response<Incoming>) -> anyhow::Result<Position> {
    let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let n = text("postern-number").and_then(|n| n.parse().ok()).context("the list has no number")?;
    Ok(Position { n, epoch: text("postern-epoch").context("the list has no epoch")?.to_owned() })
}
