//! `postern edge` as a process, the way to the portal that can be cut, and a program that uses the API.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream as StdStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::{Gateway, Place, eventually, free_port};

/// A certificate for this machine that nobody else trusts.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls/cert.pem");

/// Its key.
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls/key.pem");

/// A gateway's machine: a folder with settings and a list, a port of the policy service.
pub(crate) struct EdgePlace {
    /// The folder.
    folder: tempfile::TempDir,
    /// Where its policy service is.
    pub(crate) policy: SocketAddr,
}

/// An edge that runs; it ends with the test.
pub(crate) struct RunningEdge(Child);

impl EdgePlace {
    /// A machine that follows the portal at this URL.
    pub(crate) fn new(portal: &str, token: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let settings = format!(
            "[edge]\nportal = \"{portal}\"\ntoken = \"{token}\"\nname = \"{name}\"\nfolder = \"list\"\nca = \"{CERTIFICATE}\"\n\
             [gateways.policy]\nlisten = \"{policy}\"\n"
        );
        std::fs::write(folder.path().join("postern.toml"), settings).unwrap();
        Self { folder, policy }
    }

    /// The program with one word.
    fn command(&self, word: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTERN_")) {
            command.env_remove(name);
        }
        command.arg(word).current_dir(self.folder.path());
        command
    }

    /// Runs a command; gives whether it went well, and all it said.
    pub(crate) fn run(&self, word: &str) -> (bool, String) {
        let out = self.command(word).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + String::from_utf8_lossy(&out.stderr).as_ref();
        (out.status.success(), said)
    }

    /// Starts the edge and waits until it listens.
    pub(crate) async fn start(&self) -> RunningEdge {
        let log = File::options().create(true).append(true).open(self.folder.path().join("edge.err")).unwrap();
        let process = self.command("edge").stderr(log).spawn().unwrap();
        let edge = RunningEdge(process);
        eventually("the edge listens", async || StdStream::connect(self.policy).is_ok()).await;
        edge
    }

    /// What the edge logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("edge.err")).unwrap()
    }

    /// What the edge answers about a client; nothing while it knows no list.
    pub(crate) async fn ask(&self, client: &str) -> Option<String> {
        let mut gateway = Gateway::connect(self.policy).await;
        gateway.send(super::request(client, "bob@example.org").as_bytes()).await;
        gateway.action().await
    }

    /// Waits until a client is refused, or not any more.
    pub(crate) async fn until(&self, client: &str, refused: bool) {
        let what = format!("{client} is refused: {refused}\n{}", self.log());
        eventually(&what, async || self.ask(client).await.is_some_and(|action| (action != "DUNNO") == refused)).await;
    }
}

impl RunningEdge {
    /// Ends it at once, as when the power goes.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap().success());
        eventually("the edge ends", async || self.0.try_wait().unwrap().is_some()).await;
    }
}

impl Drop for RunningEdge {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A way to the portal that can be cut.
pub(crate) struct Way {
    /// Where it begins.
    pub(crate) from: SocketAddr,
    /// Where it leads.
    to: SocketAddr,
    /// How TLS is spoken on it, if it is.
    tls: Option<TlsAcceptor>,
    /// Cuts it.
    cut: CancellationToken,
}

impl Way {
    /// A way to `to`.
    pub(crate) async fn to(to: SocketAddr) -> Self {
        let mut way = Self {
            from: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())),
            to,
            tls: None,
            cut: CancellationToken::new(),
        };
        way.open().await;
        way
    }

    /// A way to `to` on which TLS is spoken.
    pub(crate) async fn secure(to: SocketAddr) -> Self {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = vec![CertificateDer::from_pem_file(CERTIFICATE).unwrap()];
        let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let tls = Some(TlsAcceptor::from(Arc::new(config)));
        let mut way =
            Self { from: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())), to, tls, cut: CancellationToken::new() };
        way.open().await;
        way
    }

    /// Opens it (again).
    pub(crate) async fn open(&mut self) {
        self.cut = CancellationToken::new();
        let listener = TcpListener::bind(self.from).await.unwrap();
        let (to, tls, cut) = (self.to, self.tls.clone(), self.cut.clone());
        let lead = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(cut.clone().run_until_cancelled_owned(async move {
                    match tls {
                        None => connect(stream, to).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                connect(stream, to).await;
                            }
                        }
                    }
                }));
            }
        };
        tokio::spawn(self.cut.clone().run_until_cancelled_owned(lead));
    }

    /// Cuts it: connections end, new ones are refused.
    pub(crate) async fn close(&self) {
        self.cut.cancel();
        eventually("the way is cut", async || StdStream::connect(self.from).is_err()).await;
    }
}

/// Leads bytes both ways.
async fn connect(mut stream: impl AsyncRead + AsyncWrite + Unpin, to: SocketAddr) {
    if let Ok(mut portal) = TcpStream::connect(to).await {
        let _ = copy_bidirectional(&mut stream, &mut portal).await;
    }
}

impl Place {
    /// A new token that is good for this.
    pub(crate) fn token(&self, name: &str, scope: &str) -> String {
        let made = self.run(&["token", "add", name, "--scope", scope]);
        made.assert_ok("shown once");
        made.out.lines().next().unwrap().to_owned()
    }

    /// Calls the API of the running server; gives the status.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, json: &str) -> u16 {
        let mut stream = StdStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = json.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{json}",
            self.http
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
