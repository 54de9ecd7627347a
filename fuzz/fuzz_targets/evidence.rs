//! Feeds any bytes to the evidence reader: it must not panic, and what it finds must stay small.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| postern_fuzz::evidence(bytes));
