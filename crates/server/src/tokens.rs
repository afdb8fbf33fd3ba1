//! Login tokens of all dialects: 128 random bits, alive until a while after their last use,
//! checked at every use, gone with their user or with the password that they were issued for. They
//! live in memory: a restart ends them.

mod policy;

use dialect::{Session, Tokens};
use engine::{Caller, Engine};
use model::UserId;
use parking_lot::Mutex;
use policy::EnginePolicy;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use subtle::ConstantTimeEq;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// How often tokens that have run out are looked for when new ones are issued.
const SWEEP: Duration = Duration::from_secs(60);

/// What decides over tokens from outside.
pub(crate) trait TokenPolicy: fmt::Debug + Send + Sync {
    /// How long a token lives after its last use, now.
    fn lifetime(&self) -> Duration;
    /// What a token of the user rests on now; none if the user is gone or may not log in.
    fn standing(&self, user: UserId) -> Option<Standing>;
    /// The time.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// What a token rests on: it ends when this changes. Every change of a password has a salt of its
/// own, so that the same password set again is a change too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing(u128);

impl Standing {
    pub(crate) fn of(password_hash: Option<&str>) -> Self {
        Self(xxh3_128_with_seed(password_hash.unwrap_or_default().as_bytes(), 0))
    }
}

/// The directory of tokens.
#[derive(Debug)]
pub struct TokenDirectory {
    policy: Arc<dyn TokenPolicy>,
    alive: usize,
    seed: u64,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// By the token's hash, so that finding one takes no longer for a token that is nearly right.
    entries: HashMap<u128, Entry>,
    swept: Instant,
}

struct Entry {
    token: String,
    id: String,
    user: UserId,
    user_name: String,
    /// At the time of issue; a token of a user who could not log in then is never good.
    standing: Option<Standing>,
    dialect: &'static str,
    created: Instant,
    last_used: Instant,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("id", &self.id).field("user", &self.user_name).finish_non_exhaustive()
    }
}

impl TokenDirectory {
    /// An empty directory that holds up to `alive` tokens.
    pub(crate) fn new(policy: Arc<dyn TokenPolicy>, alive: usize) -> Self {
        let held = Held { entries: HashMap::new(), swept: policy.now() };
        Self { policy, alive, seed: u64::from_be_bytes(random()), held: Mutex::new(held) }
    }

    /// The directory of a store: its users and its setting of a token's lifetime count, with this
    /// lifetime where none is set.
    #[must_use]
    pub fn of_engine(engine: Engine, default_minutes: u64, alive: usize) -> Self {
        Self::new(Arc::new(EnginePolicy { engine, default_minutes }), alive)
    }

    /// The living sessions of one dialect, or of all; of one user, or of all; the newest last.
    fn list(&self, dialect: Option<&str>, user: Option<UserId>) -> Vec<Session> {
        let now = self.policy.now();
        let lifetime = self.policy.lifetime();
        let clock = SystemTime::now();
        let wall =
            |then: Instant| clock.checked_sub(now.saturating_duration_since(then)).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut found: Vec<(Option<Standing>, Session)> = {
            let held = self.held.lock();
            let alive = held.entries.values().filter(|entry| !has_run_out(entry, now, lifetime));
            let wanted = alive
                .filter(|entry| user.is_none_or(|user| user == entry.user))
                .filter(|entry| dialect.is_none_or(|dialect| dialect == entry.dialect));
            wanted
                .map(|entry| {
                    let session = Session {
                        id: entry.id.clone(),
                        user: entry.user,
                        user_name: entry.user_name.clone(),
                        dialect: entry.dialect,
                        token_start: entry.token.chars().take(8).collect(),
                        created: wall(entry.created),
                        last_used: wall(entry.last_used),
                        expires: wall(entry.last_used).checked_add(lifetime).unwrap_or(clock),
                    };
                    (entry.standing, session)
                })
                .collect()
        };
        found.retain(|(standing, session)| standing.is_some() && self.policy.standing(session.user) == *standing);
        let mut found: Vec<Session> = found.into_iter().map(|(_, session)| session).collect();
        found.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
        found
    }

    fn hash(&self, token: &str) -> u128 {
        xxh3_128_with_seed(token.as_bytes(), self.seed)
    }
}

impl Tokens for TokenDirectory {
    fn issue(&self, dialect: &'static str, caller: &Caller) -> String {
        let token = hexadecimal(random::<16>());
        let now = self.policy.now();
        let lifetime = self.policy.lifetime();
        let standing = self.policy.standing(caller.user);
        let mut held = self.held.lock();
        let full = held.entries.len() >= self.alive;
        if full || now.saturating_duration_since(held.swept) >= SWEEP {
            held.entries.retain(|_, entry| !has_run_out(entry, now, lifetime));
            held.swept = now;
        }
        if held.entries.len() >= self.alive {
            held.make_room(caller.user);
        }
        let entry = Entry {
            token: token.clone(),
            id: uuid::Builder::from_random_bytes(random()).into_uuid().to_string(),
            user: caller.user,
            user_name: caller.name.clone(),
            standing,
            dialect,
            created: now,
            last_used: now,
        };
        held.entries.insert(self.hash(&token), entry);
        token
    }

    fn verify(&self, token: &str) -> Option<UserId> {
        let hash = self.hash(token);
        let now = self.policy.now();
        let lifetime = self.policy.lifetime();
        let (user, issued) = {
            let mut held = self.held.lock();
            let entry = held.entries.get_mut(&hash)?;
            if !bool::from(entry.token.as_bytes().ct_eq(token.as_bytes())) {
                return None;
            }
            if has_run_out(entry, now, lifetime) {
                held.entries.remove(&hash);
                return None;
            }
            entry.last_used = now;
            (entry.user, entry.standing)
        };
        let standing = self.policy.standing(user);
        if standing.is_none() || standing != issued {
            let is_over = |entry: &Entry| entry.user == user && (standing.is_none() || entry.standing != standing);
            self.held.lock().entries.retain(|_, entry| !is_over(entry));
            return None;
        }
        Some(user)
    }

    fn sessions(&self, dialect: &str, user: Option<UserId>) -> Vec<Session> {
        self.list(Some(dialect), user)
    }

    fn remove(&self, id: &str) -> bool {
        let mut held = self.held.lock();
        let before = held.entries.len();
        held.entries.retain(|_, entry| entry.id != id);
        held.entries.len() < before
    }

    fn remove_user(&self, user: UserId) {
        self.held.lock().entries.retain(|_, entry| entry.user != user);
    }
}

impl Held {
    /// Drops the token used longest ago: one of the user who wants another, if there is one, so
    /// that nobody pushes others out.
    fn make_room(&mut self, user: UserId) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| (entry.user != user, entry.last_used));
        if let Some(hash) = oldest.map(|(hash, _)| *hash) {
            self.entries.remove(&hash);
        }
    }
}

fn has_run_out(entry: &Entry, now: Instant, lifetime: Duration) -> bool {
    now.saturating_duration_since(entry.last_used) >= lifetime
}

/// Random bytes of the operating system.
///
/// # Panics
/// If it has none: better no token than a guessable one.
#[expect(clippy::expect_used, reason = "a system without random numbers can issue no token")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

fn hexadecimal(bytes: [u8; 16]) -> String {
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
