//! A few borrowed words, kept without an allocation: every hop has a dozen such lists.

/// The most words that one list keeps.
const MOST: usize = 8;

/// Up to [`MOST`] words; further ones are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct List<'t> {
    /// The words, and unused places behind them.
    words: [&'t str; MOST],
    /// How many places are used.
    len: usize,
}

impl<'t> List<'t> {
    /// Keeps one more word, if there is room.
    pub(super) fn push(&mut self, word: &'t str) {
        if let Some(place) = self.words.get_mut(self.len) {
            *place = word;
            self.len += 1;
        }
    }

    /// The words.
    pub(super) fn all(&self) -> &[&'t str] {
        self.words.get(..self.len).unwrap_or(&self.words)
    }

    /// The words, one by one.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.all().iter().copied()
    }

    /// The first word.
    pub(super) fn first(&self) -> Option<&'t str> {
        self.all().first().copied()
    }

    /// Whether there is no word.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_takes_no_more() {
        let mut list = List::default();
        for _ in 0..20 {
            list.push("x");
        }
        assert_eq!((list.all().len(), list.first()), (MOST, Some("x")));
    }
}
