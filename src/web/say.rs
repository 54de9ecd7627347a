//! What the domain says of mistakes and sizes, in the visitor's language.

use super::shell::Shell;
use crate::domain::email::BadEmail;
use crate::domain::net::BadNet;
use crate::locale::Sentence;

/// Why a text is no address or network.
#[must_use]
pub fn bad_net(shell: &Shell, bad: &BadNet) -> String {
    shell.say(&why_no_net(bad))
}

/// The sentence that says why a text is no address or network.
#[must_use]
pub fn why_no_net(bad: &BadNet) -> Sentence {
    let about = |key, given| Sentence::new(key).with("given", given);
    match bad {
        BadNet::Empty => Sentence::new("bad-net-empty"),
        BadNet::NotAddress(given) => about("bad-net-not-address", given),
        BadNet::LeadingZero(given) => about("bad-net-leading-zero", given),
        BadNet::Prefix(given) => about("bad-net-prefix", given),
        BadNet::HostBits { given, network } => about("bad-net-host-bits", given).with("network", network),
        BadNet::Network(given) => about("bad-net-network", given),
    }
}

/// Why a text is no mail address.
#[must_use]
pub fn bad_email(shell: &Shell, bad: &BadEmail) -> String {
    match bad {
        BadEmail::Empty => shell.t("bad-email-empty"),
        BadEmail::Long => shell.t("bad-email-long"),
        BadEmail::Syntax(given) => shell.t1("bad-email-syntax", "given", given),
    }
}

/// A size for people: `734 bytes`, `12 KB`, `23 MB`.
#[must_use]
pub fn size(shell: &Shell, bytes: usize) -> String {
    match bytes {
        0..=1_023 => shell.t1("size-bytes", "count", bytes),
        1_024..=1_048_575 => shell.t1("size-kilobytes", "count", bytes.div_ceil(1_024)),
        _ => shell.t1("size-megabytes", "count", bytes.div_ceil(1_048_576)),
    }
}
