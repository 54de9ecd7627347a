//! What a reading found. What the text does not say is `None`; nothing is ever invented.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::header::Header;
use super::lint::Lint;

/// What kind of text the evidence is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Lines of a log, a session transcript, or events as JSON or CSV.
    Log,
    /// A delivery report, as a mail or as pasted prose.
    Bounce,
    /// A complaint about a mail (ARF), which is no bounce.
    Complaint,
    /// An automatic answer such as a vacation note, which is no bounce.
    AutoReply,
    /// A header block without a body.
    Header,
    /// An ordinary message with its body.
    Message,
    /// A bare reply of a server.
    Reply,
    /// Several kinds in one paste.
    Mixed,
    /// Nothing that the reader knows.
    #[default]
    Unknown,
}

/// Why a mail was refused, in the twelve words that the whole program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The provider's own decision about an address.
    IpBlock,
    /// A named third-party or DNS list.
    Rbl,
    /// The name of the address is missing or wrong.
    Rdns,
    /// The greeting is refused.
    Helo,
    /// Too much or too fast.
    RateLimit,
    /// Come back later, on principle.
    Greylist,
    /// SPF, DKIM, DMARC.
    AuthDmarc,
    /// The content is taken for spam or malware.
    ContentSpam,
    /// The recipient does not exist or is switched off.
    MailboxUnknown,
    /// Another rule of the receiver.
    Policy,
    /// Encryption is missing or fails.
    Tls,
    /// Anything else: full mailboxes, network trouble, no reason given.
    Other,
}

/// Which side of the connection wrote the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The receiving server; the address is the client's.
    In,
    /// The sender's own server.
    Out,
}

/// Whose refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Ours, by our cause code, case link or host names.
    Ours,
    /// Another provider's.
    Provider,
    /// A receiver acts on a named blocklist: ask there.
    Blocklist,
    /// The sender's own server refuses or gives up.
    OwnServer,
}

/// One refusal that the text tells of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// The line it starts in, counted from 1.
    pub line: Option<usize>,
    /// The sending address it is about.
    pub ip: Option<IpAddr>,
    /// The three-digit code.
    pub smtp_code: Option<u16>,
    /// The enhanced status code inside the reply.
    pub enhanced_status: Option<String>,
    /// The reply itself, white space folded.
    pub text: String,
    /// Why it was refused.
    pub category: Option<Category>,
    /// Whose server said it.
    pub provider: Option<String>,
    /// The first URL in it.
    pub url: Option<String>,
    /// The queue or session id.
    pub queue_id: Option<String>,
    /// The domain of the recipient.
    pub recipient_domain: Option<String>,
    /// The time as written.
    pub time: Option<String>,
    /// The same as ISO 8601, the year completed from when the evidence came; without zone when none is told.
    pub at: Option<String>,
    /// The name of the receiving server.
    pub remote_host: Option<String>,
    /// The address of the receiving server.
    pub remote_ip: Option<IpAddr>,
    /// How the sender greeted.
    pub helo: Option<String>,
    /// Which side wrote the line.
    pub direction: Option<Direction>,
    /// The envelope sender's domain.
    pub sender_domain: Option<String>,
    /// The host that wrote the line.
    pub local_host: Option<String>,
    /// The command that was refused.
    pub phase: Option<String>,
    /// The status of the delivery report, which may differ from what the reply says.
    pub dsn_status: Option<String>,
    /// Whose refusal it is.
    pub whose: Option<Whose>,
    /// The name of the blocklist.
    pub list: Option<String>,
    /// Where to ask that blocklist for removal.
    pub removal_url: Option<String>,
    /// Our cause code.
    pub cause: Option<String>,
    /// The code in our case link.
    pub case: Option<String>,
}

/// Everything that was found in one piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// What kind of text it is.
    pub kind: Kind,
    /// The software that wrote it.
    pub mta: Option<String>,
    /// The sending addresses it is about.
    pub ips: Vec<IpAddr>,
    /// The code of the first refusal.
    pub smtp_code: Option<u16>,
    /// The enhanced status code of the first refusal.
    pub enhanced_status: Option<String>,
    /// Why the first one was refused.
    pub category: Option<Category>,
    /// Whose server refused first.
    pub provider: Option<String>,
    /// The URL of the first refusal.
    pub url: Option<String>,
    /// The queue id of the first refusal.
    pub queue_id: Option<String>,
    /// The domains of the recipients.
    pub recipient_domains: Vec<String>,
    /// The refusals, oldest first as they stand in the text.
    pub replies: Vec<Reply>,
    /// How many further refusals were counted but not kept.
    pub more_replies: usize,
    /// What the header says, when there is one.
    pub header: Option<Header>,
    /// What is wrong in the header.
    pub lint: Vec<Lint>,
    /// Whose refusal the first one is.
    pub whose: Option<Whose>,
    /// The status in the delivery report.
    pub dsn_status: Option<String>,
    /// The queue id, addresses and names aside: what an automatic mail says it is about.
    pub note: Option<String>,
    /// False when a bound or the budget was met, so part of the input stays unread.
    pub fully_read: bool,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            kind: Kind::Unknown,
            mta: None,
            ips: Vec::new(),
            smtp_code: None,
            enhanced_status: None,
            category: None,
            provider: None,
            url: None,
            queue_id: None,
            recipient_domains: Vec::new(),
            replies: Vec::new(),
            more_replies: 0,
            header: None,
            lint: Vec::new(),
            whose: None,
            dsn_status: None,
            note: None,
            fully_read: true,
        }
    }
}
