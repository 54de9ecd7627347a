//! The evidence as text, for people to look at.

use super::context::{Context, Work};
use super::input;

/// The decoded text of the evidence, in which the line numbers of the findings count; several files one after the other.
/// Ends at a line end before `most` bytes; says whether that was all.
#[must_use]
pub fn text(bytes: &[u8], context: &Context, most: usize) -> (String, bool) {
    let mut work = Work::new(context.budget);
    let mut out = String::new();
    for part in input::open(bytes, &mut work) {
        for line in part.split_inclusive('\n') {
            if out.len() + line.len() > most {
                let room = line.floor_char_boundary(most.saturating_sub(out.len()));
                out.push_str(line.get(..room).filter(|_| out.is_empty()).unwrap_or_default());
                return (out, false);
            }
            out.push_str(line);
        }
    }
    (out, work.complete())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_a_line() {
        let context = Context::default();
        assert_eq!(text(b"one\ntwo\nthree\n", &context, 100), ("one\ntwo\nthree\n".to_owned(), true));
        assert_eq!(text(b"one\ntwo\nthree\n", &context, 9), ("one\ntwo\n".to_owned(), false));
        assert_eq!(text("ééééé".as_bytes(), &context, 5), ("éé".to_owned(), false));
    }
}
