//! Pages for senders.

pub mod case;
pub mod causes;
pub mod check;
pub mod confirm;
pub mod faq;
pub mod kept;
pub mod lost;
pub mod policy;
pub mod prove;
pub mod request;
pub mod standing;
pub mod start;
pub mod status;
pub mod watch;
