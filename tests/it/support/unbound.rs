//! A real unbound: a resolver on port 53 of a loopback address of its own.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::Command;

use super::server::{self, Server};
use super::{docs, own_loopback};

/// A running resolver.
pub(crate) struct Unbound {
    /// Where it listens, on port 53.
    pub(crate) addr: IpAddr,
    /// The process.
    _server: Server,
    /// Its folder.
    _folder: tempfile::TempDir,
}

impl Unbound {
    /// Starts one as the documentation says, with the zone served at `zone`, and more lines for its `server:`.
    pub(crate) fn start(zone: &str, more: &str) -> Self {
        let (folder, addr) = (server::folder("unbound"), IpAddr::V4(own_loopback()));
        let base = folder.path().display();
        let mut text = docs::snippet("unbound.md", "# unbound", &[("127.0.0.1@10053", zone)]);
        writeln!(
            text,
            "server:\n interface: {addr}@53\n chroot: \"\"\n username: \"\"\n directory: \"{base}\"\n pidfile: \"{base}/pid\"\n \
             use-syslog: no\n logfile: \"{base}/log\"\n num-threads: 1\n module-config: \"iterator\"\n{more}\
             remote-control:\n control-enable: no"
        )
        .unwrap();
        let conf = folder.path().join("unbound.conf");
        std::fs::write(&conf, text).unwrap();
        let root = server::root("unbound", "usr/sbin/unbound");
        let mut command = Command::new(root.join("usr/sbin/unbound"));
        command.env("LD_LIBRARY_PATH", server::libraries(&root)).arg("-d").arg("-c").arg(&conf);
        let process = Server::start(&mut command);
        server::until_answering((addr, 53).into(), &folder.path().join("log"));
        Self { addr, _server: process, _folder: folder }
    }
}
