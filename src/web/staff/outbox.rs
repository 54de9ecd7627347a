//! The outbox: every mail, where it stands, and its text.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::view::address;
use crate::app::App;
use crate::domain::id::{Id, SECRET_LEN};
use crate::domain::ticket::{Ticket, visible};
use crate::store::outbox::{self, Mail, MailState};
use crate::store::tickets;
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How many mails stand on a page.
const PAGE: usize = 50;

/// The path of the list.
const PATH: &str = "/staff/outbox";

/// Which mails the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A state.
    state: String,
    /// Where the page begins.
    before: String,
}

/// The list.
#[derive(Template, WebTemplate)]
#[template(path = "staff/outbox.html")]
pub struct OutboxPage {
    /// What all pages share.
    shell: Shell,
    /// The state that is asked for.
    state: String,
    /// The mails.
    mails: Vec<Mail>,
    /// Where the next page begins.
    next: Option<String>,
    /// Whether mails leave at all.
    is_sending: bool,
}

/// One mail.
#[derive(Template, WebTemplate)]
#[template(path = "staff/mail.html")]
pub struct MailPage {
    /// What all pages share.
    shell: Shell,
    /// The mail.
    mail: Mail,
    /// The ticket that it is about.
    ticket: Option<Ticket>,
    /// Its sender.
    from: String,
    /// Whether mails leave at all.
    is_sending: bool,
}

/// Shows a page of mails.
pub async fn index(
    State(app): State<App>,
    shell: Shell,
    _: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<OutboxPage> {
    let word = Some(asked.state.as_str()).filter(|word| !word.is_empty());
    let state = word.map(str::parse::<MailState>).transpose()?;
    let most = i64::try_from(PAGE).unwrap_or(50);
    let mut mails = outbox::list(app.desk.db.pool(), state, asked.before.parse().ok(), most + 1).await?;
    let more = mails.len() > PAGE;
    mails.truncate(PAGE);
    let last = mails.last().filter(|_| more).map(|last| last.id.to_string());
    let next = last.map(|last| address(PATH, &[("state", asked.state.as_str()), ("before", last.as_str())]));
    let is_sending = app.desk.config.mail.smtp_url.is_some();
    Ok(OutboxPage { shell, state: asked.state, mails, next, is_sending })
}

/// Shows one mail.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Path(id): Path<i64>) -> Result<MailPage> {
    let pool = app.desk.db.pool();
    let mail = outbox::find(pool, Id(id)).await?.ok_or(Error::NotFound)?;
    let ticket = match mail.ticket_id {
        Some(ticket) => tickets::find(pool, ticket).await?,
        None => None,
    };
    let config = &app.desk.config.mail;
    Ok(MailPage { shell, mail, ticket, from: config.from.to_string(), is_sending: config.smtp_url.is_some() })
}

/// Queues a mail that was given up once more.
pub async fn retry(State(app): State<App>, me: SignedIn, Path(id): Path<i64>) -> Result<Redirect> {
    app.desk.retry_mail(&me.staff, Id(id)).await?;
    Ok(Redirect::to(&format!("{PATH}/{id}")))
}

/// A text with every secret in it left out.
fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for run in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = run.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_secret = word.len() >= SECRET_LEN;
        out.push_str(if is_secret { "…" } else { word });
        out.push_str(run.get(word.len()..).unwrap_or_default());
    }
    out
}

impl OutboxPage {
    /// The states to filter by: word, address, whether it is the present one.
    fn tabs(&self) -> impl Iterator<Item = (&'static str, String, bool)> {
        let words = std::iter::once("").chain(MailState::ALL.iter().map(|state| state.as_str()));
        words.map(|word| (word, address(PATH, &[("state", word)]), self.state == word))
    }
}

impl MailPage {
    /// The text, made showable. Its links let their holder act as the sender, so who may not act gets them without their end.
    fn body(&self) -> String {
        let body = visible(&self.mail.body);
        if self.shell.may_work() { body } else { without_secrets(&body) }
    }

    /// What the last try ran into, made showable.
    fn error(&self) -> String {
        visible(self.mail.last_error.as_deref().unwrap_or_default())
    }

    /// Whether it was given up.
    fn is_failed(&self) -> bool {
        self.mail.state == MailState::Failed
    }

    /// Whether it waits and nothing takes it.
    fn is_stuck(&self) -> bool {
        self.mail.state == MailState::Queued && !self.is_sending
    }

    /// Whether it waits for its next try.
    fn is_under_way(&self) -> bool {
        self.mail.state == MailState::Queued && self.is_sending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Secret;

    #[test]
    fn a_text_without_secrets_keeps_all_else() {
        let secret = Secret::new();
        let text = |end: &str| format!("Grüße,\n\nhttps://portal.example/requests/PM-7K3F-9QX2?key={end}\n<{end}>.\n");
        assert_eq!(without_secrets(&text(secret.reveal())), text("…"));
        assert_eq!(without_secrets(&text("short")), text("short"));
    }
}
