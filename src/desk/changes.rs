//! What changed in the block list since some number, for programs that follow it.

use std::sync::Arc;

use super::{Desk, Done};
use crate::blocklist::item::{Event, Item, Line};
use crate::domain::id::Id;
use crate::store::changes::{self, Change, Position, Subject};
use crate::store::{Tx, blocks, exemptions, mail_tokens, probations};

/// How many changes are told at once.
const PAGE: i64 = 500;

/// How many rows an import may have to be told row by row.
const ROWS_MOST: i64 = 5_000;

/// The next changes.
#[derive(Debug, Clone)]
pub struct Delta {
    /// How far the log has come.
    pub position: Position,
    /// The number that these lines reach.
    pub upto: i64,
    /// Each subject as it stands.
    pub lines: Vec<Line>,
}

/// The delta that was asked for last, and after which number: many streams ask for the same one.
#[derive(Debug, Default)]
pub struct LastDelta(tokio::sync::Mutex<Option<(i64, Arc<Delta>)>>);

impl Desk {
    /// The next changes after number `n`; `None` when the log does not hold them all (any more).
    pub async fn changes_after(&self, n: i64) -> Done<Option<Delta>> {
        let mut tx = self.db.snapshot().await?;
        let position = changes::position(&mut *tx).await?;
        let log = changes::after(&mut *tx, n, PAGE).await?;
        if n > position.n || n < 0 || (n < position.n && log.first().is_none_or(|first| first.n != n + 1)) {
            return Ok(None);
        }
        let upto = log.last().map_or(n, |last| last.n);
        let mut lines = Vec::new();
        for change in log {
            Self::tell_change(&mut tx, change, &mut lines).await?;
        }
        Ok(Some(Delta { position, upto, lines }))
    }

    /// As [`Desk::changes_after`], asked once by many that are at the same number of the same log.
    pub async fn shared_changes_after(&self, at: &Position) -> Done<Option<Arc<Delta>>> {
        let there = self.blocklist.reached().unwrap_or_default();
        let mut last = self.last_delta.0.lock().await;
        if let Some((after, delta)) = last.as_ref()
            && (*after, &delta.position.epoch) == (at.n, &at.epoch)
            && delta.position.n >= there
        {
            return Ok(Some(Arc::clone(delta)));
        }
        let Some(delta) = self.changes_after(at.n).await? else { return Ok(None) };
        let delta = Arc::new(delta);
        *last = Some((at.n, Arc::clone(&delta)));
        Ok(Some(delta).filter(|delta| delta.position.epoch == at.epoch))
    }

    /// Tells one change: its subject as it stands now.
    async fn tell_change(tx: &mut Tx, change: Change, lines: &mut Vec<Line>) -> Done<()> {
        let Change { n, subject_id: id, .. } = change;
        let told = match change.subject {
            Subject::Block => {
                let block = blocks::find(&mut **tx, id).await?;
                block.map(|block| (Event::of_block(block.state), Item::from(&block)))
            }
            Subject::Exemption => {
                let exemption = exemptions::find(&mut **tx, id).await?;
                exemption.map(|e| (if e.ended_at.is_none() { Event::Exempt } else { Event::ExemptEnd }, Item::from(&e)))
            }
            Subject::Probation => {
                let probation = probations::find(&mut **tx, id).await?;
                let event = |ended: bool| if ended { Event::ProbationEnd } else { Event::Probation };
                probation.map(|p| (event(p.ended_at.is_some()), Item::from(&p)))
            }
            Subject::Token => {
                let token = mail_tokens::find(&mut **tx, id).await?;
                token.map(|t| (Event::Token, Item::Token { hash: t.token_hash, until: t.expires_at, net: t.net }))
            }
            Subject::Import => return Self::tell_import(tx, n, id, lines).await,
        };
        lines.extend(told.map(|(event, item)| Line { n: Some(n), event, item }));
        Ok(())
    }

    /// Tells what an import brought and dropped, or that it was too much to tell.
    async fn tell_import(tx: &mut Tx, n: i64, id: Id, lines: &mut Vec<Line>) -> Done<()> {
        let rows = blocks::import_page(tx, id, Id(0), ROWS_MOST + 1).await?;
        if rows.len() > usize::try_from(ROWS_MOST).unwrap_or(usize::MAX) {
            lines.push(Line { n: Some(n), event: Event::Reload, item: Item::Import { id } });
            return Ok(());
        }
        lines.extend(rows.iter().map(|row| {
            let event = match Event::of_block(row.block.state) {
                Event::Add if !row.in_force() => Event::Drop,
                event => event,
            };
            Line { n: Some(n), event, item: Item::from(&row.block) }
        }));
        Ok(())
    }
}
