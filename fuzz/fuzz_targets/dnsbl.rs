//! Any datagram to the DNSBL: an answer is one, belongs to its question, and is short.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| postern_fuzz::dnsbl(bytes));
