//! Pieces of evidence that a form brings: files, and texts that are too long to stay at hand.

use super::body::Part;
use super::{FILES_MOST, Intake, PIECES_MOST, Trouble};
use crate::desk::evidence::Incoming;
use crate::desk::{Desk, Done};
use crate::store::evidence::Form;
use crate::web::error::{Error, Result};

/// The largest file.
pub const FILE_MOST: usize = 25 * 1024 * 1024;

/// The endings of files that are taken.
pub const FILE_ENDINGS: &[&str] = &[".eml", ".txt", ".log", ".gz", ".zip"];

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// Its ending is none of those that are taken; its name.
    Ending(String),
    /// It is larger than the limit; its name.
    Large(String),
    /// There are too many.
    Many,
}

/// What came of something that the database was needed for.
#[derive(Debug)]
pub(super) enum Take<T> {
    /// It worked.
    Done(T),
    /// There is no such thing.
    Nothing,
    /// The database is away.
    Away,
}

impl Intake {
    /// Sorts out what came of an act: a database that is away is no error here, because the form is shown again.
    pub(super) fn stand<T>(&mut self, done: Done<T>) -> Result<Take<T>> {
        match done.map_err(Error::from) {
            Ok(value) => Ok(Take::Done(value)),
            Err(Error::NotFound) => Ok(Take::Nothing),
            Err(Error::Unavailable) => {
                self.trouble = Some(Trouble::Away);
                Ok(Take::Away)
            }
            Err(Error::TooMany) => {
                self.trouble = Some(Trouble::Full);
                Ok(Take::Away)
            }
            Err(other) => Err(other),
        }
    }

    /// Takes a file in. One of no bytes is none: browsers send that when no file was chosen.
    pub(super) async fn take_file(&mut self, desk: &Desk, part: &mut Part<'_>) -> Result<()> {
        let name = file_name(part.file_name().unwrap_or("file.txt"));
        let Some(first) = first_bytes(part).await? else { return Ok(()) };
        let fault = if !has_good_ending(&name) {
            Some(FileFault::Ending(name.clone()))
        } else if self.held.iter().filter(|piece| piece.is_file()).count() >= FILES_MOST {
            Some(FileFault::Many)
        } else {
            None
        };
        if fault.is_some() || self.trouble.is_some() {
            self.file_fault = self.file_fault.take().or(fault);
            self.file_dropped = true;
            return part.skip().await;
        }
        match self.store(desk, part, Form::File, &name, &[&first], FILE_MOST).await? {
            Take::Done(()) => {}
            Take::Nothing => self.file_fault = Some(FileFault::Large(name)),
            Take::Away => self.file_dropped = true,
        }
        Ok(())
    }

    /// Keeps a long text as a piece of evidence; says whether it could.
    pub(super) async fn hold_text(
        &mut self,
        desk: &Desk,
        part: &mut Part<'_>,
        name: &str,
        head: &[&[u8]],
    ) -> Result<bool> {
        if self.trouble.is_some() || self.held.len() >= PIECES_MOST {
            return Ok(false);
        }
        let done = self.store(desk, part, Form::Pasted, &format!("{name}.txt"), head, usize::MAX).await?;
        Ok(matches!(done, Take::Done(())))
    }

    /// Streams `head` and the rest of a part to the database. The rest is skipped when it goes beyond `most` or the
    /// database is away; what was stored by then is swept with all that no ticket took.
    async fn store(
        &mut self,
        desk: &Desk,
        part: &mut Part<'_>,
        form: Form,
        name: &str,
        head: &[&[u8]],
        most: usize,
    ) -> Result<Take<()>> {
        let mut size: usize = head.iter().map(|bytes| bytes.len()).sum();
        if size > most {
            return part.skip().await.map(|()| Take::Nothing);
        }
        let Take::Done(mut incoming) = self.stand(begin(desk, form, name, head).await)? else {
            return part.skip().await.map(|()| Take::Away);
        };
        while let Some(bytes) = part.chunk().await? {
            size += bytes.len();
            if size > most {
                return part.skip().await.map(|()| Take::Nothing);
            }
            if !matches!(self.stand(desk.take_evidence(&mut incoming, &bytes).await)?, Take::Done(())) {
                return part.skip().await.map(|()| Take::Away);
            }
        }
        match self.stand(desk.complete_evidence(incoming).await)? {
            Take::Done(piece) => {
                self.held.push(piece);
                Ok(Take::Done(()))
            }
            _ => Ok(Take::Away),
        }
    }

    /// Makes a piece of evidence of a text that stayed at hand; says whether it could.
    ///
    /// # Errors
    /// When the database refuses it; one that is away becomes [`Intake::trouble`].
    pub async fn keep(&mut self, desk: &Desk, name: &'static str) -> Result<bool> {
        let Some(bytes) = self.bytes(name).filter(|b| !b.trim_ascii().is_empty()).map(<[u8]>::to_vec) else {
            return Ok(true);
        };
        let kept = async {
            let incoming = begin(desk, Form::Pasted, &format!("{name}.txt"), &[&bytes]).await?;
            desk.complete_evidence(incoming).await
        };
        let kept = kept.await;
        match self.stand(kept)? {
            Take::Done(piece) => {
                self.held.push(piece);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Begins a piece of evidence with what has come of it.
async fn begin(desk: &Desk, form: Form, name: &str, head: &[&[u8]]) -> Done<Incoming> {
    let mut incoming = desk.begin_evidence(form, name).await?;
    for bytes in head {
        desk.take_evidence(&mut incoming, bytes).await?;
    }
    Ok(incoming)
}

/// The first bytes of a part, if it has any.
async fn first_bytes(part: &mut Part<'_>) -> Result<Option<axum::body::Bytes>> {
    while let Some(bytes) = part.chunk().await? {
        if !bytes.is_empty() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// The name of a file without the folders that some browsers send along.
fn file_name(given: &str) -> String {
    let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
    crate::domain::ticket::storable_line(name, 120)
}

/// Whether a file of this name is taken.
fn has_good_ending(name: &str) -> bool {
    let name = name.to_lowercase();
    FILE_ENDINGS.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_by_its_ending() {
        for good in ["a.eml", "MAIL.LOG", "x.log.gz", "logs.zip", "notes.txt"] {
            assert!(has_good_ending(good), "{good}");
        }
        for bad in ["a.exe", "log", ".log", "a.gz.exe", "x.tar.xz", ""] {
            assert!(!has_good_ending(bad), "{bad}");
        }
    }

    #[test]
    fn a_file_keeps_the_last_part_of_its_path() {
        assert_eq!(file_name("C:\\Users\\ann\\bounce.eml"), "bounce.eml");
        assert_eq!(file_name("../../etc/x.log\n"), "x.log");
        assert_eq!(file_name("a\u{0}b.txt"), "a b.txt");
    }
}
