//! Tokens over a real engine: what its users' catalogue says counts.

use super::support::insecure;
use crate::start::Server;
use catalog::{CatalogStore, RedbCatalog};
use dialect::Tokens;
use engine::{Engine, NewUser, ROOT_USER, UserChange};
use files::{Files, ForgetfulFiles};
use query::{QueryEngine, QueryOptions};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use storage::{Clock, Storage, StorageOptions, WalSync};

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now_micros(&self) -> u64 {
        u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
    }
}

async fn engine(spill: &std::path::Path) -> Engine {
    let files: Arc<dyn Files> = Arc::new(ForgetfulFiles::new());
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files)).unwrap());
    let options = StorageOptions {
        wal_sync: WalSync::Always,
        flush_bytes: 64 << 20,
        memory_limit_bytes: 256 << 20,
        log_file_bytes: 64 << 20,
        partition_seconds: 864_000,
        clock: Arc::new(Now),
    };
    let storage = Storage::open(files, Arc::clone(&catalog), options).unwrap();
    let query = QueryEngine::new(QueryOptions {
        memory_bytes: 64 << 20,
        memory_total_bytes: 256 << 20,
        timeout: Duration::from_secs(60),
        running: 64,
        spill_directory: spill.to_owned(),
        threads: 1,
    });
    Engine::new(catalog, storage, query.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_users_tokens_and_no_others() {
    let spill = tempfile::tempdir().unwrap();
    let engine = engine(spill.path()).await;
    let running = Server::start(insecure(), engine.clone(), Vec::new()).await.unwrap();
    let tokens = running.tokens().unwrap();
    let root = engine.caller(engine.catalog().user_named(ROOT_USER).unwrap().id).unwrap();
    let new = NewUser {
        name: "u1".to_owned(),
        is_role: false,
        may_log_in: true,
        password: Some("first".to_owned()),
        valid_until_ms: None,
        may_create_roles: false,
    };
    engine.create_user(&root, new).await.unwrap();
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
