//! Any bytes on a connection of the socketmap service: each answer has a status and nothing that permits.
#![no_main]

mod portal;

use libfuzzer_sys::fuzz_target;
use postern::gateways::socketmap;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = bytes;
    while let Some(request) = portal::wait(socketmap::read_netstring(&mut reader)) {
        assert!(request.len() <= 4_096);
        let answer = socketmap::answer(&portal::JUDGE, &request);
        let known = ["OK 550 5.7.1 ", "OK reject", "NOTFOUND ", "PERM "];
        assert!(known.iter().any(|start| answer.starts_with(start)), "{answer}");
        assert!(answer.len() < 512 && answer.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
});
