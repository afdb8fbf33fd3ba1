//! Logging in: right, wrong, expired, changed, dropped.

use crate::test_store::TestStore;
use crate::{NewUser, ROOT_USER, UserChange};
use model::{Code, UserId};

fn with_password(name: &str) -> NewUser {
    NewUser::user(name, Some("secret"))
}

async fn code(store: &TestStore, user: &str, password: &str) -> Option<Code> {
    store.log_in(user, password).await.err().map(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_checked_against_what_is_stored_now() {
    let store = TestStore::new().await;
    let user = store.create_user(&store.root, with_password("Ann")).await.unwrap();
    assert_eq!(store.log_in("Ann", "secret").await.unwrap().user, user);
    assert_eq!(code(&store, "Ann", "secret").await, None, "remembered");
    for (name, password) in [("Ann", "Secret"), ("Ann", ""), ("ann", "secret"), ("nobody", "secret")] {
        assert_eq!(code(&store, name, password).await, Some(Code::CredentialsWrong), "{name} {password}");
    }
    // A changed password counts at once, remembered or not.
    let change = UserChange { password: Some(Some("other".to_owned())), ..UserChange::default() };
    store.alter_user(&store.root, user, change).await.unwrap();
    assert_eq!(code(&store, "Ann", "secret").await, Some(Code::CredentialsWrong));
    assert_eq!(code(&store, "Ann", "other").await, None);
    store.drop_user(&store.root, user).await.unwrap();
    assert_eq!(code(&store, "Ann", "other").await, Some(Code::CredentialsWrong));
    assert_eq!(store.caller(user).unwrap_err().code(), Code::TokenInvalid);
    store.create_user(&store.root, with_password("Ann")).await.unwrap();
    assert_eq!(code(&store, "Ann", "other").await, Some(Code::CredentialsWrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colon_stands_in_passwords_never_in_names() {
    let store = TestStore::new().await;
    for name in ["a:b", ":", "a:", ":b"] {
        for is_role in [false, true] {
            let refused = store.create_user(&store.root, NewUser { is_role, ..with_password(name) }).await;
            assert_eq!(refused.unwrap_err().code(), Code::InvalidName, "{name}");
        }
        assert!(store.catalog().user_named(name).is_none());
    }
    let password = Some("a:b:".to_owned());
    let user = store.create_user(&store.root, NewUser { password, ..with_password("ab") }).await.unwrap();
    assert_eq!(code(&store, "ab", "a:b:").await, None);
    let refused = store.rename_user(&store.root, user, "a:b").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidName);
    assert!(refused.to_string().contains("colon"), "{refused}");
    assert_eq!(code(&store, "ab", "a:b:").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn root_has_no_password_until_one_is_set() {
    let store = TestStore::new().await;
    assert_eq!(code(&store, ROOT_USER, "").await, Some(Code::CredentialsWrong));
    let change = UserChange { password: Some(Some("r".to_owned())), ..UserChange::default() };
    store.alter_user(&store.root, store.root.user, change).await.unwrap();
    assert_eq!(code(&store, ROOT_USER, "r").await, None);
    let none = UserChange { password: Some(None), ..UserChange::default() };
    store.alter_user(&store.root, store.root.user, none).await.unwrap();
    assert_eq!(code(&store, ROOT_USER, "r").await, Some(Code::CredentialsWrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_ends_with_its_day_and_a_login_with_its_right() {
    let store = TestStore::new().await;
    let valid_until_ms = Some(1_700_000_060_000);
    let user = store.create_user(&store.root, NewUser { valid_until_ms, ..with_password("u") }).await.unwrap();
    assert_eq!(code(&store, "u", "secret").await, None);
    store.clock.go_on(61_000_000);
    assert_eq!(code(&store, "u", "secret").await, Some(Code::PasswordExpired));
    assert_eq!(code(&store, "u", "wrong").await, Some(Code::CredentialsWrong), "only the right one is told");
    let longer = UserChange { valid_until_ms: Some(None), ..UserChange::default() };
    store.alter_user(&store.root, user, longer).await.unwrap();
    assert_eq!(code(&store, "u", "secret").await, None);
    let locked = UserChange { may_log_in: Some(false), ..UserChange::default() };
    store.alter_user(&store.root, user, locked).await.unwrap();
    assert_eq!(code(&store, "u", "secret").await, Some(Code::CredentialsWrong));
    assert_eq!(store.caller(user).unwrap_err().code(), Code::TokenInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_once() {
    let store = TestStore::new().await;
    store.create_user(&store.root, with_password("u")).await.unwrap();
    for (name, expected) in [("u", Code::UserExists), (ROOT_USER, Code::UserExists), ("a\u{0}", Code::InvalidName)] {
        let error = store.create_user(&store.root, with_password(name)).await.unwrap_err();
        assert_eq!(error.code(), expected);
    }
    let missing = store.alter_user(&store.root, UserId(9_999), UserChange::default()).await;
    assert_eq!(missing.unwrap_err().code(), Code::UserNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_cannot_log_in_cost_what_a_wrong_password_costs() {
    let store = TestStore::new().await;
    store.create_user(&store.root, with_password("u")).await.unwrap();
    store.create_user(&store.root, NewUser { may_log_in: false, ..with_password("locked") }).await.unwrap();
    for user in ["u", "nobody", "locked", ROOT_USER] {
        let before = store.password_checks();
        assert_eq!(code(&store, user, "wrong").await, Some(Code::CredentialsWrong));
        assert_eq!(store.password_checks() - before, 1, "{user}");
    }
}
