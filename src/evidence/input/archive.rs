//! Opens gz and zip uploads, within bounds.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::MAX_UNPACKED;
use crate::evidence::context::Work;

/// At most this many files of a zip are read.
const MAX_FILES: usize = 64;

/// The files in an upload; the upload itself when it is no archive.
pub(super) fn unpack<'a>(bytes: &'a [u8], work: &mut Work) -> Vec<Cow<'a, [u8]>> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return vec![Cow::Owned(limited(MultiGzDecoder::new(bytes), MAX_UNPACKED, work))];
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return unzip(bytes, work);
    }
    vec![Cow::Borrowed(bytes)]
}

/// The files of a zip, as far as the bounds allow.
fn unzip<'a>(bytes: &'a [u8], work: &mut Work) -> Vec<Cow<'a, [u8]>> {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return vec![Cow::Borrowed(bytes)];
    };
    if zip.len() > MAX_FILES {
        work.cut();
    }
    let mut room = MAX_UNPACKED;
    let mut files = Vec::new();
    for index in 0..zip.len().min(MAX_FILES) {
        let Ok(file) = zip.by_index(index) else {
            continue;
        };
        if file.is_file() {
            let content = limited(file, room, work);
            room -= content.len().min(room);
            files.push(Cow::Owned(content));
        }
    }
    files
}

/// Reads at most `limit` bytes, and notes when there would have been more or the data is damaged.
fn limited(reader: impl Read, limit: usize, work: &mut Work) -> Vec<u8> {
    let mut out = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX);
    let done = reader.take(bound.saturating_add(1)).read_to_end(&mut out);
    if done.is_err() || out.len() > limit {
        work.cut();
        out.truncate(limit);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::evidence::context::Budget;

    #[test]
    fn gzip_is_opened_and_bounded() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"550 5.1.1 unknown").unwrap();
        let packed = encoder.finish().unwrap();
        let mut work = Work::new(Budget::default());
        assert_eq!(unpack(&packed, &mut work), vec![Cow::Borrowed(&b"550 5.1.1 unknown"[..])]);
        assert_eq!(limited(&b"abcdef"[..], 3, &mut work), b"abc");
        assert!(!work.complete());
    }
}
