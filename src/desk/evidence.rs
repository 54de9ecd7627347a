//! Evidence comes in: streamed to the database as it came, read once, held until its form is taken.

use sha2::{Digest, Sha256};

use super::{Desk, Done, Refusal};
use crate::domain::id::{Id, Secret};
use crate::domain::ticket::storable_line;
use crate::store::evidence::{self, CHUNK, Form, FullyRead};

/// How many bytes of a piece are read and shown as text; the rest is kept.
pub const READ_MOST: usize = 1024 * 1024;

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
    /// The beginning, to be read.
    head: Vec<u8>,
    /// The name of the file.
    name: String,
}

/// A piece of evidence that waits for its form.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its key.
    pub id: Id,
    /// What lets its sender attach it.
    pub secret: Secret,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: usize,
}

impl Desk {
    /// Begins to take a piece of evidence.
    pub async fn begin_evidence(&self, form: Form, name: &str) -> Done<Incoming> {
        let now = self.now();
        let (id, secret) = (Id::new(now), Secret::new());
        let name = storable_line(name, 120);
        evidence::begin(self.db.pool(), id, &secret.hash(), form, &name, now).await?;
        Ok(Incoming { id, secret, rest: Vec::new(), chunks: 0, size: 0, sum: Sha256::new(), head: Vec::new(), name })
    }

    /// Takes the next bytes.
    pub async fn take_evidence(&self, incoming: &mut Incoming, bytes: &[u8]) -> Done<()> {
        incoming.size += bytes.len();
        incoming.sum.update(bytes);
        let room = READ_MOST.saturating_sub(incoming.head.len());
        incoming.head.extend(bytes.iter().take(room));
        incoming.rest.extend_from_slice(bytes);
        while incoming.rest.len() >= CHUNK {
            let later = incoming.rest.split_off(CHUNK);
            let chunk = std::mem::replace(&mut incoming.rest, later);
            self.store_chunk(incoming, &chunk).await?;
        }
        Ok(())
    }

    /// Stores one chunk.
    async fn store_chunk(&self, incoming: &mut Incoming, chunk: &[u8]) -> Done<()> {
        let mut tx = self.db.begin().await?;
        evidence::add_chunk(&mut *tx, incoming.id, incoming.chunks, chunk).await?;
        tx.commit().await?;
        incoming.chunks += 1;
        Ok(())
    }

    /// Stores what is left and reads the beginning as text.
    pub async fn complete_evidence(&self, mut incoming: Incoming) -> Done<Held> {
        if !incoming.rest.is_empty() {
            let chunk = std::mem::take(&mut incoming.rest);
            self.store_chunk(&mut incoming, &chunk).await?;
        }
        let all = incoming.size <= READ_MOST;
        let text = String::from_utf8_lossy(&incoming.head).replace('\0', "\u{fffd}");
        let sum = data_encoding::HEXLOWER.encode(&incoming.sum.finalize_reset());
        let size = i64::try_from(incoming.size).unwrap_or(i64::MAX);
        let fully = if all { FullyRead::Yes } else { FullyRead::No };
        evidence::complete(self.db.pool(), incoming.id, size, &sum, &text, fully).await?;
        Ok(Held { id: incoming.id, secret: incoming.secret, name: incoming.name, size: incoming.size })
    }

    /// The piece that waits for its form, by the secret that the form carried.
    pub async fn held_evidence(&self, presented: &str) -> Done<Held> {
        let secret = Secret::presented(presented);
        let piece = evidence::find_held(self.db.pool(), &secret.hash()).await?.ok_or(Refusal::NotFound)?;
        let size = usize::try_from(piece.size).unwrap_or(0);
        Ok(Held { id: piece.id, secret, name: piece.name, size })
    }
}
