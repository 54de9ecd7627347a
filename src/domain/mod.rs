//! Pure types and rules: no database, no network, no clock of its own.

pub mod article;
pub mod block;
pub mod cause;
pub mod dns;
pub mod email;
pub mod endpoint;
pub mod filing;
pub mod id;
pub mod net;
pub mod origin;
pub mod policy;
pub mod proof;
pub mod protected;
pub mod staff;
pub mod ticket;
pub mod time;
pub mod watch;
pub mod words;
