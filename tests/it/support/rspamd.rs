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
    /// Starts one that asks the DNSBL at this name server, as the documentation says.
    pub(crate) fn with_dnsbl(nameserver: SocketAddr) -> Self {
        let rbl = docs::snippet("rspamd.md", "`local.d/rbl.conf`:", &[]);
        let line = "`local.d/force_actions.conf`, so that a block refuses whatever the rest of the score is:";
        let force = docs::snippet("rspamd.md", line, &[]);
        Self::start(nameserver, &format!("rbl {{\n{rbl}}}\nforce_actions {{\n{force}}}\n"))
    }

    /// Starts one that fetches the list from the portal at `portal` with a token, as the documentation says.
    pub(crate) fn with_map(portal: SocketAddr, token: &str) -> Self {
        let place = format!("http://rspamd:{token}@{portal}/");
        let changes = [("https://rspamd:TOKEN@postmaster.example.org/", place.as_str())];
        let map = docs::snippet("feeds.md", "`local.d/multimap.conf`:", &changes);
        let options = docs::snippet("feeds.md", "`local.d/options.inc`:", &[]);
        Self::start(portal, &format!("options {{\n{options}}}\nmultimap {{\n{map}}}\n"))
    }

    /// Starts one with the settings of some modules.
    fn start(nameserver: SocketAddr, modules: &str) -> Self {
        let (folder, port) = (server::folder("rspamd"), free_port());
        let base = folder.path();
        std::fs::write(base.join("rspamd.conf"), settings(base, port, nameserver, modules)).unwrap();
        // Compiling the real list of domain suffixes takes it twenty seconds.
        std::fs::write(base.join("suffixes"), "example\norg\n").unwrap();
        // What modules count on, without the rules that come with it.
        std::fs::write(base.join("rspamd.lua"), "require \"global_functions\" ()\nrspamd_maps = {}\n").unwrap();
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

/// Settings: the modules that the documentation speaks of, and nothing else that could have an opinion.
fn settings(base: &Path, port: u16, nameserver: SocketAddr, modules: &str) -> String {
    let (base, controller) = (base.display(), free_port());
    let (dns, dns_port) = (nameserver.ip(), nameserver.port());
    format!(
        "options {{ tempdir = \"{base}\"; pidfile = \"{base}/pid\"; filters = \"\"; \
         url_tld = \"{base}/suffixes\"; local_addrs = []; \
         dns {{ nameserver = [\"{dns}:{dns_port}\"]; timeout = 3s; }} }}\n\
         logging {{ type = \"file\"; filename = \"{base}/log\"; level = \"info\"; }}\n\
         worker \"rspamd_proxy\" {{ bind_socket = \"127.0.0.1:{port}\"; milter = yes; count = 1; timeout = 20s;\n\
         upstream \"local\" {{ default = yes; self_scan = yes; }} }}\n\
         worker \"controller\" {{ bind_socket = \"127.0.0.1:{controller}\"; count = 1; }}\n\
         lua = \"{base}/rspamd.lua\"\nactions {{ reject = 15; }}\n{modules}modules {{ path = \"$PLUGINSDIR\"; }}\n"
    )
}
