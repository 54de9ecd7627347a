//! What an edge keeps over a restart: the list as it was at some number, and the changes since.
//!
//! The list is one file with a checksum, put in place by rename. Changes are appended to a journal; each list has one of
//! its own, so that nothing is lost between a new list and its journal. What is not complete at the end of a journal is
//! left out: the portal tells it again.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fetch::Lines;
use crate::blocklist::index::{Index, Part};
use crate::blocklist::item::{Line, Setup};
use crate::blocklist::{BlockList, Place, Position};
use crate::domain::id::hash;
use crate::domain::time::Time;

/// The list.
const LIST: &str = "list";

/// What the portal told beside the list.
const SETUP: &str = "setup.json";

/// How the names of journals begin.
const JOURNAL: &str = "changes-";

/// The first line of the file of the list.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// The number that it has reached.
    number: i64,
    /// Of which log.
    epoch: String,
    /// SHA-256 of all that follows.
    sha256: String,
}

/// A line of a journal that closes those before it.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// The number that they reach.
    number: i64,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    /// Where it is.
    folder: PathBuf,
    /// One list is written at a time.
    writing: Arc<Mutex<()>>,
}

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    /// Its file.
    file: File,
    /// How many lines it has got.
    pub(super) lines: usize,
}

impl Journal {
    /// Appends one line; it counts when its number is marked.
    pub(super) fn add(&mut self, line: &Line) -> std::io::Result<()> {
        self.lines += 1;
        self.file.write_all(format!("{}\n", line.json()).as_bytes())
    }

    /// Marks that all changes up to this number were appended.
    pub(super) fn mark(&mut self, number: i64) -> std::io::Result<()> {
        self.file.write_all(format!("{}\n", serde_json::to_string(&Mark { number })?).as_bytes())
    }
}

impl Disk {
    /// The folder, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let fault = || {
            format!(
                "edge.folder = \"{}\": it cannot be written; choose another folder or mend its rights",
                folder.display()
            )
        };
        fs::create_dir_all(folder).with_context(fault)?;
        let probe = folder.join("probe");
        fs::write(&probe, b"").with_context(fault)?;
        fs::remove_file(&probe).with_context(fault)?;
        Ok(Self { folder: folder.to_owned(), writing: Arc::default() })
    }

    /// The list with the changes since; none when there is no list.
    ///
    /// # Errors
    /// When the list is not what was written.
    pub(super) fn read(&self) -> anyhow::Result<Option<(Index, Position)>> {
        let file = match File::open(self.folder.join(LIST)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut reader = BufReader::new(file);
        let mut head = String::new();
        reader.by_ref().take(4_096).read_line(&mut head)?;
        let head: Head = serde_json::from_str(&head).context("its first line is not understood")?;
        let mut index = read_list(reader, &head)?;
        let mut position = Position { n: head.number, epoch: head.epoch };
        for (from, journal) in self.journals(&position.epoch)? {
            // Behind a gap nothing is known of what lies in it.
            if from > position.n {
                break;
            }
            replay(&journal, &mut index, &mut position)?;
        }
        Ok(Some((index, position)))
    }

    /// The journals of a log in their order, each with the number after which it begins.
    fn journals(&self, epoch: &str) -> std::io::Result<Vec<(i64, PathBuf)>> {
        let start = format!("{JOURNAL}{}-", tag(epoch));
        let mut found: Vec<(i64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(n) = name.strip_prefix(&start).and_then(|n| n.parse().ok()) {
                found.push((n, entry.path()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Begins the journal of the changes after this position, or goes on with it.
    pub(super) fn journal(&self, after: &Position) -> std::io::Result<Journal> {
        let path = self.folder.join(format!("{JOURNAL}{}-{}", tag(&after.epoch), after.n));
        let mut file = File::options().create(true).append(true).open(path)?;
        // A line that a crash cut off ends here, and is left out when it is read.
        if file.metadata()?.len() > 0 {
            file.write_all(b"\n")?;
        }
        Ok(Journal { file, lines: 0 })
    }

    /// Writes the list as it stands; then older journals are not needed any more.
    ///
    /// # Errors
    /// When the disk does not take it, or the list is replaced meanwhile; what was there before stays.
    pub(super) fn write(&self, blocklist: &BlockList, position: &Position) -> anyhow::Result<()> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = blocklist.standing(Time(0)).context("there is no list")?;
        anyhow::ensure!(standing.position.epoch == position.epoch, "the list is another one by now");
        let (body, list) = (self.folder.join("list.body"), self.folder.join("list.new"));
        let mut sum = Sha256::new();
        let mut out = BufWriter::new(File::create(&body)?);
        for part in [Part::Exemptions, Part::Probations, Part::Tokens, Part::Blocks] {
            let mut place = Place::default();
            loop {
                let page = blocklist.page(&standing, part, &mut place)?;
                if page.is_empty() {
                    break;
                }
                for item in page {
                    let line = format!("{}\n", Line::from(item).json());
                    sum.update(line.as_bytes());
                    out.write_all(line.as_bytes())?;
                }
            }
        }
        out.flush()?;
        drop(out);
        let sha256 = data_encoding::HEXLOWER.encode(&sum.finalize());
        let head = Head { number: position.n, epoch: position.epoch.clone(), sha256 };
        let mut whole = File::create(&list)?;
        writeln!(whole, "{}", serde_json::to_string(&head)?)?;
        std::io::copy(&mut File::open(&body)?, &mut whole)?;
        self.put(&whole, &list, LIST)?;
        fs::remove_file(body)?;
        self.forget_journals(position)
    }

    /// Removes journals of other logs and those that end where the list begins.
    fn forget_journals(&self, position: &Position) -> anyhow::Result<()> {
        let journals = self.journals(&position.epoch)?.into_iter();
        let kept: Vec<PathBuf> = journals.filter(|(from, _)| *from >= position.n).map(|(_, path)| path).collect();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(JOURNAL) && !kept.contains(&entry.path()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Makes a file durable and puts it in the place of another.
    fn put(&self, file: &File, from: &Path, name: &str) -> std::io::Result<()> {
        file.sync_all()?;
        fs::rename(from, self.folder.join(name))?;
        File::open(&self.folder)?.sync_all()
    }

    /// What the portal told beside the list.
    pub(super) fn read_setup(&self) -> Option<Setup> {
        serde_json::from_slice(&fs::read(self.folder.join(SETUP)).ok()?).ok()
    }

    /// Keeps what the portal told beside the list.
    pub(super) fn write_setup(&self, setup: &Setup) -> anyhow::Result<()> {
        let new = self.folder.join("setup.new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(setup)?)?;
        Ok(self.put(&file, &new, SETUP)?)
    }
}

/// The characters of an epoch that may stand in the name of a file.
fn tag(epoch: &str) -> String {
    hash(epoch.as_bytes()).chars().take(16).collect()
}

/// Reads the lines of a list and compares their checksum.
fn read_list(mut reader: impl std::io::Read, head: &Head) -> anyhow::Result<Index> {
    let (mut sum, mut lines) = (Sha256::new(), Lines::default());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = reader.read(&mut buffer)?;
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else { break };
        sum.update(piece);
        lines.take(piece)?;
    }
    anyhow::ensure!(data_encoding::HEXLOWER.encode(&sum.finalize()) == head.sha256, "its checksum is another");
    lines.finish()
}

/// Takes the changes of a journal that are not in the list. Lines behind the last mark are incomplete and left out.
fn replay(journal: &Path, index: &mut Index, position: &mut Position) -> anyhow::Result<()> {
    let mut waiting = Vec::new();
    for line in BufReader::new(File::open(journal)?).lines() {
        let text = line?;
        if let Ok(line) = serde_json::from_str::<Line>(&text) {
            waiting.push(line);
        } else if let Ok(Mark { number }) = serde_json::from_str(&text) {
            for line in waiting.drain(..).filter(|_| number > position.n) {
                index.take(&line.item, line.event.is_live());
            }
            position.n = position.n.max(number);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocklist::item::{Event, Item};
    use crate::domain::block::Action;
    use crate::domain::id::Id;
    use crate::domain::net::Net;

    /// A block.
    fn block(id: i64) -> Item {
        Item::Block {
            id: Id(id),
            net: Net::single(std::net::Ipv4Addr::from_bits(u32::try_from(id).unwrap()).into()),
            cause: "PB-SPAM".into(),
            action: Action::Reject,
            case: "7K3FQ2XW".into(),
            evidence_at: Time(1),
            until: None,
        }
    }

    /// A list of so many blocks at some number.
    fn list(count: i64, n: i64) -> BlockList {
        let mut index = Index::default();
        (1..=count).for_each(|id| index.take(&block(id), true));
        let list = BlockList::default();
        list.replace(index, Position { n, epoch: "e/../x".into() }, Time(1));
        list
    }

    /// The position of a list.
    fn position(list: &BlockList) -> Position {
        list.standing(Time(0)).unwrap().position
    }

    #[test]
    fn a_list_and_its_journal_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path()).unwrap();
        assert!(disk.read().unwrap().is_none());
        let blocks = list(2_500, 7);
        disk.write(&blocks, &position(&blocks)).unwrap();
        let mut journal = disk.journal(&position(&blocks)).unwrap();
        let line = |id, event| Line { n: None, event, item: block(id) };
        journal.add(&line(1, Event::Lift)).unwrap();
        journal.mark(8).unwrap();
        journal.add(&line(9_001, Event::Add)).unwrap();
        journal.add(&line(9_002, Event::Add)).unwrap();
        journal.mark(9).unwrap();
        journal.add(&line(9_003, Event::Add)).unwrap();
        drop(journal);
        let mut again = disk.journal(&position(&blocks)).unwrap();
        again.file.write_all(b"{\"event\":\"ad").unwrap();
        drop(again);
        let (index, reached) = disk.read().unwrap().unwrap();
        assert_eq!((index.count(), reached.n), (2_501, 9), "the last line is not marked");
        blocks.replace(index, reached.clone(), Time(1));
        disk.write(&blocks, &reached).unwrap();
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "the journal is not needed any more");
        assert_eq!(disk.read().unwrap().unwrap().0.digest(Time(1)), blocks_digest(&blocks));
    }

    /// The digest of a list as a number.
    fn blocks_digest(list: &BlockList) -> u64 {
        u64::from_str_radix(&list.digest(Time(1)).unwrap().1, 16).unwrap()
    }

    #[test]
    fn a_list_that_was_changed_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path()).unwrap();
        let blocks = list(100, 7);
        disk.write(&blocks, &position(&blocks)).unwrap();
        let path = folder.path().join(LIST);
        let good = fs::read(&path).unwrap();
        for cut in [0, 10, good.len() / 2, good.len() - 1] {
            fs::write(&path, &good[..cut]).unwrap();
            assert!(disk.read().is_err(), "{cut}");
        }
        fs::write(&path, String::from_utf8(good).unwrap().replacen("PB-SPAM", "PB-TRAP", 1)).unwrap();
        assert!(disk.read().unwrap_err().to_string().contains("checksum"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let error = Disk::open(&file).unwrap_err().to_string();
        assert!(error.contains("edge.folder"), "{error}");
    }
}
