//! Passwords are hashed and compared off the async threads, by two threads of their own.
//!
//! Each hash takes 19 MB and tens of milliseconds of a core. The allocator keeps such memory for the thread that had it;
//! among the many threads of the runtime that would grow to half a gigabyte while somebody guesses.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::oneshot;

use super::{Done, Refusal};
use crate::domain::staff::{PASSWORD_MAX, PASSWORD_MIN, password_fits};
use crate::locale::Sentence;

/// How many passwords are hashed at once.
const THREADS: usize = 2;

/// Something for a hashing thread to do.
type Work = Box<dyn FnOnce() + Send>;

/// The way to the hashing threads, which live as long as the program.
static HASHERS: LazyLock<Sender<Work>> = LazyLock::new(|| {
    let (give, take) = channel();
    let take = Arc::new(Mutex::new(take));
    for _ in 0..THREADS {
        let take = Arc::clone(&take);
        std::thread::spawn(move || work(&take));
    }
    give
});

/// Does one thing after the other; what panics costs nobody but who waits for it.
fn work(take: &Mutex<Receiver<Work>>) {
    loop {
        let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(next) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(next));
    }
}

/// Has something done by a hashing thread, unless nobody waits for it any more.
async fn hashing<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    let (done, result) = oneshot::channel();
    let wanted = move || {
        if !done.is_closed() {
            let _ = done.send(what());
        }
    };
    HASHERS.send(Box::new(wanted)).map_err(|_| anyhow::anyhow!("the hashing threads have ended"))?;
    Ok(result.await?)
}

/// What a password is compared with when there is no such account, so that the time tells nothing.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Hashes a password; slow by design.
fn hash_now(password: &str) -> anyhow::Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(|e| anyhow::anyhow!("argon2: {e}"))?.to_string())
}

/// Compares a password with a stored hash.
pub(super) async fn verify(password: String, stored: Option<String>) -> anyhow::Result<bool> {
    hashing(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&stored);
        let fits = parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && fits
    })
    .await
}

/// The hash of a password of a fitting length.
pub(super) async fn fitting_hash(password: &str) -> Done<String> {
    if !password_fits(password) {
        let sentence = Sentence::new("password-size").with("least", PASSWORD_MIN).with("most", PASSWORD_MAX);
        return Err(Refusal::Invalid(sentence));
    }
    let password = password.to_owned();
    Ok(hashing(move || hash_now(&password)).await??)
}
