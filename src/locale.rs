//! What people read: every sentence of pages and mails comes from a Fluent file of a language.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::domain::words::UnknownWord;

/// The Fluent files, `<language>/<room>.ftl`.
#[derive(rust_embed::RustEmbed)]
#[folder = "locales/"]
struct Files;

/// The language that has every sentence.
pub const FALLBACK: &str = "en";

/// The texts of one language.
#[derive(Clone)]
pub struct Texts {
    /// Its tag, such as `en`.
    lang: Arc<str>,
    /// Its sentences.
    bundle: Arc<FluentBundle<FluentResource>>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({})", self.lang)
    }
}

/// All languages; read once.
static ALL: LazyLock<BTreeMap<String, Texts>> = LazyLock::new(read_all);

/// Reads every language that has files.
fn read_all() -> BTreeMap<String, Texts> {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in Files::iter() {
        if let (Some((lang, _)), Some(file)) = (path.split_once('/'), Files::get(&path)) {
            sources.entry(lang.to_owned()).or_default().push(String::from_utf8_lossy(&file.data).into_owned());
        }
    }
    sources.iter().map(|(lang, files)| (lang.clone(), read(lang, files))).collect()
}

/// Reads the files of one language. A sentence that does not parse is left out; a test finds it.
fn read(lang: &str, files: &[String]) -> Texts {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.parse().unwrap_or_default()]);
    // Isolation marks would stand in mail subjects and in text that people copy.
    bundle.set_use_isolating(false);
    for source in files {
        let resource = FluentResource::try_new(source.clone()).unwrap_or_else(|(partly, _)| partly);
        bundle.add_resource_overriding(resource);
    }
    Texts { lang: Arc::from(lang), bundle: Arc::new(bundle) }
}

/// The languages that there are.
pub fn languages() -> impl Iterator<Item = &'static str> {
    ALL.keys().map(String::as_str)
}

/// The texts of `lang`, or English.
#[must_use]
pub fn texts(lang: &str) -> Texts {
    ALL.get(lang).or_else(|| ALL.get(FALLBACK)).cloned().unwrap_or_else(|| read(FALLBACK, &[]))
}

/// The best language for an `Accept-Language` header (RFC 9110 12.5.4).
#[must_use]
pub fn choose(header: &str) -> &'static str {
    let mut best: (&'static str, f32) = (FALLBACK, 0.0);
    for part in header.split(',').take(20) {
        let (tag, rest) = part.trim().split_once(';').unwrap_or((part.trim(), ""));
        let weight = rest.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(known) = languages().find(|lang| *lang == primary).filter(|_| weight > best.1) {
            best = (known, weight);
        }
    }
    best.0
}

/// A sentence that is not said yet: its name and its values, so that it can be said in the language of whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its name.
    key: &'static str,
    /// What stands in it.
    values: Vec<(&'static str, String)>,
}

impl Sentence {
    /// The sentence of this name.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, values: Vec::new() }
    }

    /// Whether it is the one of this name.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.key == key
    }

    /// The sentence with one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }
}

/// Says it in English, for the command line and the log.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&texts(FALLBACK).say(self))
    }
}

impl From<UnknownWord> for Sentence {
    fn from(bad: UnknownWord) -> Self {
        Self::new("unknown-word").with("given", bad.given).with("known", bad.known)
    }
}

/// A value that can stand in a sentence.
pub trait Arg {
    /// Its form for Fluent.
    fn value(&self) -> FluentValue<'static>;
}

impl Arg for str {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Arg for String {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

impl<T: Arg + ?Sized> Arg for &T {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

/// Numbers, which choose plural forms.
macro_rules! number_args {
    ($($type:ty),+) => { $(impl Arg for $type {
        fn value(&self) -> FluentValue<'static> {
            FluentValue::from(*self)
        }
    })+ };
}
number_args!(i64, usize, u64, u16, u32, i32);

/// Values that are shown as they display themselves.
macro_rules! display_args {
    ($($type:ty),+ $(,)?) => { $(impl Arg for $type {
        fn value(&self) -> FluentValue<'static> {
            FluentValue::from(self.to_string())
        }
    })+ };
}
display_args!(
    crate::domain::net::Net,
    crate::domain::time::Time,
    crate::domain::email::Email,
    std::net::IpAddr,
    std::borrow::Cow<'_, str>,
);

impl Texts {
    /// The tag of the language.
    #[must_use]
    pub fn lang(&self) -> &str {
        &self.lang
    }

    /// The sentence of this name; its name itself when there is none, which a test forbids.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The sentence with one value.
    pub fn t1(&self, key: &str, name: &str, value: impl Arg) -> String {
        self.with(key, &[(name, &value)])
    }

    /// The sentence with two values.
    pub fn t2(&self, key: &str, name: &str, value: impl Arg, name2: &str, value2: impl Arg) -> String {
        self.with(key, &[(name, &value), (name2, &value2)])
    }

    /// The sentence with any values.
    #[must_use]
    pub fn with(&self, key: &str, values: &[(&str, &dyn Arg)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set((*name).to_owned(), value.value());
        }
        self.find(key, &args).or_else(|| texts(FALLBACK).find(key, &args)).unwrap_or_else(|| key.to_owned())
    }

    /// A sentence that came from elsewhere.
    #[must_use]
    pub fn say(&self, sentence: &Sentence) -> String {
        let values: Vec<(&str, &dyn Arg)> =
            sentence.values.iter().map(|(name, value)| (*name, value as &dyn Arg)).collect();
        self.with(sentence.key, &values)
    }

    /// The sentence, when this language has it.
    fn find(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut faults = Vec::new();
        Some(self.bundle.format_pattern(pattern, Some(args), &mut faults).into_owned())
    }

    /// Whether this language has a sentence of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_parses() {
        for path in Files::iter() {
            let source = String::from_utf8(Files::get(&path).unwrap().data.into_owned()).unwrap();
            if let Err((_, faults)) = FluentResource::try_new(source) {
                panic!("{path}: {faults:?}");
            }
        }
    }

    #[test]
    fn the_best_language_is_chosen() {
        assert_eq!(choose("fr;q=0.9, en-GB;q=0.8"), "en");
        assert_eq!(choose(""), "en");
        assert_eq!(choose("*;q=0.5, ;;;,q=x"), "en");
    }
}
