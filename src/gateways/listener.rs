//! What all listeners share: one accept loop, one way to take turns on a connection, one set of bounds.
//!
//! A client that never ends its request, sends endless bytes, or nothing at all, is bounded in bytes and time, and holds
//! one of a bounded number of places, of which one client gets a share; who finds none waits in the queue of the operating
//! system. On trouble nothing is said and the connection ends.

use std::io::{Error, ErrorKind, Result};
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guests::Guests;
use crate::domain::endpoint::Endpoint;
use crate::domain::net::fold;

/// How long a client may take for the rest of a request once it has begun.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// How long an answer may take to be taken.
const WRITE_TIME: Duration = Duration::from_secs(10);

/// How long to rest when no connection can be taken, as when files run out.
const REST: Duration = Duration::from_millis(100);

/// What is spoken on a connection: requests and answers take turns.
pub trait Protocol: Clone + Send + Sync + 'static {
    /// What it is called in the log.
    const NAME: &'static str;

    /// How long a connection may lie idle between two requests.
    const IDLE: Duration;

    /// Whether a client is heard at all; one on a socket of this machine has no address.
    fn admits(&self, _peer: Option<IpAddr>) -> bool {
        true
    }

    /// Reads one request; `None` when it breaks the protocol or its bounds.
    fn read(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// The answer; `None` ends the connection.
    fn answer(&self, request: &[u8], peer: Option<IpAddr>) -> Option<Vec<u8>>;
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Takes connections.
#[derive(Debug)]
pub enum Listener {
    /// On an address with a port.
    Tcp(TcpListener),
    /// On a socket in the file system.
    Unix(UnixListener, SocketFile),
}

/// The file of a socket; goes away with its listener.
#[derive(Debug)]
pub struct SocketFile {
    /// Where it is.
    path: PathBuf,
    /// Its number: a successor may have put another file in its place.
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// When the place is taken or not ours.
    pub async fn bind(endpoint: &Endpoint) -> Result<Self> {
        match endpoint {
            Endpoint::Tcp(addr) => TcpListener::bind(addr).await.map(Self::Tcp),
            Endpoint::Unix(path) => bind_unix(path).await,
        }
    }

    /// The next connection and where it comes from.
    async fn accept(&self) -> Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are one small packet each; waiting to fill it would cost 40 ms a mail.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), Some(fold(peer.ip()))))
            }
            Self::Unix(listener, _) => Ok((Box::new(listener.accept().await?.0), None)),
        }
    }
}

/// Listens on a socket in the file system, in the place of one whose program has died.
/// Everybody may connect: who reaches the socket is up to its folder.
async fn bind_unix(path: &Path) -> Result<Listener> {
    if let Ok(there) = std::fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err(Error::new(ErrorKind::AlreadyExists, "the file there is no socket"));
        }
        if UnixStream::connect(path).await.is_ok() {
            return Err(ErrorKind::AddrInUse.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile { path: path.to_owned(), inode: std::fs::symlink_metadata(path)?.ino() };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(Listener::Unix(listener, file))
}

/// Serves until `stop`; then finishes the requests that have begun.
pub async fn serve<P: Protocol>(listener: Listener, protocol: P, most: usize, stop: CancellationToken) {
    let (places, guests) = (Arc::new(Semaphore::new(most)), Guests::new(most));
    let tasks = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((_, peer)) if !protocol.admits(peer) => {}
            Ok((stream, peer)) => {
                let Some(guest) = guests.enter(peer) else { continue };
                let (protocol, stop) = (protocol.clone(), stop.clone());
                tasks.spawn(async move {
                    converse(stream, peer, &protocol, &stop).await;
                    drop((guest, place));
                });
            }
            Err(error) => {
                tracing::warn!(error = error.to_string(), "{} cannot take a connection", P::NAME);
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Answers the requests of one connection.
async fn converse<P: Protocol>(stream: Box<dyn Stream>, peer: Option<IpAddr>, protocol: &P, stop: &CancellationToken) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    loop {
        let begun = tokio::select! {
            () = stop.cancelled() => return,
            begun = tokio::time::timeout(P::IDLE, reader.fill_buf()) => begun,
        };
        if !matches!(begun, Ok(Ok(bytes)) if !bytes.is_empty()) {
            return;
        }
        let Ok(Some(request)) = tokio::time::timeout(REQUEST_TIME, P::read(&mut reader)).await else { return };
        let Some(answer) = protocol.answer(&request, peer) else { return };
        if !matches!(tokio::time::timeout(WRITE_TIME, writer.write_all(&answer)).await, Ok(Ok(()))) {
            return;
        }
    }
}
