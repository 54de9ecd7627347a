//! The catalogue of causes, as senders read it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use crate::app::App;
use crate::domain::block::Lasts;
use crate::domain::cause::{Cause, CauseText};
use crate::domain::time::{DAY, HOUR};
use crate::web::error::{Error, Result};
use crate::web::extract::Path;
use crate::web::shell::Shell;

/// One line of the list.
#[derive(Debug)]
struct Row {
    /// Code of the cause.
    code: String,
    /// Two or three words.
    title: String,
    /// One sentence.
    summary: String,
    /// The reply code with the enhanced status.
    reply: String,
}

/// The list of causes.
#[derive(Template, WebTemplate)]
#[template(path = "public/causes.html")]
pub struct Index {
    /// What all pages share.
    shell: Shell,
    /// All causes.
    rows: Vec<Row>,
}

/// One cause.
#[derive(Template, WebTemplate)]
#[template(path = "public/cause.html")]
pub struct Page {
    /// What all pages share.
    shell: Shell,
    /// The cause.
    cause: Cause,
    /// Its texts.
    text: CauseText,
    /// How long a block of it lasts, in words.
    lasts: String,
    /// The reply of a gateway, with an example of a case link.
    reply: String,
    /// The question of the article that helps.
    article: Option<String>,
}

/// Lists all causes.
pub async fn index(State(app): State<App>, shell: Shell) -> Index {
    let row = |cause: &Cause| {
        let text = cause.text(shell.lang());
        let (title, summary) = (text.title.clone(), text.summary.clone());
        Row { code: cause.code.clone(), title, summary, reply: format!("{} {}", cause.smtp, cause.enhanced) }
    };
    let rows = app.desk.content.causes.iter().map(row).collect();
    Index { shell, rows }
}

/// Shows one cause.
pub async fn show(State(app): State<App>, Path(code): Path<String>, shell: Shell) -> Result<Page> {
    let content = &app.desk.content;
    let cause = content.causes.find(&code).ok_or(Error::NotFound)?.clone();
    let text = cause.text(shell.lang()).clone();
    let reply = cause.reply_line(&format!("{}/c/7K3FQ2XW/203.0.113.7", shell.public_url));
    let article = content.article(shell.lang(), &cause.article).map(|a| a.front.title.clone());
    Ok(Page { lasts: lasts(&shell, cause.lasts()), cause, text, reply, article, shell })
}

/// A length of blocks in words.
fn lasts(shell: &Shell, lasts: Lasts) -> String {
    match lasts {
        Lasts::Forever => shell.t("entry-no-end"),
        Lasts::For(millis) if millis % DAY == 0 => shell.t1("span-days", "count", millis / DAY),
        Lasts::For(millis) => shell.t1("span-hours", "count", millis / HOUR),
    }
}
