//! `application/x-www-form-urlencoded` (URL Standard, 5.1), read piece by piece: a pasted log may be long.

use axum::body::{BodyDataStream, Bytes};
use futures_util::TryStreamExt as _;

/// The longest name of a field.
const NAME_MOST: usize = 200;

/// Why the pairs cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The body broke off or went beyond its limit.
    #[error(transparent)]
    Body(#[from] axum::Error),
    /// A name goes on and on.
    #[error("the name of a field is too long")]
    Name,
}

/// The pairs of a body.
pub(super) struct Pairs {
    /// What is to come.
    body: BodyDataStream,
    /// What has come and is not yet taken.
    rest: Bytes,
    /// Whether nothing more comes.
    ended: bool,
    /// Whether the value of the last pair is not yet taken.
    in_value: bool,
}

/// One pair.
pub(super) struct Pair<'a> {
    /// Where its value comes from.
    pairs: &'a mut Pairs,
    /// Its name.
    name: String,
}

impl Pairs {
    /// The pairs of this body.
    pub(super) fn new(body: BodyDataStream) -> Self {
        Self { body, rest: Bytes::new(), ended: false, in_value: false }
    }

    /// Waits for more bytes; says whether any came.
    async fn more(&mut self) -> Result<bool, Broken> {
        match self.body.try_next().await? {
            Some(bytes) if self.rest.is_empty() => self.rest = bytes,
            // What is left over is the beginning of a name or of an escape, so this copies once and not again and again.
            Some(bytes) => self.rest = Bytes::from([self.rest.as_ref(), bytes.as_ref()].concat()),
            None => self.ended = true,
        }
        Ok(!self.ended)
    }

    /// The next pair; what is left of the one before is skipped.
    pub(super) async fn next(&mut self) -> Result<Option<Pair<'_>>, Broken> {
        while self.in_value {
            self.value_bytes().await?;
        }
        loop {
            if let Some(end) = self.rest.iter().position(|b| matches!(b, b'=' | b'&')) {
                let name = self.take(end);
                let separator = self.take(1);
                self.in_value = separator.as_ref() == b"=";
                if self.in_value {
                    return Ok(Some(Pair { pairs: self, name: decoded_name(&name) }));
                }
            } else if self.rest.len() > NAME_MOST {
                return Err(Broken::Name);
            } else if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// The next bytes of the value, decoded; `None` at its end.
    async fn value_bytes(&mut self) -> Result<Option<Bytes>, Broken> {
        while self.in_value {
            let end = self.rest.iter().position(|b| *b == b'&');
            // A percent sign and the digits that belong to it may come in two pieces.
            let cut = self.rest.iter().rev().take(2).position(|b| *b == b'%').map_or(0, |back| back + 1);
            let ready = end.unwrap_or(if self.ended { self.rest.len() } else { self.rest.len() - cut });
            let raw = self.take(ready);
            if end.is_some() {
                self.take(1);
            }
            self.in_value = end.is_none() && !self.ended;
            if !raw.is_empty() {
                return Ok(Some(Bytes::from(decode(&raw))));
            }
            if self.in_value {
                self.more().await?;
            }
        }
        Ok(None)
    }

    /// Takes so many bytes from the front.
    fn take(&mut self, count: usize) -> Bytes {
        self.rest.split_to(count.min(self.rest.len()))
    }
}

impl Pair<'_> {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The next bytes of its value.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        self.pairs.value_bytes().await
    }
}

/// A name; what is no UTF-8 in it is replaced.
fn decoded_name(raw: &[u8]) -> String {
    String::from_utf8_lossy(&decode(raw)).into_owned()
}

/// Undoes `+` and `%XX`; what is no valid escape stays as it is.
fn decode(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) * 16 + digit(*low));
                rest = after;
            }
            (other, _) => out.push(*other),
        }
    }
    out
}

/// The value of a hexadecimal digit.
fn digit(letter: u8) -> u8 {
    char::from(letter).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::*;

    /// All pairs of a body that comes in pieces of `size` bytes.
    async fn read(body: &str, size: usize) -> Vec<(String, String)> {
        let pieces: Vec<std::io::Result<Vec<u8>>> = body.as_bytes().chunks(size).map(|c| Ok(c.to_vec())).collect();
        let mut pairs = Pairs::new(Body::from_stream(stream::iter(pieces)).into_data_stream());
        let mut found = Vec::new();
        while let Some(mut pair) = pairs.next().await.unwrap() {
            let (name, mut value) = (pair.name().to_owned(), Vec::new());
            while let Some(bytes) = pair.chunk().await.unwrap() {
                value.extend_from_slice(&bytes);
            }
            found.push((name, String::from_utf8(value).unwrap()));
        }
        found
    }

    #[tokio::test]
    async fn pairs_are_the_same_however_they_are_cut() {
        let body = "a=1+2&b=%C3%BC%26%3D%&c&&d=&e=x%2&ev%69dence=line%0D%0Anext";
        let want = [("a", "1 2"), ("b", "ü&=%"), ("d", ""), ("e", "x%2"), ("evidence", "line\r\nnext")];
        for size in 1..=body.len() {
            let found = read(body, size).await;
            let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(found, want, "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn a_value_that_nobody_takes_is_skipped() {
        let mut pairs = Pairs::new(Body::from("a=long&b=2").into_data_stream());
        assert_eq!(pairs.next().await.unwrap().unwrap().name(), "a");
        assert_eq!(pairs.next().await.unwrap().unwrap().name(), "b");
        assert!(pairs.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_endless_name_is_refused() {
        let mut pairs = Pairs::new(Body::from("x".repeat(1_000)).into_data_stream());
        assert!(matches!(pairs.next().await, Err(Broken::Name)));
    }
}
