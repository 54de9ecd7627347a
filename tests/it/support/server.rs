//! The real program as a process, on ports of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Database;

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `ready` says so; fails after a while.
pub(crate) fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until something listens on a port of this machine.
pub(crate) fn until_listening(port: u16) {
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    until(&format!("a listener on port {port}"), || TcpStream::connect_timeout(&addr, Duration::from_millis(200)).is_ok());
}

/// A running `postern serve`; killed when the test ends.
pub(crate) struct Server {
    /// The process.
    child: Child,
    /// The port of its pages.
    pub(crate) port: u16,
    /// The port of its policy service.
    pub(crate) policy: u16,
    /// Its settings, for further commands.
    pub(crate) settings: Vec<(String, String)>,
}

impl Server {
    /// Starts one on this database, with more settings as environment variables.
    pub(crate) fn start(database: &Database, more: &[(&str, &str)]) -> Self {
        let (port, policy) = (free_port(), free_port());
        let mut settings = vec![
            ("POSTERN_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}")),
            ("POSTERN_HTTP__PUBLIC_URL".to_owned(), format!("http://127.0.0.1:{port}")),
            ("POSTERN_GATEWAYS__POLICY__LISTEN".to_owned(), format!("127.0.0.1:{policy}")),
            ("POSTERN_DATABASE__URL".to_owned(), database.url.clone()),
            ("POSTERN_PROVIDER__NAME".to_owned(), "Example Mail".to_owned()),
            ("POSTERN_MAIL__FROM".to_owned(), "postmaster@portal.example".to_owned()),
        ];
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let child = command(&settings).arg("serve").stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let server = Self { child, port, policy, settings };
        until_listening(port);
        server
    }

    /// The address of its pages.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs another command of the program beside it; gives what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = command(&self.settings).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(mut self) -> Vec<(String, String)> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::mem::take(&mut self.settings)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with these settings and no others.
pub(crate) fn command(settings: &[(String, String)]) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_postern")));
    command.envs(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    command.current_dir(std::env::temp_dir());
    command
}
