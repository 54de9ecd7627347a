//! The Postfix policy service (`SMTPD_POLICY_README`).
//!
//! A request is lines `name=value`, ended by an empty line; the answer is `action=…` and an empty line; the connection
//! stays open. `DUNNO` leaves the decision to what follows in Postfix; `OK` is never said, because it would skip that.
//! On trouble nothing is said and the connection ends: Postfix then does what its `default_action` says.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio_util::sync::CancellationToken;

use super::Judge;
use super::listener::{self, Listener, Protocol};
use crate::blocklist::Verdict;
use crate::domain::net::parse_addr;

/// The most bytes of one request; Postfix sends about one kilobyte.
const REQUEST_MOST: u64 = 64 * 1024;

/// The attributes that the answer depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `client_address`.
    client: String,
    /// `recipient`.
    recipient: String,
    /// `sender`.
    sender: String,
    /// Whether `protocol_state` says that the recipient was just named.
    is_rcpt: bool,
    /// `instance`: the same for all recipients of a mail.
    instance: String,
}

/// Reads a request without its empty line.
///
/// # Errors
/// `None` when a line has no `=`, or it is no policy request.
#[must_use]
pub fn parse(request: &[u8]) -> Option<Query> {
    let mut query = Query::default();
    let mut is_policy = false;
    let lines = request.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for line in lines.filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once('=')?;
        match name {
            "request" => is_policy = value == "smtpd_access_policy",
            "client_address" => value.clone_into(&mut query.client),
            "recipient" => value.clone_into(&mut query.recipient),
            "sender" => value.clone_into(&mut query.sender),
            "protocol_state" => query.is_rcpt = value == "RCPT",
            "instance" => value.clone_into(&mut query.instance),
            _ => {}
        }
    }
    is_policy.then_some(query)
}

/// The action for a request; `None` while the list is not complete.
#[must_use]
pub fn action(judge: &Judge, query: &Query) -> Option<String> {
    let Ok(client) = parse_addr(&query.client) else { return Some("DUNNO".to_owned()) };
    let is_open =
        judge.is_open(&query.recipient) || judge.takes_proof(client, &query.sender, &query.recipient, query.is_rcpt);
    match judge.ask(client) {
        Verdict::Unknown => None,
        Verdict::Blocked(hit) if !is_open => {
            judge.blocklist.hits.count_once(hit.block, &query.instance, judge.clock.now());
            Some(judge.reply(&hit, client))
        }
        Verdict::Free | Verdict::Blocked(_) => Some("DUNNO".to_owned()),
    }
}

/// The policy service, as a protocol.
#[derive(Debug, Clone)]
struct Policy(Judge);

impl Protocol for Policy {
    const NAME: &'static str = "the policy service";

    // Longer than Postfix keeps a connection (`smtpd_policy_service_max_ttl`, 1000 s).
    const IDLE: Duration = Duration::from_mins(20);

    async fn read(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> Option<Vec<u8>> {
        read_request(reader).await
    }

    fn answer(&self, request: &[u8], _peer: Option<IpAddr>) -> Option<Vec<u8>> {
        let action = action(&self.0, &parse(request)?)?;
        Some(format!("action={action}\n\n").into_bytes())
    }
}

/// Serves until `stop`; then finishes the requests that have begun.
pub async fn serve(listener: impl Into<Listener>, judge: Judge, most: usize, stop: CancellationToken) {
    listener::serve(listener.into(), Policy(judge), most, stop).await;
}

/// Reads up to the empty line; `None` when it does not come within the bound.
pub async fn read_request(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut bounded = reader.take(REQUEST_MOST);
    loop {
        let before = request.len();
        bounded.read_until(b'\n', &mut request).await.ok()?;
        match request.get(before..)? {
            b"\n" | b"\r\n" => return Some(request),
            line if line.ends_with(b"\n") => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    #[test]
    fn a_request_is_read() {
        let text = b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=203.0.113.7\nrecipient=a=b@example.org\nsender=x@example.org\n\n";
        let want = Query {
            client: "203.0.113.7".into(),
            recipient: "a=b@example.org".into(),
            sender: "x@example.org".into(),
            is_rcpt: true,
            instance: String::new(),
        };
        assert_eq!(parse(text), Some(want));
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        for text in [&b"GET / HTTP/1.1\n"[..], b"request=other\n", b"client_address=203.0.113.7\n", b"\xff\xfe\n"] {
            assert_eq!(parse(text), None);
        }
    }

    #[tokio::test]
    async fn a_request_is_bounded() {
        let endless = vec![b'a'; 100_000];
        assert_eq!(read_request(&mut BufReader::new(&endless[..])).await, None);
        let many = b"a=b\n".repeat(50_000);
        assert_eq!(read_request(&mut BufReader::new(&many[..])).await, None);
        let cut = b"a=b\nc=";
        assert_eq!(read_request(&mut BufReader::new(&cut[..])).await, None);
        let good = b"a=b\r\n\r\nnext";
        assert_eq!(read_request(&mut BufReader::new(&good[..])).await.unwrap(), b"a=b\r\n\r\n");
    }
}
