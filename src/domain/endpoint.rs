//! Where a program listens: an address with a port, or a socket in the file system.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The longest path of a socket (`sun_path` holds 108 bytes with its end).
const PATH_MOST: usize = 107;

/// Where a program listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address with a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Endpoint {
    /// Reads `127.0.0.1:10031`, `[::1]:10031` or `unix:/run/postern/policy.sock`.
    ///
    /// # Errors
    /// When it is neither, with a sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| "this is no address with a port, and no unix:/path");
        };
        if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
            return Err("write unix: and the whole path of a socket");
        }
        if path.len() > PATH_MOST {
            return Err("the path of a socket has at most 107 bytes");
        }
        Ok(Self::Unix(PathBuf::from(path)))
    }

    /// Whether only programs on this machine reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addr) => addr.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read_and_written_alike() {
        for (text, local) in [
            ("127.0.0.1:10031", true),
            ("[::1]:1", true),
            ("192.0.2.1:53", false),
            ("unix:/run/postern/policy.sock", true),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.is_local()), (text, local));
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        let long = format!("unix:/{}", "a".repeat(107));
        for text in ["", "localhost", "10031", "unix:", "unix:policy.sock", "unix:/run/", "unix:/a\0b", &long] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
