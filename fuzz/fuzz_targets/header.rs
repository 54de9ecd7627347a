//! Any bytes: reading, linting and masking end without a panic, and masking changes no line end.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| postern_fuzz::header(bytes));
