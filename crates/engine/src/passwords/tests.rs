//! The memory of recent logins, the queue, and what a check costs.

use super::recent::RecentLogins;
use super::{Passwords, RUNNING_MAX};
use model::{Code, UserId};
use std::time::{Duration, Instant};

const USER: UserId = UserId(7);

#[test]
fn a_success_is_remembered_for_this_user_hash_and_password_only() {
    let recent = RecentLogins::new().unwrap();
    recent.remember(USER, "stored", "secret");
    assert!(recent.knows(USER, "stored", "secret"));
    assert!(!recent.knows(USER, "stored", "Secret"));
    assert!(!recent.knows(USER, "changed", "secret"));
    assert!(!recent.knows(UserId(8), "stored", "secret"));
    // The boundary between stored hash and password is part of what is hashed.
    assert!(!recent.knows(USER, "store", "dsecret"));
}

#[test]
fn a_success_is_forgotten_with_time_and_when_too_many_are_remembered() {
    let recent = RecentLogins::new().unwrap();
    let begin = Instant::now();
    recent.remember_at(USER, "stored", "secret", begin);
    assert!(recent.knows_at(USER, "stored", "secret", begin + Duration::from_secs(299)));
    assert!(!recent.knows_at(USER, "stored", "secret", begin + Duration::from_secs(300)));
    for other in 0..super::recent::USERS_MAX as u64 {
        recent.remember_at(UserId(100 + other), "stored", "secret", begin + Duration::from_secs(1));
    }
    assert!(!recent.knows_at(USER, "stored", "secret", begin + Duration::from_secs(2)));
    assert!(recent.knows_at(UserId(100), "stored", "secret", begin + Duration::from_secs(2)));
}

#[tokio::test]
async fn hashes_are_argon2id_with_a_salt_of_their_own() {
    let passwords = Passwords::new(8).await.unwrap();
    let (first, second) = (passwords.hash("a").await.unwrap(), passwords.hash("a").await.unwrap());
    assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
    assert_ne!(first, second);
    assert!(passwords.verify(Some((USER, first.clone())), "a").await.unwrap());
    assert!(!passwords.verify(Some((USER, first)), "b").await.unwrap());
    assert!(!passwords.verify(None, "a").await.unwrap());
}

#[tokio::test]
async fn an_unknown_user_costs_a_check_and_a_remembered_one_does_not() {
    let passwords = Passwords::new(8).await.unwrap();
    let stored = Some((USER, passwords.hash("a").await.unwrap()));
    let cost = async |stored: &Option<(UserId, String)>, password, expected| {
        let before = passwords.computed();
        assert_eq!(passwords.verify(stored.clone(), password).await.unwrap(), expected);
        passwords.computed() - before
    };
    assert_eq!(cost(&None, "a", false).await, 1);
    assert_eq!(cost(&stored, "b", false).await, 1);
    assert_eq!(cost(&stored, "a", true).await, 1);
    assert_eq!(cost(&stored, "a", true).await, 0, "remembered");
    assert_eq!(cost(&stored, "b", false).await, 1, "wrong ones never are");
    assert_eq!(cost(&None, "a", false).await, 1);
    // What the check of an unknown user computes is as hard as the others.
    let parameters = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_owned);
    assert_eq!(parameters(&passwords.unmatched), stored.and_then(|(_, hash)| parameters(&hash)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_with_the_same_new_credentials_cost_few_checks() {
    let passwords = std::sync::Arc::new(Passwords::new(64).await.unwrap());
    let stored = Some((USER, passwords.hash("a").await.unwrap()));
    let checks: Vec<_> = (0..32)
        .map(|_| {
            let (passwords, stored) = (std::sync::Arc::clone(&passwords), stored.clone());
            tokio::spawn(async move { passwords.verify(stored, "a").await })
        })
        .collect();
    for check in checks {
        assert!(check.await.unwrap().unwrap());
    }
    let computed = passwords.computed() - 1;
    assert!(computed <= RUNNING_MAX as u64, "{computed} of 32");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_queue_checks_are_refused() {
    let passwords = std::sync::Arc::new(Passwords::new(1).await.unwrap());
    let checks: Vec<_> = (0..20)
        .map(|_| {
            let passwords = std::sync::Arc::clone(&passwords);
            tokio::spawn(async move { passwords.verify(None, "a").await })
        })
        .collect();
    let mut refused = 0;
    for check in checks {
        match check.await.unwrap() {
            Ok(right) => assert!(!right),
            Err(error) => {
                assert_eq!(error.code(), Code::Overloaded);
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    assert!(refused < 20 - RUNNING_MAX);
    assert!(!passwords.verify(None, "a").await.unwrap(), "the queue is open again");
}
