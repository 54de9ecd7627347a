//! A real mail server that takes what it is given and keeps it: `smtp-sink` of Debian's package `postfix`.

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{eventually, free_port};

/// Where Debian's package puts the program; it is on the search path of root only.
const PROGRAM: &str = "/usr/sbin/smtp-sink";

/// A running mail server; it ends with the test.
pub(crate) struct Sink {
    /// The process.
    process: Child,
    /// Where it keeps one file a mail.
    folder: tempfile::TempDir,
    /// Where it listens, on loopback.
    port: u16,
}

/// One mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// The envelope sender, without angle brackets.
    pub(crate) from: String,
    /// The envelope recipients.
    pub(crate) to: Vec<String>,
    /// The message as it came, line ends as LF.
    pub(crate) text: String,
}

impl Sink {
    /// A mail server that takes everything.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One that refuses a command for good (5xx): `MAIL`, `RCPT`, `DATA`, or `.` after the message, which it keeps all the same.
    pub(crate) async fn refusing(command: &str) -> Self {
        Self::with(&["-f", command]).await
    }

    /// One that refuses a command for now (4xx).
    pub(crate) async fn deferring(command: &str) -> Self {
        Self::with(&["-r", command]).await
    }

    /// One with these options of smtp-sink(1).
    pub(crate) async fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Started by root it drops its privileges, and then has to be let in.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        for _ in 0..10 {
            let port = free_port();
            let mut process = spawn(options, folder.path(), port);
            if comes_up(&mut process, port).await {
                return Self { process, folder, port };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("smtp-sink found no port to listen on");
    }

    /// What `mail.smtp_url` says to hand mails over here.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on, on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The mails that came in completely, in the order in which they did.
    pub(crate) fn mails(&self) -> Vec<Delivered> {
        let mut files: Vec<_> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        files.iter().filter_map(|path| Delivered::read(&std::fs::read(path).unwrap())).collect()
    }

    /// The mails, once there are so many.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Delivered> {
        eventually(&format!("{count} mail(s) come in"), async || self.mails().len() >= count).await;
        self.mails()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Delivered {
    /// Reads a dump file (smtp-sink(1), "DUMP FILE FORMAT"); nothing while it is being written.
    fn read(dump: &[u8]) -> Option<Self> {
        let dump = String::from_utf8_lossy(dump);
        let all = |name: &str| -> Vec<String> {
            let lines = dump.lines().filter_map(|line| line.strip_prefix(name));
            lines
                .map(|value| value.trim().split(' ').next().unwrap_or_default().trim_matches(['<', '>']).to_owned())
                .collect()
        };
        let (_, message) = dump.split_once(" (smtp-sink) with ")?;
        // The sink's own Received header ends with the line of its date.
        let text = message.splitn(3, '\n').nth(2)?.strip_suffix("\n\n")?.to_owned();
        Some(Self { from: all("X-Mail-Args:").first()?.clone(), to: all("X-Rcpt-Args:"), text })
    }

    /// The value of a header field, decoded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let unfolded = self.text.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
        let field = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        unfolded.lines().find_map(field)
    }

    /// The subject, decoded.
    pub(crate) fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// The plain text, decoded.
    pub(crate) fn plain(&self) -> String {
        self.parsed().body_text(0).unwrap_or_default().replace("\r\n", "\n")
    }

    /// The message, taken apart.
    fn parsed(&self) -> mail_parser::Message<'_> {
        mail_parser::MessageParser::default().parse(self.text.as_bytes()).expect("a message")
    }
}

/// Starts the program.
fn spawn(options: &[&str], folder: &Path, port: u16) -> Child {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    Command::new(PROGRAM)
        .args(if is_root { &["-u", "nobody"][..] } else { &[] })
        .args(options)
        .arg("-d")
        .arg(folder.join("mail."))
        .arg(format!("127.0.0.1:{port}"))
        .arg("100")
        .stderr(Stdio::null())
        .spawn()
        .expect("smtp-sink of Debian's package postfix is installed")
}

/// Waits until it listens; whether it does. It does not when somebody else took the port meanwhile.
async fn comes_up(process: &mut Child, port: u16) -> bool {
    for _ in 0..500 {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return process.try_wait().unwrap().is_none();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
