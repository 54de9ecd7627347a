//! Feeds any bytes to the evidence reader: it must not panic, and what it finds must stay small.
#![no_main]

use postern::evidence::{Context, mask, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = read(bytes, &Context::default());
    assert!(found.replies.len() <= 1000);
    assert!(found.replies.iter().all(|reply| reply.text.len() <= 2000));
    let text = String::from_utf8_lossy(bytes);
    let (kept, _) = mask::kept(&text, &found);
    assert!(kept.lines().count() <= 2 * text.lines().count() + 2);
});
