//! What the domain says of mistakes and sizes, in the visitor's language.

use super::shell::Shell;
use crate::domain::email::BadEmail;
use crate::domain::net::BadNet;

/// Why a text is no address or network.
#[must_use]
pub fn bad_net(shell: &Shell, bad: &BadNet) -> String {
    match bad {
        BadNet::Empty => shell.t("bad-net-empty"),
        BadNet::NotAddress(given) => shell.t1("bad-net-not-address", "given", given),
        BadNet::LeadingZero(given) => shell.t1("bad-net-leading-zero", "given", given),
        BadNet::Prefix(given) => shell.t1("bad-net-prefix", "given", given),
        BadNet::HostBits { given, network } => shell.t2("bad-net-host-bits", "given", given, "network", network),
        BadNet::Network(given) => shell.t1("bad-net-network", "given", given),
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
