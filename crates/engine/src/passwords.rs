//! Passwords: argon2id hashing and checking, at most two at a time, and the memory of recent
//! successes that makes a password on every request cheap.
//!
//! A check of an unknown user does the same work on a hash that nothing matches.

use crate::run_blocking;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use model::{Error, ErrorKind, Result, UserId};
use recent::RecentLogins;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

mod recent;
#[cfg(test)]
mod tests;

/// Hashes computed at once: each takes 19 MB and some ten milliseconds of one core.
const RUNNING_MAX: usize = 2;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Matches no password that anyone knows.
    unmatched: Arc<str>,
    running: Arc<Semaphore>,
    /// Those that run and those that may wait.
    admitted: Arc<Semaphore>,
    recent: Arc<RecentLogins>,
    computed: Arc<AtomicU64>,
}

/// Leave to run one hash; given back when dropped.
struct Turn {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
    computed: Arc<AtomicU64>,
}

impl Turn {
    /// Computes one hash.
    fn compute<T>(&self, hash: impl FnOnce() -> T) -> T {
        self.computed.fetch_add(1, Ordering::Relaxed);
        hash()
    }
}

impl Passwords {
    /// Begins with nothing remembered; beyond `waiting` checks more are refused.
    pub(crate) async fn new(waiting: usize) -> Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(Error::internal)?;
        let unmatched = run_blocking(move || compute_hash(&secret)).await?.into();
        Ok(Self {
            unmatched,
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
            admitted: Arc::new(Semaphore::new(RUNNING_MAX + waiting)),
            recent: Arc::new(RecentLogins::new()?),
            computed: Arc::default(),
        })
    }

    /// The hash of a new password, as a PHC string.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let turn = self.turn().await?;
        let password = password.to_owned();
        run_blocking(move || turn.compute(|| compute_hash(password.as_bytes()))).await
    }

    /// Whether a password is the one of a user with this stored hash. `None` is never right and
    /// takes as long as a wrong password does.
    pub(crate) async fn verify(&self, stored: Option<(UserId, String)>, password: &str) -> Result<bool> {
        if self.is_recent(stored.as_ref(), password) {
            return Ok(true);
        }
        let turn = self.turn().await?;
        // Of many requests with the same new credentials, only the first ones do the work.
        if self.is_recent(stored.as_ref(), password) {
            return Ok(true);
        }
        let (unmatched, recent) = (Arc::clone(&self.unmatched), Arc::clone(&self.recent));
        let password = password.to_owned();
        run_blocking(move || {
            let hash = stored.as_ref().map_or(&*unmatched, |(_, hash)| hash);
            let hash = PasswordHash::new(hash).map_err(|e| Error::internal(format!("a stored password hash: {e}")))?;
            let matches = turn.compute(|| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            match &stored {
                // While the turn lasts, so that the next one with these credentials knows.
                Some((user, hash)) if matches => {
                    recent.remember(*user, hash, &password);
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
        .await
    }

    /// How many hashes were computed.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    fn is_recent(&self, stored: Option<&(UserId, String)>, password: &str) -> bool {
        stored.is_some_and(|(user, hash)| self.recent.knows(*user, hash, password))
    }

    async fn turn(&self) -> Result<Turn> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| ErrorKind::Overloaded { what: "too many password checks wait".to_owned() })?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn { _running: running, _admitted: admitted, computed: Arc::clone(&self.computed) })
    }
}

fn compute_hash(password: &[u8]) -> Result<String> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(Error::internal)?;
    Ok(hash.to_string())
}
