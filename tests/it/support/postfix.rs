//! A real Postfix on a port of its own, below a folder of its own: nothing of an installed one is touched.
//! It asks the policy service of a portal, and passes what it accepts to another port of this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{free_port, until_listening};

/// A running Postfix; stopped when the test ends.
pub(crate) struct Postfix {
    /// Its folder.
    folder: tempfile::TempDir,
    /// The port it takes mail on.
    pub(crate) port: u16,
}

impl Postfix {
    /// Starts one that asks the policy service at `policy` and relays to `next`.
    pub(crate) fn start(policy: u16, next: u16) -> Self {
        let folder = tempfile::Builder::new().prefix("postern-postfix").tempdir_in("/tmp").unwrap();
        let port = free_port();
        let postfix = Self { folder, port };
        let base = postfix.folder.path();
        for part in ["etc", "queue", "data"] {
            std::fs::create_dir(base.join(part)).unwrap();
        }
        std::fs::set_permissions(base, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(base.join("etc/main.cf"), main_cf(base, policy, next)).unwrap();
        std::fs::write(base.join("etc/master.cf"), master_cf(port)).unwrap();
        let owned = Command::new("chown").arg("postfix").arg(base.join("data")).status().unwrap();
        assert!(owned.success(), "the user postfix is there (scripts/test install), and the test runs as root");
        let started = Command::new("postfix").arg("-c").arg(base.join("etc")).arg("start").output().unwrap();
        assert!(started.status.success(), "postfix: {} {}", String::from_utf8_lossy(&started.stderr), postfix.log());
        until_listening(port);
        postfix
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("maillog")).unwrap_or_default()
    }

    /// Sends a mail as if `client` did (XCLIENT): the reply to the recipient, or to the whole mail when that was taken.
    pub(crate) fn send(&self, client: &str, recipient: &str) -> String {
        let mut dialogue = Dialogue::open(self.port);
        dialogue.say("EHLO mail.sender.example");
        let tagged = if client.contains(':') { format!("IPV6:{client}") } else { client.to_owned() };
        dialogue.expect(&format!("XCLIENT ADDR={tagged} NAME=mail.sender.example HELO=mail.sender.example"), '2');
        dialogue.expect("EHLO mail.sender.example", '2');
        dialogue.expect("MAIL FROM:<ann@sender.example>", '2');
        let reply = dialogue.say(&format!("RCPT TO:<{recipient}>"));
        if !reply.starts_with('2') {
            dialogue.say("QUIT");
            return reply;
        }
        dialogue.expect("DATA", '3');
        let text = format!(
            "From: ann@sender.example\r\nTo: {recipient}\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nHello\r\n."
        );
        let reply = dialogue.say(&text);
        dialogue.say("QUIT");
        reply
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("stop").output();
    }
}

/// One SMTP dialogue.
struct Dialogue(BufReader<TcpStream>);

impl Dialogue {
    /// Connects and reads the greeting.
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut dialogue = Self(BufReader::new(stream));
        dialogue.reply();
        dialogue
    }

    /// Sends a line and reads the reply.
    fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    /// Sends a line; the reply has to begin with this digit.
    fn expect(&mut self, line: &str, digit: char) {
        let reply = self.say(line);
        assert!(reply.starts_with(digit), "{line}: {reply}");
    }

    /// Reads one reply, of one line or more.
    fn reply(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let more = line.as_bytes().get(3) == Some(&b'-');
            all.push_str(&line);
            if !more {
                return all.trim_end().to_owned();
            }
        }
    }
}

/// The settings of Postfix.
fn main_cf(base: &Path, policy: u16, next: u16) -> String {
    let base = base.display();
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
         relay_transport = smtp:[127.0.0.1]:{next}\n\
         inet_interfaces = loopback-only\n\
         inet_protocols = all\n\
         mynetworks = 192.0.2.255/32\n\
         smtpd_relay_restrictions = reject_unauth_destination\n\
         smtpd_authorized_xclient_hosts = 127.0.0.1\n\
         smtpd_client_restrictions = check_policy_service {{ inet:127.0.0.1:{policy}, timeout=5s }}\n\
         smtpd_peername_lookup = no\n\
         smtp_dns_support_level = disabled\n\
         in_flow_delay = 0\n\
         alias_maps =\n\
         alias_database =\n"
    )
}

/// The services of Postfix.
fn master_cf(port: u16) -> String {
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd\n\
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
         postlog unix-dgram n - n - 1 postlogd\n"
    )
}
