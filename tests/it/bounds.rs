//! What hostile visitors cannot do to the others: hold all connections, all places, or all tries.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use futures_util::{StreamExt as _, stream};
use postern::domain::staff::Role;
use postern::web::server::{Patience, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::support::TestApp;

/// A portal that is reached over TCP.
struct Served {
    /// Where.
    addr: SocketAddr,
    /// Ends it.
    stop: CancellationToken,
    /// Ends when it has ended.
    task: JoinHandle<()>,
    /// The portal.
    _app: TestApp,
}

/// Little time.
const SHORT: Patience = Patience { head: Duration::from_millis(500), take: Duration::from_millis(500) };

/// Serves a portal with these settings.
async fn served(settings: &[(&str, &str)], patience: Patience) -> Served {
    let app = TestApp::with(settings).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let (http, router, ended) = (app.desk().config.http.clone(), postern::web::router(app.app.clone()), stop.clone());
    let task = tokio::spawn(async move { serve(listener, &http, router, patience, ended).await });
    Served { addr, stop, task, _app: app }
}

impl Served {
    /// A connection from an address of this machine.
    async fn connect(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(self.addr).await.unwrap()
    }

    /// Whether somebody at this address is served.
    async fn answers(&self, from: &str) -> bool {
        let mut stream = self.connect(from).await;
        let _ = stream.write_all(b"GET /check HTTP/1.1\r\nHost: portal.example\r\nConnection: close\r\n\r\n").await;
        said(&mut stream).await.starts_with("HTTP/1.1 200")
    }
}

/// What the portal says until it ends the connection, which it must within five seconds.
async fn said(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the connection is held: {}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_connection_on_which_nothing_or_half_a_head_comes_is_ended() {
    let served = served(&[], SHORT).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: portal.example\r\nX-Slow: "] {
        let mut stream = served.connect("127.0.0.1").await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        assert!(!said(&mut stream).await.contains("200 OK"), "{begun}");
    }
    let mut stream = served.connect("127.0.0.1").await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: portal.example\r\n\r\n").await.unwrap();
    assert!(said(&mut stream).await.contains("200 OK"), "then it lies idle");
}

#[tokio::test]
async fn a_visitor_who_holds_many_connections_keeps_nobody_else_out() {
    let served =
        served(&[("http.connections", "80"), ("http.trusted_proxies", "127.0.0.3")], Patience::default()).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(served.connect("127.0.0.1").await);
    }
    assert!(!served.answers("127.0.0.1").await, "an eighth is the share of one visitor");
    assert!(served.answers("127.0.0.2").await);
    for _ in 0..20 {
        held.push(served.connect("127.0.0.3").await);
    }
    assert!(served.answers("127.0.0.3").await, "a proxy of ours speaks for many");
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(served.answers("127.0.0.1").await, "what is ended counts no more");
}

#[tokio::test]
async fn who_does_not_take_the_answers_is_left() {
    let served = served(&[], SHORT).await;
    let mut stream = served.connect("127.0.0.1").await;
    let asked = "GET /faq HTTP/1.1\r\nHost: portal.example\r\n\r\n".repeat(100);
    let begun = Instant::now();
    while stream.write_all(asked.as_bytes()).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the connection is held");
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_end() {
    let served = served(&[], Patience::default()).await;
    let _idle = served.connect("127.0.0.1").await;
    assert!(served.answers("127.0.0.1").await);
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.task).await.expect("it ends at once").unwrap();
}

/// A form that never ends.
fn endless(path: &str) -> Request<Body> {
    let begun = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"message=Hello"))]).chain(stream::pending());
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "portal.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from_stream(begun))
        .unwrap()
}

/// Begins a form that never ends, from this address.
fn begin(router: &axum::Router, client: &str, path: &str) -> JoinHandle<StatusCode> {
    let client = axum::extract::ConnectInfo(SocketAddr::new(client.parse().unwrap(), 40_000));
    let (router, mut request) = (router.clone(), endless(path));
    request.extensions_mut().insert(client);
    tokio::spawn(async move { router.oneshot(request).await.unwrap().status() })
}

#[tokio::test]
async fn slow_uploads_leave_the_places_of_all_else() {
    let app = TestApp::with(&[("http.max_requests", "32")]).await;
    let router = postern::web::router(app.app.clone());
    let slow: Vec<_> = (0..8).map(|_| begin(&router, "198.51.100.1", "/requests/new")).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let more = begin(&router, "198.51.100.1", "/requests/new").await.unwrap();
    assert_eq!(more, StatusCode::TOO_MANY_REQUESTS, "eight at once are the share of one visitor");
    for path in ["/check?q=203.0.113.7", "/staff/sign-in", "/requests/new"] {
        let begun = Instant::now();
        let answer = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{path}");
    }
    let late = begin(&router, "198.51.100.2", "/requests/new").await.unwrap();
    assert_eq!(late, StatusCode::SERVICE_UNAVAILABLE, "the places of uploads are taken");
    slow.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn slow_sign_ins_leave_the_places_of_all_else() {
    let app = TestApp::with(&[("http.max_requests", "8")]).await;
    app.staff("ann", Role::Agent).await;
    let router = postern::web::router(app.app.clone());
    let slow: Vec<_> = (1..=20).map(|n| begin(&router, &format!("198.51.100.{n}"), "/staff/sign-in")).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let answer = router.clone().oneshot(Request::get("/check").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(4));
    slow.iter().for_each(JoinHandle::abort);
}
