//! The program as a process: its commands, and a server that runs beside them.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use postern::app::{self, App};
use postern::domain::time::Clock;

use super::{Database, eventually, free_port};

/// A place where the program is set up: a folder with `postern.toml`, a database, two ports.
pub(crate) struct Place {
    /// Where it runs.
    folder: tempfile::TempDir,
    /// What it works on.
    database: Database,
    /// Where its pages are.
    pub(crate) http: SocketAddr,
    /// Where its policy service is.
    pub(crate) policy: SocketAddr,
}

/// What a command printed, and how it ended.
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Fails unless the command succeeded and printed this.
    pub(crate) fn assert_ok(&self, text: &str) -> &Self {
        assert!(self.status.success(), "{}{}", self.out, self.err);
        assert!(self.out.contains(text), "“{text}” is missing in: {}{}", self.out, self.err);
        self
    }

    /// Fails unless the command failed and said all of this on standard error.
    pub(crate) fn assert_fails(&self, texts: &[&str]) -> &Self {
        assert!(!self.status.success(), "it succeeded: {}", self.out);
        for text in texts {
            assert!(self.err.contains(text), "“{text}” is missing in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

impl Place {
    /// A place with the usual settings.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// A place with more lines in its settings file.
    pub(crate) async fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create().await;
        let [http, policy] = [free_port(), free_port()].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let dns = if more.contains("dns.servers") { "" } else { "dns.servers = \"off\"\n" };
        let settings = format!(
            "http.listen = \"{http}\"\ngateways.policy.listen = \"{policy}\"\ndatabase.url = \"{}\"\n\
             mail.from = \"postmaster@portal.example\"\n{dns}{more}\n",
            database.url
        );
        std::fs::write(folder.path().join("postern.toml"), settings).unwrap();
        Self { folder, database, http, policy }
    }

    /// Writes a file into the folder; gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Lets every user of the machine work here, as one who is not root has to; gives the program and its settings file.
    pub(crate) fn open_to_all(&self) -> (String, String) {
        let program = self.folder.path().join("postern");
        std::fs::copy(env!("CARGO_BIN_EXE_postern"), &program).unwrap();
        self.run(&["migrate"]).assert_ok("migration");
        let open = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        open(self.folder.path(), 0o777);
        if let Some(folder) = self.database.url.strip_prefix("sqlite:").and_then(|path| Path::new(path).parent()) {
            open(folder, 0o777);
            for file in std::fs::read_dir(folder).unwrap() {
                open(&file.unwrap().path(), 0o666);
            }
        }
        (program.display().to_string(), self.folder.path().join("postern.toml").display().to_string())
    }

    /// Makes the file of the database without any table; one on a server is there already.
    pub(crate) fn make_empty_database(&self) {
        if let Some(path) = self.database.url.strip_prefix("sqlite:") {
            File::create(path).unwrap();
        }
    }

    /// Whether there is such a file in the folder.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.folder.path().join(name).exists()
    }

    /// The program with these arguments, without settings from the environment of the test.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTERN_")) {
            command.env_remove(name);
        }
        command.args(args).current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[], "")
    }

    /// Runs a command with settings in the environment and something on standard input.
    pub(crate) fn run_with(&self, args: &[&str], settings: &[(&str, &str)], input: &str) -> Ran {
        let mut command = self.command(args);
        command.envs(settings.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A command that reads nothing may be gone before it is written to.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let output = process.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn serve(&self) -> Serving {
        self.start(&["serve"], &[]).await
    }

    /// Starts the demonstration, which does not read the settings file, on the same ports and in a database of its own.
    pub(crate) async fn serve_demo(&self) -> Serving {
        let (http, policy) = (self.http.to_string(), self.policy.to_string());
        let settings = [
            ("POSTERN_HTTP__LISTEN", http.as_str()),
            ("POSTERN_GATEWAYS__POLICY__LISTEN", policy.as_str()),
            ("POSTERN_DNS__SERVERS", "off"),
        ];
        self.start(&["serve", "--demo"], &settings).await
    }

    /// Starts a server with settings in the environment and waits until it is ready.
    async fn start(&self, args: &[&str], settings: &[(&str, &str)]) -> Serving {
        let log = File::create(self.folder.path().join("serve.err")).unwrap();
        self.start_logging_to(args, settings, log.into()).await
    }

    /// Starts the server with a log that nobody reads: each line of it fails.
    pub(crate) async fn serve_unheard(&self) -> Serving {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.start_logging_to(&["serve"], &[("POSTERN_LOG__LEVEL", "debug")], writer.into()).await
    }

    /// Starts a server with this log and waits until it is ready.
    async fn start_logging_to(&self, args: &[&str], settings: &[(&str, &str)], log: Stdio) -> Serving {
        let process = self
            .command(args)
            .envs(settings.iter().copied())
            .stdout(File::create(self.folder.path().join("serve.out")).unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let serving = Serving { process, http: self.http };
        eventually("the server is ready", async || serving.get("/readyz").is_some_and(|(status, _)| status == 200))
            .await;
        serving
    }

    /// What the running server printed.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("serve.out")).unwrap()
    }

    /// A portal of the test's own on the database of the demonstration.
    pub(crate) async fn demo_portal(&self) -> App {
        let mut config = self.database.config(&[]);
        config.database.url = self.demo_url();
        app::open(config, Clock::System).await.unwrap()
    }

    /// Where the database of the demonstration is.
    pub(crate) fn demo_url(&self) -> String {
        format!("sqlite:{}/data/demo.db", self.folder.path().display())
    }

    /// A portal of the test's own on the same database.
    pub(crate) async fn portal(&self) -> App {
        app::open(self.database.config(&[]), Clock::System).await.unwrap()
    }
}

/// A server that runs; it ends with the test.
pub(crate) struct Serving {
    /// The process.
    process: Child,
    /// Where its pages are.
    http: SocketAddr,
}

impl Serving {
    /// Asks for a page without any cookie; gives status and the whole answer, or nothing when nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.http).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
    }

    /// Ends it at once (SIGKILL), as when the power goes.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Asks it to end (SIGTERM) and waits until it has; gives how it ended.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        eventually("the server ends", async || self.process.try_wait().unwrap().is_some()).await;
        self.process.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
