//! Hides what must not be kept or shown: secrets in pasted logs, and the names of recipients.
//!
//! Secrets are overwritten in the stored bytes at once, byte by byte, so lines and columns stay where
//! they are and a later reading sees the same text; UTF-16 is masked in its own bytes. Inside archives and encoded
//! parts of messages nothing can be overwritten at the same length, so those bytes stay as they came; what is read out
//! of them is masked before it is stored as text or findings. Recipients are masked in what is shown, and in the copy
//! that survives the retention time.

mod kept;
mod personal;
mod recipients;
mod secrets;

pub use kept::kept;
pub use recipients::recipients;
pub use secrets::{Secrets, secrets};

/// A short text without its secrets.
pub(crate) fn without_secrets(text: String) -> String {
    let mut bytes = text.into_bytes();
    secrets(&mut bytes);
    String::from_utf8(bytes).unwrap_or_else(|torn| String::from_utf8_lossy(torn.as_bytes()).into_owned())
}
