//! FAQ articles: Markdown with TOML front matter, shown as HTML, found by words.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use serde::Deserialize;

/// The head of an article.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The question that it answers.
    pub title: String,
    /// The answer in one sentence.
    pub summary: String,
    /// Its place in the list.
    pub order: i64,
    /// Front doors that lead to it.
    #[serde(default)]
    pub doors: Vec<String>,
    /// Words that find it beside those of its text.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Where to go next.
    pub next: Vec<Next>,
}

/// One next step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// What the link says.
    pub label: String,
    /// Where it leads: a path of the portal.
    pub href: String,
}

/// One article, ready to show.
#[derive(Debug, Clone)]
pub struct Article {
    /// Its name in the URL.
    pub slug: String,
    /// Its head.
    pub front: Front,
    /// Its text as HTML: no raw HTML of the source passes through.
    pub html: String,
    /// Its words in lower case, for the search.
    words: String,
}

/// What is wrong with an article.
#[derive(Debug, thiserror::Error)]
pub enum BadArticle {
    /// The head is missing.
    #[error("it must begin with a head between two lines of +++")]
    NoFront,
    /// The head makes no sense.
    #[error(transparent)]
    Front(#[from] toml::de::Error),
    /// The next step is missing.
    #[error("its head names no next step; add next = [{{ label = \"…\", href = \"/requests/new\" }}]")]
    NoNext,
}

impl Article {
    /// Reads one article; `{{name}}` in it is replaced by the value of that name.
    ///
    /// # Errors
    /// When its head is missing or makes no sense.
    pub fn parse(slug: &str, source: &str, variables: &[(&str, &str)]) -> Result<Self, BadArticle> {
        let source = variables
            .iter()
            .fold(source.replace("\r\n", "\n"), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value));
        let rest = source.trim_start_matches('\u{feff}').strip_prefix("+++\n").ok_or(BadArticle::NoFront)?;
        let (head, body) = rest.split_once("\n+++\n").ok_or(BadArticle::NoFront)?;
        let front: Front = toml::from_str(head)?;
        if front.next.is_empty() {
            return Err(BadArticle::NoNext);
        }
        let words = format!("{} {} {} {body}", front.title, front.summary, front.keywords.join(" ")).to_lowercase();
        Ok(Self { slug: slug.to_owned(), html: render(body), words, front })
    }

    /// How well it fits all of the words of `query`; 0 when one of them is missing.
    #[must_use]
    pub fn score(&self, query: &str) -> usize {
        let head = format!("{} {}", self.front.title, self.front.keywords.join(" ")).to_lowercase();
        let mut score = 0;
        for word in query.to_lowercase().split_whitespace().take(12) {
            if !self.words.contains(word) {
                return 0;
            }
            score += 1 + 10 * usize::from(head.contains(word));
        }
        score
    }
}

/// The articles that fit `query`, best first.
#[must_use]
pub fn search<'a>(articles: &'a [Article], query: &str) -> Vec<&'a Article> {
    let mut found: Vec<(usize, &Article)> =
        articles.iter().map(|a| (a.score(query), a)).filter(|(score, _)| *score > 0).collect();
    found.sort_by_key(|(score, article)| (std::cmp::Reverse(*score), article.front.order));
    found.into_iter().map(|(_, article)| article).collect()
}

/// Markdown as HTML. Raw HTML is shown as the text it is; links lead to the web, to mail or within the portal only.
fn render(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: safe_target(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: safe_target(dest_url), title, id })
        }
        other => other,
    });
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events);
    // Wide tables scroll in a box of their own instead of widening the page on a telephone.
    out.replace("<table>", "<div class=\"scroll\" tabindex=\"0\"><table>").replace("</table>", "</table></div>")
}

/// A link target without schemes that run code.
fn safe_target(target: CowStr<'_>) -> CowStr<'_> {
    let ok = ["https://", "http://", "mailto:", "/", "#"].iter().any(|start| target.starts_with(start));
    if ok { target } else { CowStr::Borrowed("#") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "+++\ntitle = \"Why late?\"\nsummary = \"Queues.\"\norder = 1\nkeywords = [\"slow\"]\nnext = [{ label = \"Ask\", href = \"/requests/new\" }]\n+++\n\
        ## Greylisting {#grey}\n\nHello {{provider}} <script>alert(1)</script> [x](javascript:alert(1)) [y](/faq)\n\n|a|b|\n|-|-|\n|1|2|\n";

    #[test]
    fn an_article_is_read_and_shown() {
        let article = Article::parse("late", SOURCE, &[("provider", "Example Mail")]).unwrap();
        assert!(article.html.contains("<h2 id=\"grey\">Greylisting</h2>"), "{}", article.html);
        assert!(article.html.contains("Hello Example Mail") && article.html.contains("href=\"/faq\""));
        assert!(!article.html.contains("<script>") && !article.html.contains("javascript:"));
        assert!(article.html.contains("<div class=\"scroll\" tabindex=\"0\"><table>"));
    }

    #[test]
    fn the_search_wants_all_words_and_prefers_the_title() {
        let late = Article::parse("late", SOURCE, &[]).unwrap();
        let other = Article::parse(
            "other",
            &SOURCE.replace("Why late?", "Spam").replace("slow", "x").replace("Hello", "late"),
            &[],
        )
        .unwrap();
        let both = [other, late];
        let found: Vec<&str> = search(&both, "LATE").iter().map(|a| a.slug.as_str()).collect();
        assert_eq!(found, ["late", "other"]);
        assert!(search(&both, "late zebra").is_empty() && search(&both, "  ").is_empty());
    }

    #[test]
    fn an_article_without_head_or_next_step_is_refused() {
        assert!(matches!(Article::parse("x", "# Hi", &[]), Err(BadArticle::NoFront)));
        let none = SOURCE.replace("{ label = \"Ask\", href = \"/requests/new\" }", "");
        assert!(matches!(Article::parse("x", &none, &[]), Err(BadArticle::NoNext)));
    }
}
