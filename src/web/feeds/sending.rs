//! A body that is made while it is sent: the maker waits for the reader, but not for ever.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

/// How long a reader may take for a piece before it is sent away.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many pieces wait.
const AHEAD: usize = 4;

/// The reader went away, or is too slow.
#[derive(Debug)]
pub(super) struct Gone;

/// The maker's end.
#[derive(Debug)]
pub(super) struct Sender<T>(mpsc::Sender<T>);

impl<T: Send + 'static> Sender<T> {
    /// Hands over one piece.
    ///
    /// # Errors
    /// When the reader went away or does not take it in time.
    pub(super) async fn send(&self, piece: T) -> Result<(), Gone> {
        self.0.send_timeout(piece, PATIENCE).await.map_err(|_| Gone)
    }

    /// Waits until the reader has gone.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

/// A channel, and what comes out of it as a stream.
pub(super) fn channel<T: Send + 'static>() -> (Sender<T>, impl stream::Stream<Item = T> + Send + 'static) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let pieces =
        stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) });
    // What packs a body asks once more behind its end.
    (Sender(sender), pieces.fuse())
}

/// What a maker of a body sends: text, or that it cannot be completed, which breaks the connection off.
pub(super) type Piece = Result<Bytes, Broken>;

/// A body that cannot be completed.
#[derive(Debug, thiserror::Error)]
#[error("the list cannot be completed")]
pub(super) struct Broken;

/// A body of pieces.
pub(super) fn body(pieces: impl stream::Stream<Item = Piece> + Send + 'static) -> Body {
    Body::from_stream(pieces)
}

/// A stream that cannot fail, as servers want it.
pub(super) fn sound<T>(pieces: impl stream::Stream<Item = T>) -> impl stream::Stream<Item = Result<T, Infallible>> {
    pieces.map(Ok)
}
