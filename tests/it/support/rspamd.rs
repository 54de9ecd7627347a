//! A real rspamd that Postfix asks about each mail (milter).

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::server::{self, Server};
use super::{docs, free_port};

/// A running rspamd.
pub(crate) struct Rspamd {
    /// The process; it ends before its folder goes.
    _server: Server,
    /// Its folder.
    folder: tempfile::TempDir,
    /// The port that Postfix asks at.
    pub(crate) port: u16,
}

impl Rspamd {
    /// Starts one that does as the documentation says and asks this name server.
    pub(crate) fn start(nameserver: SocketAddr) -> Self {
        let (folder, port) = (server::folder("rspamd"), free_port());
        let base = folder.path();
        std::fs::write(base.join("rspamd.conf"), settings(base, port, nameserver)).unwrap();
        // Compiling the real list of domain suffixes takes it twenty seconds.
        std::fs::write(base.join("suffixes"), "example\norg\n").unwrap();
        let root = server::root("rspamd", "usr/bin/rspamd");
        let share = root.join("usr/share/rspamd");
        let mut command = Command::new(root.join("usr/bin/rspamd"));
        command.env("LD_LIBRARY_PATH", server::libraries(&root)).args(["-f", "-u", "nobody", "-g", "nogroup", "-c"]);
        command.arg(base.join("rspamd.conf"));
        for (name, part) in
            [("SHAREDIR", ""), ("PLUGINSDIR", "plugins"), ("RULESDIR", "rules"), ("LUALIBDIR", "lualib")]
        {
            command.arg(format!("--var={name}={}", share.join(part).display()));
        }
        for name in ["DBDIR", "RUNDIR", "LOGDIR", "CONFDIR", "LOCAL_CONFDIR"] {
            command.arg(format!("--var={name}={}", base.display()));
        }
        let output = std::fs::File::create(base.join("output")).unwrap();
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = Server::start(&mut command);
        server::until_answering(([127, 0, 0, 1], port).into(), &base.join("log"));
        Self { _server: process, folder, port }
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Settings: the two modules that the documentation speaks of, and nothing else that could have an opinion.
fn settings(base: &Path, port: u16, nameserver: SocketAddr) -> String {
    let rbl = docs::snippet("rspamd.md", "`local.d/rbl.conf`:", &[]);
    let force = docs::snippet(
        "rspamd.md",
        "`local.d/force_actions.conf`, so that a block refuses whatever the rest of the score is:",
        &[],
    );
    let base = base.display();
    format!(
        "options {{ tempdir = \"{base}\"; pidfile = \"{base}/pid\"; filters = \"\"; url_tld = \"{base}/suffixes\"; local_addrs = []; \
         dns {{ nameserver = [\"{}:{}\"]; timeout = 3s; }} }}\n\
         logging {{ type = \"file\"; filename = \"{base}/log\"; level = \"info\"; }}\n\
         worker \"rspamd_proxy\" {{ bind_socket = \"127.0.0.1:{port}\"; milter = yes; count = 1; timeout = 20s;\n\
         upstream \"local\" {{ default = yes; self_scan = yes; }} }}\n\
         actions {{ reject = 15; }}\nrbl {{\n{rbl}}}\nforce_actions {{\n{force}}}\n\
         modules {{ path = \"$PLUGINSDIR\"; }}\n",
        nameserver.ip(),
        nameserver.port()
    )
}
