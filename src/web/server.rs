//! Takes connections and speaks HTTP on them, within bounds that no visitor can stretch.
//!
//! A visitor that says nothing, half a head, or never takes its answer is bounded in time; all of them together in the
//! number of connections, so that descriptors are left for the mail servers; each of them in its share of that number.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::crowd::{Crowd, Guest};
use super::{client, guard};
use crate::config::Http;
use crate::domain::net::{fold, visitor};

/// The largest head of a request.
const HEAD_MOST: usize = 64 * 1024;

/// How long a connection is used again and again.
const LIFE: Duration = Duration::from_mins(5);

/// How long its last request may take: a little more than the longest that there is.
const LAST: Duration = Duration::from_mins(11);

/// How long to rest when no connection can be taken, as when descriptors run out.
const REST: Duration = Duration::from_millis(100);

/// How long a visitor may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, and before it on an idle connection.
    pub head: Duration,
    /// To take anything of an answer.
    pub take: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), take: Duration::from_secs(30) }
    }
}

/// What the connections share.
struct Door {
    /// Where they come in.
    listener: TcpListener,
    /// Places for all of them.
    places: Arc<Semaphore>,
    /// The share of each visitor.
    crowd: Crowd,
    /// The settings.
    http: Http,
}

/// A connection that was let in.
struct Connection {
    /// Its bytes.
    stream: TcpStream,
    /// The other end.
    peer: SocketAddr,
    /// Its place.
    place: OwnedSemaphorePermit,
    /// Its share of its visitor's; a proxy of ours has no bounds but those of all.
    guest: Option<Guest>,
}

/// Serves pages until `stop`; then finishes the requests that have begun.
pub async fn serve(listener: TcpListener, http: &Http, router: Router, patience: Patience, stop: CancellationToken) {
    let door = Door {
        listener,
        places: Arc::new(Semaphore::new(http.connections)),
        crowd: Crowd::new(guard::share(http.connections)),
        http: http.clone(),
    };
    let tasks = TaskTracker::new();
    loop {
        let come = tokio::select! {
            () = stop.cancelled() => break,
            come = door.next() => come,
        };
        if let Some(connection) = come {
            tasks.spawn(converse(connection, router.clone(), patience, stop.clone()));
        }
    }
    drop(door);
    tasks.close();
    tasks.wait().await;
}

impl Door {
    /// The next connection; `None` when it was not let in.
    async fn next(&self) -> Option<Connection> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let (stream, peer) = match self.listener.accept().await {
            Ok(come) => come,
            Err(error) => {
                tracing::warn!(error = error.to_string(), "pages cannot take a connection");
                sleep(REST).await;
                return None;
            }
        };
        let addr = fold(peer.ip());
        let is_ours = client::is_trusted(addr, &self.http.trusted_proxies);
        let guest = if is_ours { None } else { Some(self.crowd.join(visitor(addr))?) };
        let _ = stream.set_nodelay(true);
        Some(Connection { stream, peer, place, guest })
    }
}

/// Answers the requests of one connection.
async fn converse(connection: Connection, router: Router, patience: Patience, stop: CancellationToken) {
    let Connection { stream, peer, place, guest } = connection;
    let answer = service_fn(move |request| answer(router.clone(), peer, request));
    let speaking = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_MOST)
        .serve_connection(TokioIo::new(Patient { stream, most: patience.take, stalled: None }), answer);
    let mut speaking = pin!(speaking);
    let ended = tokio::select! {
        _ = speaking.as_mut() => true,
        () = stop.cancelled() => false,
        () = sleep(LIFE) => false,
    };
    if !ended {
        speaking.as_mut().graceful_shutdown();
        let _ = timeout(LAST, speaking).await;
    }
    drop((place, guest));
}

/// Answers one request.
async fn answer(mut router: Router, peer: SocketAddr, request: Request<Incoming>) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.call(request).await
}

/// A connection that ends when what is written to it is not taken.
struct Patient {
    /// The connection.
    stream: TcpStream,
    /// How long nothing may be taken.
    most: Duration,
    /// Until when something has to be taken, when nothing was at the last try.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    /// Passes on what came of writing; gives up when nothing came of it for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stalled = None;
            return done;
        }
        let most = self.most;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(most))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watch(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, done)
    }
}
