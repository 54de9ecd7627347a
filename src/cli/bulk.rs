//! Bulk lifts at the command line.

use std::time::Duration;

use super::say;
use crate::app::App;
use crate::desk::bulk::{Plan, Preview, described};
use crate::domain::id::Id;
use crate::domain::ticket::Who;
use crate::store::bulks::{self, Bulk, BulkState, Filter};

/// How often a long work says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// Says what a bulk lift would do.
pub(super) async fn preview(app: &App, filter: Filter) -> anyhow::Result<()> {
    let preview = app.desk.preview_bulk(filter).await?;
    let Preview { count, there, causes, sources, sample, is_large } = &preview;
    say(&format!("Nothing was changed. It would lift {count} of {there} blocks ({} percent).", preview.percent()))?;
    for (what, counts) in [("cause", causes), ("source", sources)] {
        counts.iter().try_for_each(|(word, count)| say(&format!("  {what} {word}: {count}")))?;
    }
    for block in sample {
        say(&format!("  {}  {}  {}", block.net, block.cause, block.source))?;
    }
    if usize::try_from(*count).unwrap_or(0) > sample.len() {
        say("  …")?;
    }
    if *is_large {
        let share = app.desk.config.change_share;
        say(&format!("It is more than {share} percent of the list and needs a confirmation (--yes-change-share)."))?;
    }
    Ok(())
}

/// Lifts all that fits.
pub(super) async fn lift(app: &App, filter: Filter, reason: String, sure: bool) -> anyhow::Result<()> {
    let plan = Plan { filter, reason, probation: app.desk.config.probation, at_most: None, sure };
    let id = app.desk.begin_bulk(&Who::operator(), plan).await?;
    let bulk = work(app, id).await?;
    say(&format!("Lifted {} block(s). To take that back: postern block undo {id}", bulk.lifted))
}

/// Takes a bulk lift back.
pub(super) async fn undo(app: &App, id: Id) -> anyhow::Result<()> {
    app.desk.begin_bulk_undo(&Who::operator(), id).await?;
    let bulk = work(app, id).await?;
    say(&format!("{} of {} block(s) are blocked again.", bulk.restored, bulk.lifted))
}

/// Works to the end and says now and then how far it is.
async fn work(app: &App, id: Id) -> anyhow::Result<Bulk> {
    let mut work = std::pin::pin!(app.desk.work_on_bulk(id, None));
    loop {
        tokio::select! {
            done = &mut work => return Ok(done?),
            () = tokio::time::sleep(SAID_EVERY) => {
                if let Some(bulk) = bulks::find(app.desk.db.pool(), id).await? {
                    say(&format!("{} …", standing(&bulk)))?;
                }
            }
        }
    }
}

/// Lists the last bulk lifts.
pub(super) async fn past(app: &App) -> anyhow::Result<()> {
    for bulk in bulks::list(app.desk.db.pool(), 20).await? {
        let (at, filter, standing) = (bulk.created_at.human(), described(&bulk.filter), standing(&bulk));
        say(&format!("{}  {at}  bulk lift  {filter}  {}  {standing}", bulk.id, bulk.created_by))?;
    }
    Ok(())
}

/// How far one is.
fn standing(bulk: &Bulk) -> String {
    let Bulk { expected, lifted, restored, .. } = bulk;
    match bulk.state {
        BulkState::Lifting => format!("{lifted} of {expected} lifted so far"),
        BulkState::Lifted => format!("{lifted} lifted."),
        BulkState::Undoing => format!("{restored} of {lifted} blocked again so far"),
        BulkState::Undone => format!("{lifted} lifted.  (taken back: {restored} blocked again)"),
    }
}
