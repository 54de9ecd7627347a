//! What all pages share: language, names, who is signed in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;

use super::files;
use super::session::Visitor;
use crate::app::App;
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::time::Time;
use crate::locale::{Arg, Sentence, Texts, choose, texts};

/// What the frame of a page shows.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The sentences in the visitor's language.
    pub texts: Texts,
    /// The provider's name.
    pub provider: String,
    /// What people reach the portal by, without a slash at the end.
    pub public_url: String,
    /// The path that was asked for.
    pub path: String,
    /// Whether this is the demonstration.
    pub demo: bool,
    /// Who is signed in.
    pub staff: Option<Staff>,
    /// The present moment.
    pub now: Time,
}

impl FromRequestParts<App> for Shell {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let lang = choose(header);
        let staff = match Visitor::from_request_parts(parts, app).await? {
            Visitor::Staff(found) => Some(found.staff),
            Visitor::Nobody | Visitor::Unknown => None,
        };
        Ok(Self {
            texts: texts(lang),
            provider: app.desk.config.provider.clone(),
            public_url: app.desk.config.http.public_url.clone(),
            path: parts.uri.path().to_owned(),
            demo: app.desk.config.demo,
            staff,
            now: app.desk.now(),
        })
    }
}

impl Shell {
    /// The language tag.
    #[must_use]
    pub fn lang(&self) -> &str {
        self.texts.lang()
    }

    /// The sentence of this name.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.texts.t(key)
    }

    /// The sentence with one value.
    pub fn t1(&self, key: &str, name: &str, value: impl Arg) -> String {
        self.texts.t1(key, name, value)
    }

    /// The sentence with two values.
    pub fn t2(&self, key: &str, name: &str, value: impl Arg, name2: &str, value2: impl Arg) -> String {
        self.texts.t2(key, name, value, name2, value2)
    }

    /// A sentence that came from elsewhere.
    #[must_use]
    pub fn say(&self, sentence: &Sentence) -> String {
        self.texts.say(sentence)
    }

    /// The sentence whose name is `prefix-word`: how a stored word is said.
    #[must_use]
    pub fn word(&self, prefix: &str, word: &str) -> String {
        self.texts.t(&format!("{prefix}-{}", word.replace('.', "-")))
    }

    /// The address of a static file, with its version.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        files::address(name)
    }

    /// `page` when the visitor is in that part of the portal: for `aria-current`.
    #[must_use]
    pub fn current(&self, prefix: &str) -> &'static str {
        let here = self.path == prefix || self.path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        if here { "page" } else { "false" }
    }

    /// A length of time until or since `then`, roughly, in words: `3 days`.
    #[must_use]
    pub fn ago(&self, then: &Time) -> String {
        let seconds = self.now.since(*then).abs() / 1_000;
        let (key, count) = match seconds {
            0..=59 => ("span-moments", seconds),
            60..=3_599 => ("span-minutes", seconds / 60),
            3_600..=86_399 => ("span-hours", seconds / 3_600),
            _ => ("span-days", seconds / 86_400),
        };
        self.texts.t1(key, "count", count)
    }

    /// Whether `id` is who is signed in.
    #[must_use]
    pub fn is_me(&self, id: &Option<Id>) -> bool {
        id.is_some() && self.staff.as_ref().map(|s| s.id) == *id
    }

    /// Whether who is signed in may work on tickets and blocks.
    #[must_use]
    pub fn may_work(&self) -> bool {
        self.staff.as_ref().is_some_and(|s| s.role.may_work())
    }

    /// Whether who is signed in may exempt networks.
    #[must_use]
    pub fn may_exempt(&self) -> bool {
        self.staff.as_ref().is_some_and(|s| s.role.may_exempt())
    }

    /// Whether who is signed in may change the team.
    #[must_use]
    pub fn may_manage_staff(&self) -> bool {
        self.staff.as_ref().is_some_and(|s| s.role.may_manage_staff())
    }
}
