//! The socketmap service (`socketmap_table(5)` of Postfix; the `socket` map of Sendmail).
//!
//! A request is a netstring of a map's name, a blank and a key; the answer is a netstring that begins with a status. Two
//! maps: `clients` gives for a blocked address the reply, as `check_client_access` takes it; `postscreen` gives
//! `reject`, or `dunno` for a block that only defers, which postscreen cannot say. An address that is not blocked, a host
//! name and anything else that is no address is `NOTFOUND`. No value ever permits, because that would skip what follows
//! in the mail server. While the list is not complete the answer is `TEMP`.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncReadExt as _};
use tokio_util::sync::CancellationToken;

use super::Judge;
use super::listener::{self, Listener, Protocol};
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::domain::block::Action;
use crate::domain::net::parse_addr;

/// The most bytes of a request; an address has 45.
const REQUEST_MOST: usize = 4_096;

/// The most digits of a netstring's length.
const DIGITS_MOST: usize = 6;

/// The answer for a key that is not there.
const NOT_FOUND: &str = "NOTFOUND ";

/// What postscreen is told of a block that it cannot act on.
const PASSES_ON: &str = "dunno";

/// The answer to `map key`.
#[must_use]
pub fn answer(judge: &Judge, request: &[u8]) -> String {
    let Some((map, key)) = std::str::from_utf8(request).ok().and_then(|text| text.split_once(' ')) else {
        return "PERM write: map, blank, key".to_owned();
    };
    match map {
        "clients" => look_up(judge, key, |hit, client| judge.reply(hit, client)),
        "postscreen" => look_up(judge, key, |hit, _| postscreen(hit.action).to_owned()),
        _ => "PERM there are the maps clients and postscreen".to_owned(),
    }
}

/// The answer for a key, with what `value` makes of a block.
fn look_up(judge: &Judge, key: &str, value: impl Fn(&Hit, IpAddr) -> String) -> String {
    let Ok(client) = parse_addr(key) else { return NOT_FOUND.to_owned() };
    match judge.ask(client) {
        Verdict::Unknown => "TEMP the list is being read".to_owned(),
        Verdict::Free => NOT_FOUND.to_owned(),
        Verdict::Blocked(hit) => {
            let value = value(&hit, client);
            if value != PASSES_ON {
                judge.blocklist.hits.count(hit.block, judge.clock.now());
            }
            format!("OK {value}")
        }
    }
}

/// What postscreen does; it can only refuse for good, so a block that defers is left to smtpd.
fn postscreen(action: Action) -> &'static str {
    match action {
        Action::Reject => "reject",
        Action::Defer => PASSES_ON,
    }
}

/// The socketmap service, as a protocol.
#[derive(Debug, Clone)]
struct Socketmap(Judge);

impl Protocol for Socketmap {
    const NAME: &'static str = "the socketmap service";

    // Longer than a mail server keeps a connection (`ipc_ttl` of Postfix, 1000 s).
    const IDLE: Duration = Duration::from_mins(20);

    async fn read(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> Option<Vec<u8>> {
        read_netstring(reader).await
    }

    fn answer(&self, request: &[u8], _peer: Option<IpAddr>) -> Option<Vec<u8>> {
        let text = answer(&self.0, request);
        Some(format!("{}:{text},", text.len()).into_bytes())
    }
}

/// Serves until `stop`; then finishes the requests that have begun.
pub async fn serve(listener: impl Into<Listener>, judge: Judge, most: usize, stop: CancellationToken) {
    listener::serve(listener.into(), Socketmap(judge), most, stop).await;
}

/// Reads what a netstring holds; `None` when it is none, or too long.
pub async fn read_netstring(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> Option<Vec<u8>> {
    let mut length = 0_usize;
    for place in 0..=DIGITS_MOST {
        match reader.read_u8().await.ok()? {
            b':' if place > 0 => break,
            digit @ b'0'..=b'9' if place < DIGITS_MOST => length = length * 10 + usize::from(digit - b'0'),
            _ => return None,
        }
    }
    if length > REQUEST_MOST {
        return None;
    }
    let mut held = vec![0; length];
    reader.read_exact(&mut held).await.ok()?;
    (reader.read_u8().await.ok()? == b',').then_some(held)
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    /// What is read of these bytes.
    async fn read(bytes: &[u8]) -> Option<Vec<u8>> {
        read_netstring(&mut BufReader::new(bytes)).await
    }

    #[tokio::test]
    async fn a_netstring_is_read() {
        assert_eq!(read(b"19:clients 203.0.113.7,").await.unwrap(), b"clients 203.0.113.7");
        assert_eq!(read(b"0:,").await.unwrap(), b"");
        assert_eq!(read(b"1:a,1:b,").await.unwrap(), b"a");
    }

    #[tokio::test]
    async fn what_is_no_netstring_is_refused() {
        for bytes in [
            &b""[..],
            b":",
            b":,",
            b"3:ab,",
            b"3:abcd",
            b"2:a",
            b"a:b,",
            b"-1:,",
            b"4097:",
            b"999999999:",
            b"GET / HTTP/1.1\r\n",
            b"\xff",
        ] {
            assert_eq!(read(bytes).await, None, "{bytes:?}");
        }
    }
}
