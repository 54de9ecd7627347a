//! Snapshots of the last minutes, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{Outcome, Snapshot, Subject};
use crate::domain::time::{MINUTE, Time};

/// How many are kept.
const MOST: usize = 300;

/// How long a whole one holds.
const HOLDS: i64 = 5 * MINUTE;

/// How long one with an open question holds.
const HOLDS_OPEN: i64 = MINUTE / 6;

/// The snapshots.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<Subject, Arc<Snapshot>>>);

impl Kept {
    /// The snapshot of a subject, when it still holds.
    pub(super) fn find(&self, subject: &Subject, now: Time) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().ok()?;
        kept.get(subject).filter(|snapshot| holds(snapshot, now)).cloned()
    }

    /// Keeps a snapshot; drops old ones when there are too many, and all when that does not help.
    pub(super) fn keep(&self, snapshot: Arc<Snapshot>) {
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.len() >= MOST {
            kept.retain(|_, other| holds(other, snapshot.at));
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(snapshot.subject.clone(), snapshot);
    }
}

/// Whether a snapshot still holds.
fn holds(snapshot: &Snapshot, now: Time) -> bool {
    let open = snapshot.count(Outcome::Unknown) > 0;
    now.since(snapshot.at) < if open { HOLDS_OPEN } else { HOLDS }
}
