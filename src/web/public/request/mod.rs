//! The form of a request: shown, prefilled, taken, shown again with all that was typed.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use self::reading::Reading;
use self::typed::{FIELDS, Setting, Typed};
use super::kept::{self, Kept};
use super::standing::Entry;
use crate::app::App;
use crate::desk;
use crate::desk::Refusal;
use crate::desk::held::Closed;
use crate::desk::request::Submitted;
use crate::domain::id::fold_code;
use crate::domain::ticket::{Kind, status_path};
use crate::store::blocks;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::intake::{self, Intake, Trouble};
use crate::web::shell::Shell;

mod reading;
pub mod typed;

/// The form.
#[derive(Template, WebTemplate)]
#[template(path = "public/request.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// What stands in the fields.
    typed: Typed,
    /// What is wrong with them.
    faults: Faults,
    /// Files and long texts that wait for the next try.
    kept: Vec<Kept>,
    /// Why it was not taken, if not for a mistake: the key of a sentence.
    trouble: Option<&'static str>,
    /// Whether a file has to be chosen again.
    file_again: bool,
    /// The block that it is about.
    entry: Option<Entry>,
    /// What the reader understood, when that was asked for.
    reading: Option<Reading>,
}

impl Page {
    /// The kinds: word and name.
    fn kinds(&self) -> Vec<(&'static str, String)> {
        Kind::ALL.iter().map(|k| (k.as_str(), self.shell.word("kind", k.as_str()))).collect()
    }

    /// The kind that is chosen.
    fn chosen(&self) -> Kind {
        self.typed.kind().unwrap_or(Kind::Unblock)
    }

    /// The article that may answer it at once.
    fn article(&self) -> &'static str {
        match self.chosen() {
            Kind::Unblock => "recovered-but-refused",
            Kind::ConnectionsRefused => "connections-refused",
            Kind::MarkedAsSpam => "identified-as-spam",
            Kind::Delayed => "mail-delayed",
            Kind::MailIsMissing => "mail-missing",
            Kind::AbuseFromYourNetwork => "report-abuse",
            Kind::Other => "not-listed",
        }
    }
}

/// What a sender sees whose request is held.
#[derive(Template, WebTemplate)]
#[template(path = "public/held.html")]
struct HeldPage {
    /// What all pages share.
    shell: Shell,
    /// Where the mail with the link goes.
    email: String,
}

/// Shows the form, filled in as the link says.
pub async fn form(State(app): State<App>, Query(mut typed): Query<Typed>, shell: Shell) -> Response {
    let entry = entry(&app, shell.lang(), &typed.case).await;
    typed.prefill(&shell, entry.as_ref().map(|e| e.net).filter(|net| net.is_single()));
    let faults = Faults::default();
    let kept = Vec::new();
    Page { shell, typed, faults, kept, trouble: None, file_again: false, entry, reading: None }.into_response()
}

/// The block of a case code. The form works without it, also while the database is away.
async fn entry(app: &App, lang: &str, case: &str) -> Option<Entry> {
    let code = Some(fold_code(case)).filter(|code| !code.is_empty())?;
    let block = blocks::find_by_case(app.desk.db.pool(), &code).await.ok().flatten()?;
    Some(Entry::of_block(app, lang, &block))
}

/// Takes a request: stored before the answer goes out, or shown again with all that was typed.
pub async fn submit(
    State(app): State<App>,
    Client(client): Client,
    shell: Shell,
    request: Request,
) -> Result<Response> {
    let trouble = app.desk.is_closed(client).map(|closed| match closed {
        Closed::Visitor => Trouble::TooMany,
        Closed::All => Trouble::Busy,
    });
    let mut intake = intake::read(&app.desk.visited_from(client), request, FIELDS, trouble).await?;
    let typed = Typed::of(&intake);
    if intake.trouble.is_none() && !intake.text("read").is_empty() {
        return read_first(&app, shell, typed, &intake).await;
    }
    let setting = Setting { shell: &shell, intake: &intake, client };
    let checked = if intake.trouble.is_some() { Err(Faults::default()) } else { typed.check(&setting) };
    let outcome = match checked {
        Ok(request) => send(&app, &shell, &mut intake, request).await?,
        Err(faults) => Err(faults),
    };
    match outcome {
        Ok(Some(Submitted { code, secret })) => {
            Ok(Redirect::to(&format!("{}&new=yes", status_path(&code, secret.reveal()))).into_response())
        }
        Ok(None) => Ok((StatusCode::ACCEPTED, HeldPage { shell, email: typed.email }).into_response()),
        Err(faults) => Ok(again(&app, shell, typed, &intake, faults).await),
    }
}

/// Shows the form again with what the reader understood of the evidence in it; nothing is sent.
async fn read_first(app: &App, shell: Shell, typed: Typed, intake: &Intake) -> Result<Response> {
    if let Some(faults) = reading::fault(&shell, &typed, intake) {
        return Ok(again(app, shell, typed, intake, faults).await);
    }
    let reading = reading::read(app, &shell, intake, &typed).await?;
    let page = Page { reading: Some(reading), ..page(app, shell, typed, intake, Faults::default()).await };
    Ok(page.into_response())
}

/// Stores a request that is in order, with its evidence; `None` when it is held until its mail address is confirmed.
async fn send(
    app: &App,
    shell: &Shell,
    intake: &mut Intake,
    mut request: desk::request::Request,
) -> Result<std::result::Result<Option<Submitted>, Faults>> {
    if intake.lost {
        // The second sending of one form finds its files taken: by the ticket that the first one made.
        let before = app.desk.submitted_before(&request).await?;
        return Ok(before.map(Some).ok_or_else(|| Faults::one("file", shell.t("file-lost"))));
    }
    if !intake.keep(&app.desk, "evidence").await? {
        return Ok(Err(Faults::default()));
    }
    request.evidence = intake.held.iter().map(|piece| piece.id).collect();
    let outcome = match app.desk.submit(request.clone()).await {
        Err(Refusal::Beyond) => app.desk.hold(&request).await.map(|()| None),
        submitted => submitted.map(Some),
    };
    intake.trouble = match outcome {
        Ok(taken) => return Ok(Ok(taken)),
        Err(Refusal::Stale) => return Ok(Err(Faults::one("file", shell.t("file-lost")))),
        Err(Refusal::Beyond) => Some(Trouble::TooMany),
        Err(Refusal::TooMuch) => Some(Trouble::Busy),
        Err(other) => match Error::from(other) {
            Error::Unavailable => Some(Trouble::Away),
            error => return Err(error),
        },
    };
    Ok(Err(Faults::default()))
}

/// Shows the form again with all that was typed.
async fn again(app: &App, shell: Shell, typed: Typed, intake: &Intake, mut faults: Faults) -> Response {
    if intake.trouble.is_some() {
        kept::add_cut(&shell, intake, &["evidence", "message"], &mut faults);
    }
    kept::answer(intake.trouble, page(app, shell, typed, intake, faults).await)
}

/// The form with all that was typed and all that waits.
async fn page(app: &App, shell: Shell, typed: Typed, intake: &Intake, faults: Faults) -> Page {
    Page {
        kept: kept::all(&shell, intake, "evidence"),
        trouble: kept::sentence(intake.trouble),
        file_again: intake.file_dropped && intake.trouble.is_some(),
        entry: if intake.trouble.is_none() { entry(app, shell.lang(), &typed.case).await } else { None },
        reading: None,
        shell,
        typed,
        faults,
    }
}
