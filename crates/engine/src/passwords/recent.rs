//! The credentials that were right a short while ago, as keyed hashes with a key that lives as
//! long as the process. The stored hash is part of what is hashed, so that a changed password is
//! forgotten at once.

use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Update};
use model::{Error, Result, UserId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// How long a success is remembered.
const AGE_MAX: Duration = Duration::from_secs(300);
/// How many users are remembered.
pub(super) const USERS_MAX: usize = 4_096;

type Mark = [u8; 32];

/// One remembered success per user.
#[derive(Debug)]
pub(super) struct RecentLogins {
    key: [u8; 32],
    marks: Mutex<HashMap<UserId, (Mark, Instant)>>,
}

impl RecentLogins {
    /// Remembers nothing yet; takes a new random key.
    pub(super) fn new() -> Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(Error::internal)?;
        Ok(Self { key, marks: Mutex::default() })
    }

    /// Whether these credentials were right a short while ago and still are.
    pub(super) fn knows(&self, user: UserId, stored: &str, password: &str) -> bool {
        self.knows_at(user, stored, password, Instant::now())
    }

    pub(super) fn knows_at(&self, user: UserId, stored: &str, password: &str, now: Instant) -> bool {
        let Some((mark, since)) = self.marks.lock().get(&user).copied() else { return false };
        now.duration_since(since) < AGE_MAX
            && self.mark(user, stored, password).is_some_and(|given| bool::from(given.ct_eq(&mark)))
    }

    /// Remembers that these credentials are right.
    pub(super) fn remember(&self, user: UserId, stored: &str, password: &str) {
        self.remember_at(user, stored, password, Instant::now());
    }

    pub(super) fn remember_at(&self, user: UserId, stored: &str, password: &str, now: Instant) {
        let Some(mark) = self.mark(user, stored, password) else { return };
        let mut marks = self.marks.lock();
        if marks.len() >= USERS_MAX && !marks.contains_key(&user) {
            marks.retain(|_, (_, since)| now.duration_since(*since) < AGE_MAX);
            if marks.len() >= USERS_MAX {
                let oldest = marks.iter().min_by_key(|(_, (_, since))| *since).map(|(user, _)| *user);
                oldest.and_then(|user| marks.remove(&user));
            }
        }
        marks.insert(user, (mark, now));
    }

    fn mark(&self, user: UserId, stored: &str, password: &str) -> Option<Mark> {
        let mut mac = Blake2sMac256::new_from_slice(&self.key).ok()?;
        mac.update(&user.0.to_le_bytes());
        mac.update(&(stored.len() as u64).to_le_bytes());
        mac.update(stored.as_bytes());
        mac.update(password.as_bytes());
        Some(mac.finalize_fixed().into())
    }
}
