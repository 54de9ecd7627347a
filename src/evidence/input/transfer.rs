//! Undoes quoted-printable and base64 (RFC 2045), forgiving what mail programs break.

/// The value of a hexadecimal digit.
fn hex(byte: Option<&u8>) -> Option<u8> {
    let digit = char::from(*byte?).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Decodes quoted-printable; what is no valid escape stays as it is.
pub(super) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'=' {
            out.push(*byte);
            at += 1;
            continue;
        }
        at += escape(bytes, at, &mut out);
    }
    out
}

/// Handles one `=`; gives how many bytes it took.
fn escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    if let (Some(high), Some(low)) = (hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
        out.push(high << 4 | low);
        return 3;
    }
    let rest = bytes.get(at + 1..).unwrap_or(&[]);
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match rest.get(blanks..) {
        Some([b'\r', b'\n', ..]) => blanks + 3,
        Some([b'\n', ..]) => blanks + 2,
        _ => {
            out.push(b'=');
            1
        }
    }
}

/// Decodes base64; other characters are skipped, the end is the first `=` or the end of input.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0_u8;
    for value in bytes.iter().take_while(|b| **b != b'=').filter_map(|b| sextet(*b)) {
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
        }
    }
    out
}

/// The six bits of one base64 character.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings() {
        assert_eq!(quoted_printable(b"f=C3=BCr =\r\nuns = x"), "für uns = x".as_bytes());
        assert_eq!(base64(b"NTUwIG5v\r\nIQ=="), b"550 no!");
    }
}
