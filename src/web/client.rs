//! Who is there: the visitor's address, believed from a proxy only when the proxy is ours.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

use crate::app::App;
use crate::domain::net::{self, Net};

/// The visitor's address.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub IpAddr);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(of(&parts.extensions, &parts.headers, &app.desk.config.http.trusted_proxies)))
    }
}

/// The visitor of a request.
pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[Net]) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map_or(net::UNKNOWN, |info| net::fold(info.0.ip()));
    behind_proxies(peer, headers, trusted)
}

/// Whether an address is that of a proxy of ours.
pub(super) fn is_trusted(addr: IpAddr, trusted: &[Net]) -> bool {
    trusted.iter().any(|net| net.covers(Net::single(addr)))
}

/// The last address of `X-Forwarded-For` that no trusted proxy has, read from the right, if the peer is one.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[Net]) -> IpAddr {
    let mut client = peer;
    // What is no text is no address either, but must not hide what a proxy wrote behind it.
    let lines: Vec<_> =
        headers.get_all("x-forwarded-for").iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
    for value in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_trusted(client, trusted) {
            break;
        }
        match net::parse_addr(value) {
            Ok(addr) => client = addr,
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Net> = trusted.iter().map(|t| Net::parse(t).unwrap()).collect();
        behind_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("198.51.100.1", &["203.0.113.7"], &[]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.7"], &["127.0.0.1"]), "203.0.113.7");
        assert_eq!(client("127.0.0.1", &["192.0.2.66, 203.0.113.7"], &["127.0.0.1"]), "203.0.113.7");
        assert_eq!(client("127.0.0.1", &["203.0.113.7, 10.0.0.2"], &["127.0.0.1", "10.0.0.0/8"]), "203.0.113.7");
        assert_eq!(client("127.0.0.1", &["nonsense"], &["127.0.0.1"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[], &["127.0.0.1"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.7", "\u{fc}, 192.0.2.66"], &["127.0.0.1"]), "192.0.2.66");
        assert_eq!(client("127.0.0.1", &["203.0.113.7", "\u{fc}"], &["127.0.0.1"]), "127.0.0.1");
    }
}
