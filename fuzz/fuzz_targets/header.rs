//! Any bytes: reading, linting and masking end without a panic, and masking changes no line end.
#![no_main]

use postern::evidence::{Context, header, lint, mask};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let context = Context::default();
    if let Some(found) = header::read(bytes, &context) {
        assert!(found.hops.len() <= header::MOST_HOPS);
        assert!(found.border_hop.is_none_or(|hop| hop < found.hops.len()));
    }
    let _ = lint::check(bytes, 1, &context);
    let _ = mask::recipients(&String::from_utf8_lossy(bytes));
    let mut masked = bytes.to_vec();
    mask::secrets(&mut masked);
    assert_eq!(masked.len(), bytes.len());
    let same_ends = masked.iter().zip(bytes).all(|(new, old)| (*new == b'\n') == (*old == b'\n'));
    assert!(same_ends);
});
