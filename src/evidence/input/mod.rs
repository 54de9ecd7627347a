//! From bytes to text: archives, character sets, terminal escapes, HTML, quoting.
//!
//! Everything is bounded: an archive that unpacks to more than [`MAX_UNPACKED`] is cut, and so is
//! what the budget does not pay for.

mod archive;
mod charset;
mod clean;
pub(crate) mod mime;
mod transfer;

use std::borrow::Cow;

use super::context::Work;

pub(crate) use charset::wide as utf16;

/// At most this many bytes come out of the archives of one upload.
const MAX_UNPACKED: usize = 256 << 20;

/// The texts in the evidence, decoded and cleaned.
pub(crate) fn open<'a>(bytes: &'a [u8], work: &mut Work) -> Vec<Cow<'a, str>> {
    archive::unpack(bytes, work)
        .into_iter()
        .filter_map(|part| {
            work.spend(part.len()).then_some(())?;
            Some(match part {
                Cow::Borrowed(bytes) => text(bytes),
                Cow::Owned(bytes) => Cow::Owned(text(&bytes).into_owned()),
            })
        })
        .collect()
}

/// The decoded and cleaned text of one file.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    clean::clean(charset::decode(bytes))
}

/// The decoded text of a piece of a file whose beginning has no dress.
pub(crate) fn piece(bytes: &[u8]) -> Cow<'_, str> {
    clean::unescaped(charset::decode(bytes))
}
