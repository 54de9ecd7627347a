//! The portal as an edge asks it: HTTP/1.1 over TLS, or without TLS on the same machine.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::{Host, Url};

use crate::blocklist::item::Setup;
use crate::config;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the head of an answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// The most bytes of an answer that is taken as a whole.
const WHOLE_MOST: usize = 4 * 1024 * 1024;

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection on which requests can be sent, one after the other.
pub(super) type Connection = SendRequest<Full<Bytes>>;

/// The portal.
#[derive(Clone)]
pub(super) struct Portal {
    /// Where it is.
    url: Url,
    /// What every request says of who asks.
    authorization: HeaderValue,
    /// How TLS is spoken; none without TLS.
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Portal({})", self.url)
    }
}

impl Portal {
    /// The portal of the settings.
    ///
    /// # Errors
    /// When a setting is missing, or the file of certificates is none.
    pub(super) fn new(edge: &config::Edge) -> anyhow::Result<Self> {
        let url =
            edge.portal.clone().context("edge.portal is not set; name the portal: https://postmaster.example.org")?;
        anyhow::ensure!(
            !edge.token.is_empty(),
            "edge.token is not set; make one on the portal: postern token add NAME --scope feeds:write"
        );
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", edge.token)).context("edge.token holds odd characters")?;
        authorization.set_sensitive(true);
        let tls = if url.scheme() == "https" { Some(connector(edge)?) } else { None };
        Ok(Self { url, authorization, tls })
    }

    /// Opens a connection.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let connecting = tokio::time::timeout(CONNECT, self.open());
        let stream = connecting.await.with_context(|| format!("{} does not answer in time", self.url))??;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // What goes wrong here is told to whoever waits for an answer.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// Opens the connection below HTTP.
    async fn open(&self) -> anyhow::Result<Box<dyn Stream>> {
        let host = self.url.host().context("edge.portal has no host")?;
        let port = self.url.port_or_known_default().unwrap_or(443);
        let away = || format!("{} is not reached", self.url);
        let (stream, name) = match &host {
            Host::Domain(name) => (TcpStream::connect((*name, port)).await, ServerName::try_from((*name).to_owned())),
            Host::Ipv4(addr) => (TcpStream::connect((*addr, port)).await, Ok(ServerName::from(*addr))),
            Host::Ipv6(addr) => (TcpStream::connect((*addr, port)).await, Ok(ServerName::from(*addr))),
        };
        let stream = stream.with_context(away)?;
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => Ok(Box::new(tls.connect(name?, stream).await.with_context(away)?)),
        }
    }

    /// A request for this path.
    pub(super) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let host = self.url.authority().rsplit('@').next().unwrap_or_default();
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host)
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, concat!("postern-edge/", env!("CARGO_PKG_VERSION")))
    }

    /// Asks on a fresh connection; gives the answer when it is a good one.
    pub(super) async fn get(&self, path: &str, headers: &[(&str, String)]) -> anyhow::Result<Response<Incoming>> {
        let mut request = self.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut connection = self.connect().await?;
        send(&mut connection, request.body(Full::default())?).await
    }

    /// Fetches a whole list, compressed.
    pub(super) async fn get_list(&self) -> anyhow::Result<Response<Incoming>> {
        self.get("/feeds/jsonl", &[(ACCEPT_ENCODING.as_str(), "gzip".to_owned())]).await
    }

    /// Asks how the portal answers.
    pub(super) async fn setup(&self) -> anyhow::Result<Setup> {
        let answer = whole(self.get("/feeds/setup", &[]).await?).await?;
        serde_json::from_slice(&answer).context("the portal's setup is not understood; is it older than this edge?")
    }

    /// Sends JSON on a connection.
    pub(super) async fn post(&self, connection: &mut Connection, path: &str, json: Vec<u8>) -> anyhow::Result<()> {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        let answer = send(connection, request.body(Full::from(json))?).await?;
        whole(answer).await.map(|_| ())
    }
}

/// Sends a request; an answer that is not a good one is an error that says why.
async fn send(connection: &mut Connection, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>> {
    let path = request.uri().path().to_owned();
    connection.ready().await?;
    let sending = tokio::time::timeout(ANSWER, connection.send_request(request));
    let answer = sending.await.with_context(|| format!("no answer to {path} in time"))??;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED => anyhow::bail!("the portal does not know the token of edge.token"),
        StatusCode::FORBIDDEN => anyhow::bail!("the token of edge.token needs --scope feeds:write"),
        status => anyhow::bail!("the portal answers {path} with {status}"),
    }
}

/// A whole answer, bounded in bytes and time.
async fn whole(answer: Response<Incoming>) -> anyhow::Result<Bytes> {
    let collecting = tokio::time::timeout(ANSWER, Limited::new(answer.into_body(), WHOLE_MOST).collect());
    let collected = collecting.await.context("the answer does not end in time")?;
    Ok(collected.map_err(|error| anyhow::anyhow!("the answer breaks off: {error}"))?.to_bytes())
}

/// How TLS is spoken: with the roots that browsers know, and those of the operator's own file.
fn connector(edge: &config::Edge) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = &edge.ca {
        let fault = || format!("edge.ca = \"{}\": this is no file of certificates (PEM)", file.display());
        for certificate in CertificateDer::pem_file_iter(file).with_context(fault)? {
            roots.add(certificate.with_context(fault)?).with_context(fault)?;
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

/// Whether the portal of the settings answers to the token.
///
/// # Errors
/// When it does not; the message says why.
pub async fn check(edge: &config::Edge) -> anyhow::Result<()> {
    Portal::new(edge)?.setup().await.map(|_| ())
}
