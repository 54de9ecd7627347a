//! Questions and answers: by front door, by words, one by one.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use super::start::{DOORS, Door};
use crate::app::App;
use crate::domain::article::{Article, search};
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};
use crate::web::shell::Shell;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Words to search for.
    #[serde(default)]
    q: String,
    /// Only articles for those who come by this front door.
    #[serde(default)]
    door: String,
}

/// A link to an article.
#[derive(Debug, Clone)]
struct Link {
    /// Its name in the URL.
    slug: String,
    /// The question.
    title: String,
    /// The answer in one sentence.
    summary: String,
}

impl From<&Article> for Link {
    fn from(article: &Article) -> Self {
        Self { slug: article.slug.clone(), title: article.front.title.clone(), summary: article.front.summary.clone() }
    }
}

/// The list of articles.
#[derive(Template, WebTemplate)]
#[template(path = "public/faq.html")]
pub struct Index {
    /// What all pages share.
    shell: Shell,
    /// The words that were searched for.
    q: String,
    /// The front door whose articles are shown; empty: all.
    door: &'static str,
    /// All front doors.
    doors: &'static [Door],
    /// What was found or belongs to the door.
    found: Vec<Link>,
}

impl Index {
    /// Whether something was searched for or a door chosen.
    fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || !self.door.is_empty()
    }
}

/// One article.
#[derive(Template, WebTemplate)]
#[template(path = "public/article.html")]
pub struct Page {
    /// What all pages share.
    shell: Shell,
    /// The article.
    article: Article,
    /// The one before it.
    before: Option<Link>,
    /// The one after it.
    after: Option<Link>,
}

/// Lists the articles, all or those that were asked for.
pub async fn index(State(app): State<App>, Query(asked): Query<Asked>, shell: Shell) -> Index {
    let articles = app.desk.content.articles(shell.lang());
    let q: String = asked.q.trim().chars().take(200).collect();
    let door = if q.is_empty() { asked.door.as_str() } else { "" };
    let door = DOORS.iter().find(|d| d.word == door).map_or("", |d| d.word);
    let found = if q.is_empty() {
        articles.iter().filter(|a| leads_to(door, a)).map(Link::from).collect()
    } else {
        search(articles, &q).into_iter().map(Link::from).collect()
    };
    Index { shell, q, door, doors: DOORS, found }
}

/// Whether the front door leads to the article; no door leads to all.
fn leads_to(door: &str, article: &Article) -> bool {
    door.is_empty() || article.front.doors.iter().any(|d| d == door)
}

/// Shows one article.
pub async fn show(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Page> {
    let articles = app.desk.content.articles(shell.lang());
    let article = app.desk.content.article(shell.lang(), &slug).ok_or(Error::NotFound)?.clone();
    let place = articles.iter().position(|a| a.slug == slug);
    let at = |place: Option<usize>| place.and_then(|p| articles.get(p)).map(Link::from);
    let before = at(place.and_then(|p| p.checked_sub(1)));
    let after = at(place.map(|p| p + 1));
    Ok(Page { shell, article, before, after })
}
