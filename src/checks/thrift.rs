//! How often anybody's servers are asked: so often a minute for each registered domain and each neighbourhood of addresses,
//! whoever wants to know. So look-ups of made-up names are no flood for somebody else, and nobody scans a network with them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use super::Subject;
use crate::domain::net::Net;
use crate::domain::time::{MINUTE, Time};

/// How many runs in a minute may be about the same domain or neighbourhood.
const RUNS_MOST: u32 = 60;

/// How many domains and neighbourhoods a minute may be about.
const TARGETS_MOST: usize = 5_000;

/// The runs of this minute, by what they are about.
#[derive(Debug, Default)]
pub(super) struct Thrift(Mutex<(i64, HashMap<String, u32>)>);

impl Thrift {
    /// Whether one more run about all of these is not too much; then it is counted.
    pub(super) fn allows(&self, targets: &[String], now: Time) -> bool {
        let Ok(mut runs) = self.0.lock() else { return false };
        let minute = now.0.div_euclid(MINUTE);
        if runs.0 != minute {
            *runs = (minute, HashMap::new());
        }
        let is_full = runs.1.len() + targets.len() > TARGETS_MOST;
        if is_full || targets.iter().any(|target| runs.1.get(target).is_some_and(|count| *count >= RUNS_MOST)) {
            return false;
        }
        for target in targets {
            match runs.1.entry(target.clone()) {
                Entry::Occupied(mut count) => *count.get_mut() += 1,
                Entry::Vacant(place) => _ = place.insert(1),
            }
        }
        true
    }
}

/// The registered domain of a name.
pub(super) fn registered(name: &str) -> String {
    psl::domain_str(name).unwrap_or(name).to_owned()
}

/// What a run is about, each once.
pub(super) fn targets(subject: &Subject) -> Vec<String> {
    let around = subject.addr.map(|addr| Net::around(addr, if addr.is_ipv4() { 24 } else { 48 }).to_string());
    let names = [&subject.helo, &subject.domain, &subject.from].into_iter().flatten();
    let signers = subject.signatures.iter().map(|signature| &signature.domain);
    let mut all: Vec<String> = names.chain(signers).map(|name| registered(name)).chain(around).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_one_domain_are_one_target() {
        let thrift = Thrift::default();
        let about = |n: usize| {
            targets(&Subject::new(
                "203.0.113.7".parse().ok(),
                Some(&format!("x{n}.victim.example")),
                Some("a.victim.example"),
            ))
        };
        assert_eq!(about(1), ["203.0.113.0/24", "victim.example"]);
        let allowed = (0..100).filter(|n| thrift.allows(&about(*n), Time(0))).count();
        assert_eq!(allowed, 60);
        assert!(thrift.allows(&targets(&Subject::new(None, None, Some("other.example"))), Time(0)));
        assert!(thrift.allows(&about(1), Time(MINUTE)));
    }

    #[test]
    fn a_minute_is_about_so_many_only() {
        let thrift = Thrift::default();
        let allowed = (0..6_000).filter(|n| thrift.allows(&[format!("{n}.example")], Time(0))).count();
        assert_eq!(allowed, TARGETS_MOST);
    }
}
