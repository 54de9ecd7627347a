//! `postern block`.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::say;
use crate::app::App;
use crate::desk::import::{Entry, Plan};
use crate::domain::block::{Lasts, NewBlock, case_path};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::Who;
use crate::domain::time::Time;
use crate::store::blocks;

/// The longest line of a list that is read, in bytes.
const LINE_MOST: usize = 4_096;

/// How many bad lines are reported before the rest is counted only.
const FAULTS_MOST: usize = 50;

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
    },
    /// Lift the block of an address or network.
    Lift {
        /// The address or network.
        net: Net,
        /// Why.
        #[arg(long, default_value = "lifted at the command line")]
        reason: String,
        /// Take it out of wider blocks that cover it, instead of looking for a block of just this network.
        #[arg(long)]
        only: bool,
    },
    /// Say what blocks an address or network.
    Find {
        /// The address or network.
        net: Net,
    },
    /// Take a list: one network a line, then maybe a cause, then maybe `# note`.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
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
    },
    /// Print all blocks in force, in the form that import reads.
    Export,
}

/// Does what was asked for.
pub(super) async fn run(app: &App, command: BlockCommand) -> anyhow::Result<()> {
    match command {
        BlockCommand::Add { net, cause, lasts, note } => add(app, net, cause, lasts, note).await,
        BlockCommand::Lift { net, reason, only: true } => {
            app.desk.lift_only(&Who::operator(), net, &reason).await?;
            say(&format!("Took {net} out of the blocks that cover it."))
        }
        BlockCommand::Lift { net, reason, only: false } => {
            let lifted = app.desk.lift_net(&Who::operator(), net, &reason).await?;
            say(&format!("Lifted {lifted} block(s) of {net}."))?;
            warn_if_covered(app, net).await
        }
        BlockCommand::Find { net } => find(app, net).await,
        BlockCommand::Import { file, cause, source, lasts, replace, skip_bad } => {
            let name = file.display().to_string();
            let stem = file.file_name().map_or_else(|| "import".to_owned(), |n| n.to_string_lossy().into_owned());
            let lasts = lasts.as_deref().map(Lasts::parse).transpose()?;
            let plan = Plan { source: source.unwrap_or(stem), file_name: name, cause, lasts, replace };
            import(app, &file, plan, skip_bad).await
        }
        BlockCommand::Export => export(app).await,
    }
}

/// Blocks a network.
async fn add(app: &App, net: Net, cause: String, lasts: Option<String>, note: String) -> anyhow::Result<()> {
    let lasts = lasts.as_deref().map(Lasts::parse).transpose()?;
    let new = NewBlock { net, cause, lasts, note, source: "staff".to_owned(), evidence_at: None };
    let added = app.desk.add_block(&Who::operator(), new).await?;
    let block = added.block;
    let what = if added.is_new { "Blocked" } else { "Renewed the block of" };
    let until = block.until.map_or_else(|| "until it is lifted".to_owned(), |end| format!("until {end}"));
    say(&format!("{what} {} for {} {until}.", block.net, block.cause))?;
    say(&format!("Case link: {}{}", app.desk.config.http.public_url, case_path(&block.case_code, None)))
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

/// Prints all blocks in force.
async fn export(app: &App) -> anyhow::Result<()> {
    let (now, mut after) = (app.desk.now(), Id(0));
    loop {
        let page = blocks::live_page(app.desk.db.pool(), after, 5_000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for block in page.iter().filter(|b| b.is_live(now) || b.state == crate::domain::block::BlockState::Staged) {
            let note = block.note.replace(['\n', '\r'], " ");
            let note = if note.is_empty() { String::new() } else { format!(" # {note}") };
            say(&format!("{} {}{note}", block.net, block.cause))?;
        }
    }
}

/// Takes a list. Without `skip_bad` a bad line means that nothing of the list counts.
async fn import(app: &App, file: &Path, plan: Plan, skip_bad: bool) -> anyhow::Result<()> {
    let reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::BufReader::new(std::io::stdin()))
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Box::new(std::io::BufReader::new(opened))
    };
    let mut import = app.desk.begin_import(&Who::operator(), plan).await?;
    match take_lines(app, reader, &mut import, skip_bad).await {
        Ok(0) => {}
        Ok(bad) if skip_bad => say(&format!("{bad} bad line(s) left out."))?,
        Ok(bad) => {
            app.desk.abandon_import(import).await?;
            anyhow::bail!("{bad} bad line(s); nothing was imported. Mend them, or leave them out with --skip-bad");
        }
        Err(error) => {
            app.desk.abandon_import(import).await?;
            return Err(error.context("nothing was imported"));
        }
    }
    let counts = app.desk.finish_import(import).await?;
    say(&format!("{} new, {} known, {} stay lifted, {} ended.", counts.added, counts.kept, counts.held, counts.dropped))
}

/// Reads all lines; gives how many were bad.
async fn take_lines(
    app: &App,
    mut reader: Box<dyn BufRead>,
    import: &mut crate::desk::import::Import,
    skip_bad: bool,
) -> anyhow::Result<usize> {
    let (mut number, mut bad) = (0_usize, 0_usize);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, LINE_MOST as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(bad);
        }
        number += 1;
        let outcome = match parse_line(&line) {
            Ok(None) => Ok(()),
            Ok(Some(_)) if bad > 0 && !skip_bad => Ok(()),
            Ok(Some(entry)) => app.desk.import_entry(import, entry).await.map_err(|e| e.to_string()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = outcome {
            bad += 1;
            if bad <= FAULTS_MOST {
                say(&format!("line {number}: {fault}"))?;
            }
        }
        if number.is_multiple_of(100_000) {
            say(&format!("{number} lines read …"))?;
        }
    }
}

/// One line of a list: network, maybe a cause, maybe `# note`. Nothing for a blank or comment line.
fn parse_line(line: &[u8]) -> Result<Option<Entry>, String> {
    if line.len() >= LINE_MOST {
        return Err(format!("longer than {LINE_MOST} bytes"));
    }
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8 text".to_owned())?.trim_start_matches('\u{feff}');
    let (fields, note) = text.split_once('#').unwrap_or((text, ""));
    let mut fields = fields.split_whitespace();
    let Some(net) = fields.next() else { return Ok(None) };
    let net = Net::parse(net).map_err(|bad| bad.to_string())?;
    let cause = fields.next().map(ToOwned::to_owned);
    if let Some(extra) = fields.next() {
        return Err(format!("“{extra}” is too much; write: network, cause, # note"));
    }
    Ok(Some(Entry { net, cause, evidence_at: None, note: note.trim().to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_faults_named() {
        let entry = parse_line(b"203.0.113.0/24 PB-DYN # access range\n").unwrap().unwrap();
        assert_eq!(
            (entry.net.to_string().as_str(), entry.cause.as_deref(), entry.note.as_str()),
            ("203.0.113.0/24", Some("PB-DYN"), "access range")
        );
        assert_eq!(parse_line(b"  # only a comment\n"), Ok(None));
        assert_eq!(parse_line(b"\r\n"), Ok(None));
        assert!(parse_line(b"203.0.113.7/24\n").unwrap_err().contains("203.0.113.0/24"));
        assert!(parse_line(b"203.0.113.7 PB-SPAM extra\n").unwrap_err().contains("extra"));
        assert!(parse_line(&[b'1'; 5_000]).is_err() && parse_line(b"\xff\n").is_err());
    }
}
