//! Any bytes on a connection of the policy service: each answer is one line that never says `OK`.
#![no_main]

mod portal;

use libfuzzer_sys::fuzz_target;
use postern::gateways::policy;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = bytes;
    while let Some(request) = portal::wait(policy::read_request(&mut reader)) {
        let Some(query) = policy::parse(&request) else { break };
        let action = policy::action(&portal::JUDGE, &query).expect("the list is complete");
        assert!(action == "DUNNO" || action.starts_with("550 5.7.1 "), "{action}");
        assert!(action.len() < 512 && action.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
});
