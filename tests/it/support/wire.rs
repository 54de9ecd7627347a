//! A browser without a screen that talks to a running server over TCP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Somebody's browser.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// Where the server is.
    server: SocketAddr,
    /// The cookie of its session.
    cookie: Option<String>,
    /// The token of a program.
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// Where it leads.
    pub(crate) location: String,
    /// The page.
    pub(crate) text: String,
}

impl Wire {
    /// A browser without cookies.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, cookie: None, token: None }
    }

    /// A program with a token.
    pub(crate) fn program(server: SocketAddr, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::new(server) }
    }

    /// Opens a page.
    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "", b"").expect("an answer")
    }

    /// Sends an ordinary form.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.try_post(path, fields).expect("an answer")
    }

    /// Sends JSON.
    pub(crate) fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.send("POST", path, "application/json", body.to_string().as_bytes()).expect("an answer")
    }

    /// Takes something away.
    pub(crate) fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, "", b"").expect("an answer")
    }

    /// Sends an ordinary form to a server that may be going away.
    pub(crate) fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> Option<Reply> {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, "application/x-www-form-urlencoded", body.as_bytes())
    }

    /// One exchange; nothing when the server does not answer completely.
    fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.server).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let cookie = self.cookie.as_ref().map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
        let token = self.token.as_ref().map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{cookie}{token}{kind}Content-Length: {length}\r\n\r\n",
            self.server
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        let answer = String::from_utf8_lossy(&bytes).into_owned();
        let (head, text) = answer.split_once("\r\n\r\n")?;
        let field = |name: &str| {
            let of = |line: &str| {
                line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned())
            };
            head.lines().find_map(of)
        };
        if let Some(set) = field("set-cookie") {
            self.cookie = set.split(';').next().map(ToOwned::to_owned);
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Reply { status, location: field("location").unwrap_or_default(), text: text.to_owned() })
    }
}

impl Reply {
    /// Fails unless it leads to another page; gives that page.
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        &self.location
    }
}
