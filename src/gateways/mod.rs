//! Listeners for mail servers: they answer from memory and never wait for the database.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::blocklist::index::Hit;
use crate::blocklist::{BlockList, Verdict};
use crate::config::Config;
use crate::content::Content;
use crate::domain::block::case_path;
use crate::domain::id::hash;
use crate::domain::proof::Sighting;
use crate::domain::time::Clock;

pub mod dnsbl;
mod guests;
pub mod listener;
pub mod policy;
pub mod probe;
pub mod socketmap;

/// What all listeners answer from.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The list.
    pub blocklist: Arc<BlockList>,
    /// The causes and their replies.
    pub content: Arc<Content>,
    /// The settings.
    pub config: Arc<Config>,
    /// The clock.
    pub clock: Clock,
    /// Where mails to proofs are reported; full or gone, they are not.
    pub sightings: mpsc::Sender<Sighting>,
}

impl Judge {
    /// What the list says of a client.
    #[must_use]
    pub fn ask(&self, client: IpAddr) -> Verdict {
        self.blocklist.ask(client, self.clock.now())
    }

    /// The SMTP reply for a blocked client: code, enhanced status, text with the case link.
    #[must_use]
    pub fn reply(&self, hit: &Hit, client: IpAddr) -> String {
        match self.content.causes.find(&hit.cause) {
            Some(cause) => cause.reply_line(&self.link(hit, client)),
            None => format!("550 5.7.1 {}", self.reason(hit, client)),
        }
    }

    /// The text of that reply alone.
    #[must_use]
    pub fn reason(&self, hit: &Hit, client: IpAddr) -> String {
        let link = self.link(hit, client);
        match self.content.causes.find(&hit.cause) {
            Some(cause) => cause.reply_text(&link),
            None => format!("blocked ({}), see {link}", hit.cause),
        }
    }

    /// The case link of a block, for this client.
    #[must_use]
    pub fn link(&self, hit: &Hit, client: IpAddr) -> String {
        format!("{}{}", self.config.http.public_url, case_path(&hit.case_code, Some(client)))
    }

    /// Whether mail to `recipient` is taken from everybody: postmaster and abuse (RFC 5321 4.5.1), and live addresses
    /// of tickets in the portal's own domain.
    #[must_use]
    pub fn is_open(&self, recipient: &str) -> bool {
        let recipient = recipient.trim().to_lowercase();
        let (local, domain) = recipient.rsplit_once('@').unwrap_or((&recipient, ""));
        let always = self.config.gateways.open_recipients.iter().any(|open| match open.strip_suffix('@') {
            Some(name) => name == local,
            None => *open == recipient,
        });
        always || (domain == self.config.mail.from.domain() && self.is_live_token(local))
    }

    /// Whether this is a mail to the token of a proof, from the network that the proof is for. With `is_rcpt` it is reported.
    /// Mail without a sender does not count: whoever forges a sender makes others bounce to any address.
    #[must_use]
    pub fn takes_proof(&self, client: IpAddr, sender: &str, recipient: &str, is_rcpt: bool) -> bool {
        let recipient = recipient.trim().to_lowercase();
        let Some((local, domain)) = recipient.rsplit_once('@') else { return false };
        let Some(token) = local.strip_prefix("unblock+").filter(|_| domain == self.config.mail.from.domain()) else {
            return false;
        };
        let token_hash = hash(token.as_bytes());
        let counts =
            !matches!(sender.trim(), "" | "<>") && self.blocklist.proof_lives(&token_hash, client, self.clock.now());
        if counts && is_rcpt && self.sightings.try_send(Sighting { token_hash, client }).is_err() {
            tracing::warn!("a mail to a proof was seen but could not be reported; its sender may send another");
        }
        counts
    }

    /// Whether this local part is `reply+TOKEN` or `bounce+TOKEN` of a ticket that takes mail.
    fn is_live_token(&self, local: &str) -> bool {
        let token = local.strip_prefix("reply+").or_else(|| local.strip_prefix("bounce+"));
        token.is_some_and(|token| self.blocklist.token_lives(&hash(token.as_bytes()), self.clock.now()))
    }
}
