//! This process, as one of those that follow the block list.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::domain::time::Time;

/// How many processes were made in this program: only tests make more than one.
static MADE: AtomicU64 = AtomicU64::new(0);

/// This process.
#[derive(Debug)]
pub struct Process {
    /// What it is called: a process that takes the place of another on its machine has another name.
    pub name: String,
    /// The machine.
    pub host: String,
    /// Its number there.
    pub pid: u32,
    /// When it began.
    pub started_at: Time,
    /// Whether lifts are confirmed here.
    confirms: AtomicBool,
    /// Told when something was lifted here.
    lifted: Notify,
}

impl Process {
    /// This process, beginning now.
    #[must_use]
    pub fn new(now: Time) -> Self {
        let (host, pid) = (host(), std::process::id());
        let name = match MADE.fetch_add(1, Ordering::Relaxed) {
            0 => format!("{host}/{pid}"),
            more => format!("{host}/{pid}-{more}"),
        };
        Self { name, host, pid, started_at: now, confirms: AtomicBool::new(false), lifted: Notify::new() }
    }

    /// Says that lifts are confirmed here from now on.
    pub fn begins_to_confirm(&self) {
        self.confirms.store(true, Ordering::Relaxed);
    }

    /// Whether lifts are confirmed here, so that it makes sense to wait for a moment.
    #[must_use]
    pub fn confirms(&self) -> bool {
        self.confirms.load(Ordering::Relaxed)
    }

    /// Tells that something was lifted.
    pub(super) fn tell_of_lift(&self) {
        self.lifted.notify_one();
    }

    /// Waits until something is lifted here.
    pub async fn wait_for_lift(&self) {
        self.lifted.notified().await;
    }

    /// Whether a process of this number runs on this machine.
    #[must_use]
    pub fn runs(host_name: &str, pid: i64, own: &Self) -> bool {
        host_name != own.host || std::path::Path::new(&format!("/proc/{pid}")).exists()
    }
}

/// The name of this machine.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(char::is_ascii_graphic).take(80).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
