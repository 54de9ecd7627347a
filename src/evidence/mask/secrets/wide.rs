//! UTF-16: two bytes a sign, masked in their places.

use memchr::memrchr_iter;

use super::STAR;

/// How many bytes a sign of a text has, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wide {
    /// One byte, or several in UTF-8.
    No,
    /// Two, the lower one first.
    Little,
    /// Two, the higher one first.
    Big,
}

/// Stands for every sign beyond ASCII: part of a word, and of no name.
const BEYOND: u8 = 0xff;

impl Wide {
    /// How the text that begins so is written.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match crate::evidence::input::utf16(bytes) {
            Some(true) => Self::Little,
            Some(false) => Self::Big,
            None => Self::No,
        }
    }

    /// Lets `mask` overwrite the text as if it had one byte a sign.
    pub(super) fn narrowed(self, bytes: &mut [u8], mask: impl FnOnce(&mut [u8]) -> usize) -> usize {
        if self == Self::No {
            return mask(bytes);
        }
        let mut narrow: Vec<u8> = bytes.chunks_exact(2).map(|pair| self.sign(pair)).collect();
        let masked = mask(&mut narrow);
        let pairs = bytes.chunks_exact_mut(2).zip(&narrow).filter(|(_, sign)| **sign == STAR);
        pairs.for_each(|(pair, _)| pair.copy_from_slice(&if self == Self::Little { [STAR, 0] } else { [0, STAR] }));
        masked
    }

    /// The sign that two bytes make, when it is one of ASCII.
    fn sign(self, pair: &[u8]) -> u8 {
        match (self, pair) {
            (Self::Little, [sign, 0]) | (Self::Big, [0, sign]) if sign.is_ascii() => *sign,
            _ => BEYOND,
        }
    }

    /// Behind the last line end; `None` when there is none.
    pub(super) fn last_line_end(self, bytes: &[u8]) -> Option<usize> {
        let mut ends = memrchr_iter(b'\n', bytes);
        match self {
            Self::No => ends.next().map(|at| at + 1),
            Self::Little => ends.find(|at| at % 2 == 0 && bytes.get(at + 1) == Some(&0)).map(|at| at + 2),
            Self::Big => ends.find(|at| at % 2 == 1 && bytes.get(at - 1) == Some(&0)).map(|at| at + 1),
        }
    }
}
