//! Lists that come in and go out at the command line, line by line, in bounded memory.

use std::io::BufRead;
use std::path::Path;

use anyhow::Context as _;

use super::say;
use crate::app::App;
use crate::blocklist::formats::Format;
use crate::blocklist::formats::cut::Holes;
use crate::blocklist::formats::read::{self, Reader};
use crate::blocklist::formats::write::{self, Beside};
use crate::desk::import::{Entry, Import, Plan};
use crate::domain::block::Block;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::time::Time;
use crate::store::Tx;
use crate::store::imports::Counts;
use crate::store::{blocks, exemptions, imports, probations};

/// The longest line of a list that is read, in bytes.
const LINE_MOST: usize = 4_096;

/// How many bad lines are reported before the rest is counted only.
const FAULTS_MOST: usize = 50;

/// How many blocks are read from the database at once.
const PAGE: i64 = 5_000;

/// How a list is taken.
#[derive(Debug)]
pub(super) struct How {
    /// How it is written.
    pub(super) format: Format,
    /// Whether bad lines are left out, instead of the whole list.
    pub(super) skip_bad: bool,
    /// Whether nothing is changed.
    pub(super) dry_run: bool,
}

/// Takes a list. Without `skip_bad` a bad line means that nothing of the list counts.
pub(super) async fn import(app: &App, file: &Path, plan: Plan, how: &How) -> anyhow::Result<()> {
    let reader = open(file)?;
    let mut import = app.desk.begin_import(&crate::domain::ticket::Who::operator(), plan).await?;
    match take_lines(app, reader, &mut import, how).await {
        Ok(0) => {}
        Ok(bad) if how.skip_bad => say(&format!("{bad} bad line(s) left out."))?,
        Ok(bad) => {
            app.desk.abandon_import(import).await?;
            anyhow::bail!("{bad} bad line(s); nothing was imported. Mend them, or leave them out with --skip-bad");
        }
        Err(error) => {
            app.desk.abandon_import(import).await?;
            return Err(error.context("nothing was imported"));
        }
    }
    if how.dry_run {
        let counts = app.desk.preview_import(import).await?;
        return say(&format!("Nothing was changed. It would be: {}", summary(counts)));
    }
    let counts = app.desk.finish_import(import).await?;
    say(&summary(counts))
}

/// Opens a list; `-` is standard input.
fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::BufReader::new(std::io::stdin())));
    }
    let opened = std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Box::new(std::io::BufReader::new(opened)))
}

/// What came of an import.
fn summary(counts: Counts) -> String {
    let Counts { added, kept, held, dropped } = counts;
    format!("{added} new, {kept} known, {held} stay lifted, {dropped} ended.")
}

/// Reads all lines; gives how many were bad.
async fn take_lines(app: &App, mut list: Box<dyn BufRead>, import: &mut Import, how: &How) -> anyhow::Result<usize> {
    let causes = &app.desk.content.causes;
    let mut reader = Reader::new(how.format, |word: &str| causes.find(word).is_some());
    let (mut number, mut bad) = (0_usize, 0_usize);
    let mut line = Vec::new();
    while read_line(&mut list, &mut line)? {
        number += 1;
        let outcome = match understand(&mut reader, &line) {
            Ok(Some(entry)) => take_entry(app, import, entry, bad > 0 && !how.skip_bad).await,
            Ok(None) => Ok(()),
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
    Ok(bad)
}

/// Reads one line with its end; of one that is too long only so much is kept that this shows. Says whether there was one.
fn read_line(list: &mut Box<dyn BufRead>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let bounded = |list: &mut Box<dyn BufRead>, into: &mut Vec<u8>| {
        std::io::Read::take(list, LINE_MOST as u64).read_until(b'\n', into)
    };
    let read = bounded(list, line)?;
    let mut rest = Vec::new();
    while line.len() >= LINE_MOST && !line.ends_with(b"\n") && !rest.ends_with(b"\n") {
        rest.clear();
        if bounded(list, &mut rest)? == 0 {
            break;
        }
    }
    Ok(read > 0)
}

/// What a line means.
fn understand<F: Fn(&str) -> bool>(reader: &mut Reader<F>, line: &[u8]) -> Result<Option<read::Entry>, String> {
    if line.len() >= LINE_MOST {
        return Err(format!("longer than {LINE_MOST} bytes"));
    }
    reader.read(line)
}

/// Takes one entry, each of its networks; or only checks it, when nothing of the list will count.
async fn take_entry(app: &App, import: &mut Import, entry: read::Entry, only_check: bool) -> Result<(), String> {
    // Evidence from the future would outlive every probation.
    let evidence_at = entry.evidence_at.map(|seen| seen.min(app.desk.now()));
    for net in entry.nets {
        let entry = Entry { net, cause: entry.cause.clone(), evidence_at, ends: entry.ends, note: entry.note.clone() };
        let taken = if only_check {
            app.desk.is_entry(import, &entry).map(drop)
        } else {
            app.desk.import_entry(import, entry).await
        };
        taken.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Lists the last imports.
pub(super) async fn past(app: &App) -> anyhow::Result<()> {
    for import in imports::list(app.desk.db.pool(), 20).await? {
        let at = import.activated_at.map(Time::human).unwrap_or_default();
        let counts = Counts { added: import.added, kept: import.kept, held: import.held, dropped: import.dropped };
        let note = match (import.undone_at, import.undo_of) {
            (Some(_), _) => "  (taken back)".to_owned(),
            (None, Some(undone)) => format!("  (takes {undone} back)"),
            (None, None) => String::new(),
        };
        say(&format!("{}  {at}  {}  {}  {}{note}", import.id, import.source, import.file_name, summary(counts)))?;
    }
    Ok(())
}

/// Prints all blocks in force, from one state of the database.
pub(super) async fn export(app: &App, format: Format) -> anyhow::Result<()> {
    let mut tx = app.desk.db.snapshot().await?;
    let now = app.desk.now();
    let holes = if format.is_set() {
        Holes::new(&exemptions::list(&mut *tx, now).await?, &probations::list(&mut *tx, now).await?, now)
    } else {
        Holes::default()
    };
    if let Some(head) = write::head(format) {
        say(head)?;
    }
    match format {
        Format::PostfixCidr => {
            let mut ordered = Vec::new();
            each_live(&mut tx, now, |block| {
                ordered
                    .extend(lines(app, format, block, &holes).into_iter().map(|line| (block.net.prefix_len(), line)));
                Ok(())
            })
            .await?;
            // The first match wins in a table of Postfix, so narrow blocks stand before wide ones.
            ordered.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
            ordered.iter().try_for_each(|(_, line)| say(line))
        }
        Format::Rbldnsd => {
            // Its data sets hold addresses of one kind each.
            for (kind, is_v4) in [("ip4trie", true), ("ip6trie", false)] {
                say(&format!("$DATASET {kind} @"))?;
                each_live(&mut tx, now, |block| {
                    let of_kind = block.net.is_v4() == is_v4;
                    if of_kind { say_all(&lines(app, format, block, &holes)) } else { Ok(()) }
                })
                .await?;
            }
            Ok(())
        }
        _ => each_live(&mut tx, now, |block| say_all(&lines(app, format, block, &holes))).await,
    }
}

/// Takes all blocks in force, a page at a time.
async fn each_live(tx: &mut Tx, now: Time, mut take: impl FnMut(&Block) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut after = Id(0);
    loop {
        let page = blocks::live_page(&mut **tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        page.iter().filter(|block| block.until.is_none_or(|end| now < end)).try_for_each(&mut take)?;
    }
}

/// Prints lines.
fn say_all(lines: &[String]) -> anyhow::Result<()> {
    lines.iter().try_for_each(|line| say(line))
}

/// The lines of one block.
fn lines(app: &App, format: Format, block: &Block, holes: &Holes) -> Vec<String> {
    let beside = Beside { portal: &app.desk.config.http.public_url, causes: &app.desk.content.causes };
    let nets: Vec<Net> =
        if format.is_set() { holes.cut(block.id, block.net, block.evidence_at) } else { vec![block.net] };
    nets.into_iter().map(|net| write::line(format, block, net, beside)).collect()
}
