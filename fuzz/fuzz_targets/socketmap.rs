//! Any bytes on a connection of the socketmap service: each answer has a status and nothing that permits.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| postern_fuzz::socketmap(bytes));
