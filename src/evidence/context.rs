//! What the reader knows besides the bytes: nothing is asked of the system while reading.

use ipnet::IpNet;
use jiff::Timestamp;

/// How much work one reading may cost, in bytes looked at (each pass over the text counts), so
/// that the same input gives the same findings on a slow machine and on a fast one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub u64);

impl Default for Budget {
    /// Enough for a log of about a hundred megabytes, several times over.
    fn default() -> Self {
        Self(1 << 30)
    }
}

/// The circumstances of a reading: when it arrived and who "we" are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// When the evidence came in; settles the year of log lines and dates far off.
    pub arrived: Option<Timestamp>,
    /// Host names (or domains) of our own receiving servers.
    pub own_hosts: Vec<String>,
    /// Codes of our cause catalogue, such as `PB-SPAM`.
    pub cause_codes: Vec<String>,
    /// Where our case links start, such as `https://postmaster.example`.
    pub case_link_base: Option<String>,
    /// Our own networks.
    pub networks: Vec<IpNet>,
    /// How much work the reading may cost.
    pub budget: Budget,
    /// The name of the uploaded file, a hint only.
    pub file_name: Option<String>,
}

/// What is left of a [`Budget`] while a reading goes on.
#[derive(Debug)]
pub(crate) struct Work {
    /// Units still to be spent.
    left: u64,
    /// Whether something was left unread for lack of budget or because a bound was met.
    cut: bool,
}

impl Work {
    /// Opens the account of one reading.
    pub(crate) fn new(budget: Budget) -> Self {
        Self { left: budget.0, cut: false }
    }

    /// Pays for looking at `bytes`; says whether there was enough left.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        let cost = u64::try_from(bytes).unwrap_or(u64::MAX);
        let paid = cost <= self.left;
        self.left = self.left.saturating_sub(cost);
        self.cut |= !paid;
        paid
    }

    /// Notes that a bound was met, so part of the input stays unread.
    pub(crate) fn cut(&mut self) {
        self.cut = true;
    }

    /// Whether everything was read so far.
    pub(crate) fn complete(&self) -> bool {
        !self.cut
    }
}
