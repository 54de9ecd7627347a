//! What the portal says at length: causes, articles, canned answers. Built in; the operator's folder stands in for it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::config::Config;
use crate::domain::article::Article;
use crate::domain::cause::Causes;
use crate::domain::ticket::Kind;
use crate::domain::time::DAY;
use crate::locale::FALLBACK;

/// The built-in files: `causes.toml`, `<language>/faq/<slug>.md`, `<language>/answers.toml`, `demo.toml`.
#[derive(rust_embed::RustEmbed)]
#[folder = "content/"]
struct Files;

/// A canned answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its name.
    pub id: String,
    /// What it is called in the list.
    pub title: String,
    /// The kinds of tickets that it is offered for; none: all.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Whether it says that a block was lifted: it is offered where there is one, or was.
    #[serde(default)]
    pub lifts: bool,
    /// Its text with `{code}`, `{ip}`, `{cause}`, `{link}`, `{provider}`, `{agent}`.
    pub body: String,
}

/// The file of canned answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// All of them.
    answer: Vec<Answer>,
}

/// Everything, read and checked.
#[derive(Debug)]
pub struct Content {
    /// All causes.
    pub causes: Causes,
    /// Articles by language, in their order.
    articles: BTreeMap<String, Vec<Article>>,
    /// Canned answers by language.
    answers: BTreeMap<String, Vec<Answer>>,
}

impl Content {
    /// Reads built-in files and those of the operator's folder.
    ///
    /// # Errors
    /// When one of them makes no sense; the message names the file and what is wrong.
    pub fn read(config: &Config) -> anyhow::Result<Self> {
        let files = all_files(config.content_folder.as_deref())?;
        let text = |name: &str| files.get(name).with_context(|| format!("content: {name} is missing"));
        let causes = Causes::parse(text("causes.toml")?).context("content: causes.toml")?;
        let days = (config.retention / DAY).to_string();
        let variables =
            [("provider", config.provider.as_str()), ("portal", &config.http.public_url), ("retention_days", &days)];
        let mut articles: BTreeMap<String, Vec<Article>> = BTreeMap::new();
        let mut answers = BTreeMap::new();
        for (name, source) in &files {
            let parts: Vec<&str> = name.split('/').collect();
            if let [lang, "faq", file] = parts.as_slice()
                && let Some(slug) = file.strip_suffix(".md")
            {
                let article = Article::parse(slug, source, &variables).with_context(|| format!("content: {name}"))?;
                articles.entry((*lang).to_owned()).or_default().push(article);
            }
            if let [lang, "answers.toml"] = parts.as_slice() {
                let read: Answers = toml::from_str(source).with_context(|| format!("content: {name}"))?;
                answers.insert((*lang).to_owned(), read.answer);
            }
        }
        for list in articles.values_mut() {
            list.sort_by_key(|a| (a.front.order, a.slug.clone()));
        }
        Ok(Self { causes, articles, answers })
    }

    /// The articles in `lang`, or in English.
    #[must_use]
    pub fn articles(&self, lang: &str) -> &[Article] {
        self.articles.get(lang).or_else(|| self.articles.get(FALLBACK)).map_or(&[], Vec::as_slice)
    }

    /// The article of this name in `lang`, or in English.
    #[must_use]
    pub fn article(&self, lang: &str, slug: &str) -> Option<&Article> {
        let of = |lang: &str| self.articles.get(lang).and_then(|list| list.iter().find(|a| a.slug == slug));
        of(lang).or_else(|| of(FALLBACK))
    }

    /// The canned answers in `lang`, or in English.
    #[must_use]
    pub fn answers(&self, lang: &str) -> &[Answer] {
        self.answers.get(lang).or_else(|| self.answers.get(FALLBACK)).map_or(&[], Vec::as_slice)
    }
}

/// The demonstration's data.
#[must_use]
pub fn demo() -> String {
    Files::get("demo.toml").map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// Built-in files by name, those of `folder` in their place.
fn all_files(folder: Option<&Path>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for name in Files::iter() {
        if let Some(file) = Files::get(&name) {
            files.insert(name.into_owned(), String::from_utf8_lossy(&file.data).into_owned());
        }
    }
    if let Some(folder) = folder {
        add_folder(folder, "", &mut files)?;
    }
    Ok(files)
}

/// Adds the files below `folder`, named by their path from where it began.
fn add_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("content.folder: {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            add_folder(&entry.path(), &format!("{name}/"), files)?;
        } else if Path::new(&name).extension().is_some_and(|kind| kind == "md" || kind == "toml") {
            let text = std::fs::read_to_string(entry.path()).with_context(|| format!("content.folder: {name}"))?;
            files.insert(name, text);
        }
    }
    Ok(())
}
