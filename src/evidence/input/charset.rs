//! Finds out how bytes are encoded and decodes them.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of a file: by its byte order mark, by its shape, else UTF-8 or Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or(bytes);
        return encoding.decode_without_bom_handling(rest).0;
    }
    if let Some(encoding) = utf16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    if memchr::memchr(0x1b, bytes).is_some() && bytes.is_ascii() && japanese(bytes) {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => eight_bit(bytes),
    }
}

/// Text that is not valid UTF-8: UTF-8 with a few faults, or an eight-bit set.
fn eight_bit(bytes: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(bytes);
    let faults = lossy.matches('\u{fffd}').count();
    let good = lossy.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    if good > 4 * faults { lossy } else { WINDOWS_1252.decode_without_bom_handling(bytes).0 }
}

/// Whether bytes are UTF-16, by their mark or their shape; true when the lower byte comes first.
pub(crate) fn wide(bytes: &[u8]) -> Option<bool> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = if marked.is_some() { marked } else { utf16(bytes) };
    encoding.filter(|e| [UTF_16LE, UTF_16BE].contains(e)).map(|e| e == UTF_16LE)
}

/// UTF-16 without a mark: every second byte of the beginning is zero.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(400) & !1)?;
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let most = head.len() * 2 / 5;
    if head.len() < 16 {
        return None;
    }
    if zeros(1) >= most {
        return Some(UTF_16LE);
    }
    (zeros(0) >= most).then_some(UTF_16BE)
}

/// Whether the escapes of ISO-2022-JP occur.
fn japanese(bytes: &[u8]) -> bool {
    [&b"\x1b$B"[..], b"\x1b$@", b"\x1b(J"].iter().any(|mark| memchr::memmem::find(bytes, mark).is_some())
}

/// Decodes a part of a message whose character set is named.
pub(super) fn named(bytes: &[u8], label: &str) -> String {
    match Encoding::for_label(label.trim().as_bytes()) {
        Some(encoding) if encoding != encoding_rs::REPLACEMENT => {
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        _ => decode(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_recognised() {
        let wide: Vec<u8> = "550 5.1.1 no such user".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide), "550 5.1.1 no such user");
        assert_eq!(decode(b"f\xfcr"), "für");
        assert_eq!(decode(b"\x1b$B$\"\x1b(B"), "あ");
        assert_eq!(decode("für".as_bytes()), "für");
    }
}
