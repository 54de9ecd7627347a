//! Mistakes in a form: what is wrong with which field, as `templates/macros/form.html` shows it.

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's name, which is the `id` of its input too.
    pub field: &'static str,
    /// One sentence that says what is wrong and what to write.
    pub text: String,
}

/// All that is wrong with a form, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// One fault only.
    #[must_use]
    pub fn one(field: &'static str, text: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, text);
        faults
    }

    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push(Fault { field, text: text.into() });
    }

    /// Gives the value, or adds why there is none.
    pub fn take<T, E: std::fmt::Display>(&mut self, field: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// The first sentence about a field; an iterator, so that a template can loop over it.
    pub fn of(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |fault| fault.field == field).map(|fault| fault.text.as_str()).take(1)
    }

    /// Whether something is wrong with a field.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.of(field).next().is_some()
    }

    /// Whether a hint or a fault describes a field.
    #[must_use]
    pub fn describes(&self, field: &str, hint: &str) -> bool {
        !hint.is_empty() || self.has(field)
    }

    /// The ids of the texts that describe a field, for `aria-describedby`.
    #[must_use]
    pub fn described_by(&self, field: &str, hint: &str) -> String {
        match (hint.is_empty(), self.has(field)) {
            (false, true) => format!("{field}-error {field}-hint"),
            (true, true) => format!("{field}-error"),
            (_, false) => format!("{field}-hint"),
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much is wrong.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All faults.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_tied_to_its_texts() {
        let faults = Faults::one("email", "write one");
        assert_eq!(faults.described_by("email", "a hint"), "email-error email-hint");
        assert_eq!(faults.described_by("email", ""), "email-error");
        assert_eq!(faults.described_by("name", "a hint"), "name-hint");
        assert!(!faults.describes("name", ""));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault() {
        let mut faults = Faults::default();
        assert_eq!(faults.take("n", "7".parse::<i32>()), Some(7));
        assert_eq!(faults.take("n", "x".parse::<i32>()), None);
        assert_eq!((faults.count(), faults.of("n").count()), (1, 1));
    }
}
