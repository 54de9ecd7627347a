//! Feeds any bytes to the evidence reader: it must not panic, and what it finds must stay small.
#![no_main]

use postern::evidence::{Context, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = read(bytes, &Context::default());
    assert!(found.replies.len() <= 1000);
    assert!(found.replies.iter().all(|reply| reply.text.len() <= 2000));
});
