//! What a form that is shown again says of files and long texts that wait, and of why it was not taken.

use std::net::IpAddr;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::desk::evidence::Held;
use crate::domain::ticket::visible;
use crate::web::error::{Error, Result};
use crate::web::form::Faults;
use crate::web::guard;
use crate::web::intake::{Intake, Trouble};
use crate::web::say;
use crate::web::shell::Shell;

/// A piece of evidence that waits for the next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The secret that attaches it.
    pub token: String,
    /// What it is, in words.
    pub words: String,
}

/// Whether something stands against taking more from this visitor: too much came, or the database is away.
pub(super) async fn trouble(app: &App, what: &str, client: IpAddr, slot: i64, most: i64) -> Result<Option<Trouble>> {
    match guard::count(app, what, client, slot, most).await {
        Ok(()) => Ok(None),
        Err(Error::TooMany) => Ok(Some(Trouble::TooMany)),
        Err(Error::Unavailable) => Ok(Some(Trouble::Away)),
        Err(other) => Err(other),
    }
}

/// The status of a form that is shown again.
fn status(trouble: Option<Trouble>) -> StatusCode {
    match trouble {
        None => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Trouble::Away | Trouble::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Trouble::TooMany | Trouble::Full) => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// When to try again: a database comes back soon, the count of all requests begins anew every minute, that of a visitor
/// every hour.
fn retry_after(trouble: Trouble) -> HeaderValue {
    HeaderValue::from_static(match trouble {
        Trouble::Away | Trouble::Busy => "60",
        Trouble::TooMany | Trouble::Full => "3600",
    })
}

/// A page whose form is shown again.
pub(super) fn answer(trouble: Option<Trouble>, page: impl IntoResponse) -> Response {
    let mut response = (status(trouble), page).into_response();
    if let Some(trouble) = trouble {
        response.headers_mut().insert(RETRY_AFTER, retry_after(trouble));
    }
    response
}

/// The word of what stands against it; its sentences are `trouble-<word>` and `trouble-<word>-text`.
pub(super) fn sentence(trouble: Option<Trouble>) -> Option<&'static str> {
    trouble.map(|trouble| match trouble {
        Trouble::Away => "away",
        Trouble::TooMany => "too-many",
        Trouble::Busy => "busy",
        Trouble::Full => "full",
    })
}

/// Says which long texts are shown in part only, because the rest could not be kept.
pub(super) fn add_cut(shell: &Shell, intake: &Intake, fields: &[&'static str], faults: &mut Faults) {
    for field in fields.iter().filter(|field| intake.is_cut(field)) {
        faults.add(field, shell.t("kept-cut"));
    }
}

/// All that waits. A text that stayed at hand is shown in its field, so that its piece, if one was made, is left behind.
pub(super) fn all(shell: &Shell, intake: &Intake, shown: &str) -> Vec<Kept> {
    let is_shown = |piece: &Held| {
        piece.name == format!("{shown}.txt") && intake.bytes(shown).is_some_and(|bytes| bytes.len() == piece.size)
    };
    let seen = intake.held.iter().filter(|piece| piece.is_file() || !is_shown(piece)).map(|piece| {
        let size = say::size(shell, piece.size);
        let words = if piece.is_file() {
            shell.t2("kept-file", "name", visible(&piece.name), "size", size)
        } else {
            shell.t1("kept-text", "size", size)
        };
        Kept { token: piece.secret.reveal().to_owned(), words }
    });
    let unseen = intake.unseen.iter().map(|token| Kept { token: token.clone(), words: shell.t("kept-unseen") });
    seen.chain(unseen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::texts;

    #[test]
    fn every_trouble_has_its_sentences() {
        for trouble in [Trouble::Away, Trouble::TooMany, Trouble::Busy, Trouble::Full] {
            let word = sentence(Some(trouble)).unwrap();
            assert!(texts("en").has(&format!("trouble-{word}")) && texts("en").has(&format!("trouble-{word}-text")));
        }
        assert_eq!(status(None), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
