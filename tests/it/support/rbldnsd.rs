//! A real rbldnsd that serves a file.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use super::free_port;
use super::server::{self, Server};

/// A running rbldnsd; it ends with the test.
pub(crate) struct Rbldnsd {
    /// Where it listens, on UDP.
    pub(crate) addr: SocketAddr,
    /// The process; it ends before its folder goes.
    _server: Server,
    /// Its folder.
    folder: tempfile::TempDir,
}

impl Rbldnsd {
    /// Starts one that serves a data set of type `combined` as `zone`.
    pub(crate) fn start(zone: &str, data: &str) -> Self {
        let (folder, addr) = (server::folder("rbldnsd"), SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        std::fs::write(folder.path().join("list"), data).unwrap();
        let root = server::root("rbldnsd", "usr/sbin/rbldnsd");
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(root.join("usr/sbin/rbldnsd"));
        command.args(["-n", "-u", "nobody", "-b"]).arg(format!("{}/{}", addr.ip(), addr.port())).arg("-w");
        command.arg(folder.path()).arg(format!("{zone}:combined:list"));
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Self { addr, _server: Server::start(&mut command), folder }
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}
