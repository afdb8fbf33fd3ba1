//! Tokens over a real engine: what its users' catalogue says counts.

use super::support::insecure;
use crate::start::Server;
use dialect::Tokens;
use dialect_testing::Store;
use engine::UserChange;

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_users_tokens_and_no_others() {
    let store = Store::new().await;
    let engine = &store.engine;
    let running = Server::start(insecure(), engine.clone(), Vec::new()).await.unwrap();
    let tokens = running.tokens().unwrap();
    let root = store.root();
    store.user("u1", "first").await;
    let user = engine.log_in("u1", "first").await.unwrap();
    let change = |password: &str| UserChange { password: Some(Some(password.to_owned())), ..UserChange::default() };

    let (own, roots) = (tokens.issue("test", &user), tokens.issue("test", &root));
    let elsewhere = UserChange { may_create_roles: Some(true), ..UserChange::default() };
    engine.alter_user(&root, user.user, elsewhere).await.unwrap();
    assert_eq!(tokens.verify(&own), Some(user.user), "it rests on the password alone");
    engine.alter_user(&root, user.user, change("second")).await.unwrap();
    assert_eq!((tokens.verify(&own), tokens.verify(&roots)), (None, Some(root.user)));

    let own = tokens.issue("test", &user);
    engine.alter_user(&root, user.user, change("second")).await.unwrap();
    assert_eq!(tokens.verify(&own), None, "the same password again is a change");
    engine.alter_user(&root, root.user, change("roots own")).await.unwrap();
    assert_eq!(tokens.verify(&roots), None, "the token that changed it too");
    running.shutdown().await;
}
