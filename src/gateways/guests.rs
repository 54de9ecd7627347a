//! How many connections one client holds at a listener: nobody takes all the places of the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::net::Net;

/// Of how many places one client may hold one.
const SHARE: usize = 4;

/// The clients of a listener and how many connections each holds.
#[derive(Debug, Clone)]
pub(super) struct Guests {
    /// The most that one holds.
    most: usize,
    /// How many each holds; who holds none is not in it.
    held: Arc<Mutex<HashMap<Net, usize>>>,
}

/// One connection of a client; counts until it goes.
#[derive(Debug)]
pub(super) struct Guest {
    /// Whose it is; nothing for one that is not counted.
    client: Option<Net>,
    /// Where it is counted.
    guests: Guests,
}

impl Guests {
    /// For a listener of so many places.
    pub(super) fn new(places: usize) -> Self {
        Self { most: places.div_ceil(SHARE), held: Arc::default() }
    }

    /// Lets a client in, unless it holds its share. Clients of this machine are not counted: they are the mail server beside
    /// us, which has as many connections as processes.
    pub(super) fn enter(&self, peer: Option<IpAddr>) -> Option<Guest> {
        let counted = peer.filter(|peer| !peer.is_loopback());
        let client = counted.map(|peer| Net::around(peer, if peer.is_ipv4() { 32 } else { 64 }));
        if let Some(client) = client {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let count = held.entry(client).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Guest { client, guests: self.clone() })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut held = self.guests.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                held.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client of this address comes in.
    fn enter(guests: &Guests, addr: &str) -> Option<Guest> {
        guests.enter(Some(addr.parse().unwrap()))
    }

    #[test]
    fn a_client_holds_a_quarter_of_the_places_and_others_theirs() {
        let guests = Guests::new(8);
        let first = enter(&guests, "203.0.113.7").unwrap();
        let _second = enter(&guests, "203.0.113.7").unwrap();
        assert!(enter(&guests, "203.0.113.7").is_none());
        let _neighbour = enter(&guests, "203.0.113.8").unwrap();
        drop(first);
        assert!(enter(&guests, "203.0.113.7").is_some());
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        let guests = Guests::new(4);
        let _one = enter(&guests, "2001:db8:7::1").unwrap();
        assert!(enter(&guests, "2001:db8:7::2").is_none());
        assert!(enter(&guests, "2001:db8:8::2").is_some());
    }

    #[test]
    fn this_machine_is_not_counted_and_who_left_is_forgotten() {
        let guests = Guests::new(1);
        let local: Vec<_> = ["127.0.0.1", "::1", "127.9.9.9"].iter().map(|text| enter(&guests, text)).collect();
        assert!(local.iter().all(Option::is_some) && guests.enter(None).is_some());
        let guest = enter(&guests, "203.0.113.7");
        assert_eq!(guests.held.lock().unwrap().len(), 1);
        drop(guest);
        assert!(guests.held.lock().unwrap().is_empty());
    }
}
