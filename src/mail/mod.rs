//! Mail to senders: what it says, and how it is handed over; mail from them, taken apart. Stores nothing itself.

pub mod letter;
pub mod message;
pub mod notice;
pub mod quote;
pub mod transport;
