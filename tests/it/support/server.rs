//! Servers of Debian that are not installed but unpacked (`scripts/test install`), because packages of mail servers keep
//! one another out. One that is installed does as well.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A server that runs; it ends with the test.
pub(crate) struct Server(Child);

impl Server {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have children, which only it can end.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Where a package has been unpacked, or `/` when it is installed; `file` is one of its files.
pub(crate) fn root(package: &str, file: &str) -> PathBuf {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers").join(package);
    let root = [unpacked, PathBuf::from("/")].into_iter().find(|root| root.join(file).exists());
    root.unwrap_or_else(|| panic!("{package} is missing: scripts/test install"))
}

/// The folders of libraries below `root`, as the loader takes them.
pub(crate) fn libraries(root: &Path) -> String {
    let (base, old) = (root.join("usr/lib"), root.join("lib"));
    let read = |place: &PathBuf| std::fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = read(&base).chain(read(&old));
    let of_machine = folders.filter(|path| path.to_string_lossy().ends_with("-linux-gnu"));
    of_machine
        .chain([base.join("rspamd"), base.clone()])
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(":")
}

/// A new folder that a server without privileges may write to.
pub(crate) fn folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix(&format!("postern-{name}")).tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Waits until somebody takes connections there.
pub(crate) fn until_answering(addr: SocketAddr, log: &Path) {
    let begun = Instant::now();
    while TcpStream::connect(addr).is_err() {
        let logged = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody listens at {addr}: {}", logged());
        std::thread::sleep(Duration::from_millis(20));
    }
}
