//! The start page: "I am …", and a box for an address or a refusal.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use crate::app::App;
use crate::web::shell::Shell;

/// A front door: who comes, and where it leads. Its texts stand under `door-<word>`, those of its links under `door-<word>-<n>`.
#[derive(Debug)]
pub struct Door {
    /// Its word, which articles name.
    pub word: &'static str,
    /// Where its heading leads.
    pub href: &'static str,
    /// Further links, first to last.
    pub more: &'static [&'static str],
}

/// The front doors of senders and customers.
pub const DOORS: &[Door] = &[
    Door {
        word: "user",
        href: "/faq/shared-hosting-no-admin",
        more: &["/faq/how-to-read-a-refusal", "/faq?door=user"],
    },
    Door { word: "admin", href: "/check", more: &["/requests/new?kind=unblock", "/faq?door=admin"] },
    Door {
        word: "newsletter",
        href: "/faq/sending-recommendations",
        more: &["/faq/not-marked-as-spam", "/faq?door=newsletter"],
    },
    Door { word: "hoster", href: "/faq/ranges-and-hosters", more: &["/requests/new?kind=unblock", "/faq?door=hoster"] },
    Door {
        word: "customer",
        href: "/faq/mail-missing",
        more: &["/requests/new?kind=mail-is-missing", "/faq?door=customer"],
    },
    Door {
        word: "abuse",
        href: "/faq/report-abuse",
        more: &["/requests/new?kind=abuse-from-your-network", "/faq?door=abuse"],
    },
];

/// How many questions the start page shows.
const MOST_ASKED: usize = 8;

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/start.html")]
pub struct Page {
    /// What all pages share.
    shell: Shell,
    /// The front doors.
    doors: &'static [Door],
    /// The most asked questions: name and title.
    questions: Vec<(String, String)>,
}

impl Door {
    /// Its further links: where each leads, and the key of what it says.
    fn links(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.more.iter().enumerate().map(|(n, href)| (*href, format!("door-{}-{}", self.word, n + 1)))
    }
}

/// Shows the start page.
pub async fn show(State(app): State<App>, shell: Shell) -> Page {
    let articles = app.desk.content.articles(shell.lang()).iter().take(MOST_ASKED);
    let questions = articles.map(|a| (a.slug.clone(), a.front.title.clone())).collect();
    Page { doors: DOORS, questions, shell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::texts;

    #[test]
    fn every_door_has_its_words() {
        let texts = texts("en");
        for door in DOORS {
            assert!(texts.has(&format!("door-{}", door.word)) && texts.has(&format!("door-{}-text", door.word)));
            assert!(door.links().all(|(_, key)| texts.has(&key)), "{}", door.word);
        }
    }
}
