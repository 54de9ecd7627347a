//! A mail server as the policy service sees it: a connection on which it asks.

use std::net::SocketAddr;
use std::time::Duration;

use postern::gateways::{Judge, policy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::TestApp;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A policy service of a test's portal, on a real socket.
pub(crate) struct PolicyService {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Ends it.
    pub(crate) stop: CancellationToken,
    /// It and its connections.
    tasks: TaskTracker,
    /// Ends it with the test.
    _guard: DropGuard,
}

impl PolicyService {
    /// Starts it with room for `most` connections.
    pub(crate) async fn start(app: &TestApp, most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(policy::serve(listener, judge(app), most, stop.clone()));
        tasks.close();
        Self { addr, tasks, _guard: stop.clone().drop_guard(), stop }
    }

    /// Waits until it and all its connections have ended.
    pub(crate) async fn ended(&self) {
        tokio::time::timeout(PATIENCE, self.tasks.wait()).await.expect("the policy service ends");
    }
}

/// What the listeners of a portal answer from.
pub(crate) fn judge(app: &TestApp) -> Judge {
    let desk = app.desk();
    let (sightings, heard) = tokio::sync::mpsc::channel(100);
    let listening = desk.clone();
    tokio::spawn(async move { postern::jobs::hear(listening, heard).await });
    Judge {
        blocklist: desk.blocklist.clone(),
        content: desk.content.clone(),
        config: desk.config.clone(),
        clock: desk.clock.clone(),
        sightings,
    }
}

/// A connection of a mail server.
pub(crate) struct Gateway(TcpStream);

impl Gateway {
    /// Connects.
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    /// Asks about a client and a recipient; gives the action.
    pub(crate) async fn ask(&mut self, client: &str, recipient: &str) -> String {
        self.send(request(client, recipient).as_bytes()).await;
        self.action().await.expect("an answer")
    }

    /// Sends bytes; that the other side hung up meanwhile shows when the answer is read.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// The next action; nothing when the connection ended.
    pub(crate) async fn action(&mut self) -> Option<String> {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n\n") {
            let mut byte = [0];
            let read = tokio::time::timeout(PATIENCE, self.0.read(&mut byte)).await.expect("an answer in time");
            if !matches!(read, Ok(1)) {
                assert!(answer.is_empty(), "half an answer: {}", String::from_utf8_lossy(&answer));
                return None;
            }
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap();
        Some(answer.trim_end().strip_prefix("action=").expect("an action").to_owned())
    }
}

/// A request as Postfix writes it at RCPT (`SMTPD_POLICY_README`), shortened.
pub(crate) fn request(client: &str, recipient: &str) -> String {
    format!(
        "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address={client}\n\
         client_name=unknown\nhelo_name=mx.sender.example\nsender=news@sender.example\nrecipient={recipient}\n\
         instance=1a2b.65f0c0de.7a7a.0\nsize=1234\n\n"
    )
}

/// 2000, or as many as the limit of open files allows: both ends are in this process.
pub(crate) fn idle_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: usize = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    (soft.saturating_sub(400) / 2).min(2_000)
}
