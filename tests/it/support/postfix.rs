//! A real Postfix on a port of its own, below a folder of its own: nothing of an installed one is touched.
//! It asks a portal in one way or another, and passes what it accepts to another port of this machine.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::smtp::{self, Claim};
use super::{free_port, until_listening};

/// How one is set up.
#[derive(Debug, Default, Clone)]
pub(crate) struct Setup {
    /// More lines of `main.cf`.
    pub(crate) settings: String,
    /// The port where accepted mail goes; without it nowhere.
    pub(crate) next: Option<u16>,
    /// The name server that it asks; it lives in a chroot then, where it finds a `resolv.conf` of its own.
    pub(crate) nameserver: Option<IpAddr>,
    /// Whether postscreen stands before it.
    pub(crate) postscreen: bool,
    /// Its service in `master.cf`, when it is not the usual one.
    pub(crate) service: Option<String>,
    /// More services in `master.cf`.
    pub(crate) services: String,
}

/// A running Postfix; stopped when the test ends.
pub(crate) struct Postfix {
    /// Its folder.
    folder: tempfile::TempDir,
    /// The port it takes mail on.
    pub(crate) port: u16,
    /// How it is told whose mail this is.
    claim: Claim,
}

impl Postfix {
    /// Starts one that asks the policy service at `policy` and relays to `next`.
    pub(crate) fn start(policy: u16, next: u16) -> Self {
        let settings =
            format!("smtpd_client_restrictions = check_policy_service {{ inet:127.0.0.1:{policy}, timeout=5s }}\n");
        Self::with(&Setup { settings, next: Some(next), ..Setup::default() })
    }

    /// Starts one.
    pub(crate) fn with(setup: &Setup) -> Self {
        let folder = tempfile::Builder::new().prefix("postern-postfix").tempdir_in("/tmp").unwrap();
        let claim = if setup.postscreen { Claim::Proxy } else { Claim::Xclient };
        let postfix = Self { folder, port: free_port(), claim };
        let base = postfix.folder.path();
        for part in ["etc", "queue", "queue/etc", "data"] {
            std::fs::create_dir(base.join(part)).unwrap();
        }
        std::fs::set_permissions(base, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(base.join("etc/main.cf"), main_cf(base, setup)).unwrap();
        std::fs::write(base.join("etc/master.cf"), master_cf(postfix.port, setup)).unwrap();
        if let Some(addr) = setup.nameserver {
            let resolving = format!("nameserver {addr}\noptions timeout:3 attempts:3\n");
            std::fs::write(base.join("queue/etc/resolv.conf"), resolving).unwrap();
        }
        let owned = Command::new("chown").arg("postfix").arg(base.join("data")).status().unwrap();
        assert!(owned.success(), "the user postfix is there (scripts/test install), and the test runs as root");
        let started = Command::new("postfix").arg("-c").arg(base.join("etc")).arg("start").output().unwrap();
        assert!(started.status.success(), "postfix: {} {}", String::from_utf8_lossy(&started.stderr), postfix.log());
        until_listening(postfix.port);
        postfix
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("maillog")).unwrap_or_default()
    }

    /// Sends a mail as if `client` did: the reply to the recipient, or to the whole mail when that was taken.
    pub(crate) fn send(&self, client: &str, recipient: &str) -> String {
        smtp::send(self.port, self.claim, client, recipient)
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("stop").output();
    }
}

/// The settings of Postfix.
fn main_cf(base: &Path, setup: &Setup) -> String {
    let (base, more) = (base.display(), &setup.settings);
    let next = setup.next.map_or("discard:".to_owned(), |port| format!("smtp:[127.0.0.1]:{port}"));
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {base}/queue\n\
         data_directory = {base}/data\n\
         mail_owner = postfix\n\
         setgid_group = postdrop\n\
         maillog_file = {base}/maillog\n\
         maillog_file_prefixes = {base}\n\
         myhostname = mx.provider.example\n\
         mydestination =\n\
         local_recipient_maps =\n\
         relay_domains = provider.example, portal.example\n\
         relay_transport = {next}\n\
         inet_interfaces = loopback-only\n\
         inet_protocols = all\n\
         mynetworks = 192.0.2.255/32\n\
         smtpd_relay_restrictions = reject_unauth_destination\n\
         smtpd_authorized_xclient_hosts = 127.0.0.1\n\
         smtpd_peername_lookup = no\n\
         smtp_dns_support_level = disabled\n\
         in_flow_delay = 0\n\
         alias_maps =\n\
         alias_database =\n\
         postscreen_upstream_proxy_protocol = haproxy\n\
         postscreen_greet_wait = 1s\n\
         postscreen_cache_map =\n\
         {more}"
    )
}

/// The services of Postfix.
fn master_cf(port: u16, setup: &Setup) -> String {
    let first = if setup.postscreen { "1 postscreen" } else { "- smtpd" };
    let chroot = if setup.nameserver.is_some() { "y" } else { "n" };
    let usual = format!("smtp inet n - {chroot} - {first}\n");
    let service = setup.service.as_ref().unwrap_or(&usual).replacen("smtp ", &format!("127.0.0.1:{port} "), 1);
    format!(
        "{service}\
         smtpd pass - - {chroot} - - smtpd\n\
         dnsblog unix - - {chroot} - 0 dnsblog\n\
         tlsproxy unix - - n - 0 tlsproxy\n\
         pickup unix n - n 60 1 pickup\n\
         cleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\n\
         verify unix - - n - 1 verify\n\
         flush unix n - n 1000? 0 flush\n\
         proxymap unix - - n - - proxymap\n\
         smtp unix - - n - - smtp\n\
         relay unix - - n - - smtp\n\
         error unix - - n - - error\n\
         retry unix - - n - - error\n\
         discard unix - - n - - discard\n\
         anvil unix - - n - 1 anvil\n\
         scache unix - - n - 1 scache\n\
         postlog unix-dgram n - n - 1 postlogd\n\
         {}",
        setup.services
    )
}
