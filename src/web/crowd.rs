//! Who is here at once: so many for one visitor, so that nobody takes the room of all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::net::Net;

/// How much each visitor has under way. It holds those only who have something, so its size is bounded by what there is.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// How much one visitor may have under way.
    most: usize,
    /// What each has.
    visitors: Arc<Mutex<HashMap<Net, usize>>>,
    /// Tells who waits that something has ended.
    left: Arc<Notify>,
}

/// One thing of a visitor that is under way; it ends with this.
#[derive(Debug)]
pub struct Guest {
    /// The visitor.
    who: Net,
    /// Where it is counted.
    crowd: Crowd,
}

impl Crowd {
    /// So much for each visitor.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, visitors: Arc::default(), left: Arc::default() }
    }

    /// Counts one more of a visitor; `None` when that would be too much.
    #[must_use]
    pub fn join(&self, who: Net) -> Option<Guest> {
        let mut visitors = self.lock();
        let here = visitors.entry(who).or_insert(0);
        if *here >= self.most {
            return None;
        }
        *here += 1;
        Some(Guest { who, crowd: self.clone() })
    }

    /// Counts one more of a visitor as soon as that is not too much.
    pub async fn wait(&self, who: Net) -> Guest {
        loop {
            let left = self.left.notified();
            if let Some(guest) = self.join(who) {
                return guest;
            }
            left.await;
        }
    }

    /// The counts. They are whole between any two statements, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, HashMap<Net, usize>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Entry::Occupied(mut here) = self.crowd.lock().entry(self.who) {
            if *here.get() <= 1 {
                here.remove();
            } else {
                *here.get_mut() -= 1;
            }
        }
        self.crowd.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_takes_its_own_room_only_and_leaves_nothing_behind() {
        let crowd = Crowd::new(2);
        let [ann, ben] = ["192.0.2.1", "2001:db8::/64"].map(|net| Net::parse(net).unwrap());
        let first = crowd.join(ann).unwrap();
        let second = crowd.join(ann).unwrap();
        assert!(crowd.join(ann).is_none());
        assert!(crowd.join(ben).is_some());
        drop(first);
        assert!(crowd.join(ann).is_some());
        drop(second);
        assert!(crowd.lock().is_empty());
    }
}
