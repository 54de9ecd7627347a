//! Mail to senders: what it says, and how it is handed over. Stores nothing itself.

pub mod message;
pub mod notice;
pub mod transport;
