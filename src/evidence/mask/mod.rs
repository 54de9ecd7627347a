//! Hides what must not be kept or shown: secrets in pasted logs, and the names of recipients.
//!
//! Secrets are overwritten in the stored bytes at once, byte by byte, so lines and columns stay where
//! they are and a later reading sees the same text. Recipients are masked in what is shown.

mod recipients;
mod secrets;

pub use recipients::recipients;
pub use secrets::secrets;
