//! A real Exim on a port of its own. It reads `/etc/resolv.conf`, which belongs to the machine, so it lives in a root of its
//! own (chroot) with the libraries that it needs.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use super::server::{self, Server};
use super::smtp::{self, Claim};
use super::{docs, free_port};

/// A running Exim.
pub(crate) struct Exim {
    /// The process; it ends before its folder goes.
    _server: Server,
    /// Its root.
    folder: tempfile::TempDir,
    /// The port it takes mail on.
    port: u16,
}

impl Exim {
    /// Starts one that does as the documentation says and asks this name server.
    pub(crate) fn start(nameserver: IpAddr) -> Self {
        let (folder, port) = (server::folder("exim"), free_port());
        let base = folder.path();
        fill(base);
        fs::write(base.join("etc/resolv.conf"), format!("nameserver {nameserver}\noptions timeout:3 attempts:3\n"))
            .unwrap();
        fs::write(base.join("etc/exim.conf"), settings(port)).unwrap();
        let output = fs::File::create(base.join("output")).unwrap();
        let mut command = Command::new("chroot");
        command.arg(base).args(["/exim4", "-C", "/etc/exim.conf", "-bdf"]);
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = Server::start(&mut command);
        server::until_answering(([127, 0, 0, 1], port).into(), &base.join("output"));
        Self { _server: process, folder, port }
    }

    /// Sends a mail as if `client` did: the reply to the recipient, or to the whole mail when that was taken.
    pub(crate) fn send(&self, client: &str, recipient: &str) -> String {
        smtp::send(self.port, Claim::Proxy, client, recipient)
    }

    /// What it wrote about its work.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("spool/mainlog")).unwrap_or_default()
    }
}

/// Puts into a root what Exim needs: itself, its libraries, a user.
fn fill(base: &Path) {
    for part in ["etc", "dev", "lib", "spool", "tmp"] {
        fs::create_dir(base.join(part)).unwrap();
    }
    let root = server::root("exim4-daemon-heavy", "usr/sbin/exim4");
    let program = root.join("usr/sbin/exim4");
    fs::copy(&program, base.join("exim4")).unwrap();
    let listed = Command::new("ldd").arg(&program).env("LD_LIBRARY_PATH", server::libraries(&root)).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for library in listed.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
        fs::copy(library, base.join("lib").join(library.file_name().unwrap())).unwrap();
        // The loader itself is named with its whole path in the program.
        if !library.starts_with("/lib/") && library.parent().and_then(Path::parent) == Some(Path::new("/")) {
            let place = base.join(library.strip_prefix("/").unwrap());
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(library, place).unwrap();
        }
    }
    fs::write(base.join("dev/null"), "").unwrap();
    fs::write(base.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nDebian-exim:x:65534:65534::/spool:/bin/false\n")
        .unwrap();
    fs::write(base.join("etc/group"), "root:x:0:\nDebian-exim:x:65534:\n").unwrap();
    let owned = Command::new("chown").arg("65534:65534").arg(base.join("spool")).status().unwrap();
    assert!(owned.success(), "the test runs as root");
}

/// Settings: what is accepted stays in the queue.
fn settings(port: u16) -> String {
    let snippet = docs::snippet("exim.md", "In the ACL for RCPT, behind what accepts postmaster and abuse:", &[]);
    format!(
        "primary_hostname = mx.provider.example\nexim_user = Debian-exim\nexim_group = Debian-exim\nspool_directory = /spool\n\
         log_file_path = /spool/%slog\ndomainlist relay_to_domains = provider.example\ndaemon_smtp_ports = {port}\n\
         local_interfaces = 127.0.0.1\nhosts_proxy = 127.0.0.1\nkeep_environment =\ntls_advertise_hosts =\n\
         host_lookup =\nrfc1413_query_timeout = 0s\nqueue_only\nacl_smtp_rcpt = rcpt\n\
         begin acl\nrcpt:\n{snippet}\n  accept domains = +relay_to_domains\n  deny message = not ours\n"
    )
}
