//! Evidence comes in: streamed to the database as it came, read once, held until its form is taken.

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use super::{Desk, Done, Refusal};
use crate::domain::id::{Id, Secret};
use crate::domain::net::{Net, is_public};
use crate::domain::ticket::storable_line;
use crate::domain::time::Time;
use crate::evidence::{self as reader, Budget, Context, Findings, READER, mask};
use crate::store::evidence::{self, CHUNK, Evidence, Form, FullyRead, Holder, Reading};

/// How many bytes of a piece are shown as text; the rest is kept for download.
const SHOWN_MOST: usize = 1024 * 1024;

/// How many bytes of a piece are read; the rest is kept and the piece marked as not fully read.
const READ_MOST: usize = 32 * 1024 * 1024;

/// How much work one reading may cost, in bytes looked at: some passes over [`READ_MOST`].
const WORK_MOST: Budget = Budget(256 * 1024 * 1024);

/// How many addresses found in one piece become networks of its ticket.
const ADDRESSES_MOST: usize = 20;

/// From which chunk on a piece needs room: what is smaller (1 MB) is always taken.
const SMALL: i64 = 4;

/// How many bytes of one visitor may wait for their forms.
const HELD_BY_ONE: i64 = 256 * 1024 * 1024;

/// How many bytes of all visitors may wait for their forms.
const HELD_BY_ALL: i64 = 8 * 1024 * 1024 * 1024;

/// How many pieces are read again before others may have their turn.
const REREAD_AT_ONCE: i64 = 10;

/// How many pieces are read at the same time.
static READERS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

/// A piece of evidence that is coming in.
#[derive(Debug)]
pub struct Incoming {
    /// Its key.
    id: Id,
    /// What lets its sender attach it.
    secret: Secret,
    /// Bytes that do not fill a chunk yet.
    rest: Vec<u8>,
    /// How many chunks are stored.
    chunks: i64,
    /// How many bytes came.
    size: usize,
    /// Their sum so far.
    sum: Sha256,
    /// How it comes.
    form: Form,
    /// The name of the file.
    name: String,
    /// Whether it is an archive, in which nothing can be overwritten without breaking it.
    packed: bool,
    /// What overwrites passwords and tokens.
    secrets: mask::Secrets,
}

/// A piece of evidence that waits for its form.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its key.
    pub id: Id,
    /// What lets its sender attach it.
    pub secret: Secret,
    /// How it came.
    pub form: Form,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: usize,
    /// What the reader understood.
    pub findings: Findings,
}

impl Held {
    /// Whether it was uploaded, not pasted.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.form == Form::File
    }
}

impl Desk {
    /// Begins to take a piece of evidence.
    pub async fn begin_evidence(&self, form: Form, name: &str) -> Done<Incoming> {
        let now = self.now();
        let (id, secret) = (Id::new(now), Secret::new());
        let name = storable_line(name, 120);
        let (hash, network) = (secret.hash(), self.visitor.map(|net| net.to_string()));
        let holder = Holder { hash: &hash, network: network.as_deref() };
        evidence::begin(self.db.pool(), id, holder, form, &name, now).await?;
        Ok(Incoming {
            id,
            secret,
            rest: Vec::new(),
            chunks: 0,
            size: 0,
            sum: Sha256::new(),
            form,
            name,
            packed: false,
            secrets: mask::Secrets::default(),
        })
    }

    /// Takes the next bytes.
    pub async fn take_evidence(&self, incoming: &mut Incoming, bytes: &[u8]) -> Done<()> {
        if incoming.size < 4 {
            let start = [incoming.rest.as_slice(), bytes.get(..bytes.len().min(4)).unwrap_or_default()].concat();
            incoming.packed = start.starts_with(b"\x1f\x8b") || start.starts_with(b"PK\x03\x04");
        }
        incoming.size += bytes.len();
        incoming.sum.update(bytes);
        incoming.rest.extend_from_slice(bytes);
        while incoming.rest.len() >= CHUNK {
            let end = incoming.secrets.end(incoming.rest.get(..CHUNK).unwrap_or_default());
            let later = incoming.rest.split_off(end);
            let chunk = std::mem::replace(&mut incoming.rest, later);
            self.store_chunk(incoming, chunk).await?;
        }
        Ok(())
    }

    /// Stores one chunk; passwords and tokens in it are overwritten first, at the same length, off the async threads.
    async fn store_chunk(&self, incoming: &mut Incoming, mut chunk: Vec<u8>) -> Done<()> {
        if !incoming.packed {
            let mut secrets = std::mem::take(&mut incoming.secrets);
            let masked = tokio::task::spawn_blocking(move || {
                secrets.mask(&mut chunk);
                (secrets, chunk)
            });
            (incoming.secrets, chunk) = masked.await.context("masking evidence")?;
        }
        if incoming.chunks == SMALL {
            self.find_room().await?;
        }
        let mut tx = self.db.begin().await?;
        evidence::add_chunk(&mut *tx, incoming.id, incoming.chunks, &chunk).await?;
        evidence::grow(&mut *tx, incoming.id, i64::try_from(chunk.len()).unwrap_or(i64::MAX)).await?;
        tx.commit().await?;
        incoming.chunks += 1;
        Ok(())
    }

    /// Refuses a large piece of a visitor when too much waits already that no ticket took.
    async fn find_room(&self) -> Done<()> {
        let Some(visitor) = self.visitor else { return Ok(()) };
        let (all, own) = evidence::held_bytes(self.db.pool(), &visitor.to_string()).await?;
        if all < HELD_BY_ALL && own < HELD_BY_ONE { Ok(()) } else { Err(Refusal::TooMuch) }
    }

    /// Whether there is room for evidence that no ticket takes yet.
    pub(super) async fn has_room_for_evidence(&self) -> sqlx::Result<bool> {
        Ok(evidence::held_bytes(self.db.pool(), "").await?.0 < HELD_BY_ALL)
    }

    /// Stores what is left, reads it all, and holds it for its form.
    pub async fn complete_evidence(&self, mut incoming: Incoming) -> Done<Held> {
        if !incoming.rest.is_empty() {
            let chunk = std::mem::take(&mut incoming.rest);
            self.store_chunk(&mut incoming, chunk).await?;
        }
        let (findings, reading) = self.read_stored(incoming.id, &incoming.name, self.now()).await?;
        let sum = data_encoding::HEXLOWER.encode(&incoming.sum.finalize_reset());
        let size = i64::try_from(incoming.size).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        evidence::complete(&mut *tx, incoming.id, size, &sum).await?;
        evidence::set_reading(&mut *tx, incoming.id, &reading).await?;
        tx.commit().await?;
        let Incoming { id, secret, form, name, size, .. } = incoming;
        Ok(Held { id, secret, form, name, size, findings })
    }

    /// Reads a stored piece that came at a time, off the async threads and two at a time.
    async fn read_stored(&self, id: Id, name: &str, came: Time) -> Done<(Findings, Reading)> {
        let place = READERS.acquire().await.context("readers do not close")?;
        let mut bytes = Vec::new();
        let mut n = 0;
        while bytes.len() < READ_MOST
            && let Some(chunk) = evidence::chunk(self.db.pool(), id, n).await?
        {
            bytes.extend_from_slice(&chunk);
            n += 1;
        }
        let whole = evidence::chunk(self.db.pool(), id, n).await?.is_none();
        let context = Context { arrived: Some(came.jiff()), ..self.reading_context(name) };
        // The place is kept until the reading ends, also when nobody waits for it any more.
        let read = move || {
            let _place = place;
            reading(&bytes, whole, &context)
        };
        Ok(tokio::task::spawn_blocking(read).await.context("reading evidence")??)
    }

    /// Reads a text that is not stored, as it would be read if it were.
    pub async fn read_unstored(&self, mut bytes: Vec<u8>) -> Done<Findings> {
        let place = READERS.acquire().await.context("readers do not close")?;
        let context = self.reading_context("");
        let read = move || {
            let _place = place;
            mask::secrets(&mut bytes);
            reader::read(&bytes, &context)
        };
        Ok(tokio::task::spawn_blocking(read).await.context("reading a text")?)
    }

    /// What the reader knows of us.
    #[must_use]
    pub fn reading_context(&self, file_name: &str) -> Context {
        Context {
            arrived: Some(self.now().jiff()),
            own_hosts: self.config.own_hosts.clone(),
            cause_codes: self.content.causes.iter().map(|c| c.code.clone()).collect(),
            case_link_base: Some(self.config.http.public_url.clone()),
            networks: self.config.own_networks.iter().map(|net| (*net).into()).collect(),
            budget: WORK_MOST,
            file_name: (!file_name.is_empty()).then(|| file_name.to_owned()),
        }
    }

    /// Reads a piece again, for when the reader has become better.
    pub async fn reread_evidence(&self, piece: &Evidence) -> Done<()> {
        let (_, reading) = self.read_stored(piece.id, &piece.name, piece.created_at).await?;
        evidence::set_reading(self.db.pool(), piece.id, &reading).await?;
        Ok(())
    }

    /// Reads the next few pieces again that an older reader read, beginning after one; gives the last of them. One that
    /// cannot be read is left behind, so that it does not hold up the others.
    pub async fn reread_outdated(&self, after: Id) -> Done<Option<Id>> {
        let ids = evidence::outdated(self.db.pool(), READER, after, REREAD_AT_ONCE).await?;
        for id in &ids {
            let Some(piece) = evidence::find(self.db.pool(), *id).await? else { continue };
            if let Err(error) = self.reread_evidence(&piece).await {
                tracing::warn!(evidence.id = %id, error = format!("{error:#}"), "evidence could not be read again");
            }
        }
        Ok(ids.last().copied())
    }

    /// What survives the retention time of a piece: of a ticket's piece, a masked copy of the lines that matter and its
    /// findings as JSON.
    pub(super) async fn surviving(&self, piece: Evidence) -> Done<(String, Option<String>)> {
        if piece.ticket_id.is_none() {
            return Ok((String::new(), None));
        }
        Ok(tokio::task::spawn_blocking(move || survivors(&piece)).await.context("masking evidence")??)
    }

    /// Reads all pieces again that still have their bytes; gives how many.
    pub async fn reread_all(&self) -> Done<usize> {
        let (mut after, mut count) = (Id(0), 0);
        loop {
            let page = evidence::page(self.db.pool(), after, 50).await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = last.id;
            for piece in &page {
                self.reread_evidence(piece).await?;
                count += 1;
            }
        }
    }

    /// The piece that waits for its form, by the secret that the form carried.
    pub async fn held_evidence(&self, presented: &str) -> Done<Held> {
        let secret = Secret::presented(presented);
        let piece = evidence::find_held(self.db.pool(), &secret.hash()).await?.ok_or(Refusal::NotFound)?;
        let size = usize::try_from(piece.size).unwrap_or(0);
        Ok(Held { id: piece.id, secret, form: piece.form, size, findings: findings(&piece), name: piece.name })
    }
}

/// Reads the bytes of a piece, which may be `whole` or only its beginning.
fn reading(bytes: &[u8], whole: bool, context: &Context) -> anyhow::Result<(Findings, Reading)> {
    let found = reader::read(bytes, context);
    let (text, shown) = reader::text::text(bytes, context, SHOWN_MOST);
    let mut text = text.replace('\0', "\u{2400}").into_bytes();
    mask::secrets(&mut text);
    let all = whole && shown && found.fully_read;
    let reading = Reading {
        text: String::from_utf8_lossy(&text).into_owned(),
        findings: serde_json::to_string(&found).context("writing findings as JSON")?,
        fully_read: if all { FullyRead::Yes } else { FullyRead::No },
        reader: READER,
    };
    Ok((found, reading))
}

/// What survives the retention time of a piece: the masked copy and its findings as JSON.
fn survivors(piece: &Evidence) -> anyhow::Result<(String, Option<String>)> {
    let (text, found) = mask::kept(&piece.text, &findings(piece));
    let found = piece.findings.is_some().then(|| serde_json::to_string(&found)).transpose();
    Ok((text, found.context("writing findings as JSON")?))
}

/// What the reader understood of a stored piece.
#[must_use]
pub fn findings(piece: &Evidence) -> Findings {
    piece.findings.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The addresses that a piece is about, as networks of its ticket.
#[must_use]
pub fn addresses(found: &Findings) -> Vec<Net> {
    found.ips.iter().filter(|ip| is_public(**ip)).take(ADDRESSES_MOST).map(|ip| Net::single(*ip)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_nobodys_network() {
        let found = Findings {
            ips: ["10.0.0.1", "203.0.113.7", "fe80::1", "2001:db8::1"].map(|ip| ip.parse().unwrap()).to_vec(),
            ..Findings::default()
        };
        let nets: Vec<String> = addresses(&found).iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["203.0.113.7", "2001:db8::1"]);
    }
}
