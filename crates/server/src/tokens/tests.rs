use super::*;
use std::collections::HashSet;

/// A policy whose clock and users the test moves.
#[derive(Debug)]
struct Policy {
    start: Instant,
    passed: Mutex<Duration>,
    lifetime: Mutex<Duration>,
    gone: Mutex<HashSet<UserId>>,
    passwords: Mutex<HashMap<UserId, &'static str>>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Policy {
    fn pass(&self, time: Duration) {
        *self.passed.lock() += time;
    }
}

impl TokenPolicy for Policy {
    fn lifetime(&self) -> Duration {
        *self.lifetime.lock()
    }
    fn standing(&self, user: UserId) -> Option<Standing> {
        let is_there = !self.gone.lock().contains(&user);
        is_there.then(|| Standing::of(self.passwords.lock().get(&user).copied()))
    }
    fn now(&self) -> Instant {
        self.start + *self.passed.lock()
    }
}

fn directory(alive: usize) -> (Arc<Policy>, TokenDirectory) {
    let policy = Arc::new(Policy {
        start: Instant::now(),
        passed: Mutex::new(Duration::ZERO),
        lifetime: Mutex::new(MINUTE * 60),
        gone: Mutex::new(HashSet::new()),
        passwords: Mutex::new(HashMap::new()),
    });
    (Arc::clone(&policy), TokenDirectory::new(policy, alive))
}

fn caller(user: u64) -> Caller {
    Caller { user: UserId(user), name: format!("u{user}") }
}

#[test]
fn a_token_is_32_digits_and_stands_for_its_user() {
    let (_, tokens) = directory(10);
    let one = tokens.issue("test", &caller(1));
    let other = tokens.issue("test", &caller(1));
    assert_ne!(one, other);
    assert!(one.len() == 32 && one.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{one}");
    assert_eq!(tokens.verify(&one), Some(UserId(1)));
    assert_eq!(tokens.verify(&one.to_uppercase()), None);
    assert_eq!(tokens.verify(&one[..31]), None);
    assert_eq!(tokens.verify(""), None);
}

#[test]
fn use_renews_and_idleness_ends() {
    let (policy, tokens) = directory(10);
    let token = tokens.issue("test", &caller(1));
    for _ in 0..3 {
        policy.pass(MINUTE * 59);
        assert_eq!(tokens.verify(&token), Some(UserId(1)));
    }
    policy.pass(MINUTE * 60);
    assert_eq!(tokens.verify(&token), None, "checked at use, without any sweep");
    assert_eq!(tokens.list(None, None), []);
}

#[test]
fn another_lifetime_holds_at_once_for_tokens_in_use() {
    let (policy, tokens) = directory(10);
    let token = tokens.issue("test", &caller(1));
    policy.pass(MINUTE * 10);
    *policy.lifetime.lock() = MINUTE * 5;
    assert_eq!(tokens.verify(&token), None);
    let token = tokens.issue("test", &caller(1));
    policy.pass(MINUTE * 50);
    *policy.lifetime.lock() = Duration::MAX;
    assert_eq!(tokens.verify(&token), Some(UserId(1)));
    assert_eq!(tokens.list(None, None).len(), 1, "an endless lifetime can be listed");
}

#[test]
fn a_token_goes_with_its_user() {
    let (policy, tokens) = directory(10);
    let (one, other) = (tokens.issue("test", &caller(1)), tokens.issue("test", &caller(2)));
    policy.gone.lock().insert(UserId(1));
    assert_eq!(tokens.list(None, None).len(), 1);
    assert_eq!(tokens.verify(&one), None);
    policy.gone.lock().clear();
    assert_eq!(tokens.verify(&one), None, "it does not come back");
    assert_eq!(tokens.verify(&other), Some(UserId(2)));
}

#[test]
fn a_token_goes_with_the_password_it_was_issued_for() {
    let (policy, tokens) = directory(10);
    let (one, again) = (tokens.issue("test", &caller(1)), tokens.issue("test", &caller(1)));
    let other = tokens.issue("test", &caller(2));
    policy.passwords.lock().insert(UserId(1), "$argon2id$new");
    assert_eq!(tokens.list(None, None).len(), 1);
    let fresh = tokens.issue("test", &caller(1));
    assert_eq!(tokens.verify(&one), None);
    policy.passwords.lock().remove(&UserId(1));
    assert_eq!((tokens.verify(&one), tokens.verify(&again)), (None, None), "they do not come back");
    assert_eq!(tokens.verify(&fresh), None);
    assert_eq!(tokens.verify(&other), Some(UserId(2)));
}

#[test]
fn sessions_are_listed_and_removed_without_their_tokens() {
    let (policy, tokens) = directory(10);
    let first = tokens.issue("a", &caller(1));
    policy.pass(MINUTE);
    tokens.issue("b", &caller(2));
    policy.pass(MINUTE);
    tokens.verify(&first);
    let all = tokens.list(None, None);
    assert_eq!(all.iter().map(|s| (s.user_name.as_str(), s.dialect)).collect::<Vec<_>>(), [("u1", "a"), ("u2", "b")]);
    let session = &all[0];
    assert_eq!(session.token_start, first[..8]);
    assert!(!format!("{all:?} {tokens:?}").contains(&first));
    let between = session.last_used.duration_since(session.created).unwrap();
    assert!(between.abs_diff(MINUTE * 2) < Duration::from_secs(1));
    assert_eq!(session.expires.duration_since(session.last_used).unwrap(), MINUTE * 60);
    assert_eq!(tokens.list(None, Some(UserId(2))).len(), 1);

    assert_eq!(tokens.sessions("b", None).iter().map(|s| s.user).collect::<Vec<_>>(), [UserId(2)]);
    assert_eq!(tokens.sessions("a", Some(UserId(2))), []);

    assert!(tokens.remove(&session.id));
    assert!(!tokens.remove(&session.id));
    assert_eq!(tokens.verify(&first), None);
    tokens.remove_user(UserId(2));
    assert_eq!(tokens.list(None, None), []);
}

#[test]
fn the_number_is_bounded_and_nobody_pushes_others_out() {
    let (policy, tokens) = directory(3);
    let other = tokens.issue("test", &caller(2));
    let mut own = Vec::new();
    for _ in 0..4 {
        policy.pass(MINUTE);
        own.push(tokens.issue("test", &caller(1)));
    }
    assert_eq!(tokens.verify(&other), Some(UserId(2)), "though it is the oldest");
    assert_eq!(own.iter().filter(|token| tokens.verify(token).is_some()).count(), 2);
    assert_eq!(tokens.verify(&own[3]), Some(UserId(1)));
    tokens.issue("test", &caller(3));
    assert_eq!(tokens.list(None, None).len(), 3);
}

#[test]
fn tokens_that_have_run_out_are_swept() {
    let (policy, tokens) = directory(100);
    for _ in 0..10 {
        tokens.issue("test", &caller(1));
    }
    policy.pass(MINUTE * 61);
    tokens.issue("test", &caller(1));
    assert_eq!(tokens.held.lock().entries.len(), 1);
}
