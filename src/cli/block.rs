//! `postern block`.

use std::path::PathBuf;

use clap::{ArgGroup, Subcommand};

use super::lists::{self, How};
use super::{bulk, say};
use crate::app::App;
use crate::blocklist::formats::Format;
use crate::desk::import::Plan;
use crate::domain::block::{Lasts, NewBlock, case_path};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::Who;
use crate::domain::time::Time;
use crate::store::blocks;
use crate::store::bulks::{self, Filter};

/// What can be done with blocks.
#[derive(Debug, Subcommand)]
pub(super) enum BlockCommand {
    /// Block an address or network.
    Add {
        /// The address or network, such as 203.0.113.7 or `2001:db8::/64`.
        net: Net,
        /// The code of the cause, such as PB-SPAM.
        #[arg(long)]
        cause: String,
        /// How long, such as 7d or never [default: as the cause says].
        #[arg(long = "for", value_name = "TIME")]
        lasts: Option<String>,
        /// A note for staff.
        #[arg(long, default_value = "")]
        note: String,
        /// The network once more: block it although it is protected.
        #[arg(long = "override", value_name = "NET")]
        despite: Option<Net>,
    },
    /// Lift the block of an address or network, or all blocks that fit --inside, --source and --cause.
    #[command(group = ArgGroup::new("which").args(["net", "inside", "source", "cause"]).required(true).multiple(true))]
    Lift {
        /// The address or network.
        net: Option<Net>,
        /// Why.
        #[arg(long, default_value = "lifted at the command line")]
        reason: String,
        /// Take it out of wider blocks that cover it, instead of looking for a block of just this network.
        #[arg(long, conflicts_with_all = ["inside", "source", "cause"])]
        only: bool,
        /// Lift all blocks inside this network, itself included.
        #[arg(long, value_name = "NET", conflicts_with = "net")]
        inside: Option<Net>,
        /// Lift all blocks of this source.
        #[arg(long, conflicts_with = "net")]
        source: Option<String>,
        /// Lift all blocks of this cause, such as PB-DYN.
        #[arg(long, conflicts_with = "net")]
        cause: Option<String>,
        /// Say what a bulk lift would do, and change nothing.
        #[arg(long, conflicts_with = "net")]
        dry_run: bool,
        /// Lift more than `blocklist.change_share` percent of all blocks.
        #[arg(long = "yes-change-share", conflicts_with = "net")]
        sure: bool,
    },
    /// Say what blocks an address or network.
    Find {
        /// The address or network.
        net: Net,
    },
    /// Take a list.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// How it is written: plain (one network a line, then maybe a cause, then maybe `# note`), set, csv, rbldnsd, cidr
        /// (a table of Postfix) or jsonl.
        #[arg(long, default_value = "plain")]
        format: Format,
        /// The cause of lines that name none.
        #[arg(long, default_value = "PB-LOCAL")]
        cause: String,
        /// The name of the source [default: the file's name].
        #[arg(long)]
        source: Option<String>,
        /// How long the blocks last, such as 7d or never [default: as their causes say].
        #[arg(long = "for", value_name = "TIME")]
        lasts: Option<String>,
        /// End the blocks of this source that the list does not name.
        #[arg(long)]
        replace: bool,
        /// Take the good lines and report the bad ones, instead of taking nothing.
        #[arg(long)]
        skip_bad: bool,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// A network of the list that is taken although it is protected; may be given several times.
        #[arg(long = "override", value_name = "NET")]
        despite: Vec<Net>,
        /// Take a list that changes more than `blocklist.change_share` percent of all blocks.
        #[arg(long = "yes-change-share")]
        sure: bool,
    },
    /// List the last imports and bulk lifts.
    Imports,
    /// Take an import back (the last one of its source), or a bulk lift. What staff lifted singly stays lifted.
    Undo {
        /// Its number, as `postern block imports` shows it.
        id: i64,
    },
    /// Print all blocks in force, in a form that import reads.
    Export {
        /// How to write it: plain, csv and jsonl print the blocks as they stand; set, rbldnsd and cidr print what is
        /// blocked, with exemptions and probations cut out exactly.
        #[arg(long, default_value = "plain")]
        format: Format,
    },
}

/// Does what was asked for.
pub(super) async fn run(app: &App, command: BlockCommand) -> anyhow::Result<()> {
    match command {
        BlockCommand::Add { net, cause, lasts, note, despite } => {
            let lasts = lasts.as_deref().map(Lasts::parse).transpose()?;
            let new = NewBlock { net, cause, lasts, note, source: "cli".to_owned(), evidence_at: None };
            add(app, new, despite).await
        }
        BlockCommand::Lift { net: Some(net), reason, only, .. } => lift(app, net, &reason, only).await,
        BlockCommand::Lift { net: None, reason, inside, source, cause, dry_run, sure, .. } => {
            let filter = Filter { net: inside, source, cause };
            if dry_run { bulk::preview(app, filter).await } else { bulk::lift(app, filter, reason, sure).await }
        }
        BlockCommand::Find { net } => find(app, net).await,
        BlockCommand::Import { file, format, cause, source, lasts, replace, skip_bad, dry_run, despite, sure } => {
            let name = file.display().to_string();
            let stem = file.file_name().map_or_else(|| "import".to_owned(), |n| n.to_string_lossy().into_owned());
            let lasts = lasts.as_deref().map(Lasts::parse).transpose()?;
            let plan = Plan { source: source.unwrap_or(stem), file_name: name, cause, lasts, replace, despite, sure };
            lists::import(app, &file, plan, &How { format, skip_bad, dry_run }).await
        }
        BlockCommand::Imports => {
            lists::past(app).await?;
            bulk::past(app).await
        }
        BlockCommand::Undo { id } => undo(app, Id(id)).await,
        BlockCommand::Export { format } => lists::export(app, format).await,
    }
}

/// Blocks a network.
async fn add(app: &App, new: NewBlock, despite: Option<Net>) -> anyhow::Result<()> {
    let added = app.desk.add_block_despite(&Who::operator(), new, despite).await?;
    let block = added.block;
    let what = if added.is_new { "Blocked" } else { "Renewed the block of" };
    let until = block.until.map_or_else(|| "until it is lifted".to_owned(), |end| format!("until {end}"));
    say(&format!("{what} {} for {} {until}.", block.net, block.cause))?;
    say(&format!("Case link: {}{}", app.desk.config.http.public_url, case_path(&block.case_code, None)))?;
    if block.net.is_single() && !block.net.is_v4() {
        let wide = Net::around(block.net.first(), 64);
        say(&format!(
            "An IPv6 sender mostly has a whole /64. To block it: postern block add {wide} --cause {}",
            block.cause
        ))?;
    }
    Ok(())
}

/// Lifts the block of just this network, or takes it out of all that cover it.
async fn lift(app: &App, net: Net, reason: &str, only: bool) -> anyhow::Result<()> {
    if only {
        app.desk.lift_only(&Who::operator(), net, reason).await?;
        return say(&format!("Took {net} out of the blocks that cover it."));
    }
    let lifted = app.desk.lift_net(&Who::operator(), net, reason).await?;
    say(&format!("Lifted {lifted} block(s) of {net}."))?;
    warn_if_covered(app, net).await
}

/// Takes an import or a bulk lift back.
async fn undo(app: &App, id: Id) -> anyhow::Result<()> {
    if bulks::find(app.desk.db.pool(), id).await?.is_some() {
        return bulk::undo(app, id).await;
    }
    let counts = app.desk.undo_import(&Who::operator(), id).await?;
    say(&format!("{} back, {} as before, {} ended.", counts.added, counts.kept, counts.dropped))
}

/// Says when wider blocks go on covering a lifted network.
async fn warn_if_covered(app: &App, net: Net) -> anyhow::Result<()> {
    let now = app.desk.now();
    for block in blocks::covering(app.desk.db.pool(), net, 50).await?.iter().filter(|b| b.is_live(now)) {
        say(&format!("Mind: {} ({}) covers it too; once the probation ends it counts again.", block.net, block.cause))?;
    }
    Ok(())
}

/// Says what blocks a network.
async fn find(app: &App, net: Net) -> anyhow::Result<()> {
    app.desk.blocklist.catch_up(&app.desk.db, &app.desk.clock).await?;
    let now = app.desk.now();
    let found = blocks::covering(app.desk.db.pool(), net, 100).await?;
    match app.desk.blocklist.find(net.first(), now) {
        Some(hit) => say(&format!("{} is blocked by {} ({})", net.first(), hit.net, hit.cause))?,
        None => say(&format!("{} is not blocked", net.first()))?,
    }
    for block in found {
        let until = block.until.map_or_else(|| "never".to_owned(), Time::human);
        let state = block.state_at(now);
        say(&format!(
            "{}  {}  {state}  since {}  until {until}  {}",
            block.net, block.cause, block.since, block.source
        ))?;
    }
    Ok(())
}
