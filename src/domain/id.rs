//! Ids, public codes and secrets, all made by the program.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::time::Time;

/// The key of a row: 41 bits of milliseconds since 2020, 22 bits that tell rows of one millisecond apart.
///
/// Ids grow with time, so a new row is appended to its index, and "the newest first" is an order by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Id(pub i64);

/// 2020-01-01T00:00:00Z, where ids begin to count.
const ID_EPOCH: i64 = 1_577_836_800_000;

/// The last id that this process made; ids never repeat or step back within a process.
static LAST_ID: AtomicI64 = AtomicI64::new(0);

/// 21 random bits, so that processes that start counting in the same millisecond start far apart.
static START: LazyLock<i64> = LazyLock::new(|| i64::from(u32::from_le_bytes(random()) & 0x1F_FFFF));

impl Id {
    /// A fresh id for something that happens at `now`.
    #[must_use]
    pub fn new(now: Time) -> Self {
        let floor = (now.0.saturating_sub(ID_EPOCH).max(0) << 22) | *START;
        let step = |last: i64| Some(floor.max(last.saturating_add(1)));
        let last = LAST_ID.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or(floor);
        Self(floor.max(last.saturating_add(1)))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Id {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Letters of codes that people read aloud (Crockford base 32: no I, L, O, U).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `N` bytes from the operating system.
///
/// # Panics
/// When the operating system gives none: without them no secret may be made.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret may be made; there is nothing to go on with")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// `bytes` with five bits of each as a letter of [`ALPHABET`].
fn letters(bytes: &[u8]) -> String {
    bytes.iter().filter_map(|b| ALPHABET.get(usize::from(b & 31))).map(|b| char::from(*b)).collect()
}

/// A fresh case code of a block: eight letters, `7K3FQ2XW`.
#[must_use]
pub fn case_code() -> String {
    letters(&random::<8>())
}

/// A fresh public code of a ticket: `PM-7K3F-9QX2`.
#[must_use]
pub fn ticket_code() -> String {
    let text = letters(&random::<8>());
    let (left, right) = text.split_at(4);
    format!("PM-{left}-{right}")
}

/// What a person typed as a code, in the spelling that is stored: case and the mistakable letters O, I and L do not matter,
/// and what is in no code (quotes, a NUL that a database would refuse) is left out.
#[must_use]
pub fn fold_code(typed: &str) -> String {
    let fold = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    typed.chars().take(40).filter(|c| c.is_ascii_alphanumeric() || *c == '-').map(fold).collect()
}

/// The length of a secret.
pub const SECRET_LEN: usize = 32;

/// A secret that is handed out once; only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A fresh secret of 160 random bits: 32 letters, safe in URLs and in the local part of a mail address.
    #[must_use]
    pub fn new() -> Self {
        Self::from_bytes(&random::<20>())
    }

    /// The secret that these bytes spell.
    fn from_bytes(bytes: &[u8]) -> Self {
        Self(data_encoding::BASE32_NOPAD.encode(bytes).to_ascii_lowercase())
    }

    /// A secret that can be found again from `material` by whoever holds `key`, and by nobody else (HMAC-SHA-256).
    #[must_use]
    pub fn derived(key: &[u8; 32], material: &[u8]) -> Self {
        let tag = hmac(key, material);
        Self::from_bytes(tag.get(..20).unwrap_or(&tag))
    }

    /// A secret as somebody presents it.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.trim().chars().take(128).collect())
    }

    /// The text to hand out.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored: SHA-256 in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(self.0.as_bytes())
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of `bytes` in hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// HMAC-SHA-256 (RFC 2104) for a key of exactly 32 bytes.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |byte: u8| -> [u8; 64] {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_differ_and_grow() {
        let ids: Vec<Id> = (0..10_000).map(|_| Id::new(Time(ID_EPOCH + 1))).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn codes_have_their_shape() {
        assert_eq!(case_code().len(), 8);
        let code = ticket_code();
        assert!(code.starts_with("PM-") && code.len() == 12, "{code}");
        assert_eq!(fold_code(" pm-7k3f-9qxo "), "PM-7K3F-9QX0");
        assert_eq!(fold_code("7K3F\0'\"ü"), "7K3F");
    }

    #[test]
    fn a_secret_shows_only_when_asked() {
        let secret = Secret::new();
        assert_eq!(secret.reveal().len(), 32);
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        assert_eq!(Secret::presented(secret.reveal()).hash(), secret.hash());
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_test_case_2_in_shape() {
        // RFC 4231 pads short keys with zero bytes, as does this key.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let tag = data_encoding::HEXLOWER.encode(&hmac(&key, b"what do ya want for nothing?"));
        assert_eq!(tag, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
