//! Any bytes on a connection of the policy service: each answer is one line that never says `OK`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| postern_fuzz::policy(bytes));
