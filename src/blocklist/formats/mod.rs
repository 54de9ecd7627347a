//! Lists as other programs write and read them: pure functions from lines to entries and back.

pub mod cut;
pub mod feed;
pub mod read;
pub mod write;

/// The end of what ends never.
const NEVER: &str = "never";

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One network a line, then maybe a cause, then maybe a note behind `#` or `;`.
    Plain,
    /// Networks only: what firewalls and maps read.
    Set,
    /// Comma, semicolon or tab separated, with or without a line of names.
    Csv,
    /// A data set of rbldnsd: `ip4set`, `ip4trie`, `ip6trie`, `combined`.
    Rbldnsd,
    /// A `cidr:` table of Postfix.
    PostfixCidr,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Plain, Self::Set, Self::Csv, Self::Rbldnsd, Self::PostfixCidr, Self::JsonLines];

    /// Its name at the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Set => "set",
            Self::Csv => "csv",
            Self::Rbldnsd => "rbldnsd",
            Self::PostfixCidr => "cidr",
            Self::JsonLines => "jsonl",
        }
    }

    /// Whether a reader takes its lines as one set of addresses and knows neither exemptions nor probations, so that they
    /// have to be cut out.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::Set | Self::Rbldnsd | Self::PostfixCidr)
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|f| f.as_str() == text).ok_or_else(|| format!("write one of: {}", names()))
    }
}
