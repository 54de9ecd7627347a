//! Evidence as it came, to be downloaded.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::app::App;
use crate::domain::id::Id;
use crate::store::Db;
use crate::store::evidence::{self, Evidence};
use crate::web::error::{Error, Result};
use crate::web::extract::Path;
use crate::web::session::SignedIn;

/// Hands out the bytes of a piece, chunk by chunk.
pub async fn download(State(app): State<App>, _: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    let piece = evidence::find(app.desk.db.pool(), Id(id)).await?.ok_or(Error::NotFound)?;
    if piece.ticket_id.is_none() || piece.purged_at.is_some() {
        return Err(Error::NotFound);
    }
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(&piece))),
        (CONTENT_LENGTH, piece.size.to_string()),
    ];
    Ok((headers, body(app.desk.db, piece.id)).into_response())
}

/// The bytes as a stream: one chunk in memory at a time.
fn body(db: Db, id: Id) -> Body {
    Body::from_stream(stream::try_unfold((db, 0), move |(db, n)| async move {
        let chunk = evidence::chunk(db.pool(), id, n).await?;
        Ok::<_, sqlx::Error>(chunk.map(|bytes| (bytes, (db, n + 1))))
    }))
}

/// A harmless name: letters, digits, dots and hyphens of the one it came with, after its key.
fn file_name(piece: &Evidence) -> String {
    let kept: String =
        piece.name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let kept: String = kept.trim_matches(['-', '.']).chars().take(80).collect();
    if kept.is_empty() { format!("{}.txt", piece.id) } else { format!("{}-{kept}", piece.id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::By;
    use crate::domain::time::Time;
    use crate::store::evidence::{Form, FullyRead};

    #[test]
    fn a_file_name_cannot_leave_its_quotes() {
        let piece = |name: &str| Evidence {
            id: Id(7),
            ticket_id: None,
            form: Form::File,
            author_kind: By::Sender,
            name: name.to_owned(),
            size: 0,
            sha256: String::new(),
            text: String::new(),
            findings: None,
            fully_read: FullyRead::Yes,
            created_at: Time(0),
            purged_at: None,
        };
        assert_eq!(file_name(&piece("bounce.eml")), "7-bounce.eml");
        assert_eq!(file_name(&piece("../\"\r\nx: é.log")), "7-x---.log");
        assert_eq!(file_name(&piece("")), "7.txt");
    }
}
