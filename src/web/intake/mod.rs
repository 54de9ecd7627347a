//! Takes in a form with evidence: texts stay at hand, files go to the database as they come.
//!
//! Nothing here is ever whole in memory but the texts that the page may have to show again. A file, and a text beyond
//! the bound of its field, becomes a piece of evidence that waits for its form, so that a mistake elsewhere does not
//! cost it. When the database is away, or the visitor has sent too much, texts are still read, to be shown again.

use std::collections::BTreeMap;

use axum::extract::Request;

use self::body::{Part, Parts};
use self::pieces::Take;
use super::error::{Error, Result};
use crate::desk::Desk;
use crate::desk::evidence::Held;

mod body;
mod pairs;
mod pieces;

pub use pieces::{FILE_ENDINGS, FILE_MOST, FileFault};

/// How many parts a form may have.
const PARTS_MOST: usize = 200;

/// How many files one form may bring.
const FILES_MOST: usize = 10;

/// How many pieces of evidence one form may bring: files leave room for the texts beside them.
const PIECES_MOST: usize = FILES_MOST + 4;

/// The longest secret of a held piece.
const TOKEN_MOST: usize = 128;

/// What happens to a text beyond the bound of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It is cut, and the field is marked.
    Cut,
    /// All of it becomes a held piece of evidence.
    Hold,
}

/// A field that a form has.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// How many bytes of it stay at hand.
    pub most: usize,
    /// What happens to more.
    pub beyond: Beyond,
}

/// Why nothing can be stored now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The database is away.
    Away,
    /// The visitor has sent too much.
    TooMany,
    /// All visitors together have sent too much.
    Busy,
    /// Too many bytes wait already that no request has taken.
    Full,
}

/// What a form brought.
#[derive(Debug, Default)]
pub struct Intake {
    /// Its texts, as they came.
    texts: BTreeMap<&'static str, Vec<u8>>,
    /// Fields that were cut.
    cut: Vec<&'static str>,
    /// Pieces of evidence that wait: new ones and those of an earlier try.
    pub held: Vec<Held>,
    /// Secrets of pieces of an earlier try that could not be looked up, because the database is away.
    pub unseen: Vec<String>,
    /// Whether a piece of an earlier try is gone.
    pub lost: bool,
    /// What is wrong with the file.
    pub file_fault: Option<FileFault>,
    /// Whether a file was sent that could not be kept.
    pub file_dropped: bool,
    /// Why nothing can be stored.
    pub trouble: Option<Trouble>,
    /// Secrets of pieces of an earlier try.
    tokens: Vec<String>,
    /// Secrets of those that the visitor gave up.
    given_up: Vec<String>,
}

/// Reads the form of a request.
///
/// # Errors
/// When it is no form or too large; a database that is away becomes [`Intake::trouble`].
pub async fn read(desk: &Desk, request: Request, fields: &[Field], trouble: Option<Trouble>) -> Result<Intake> {
    let mut intake = Intake { trouble, ..Intake::default() };
    let mut parts = Parts::of(request).await?;
    for _ in 0..PARTS_MOST {
        let Some(mut part) = parts.next().await? else {
            intake.settle(desk).await?;
            return Ok(intake);
        };
        intake.take(desk, &mut part, fields).await?;
    }
    Err(parts.error())
}

/// Reads a small form whole: what these fields, texts or files, bring, one below the other as they come.
///
/// # Errors
/// When it is no form, or more than `most` bytes.
pub async fn whole(request: Request, names: &[&str], most: usize) -> Result<Vec<u8>> {
    let mut parts = Parts::of(request).await?;
    let mut all = Vec::new();
    for _ in 0..PARTS_MOST {
        let Some(mut part) = parts.next().await? else { return Ok(all) };
        if !names.contains(&part.name()) {
            part.skip().await?;
            continue;
        }
        let mut begins = !all.is_empty();
        while let Some(bytes) = part.chunk().await? {
            if begins && !bytes.is_empty() {
                all.push(b'\n');
                begins = false;
            }
            all.extend_from_slice(&bytes);
            if all.len() > most {
                return Err(Error::TooLarge);
            }
        }
    }
    Err(parts.error())
}

impl Intake {
    /// The text of a field; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.bytes(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// The bytes of a field, as they came.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.texts.get(name).map(Vec::as_slice)
    }

    /// Whether a text that should be kept whole was cut; then the form is shown again, so that its sender knows.
    #[must_use]
    pub fn is_cut(&self, name: &str) -> bool {
        self.cut.contains(&name)
    }

    /// Takes one part in.
    async fn take(&mut self, desk: &Desk, part: &mut Part<'_>, fields: &[Field]) -> Result<()> {
        match part.name() {
            "file" => self.take_file(desk, part).await,
            "held" => keep_token(&mut self.tokens, part).await,
            "drop" => keep_token(&mut self.given_up, part).await,
            name => match fields.iter().find(|f| f.name == name) {
                Some(field) => self.take_text(desk, part, *field).await,
                None => part.skip().await,
            },
        }
    }

    /// Takes a text in; a field that comes twice has both texts, one below the other.
    async fn take_text(&mut self, desk: &Desk, part: &mut Part<'_>, field: Field) -> Result<()> {
        let mut kept = self.texts.remove(field.name).unwrap_or_default();
        if !kept.is_empty() {
            kept.push(b'\n');
        }
        while let Some(bytes) = part.chunk().await? {
            if kept.len() + bytes.len() <= field.most {
                kept.extend_from_slice(&bytes);
                continue;
            }
            if field.beyond == Beyond::Hold && self.hold_text(desk, part, field.name, &[&kept, &bytes]).await? {
                return Ok(());
            }
            kept.extend(bytes.iter().take(field.most.saturating_sub(kept.len())));
            self.cut.push(field.name);
            part.skip().await?;
        }
        self.texts.insert(field.name, kept);
        Ok(())
    }

    /// Looks up the pieces of an earlier try; those given up, and a file that a new one replaces, are left behind.
    async fn settle(&mut self, desk: &Desk) -> Result<()> {
        let has_new_file = self.held.iter().any(Held::is_file);
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.retain(|token| !self.given_up.contains(token));
        tokens.sort();
        tokens.dedup();
        for token in tokens.into_iter().take(PIECES_MOST) {
            if self.trouble == Some(Trouble::Away) {
                self.unseen.push(token);
                continue;
            }
            match self.stand(desk.held_evidence(&token).await)? {
                Take::Done(piece) if !(has_new_file && piece.is_file()) => self.held.push(piece),
                Take::Done(_) => {}
                Take::Nothing => self.lost = true,
                Take::Away => self.unseen.push(token),
            }
        }
        Ok(())
    }
}

/// Keeps the secret of a piece.
async fn keep_token(tokens: &mut Vec<String>, part: &mut Part<'_>) -> Result<()> {
    let mut token = Vec::new();
    while let Some(bytes) = part.chunk().await? {
        token.extend(bytes.iter().take(TOKEN_MOST.saturating_sub(token.len())));
    }
    if !token.is_empty() && tokens.len() < PIECES_MOST {
        tokens.push(String::from_utf8_lossy(&token).trim().to_owned());
    }
    Ok(())
}
