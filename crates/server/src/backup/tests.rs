//! Who gets a backup, what of, and how it ends.

use super::*;
use crate::settings::Settings;
use crate::tokens::TokenDirectory;
use axum::body::to_bytes;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode};
use dialect_testing::{Store, basic};
use std::sync::Arc;
use storage::{BackupFile, PieceReader};
use tower::ServiceExt;

struct Asked {
    store: Store,
    routes: Router,
    arrivals: Arc<Arrivals>,
}

impl Asked {
    async fn new(insecure: bool) -> Self {
        let store = Store::new().await;
        let tokens = Arc::new(TokenDirectory::of_engine(store.engine.clone(), 60, 10));
        let context = DialectContext { insecure, ..store.context(tokens) };
        // All bodies together have the memory of one.
        let mut settings = Settings::default();
        settings.limits.body_bytes = 1 << 20;
        settings.limits.waiting_ms = 50;
        settings.memory.limit_bytes = Some(1);
        let arrivals = Arc::new(Arrivals::new(&settings));
        Self { store, routes: routes(context, Arc::clone(&arrivals)), arrivals }
    }

    async fn post(&self, target: &str, authorization: Option<String>, body: &str) -> Response {
        let mut request = axum::http::Request::builder().method(Method::POST).uri(target);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.routes.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }
}

fn root() -> Option<String> {
    Some(basic("root", "any"))
}

/// The names of the files that are sent, those that are not, and the list at the end.
async fn pieces(response: Response) -> (Vec<String>, Vec<String>, BackupManifest) {
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut reader = PieceReader::new(&bytes[..]);
    let (mut sent, mut unchanged) = (Vec::new(), Vec::new());
    loop {
        match reader.next_piece().unwrap() {
            Piece::Begin(path) => sent.push(path.to_owned()),
            Piece::Unchanged(file) => unchanged.push(file.path),
            Piece::Finished(list) => {
                let list = BackupManifest::decode(list.as_bytes()).unwrap();
                assert!(reader.next_piece().is_err(), "nothing comes after the list");
                return (sent, unchanged, list);
            }
            Piece::Failed(reason) => panic!("{reason}"),
            Piece::Bytes(_) | Piece::End(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_of_admin_get_one() {
    let asked = Asked::new(false).await;
    asked.store.user("ann", "secret").await;
    let refused = asked.post("/backup", None, "").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(refused.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"));
    assert_eq!(asked.post("/backup", root(), "").await.status(), StatusCode::UNAUTHORIZED, "root has no password");
    assert_eq!(asked.post("/backup", Some(basic("ann", "wrong")), "").await.status(), StatusCode::UNAUTHORIZED);
    let refused = asked.post("/backup", Some(basic("ann", "secret")), "").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let said = to_bytes(refused.into_body(), 1 << 20).await.unwrap();
    assert!(String::from_utf8_lossy(&said).contains("members of \"admin\""), "{said:?}");
    let insecure = Asked::new(true).await;
    insecure.store.user("ann", "secret").await;
    assert_eq!(insecure.post("/backup", Some(basic("ann", "wrong")), "").await.status(), StatusCode::UNAUTHORIZED);
    pieces(insecure.post("/backup", root(), "").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_list_of_what_was_sent() {
    let asked = Asked::new(true).await;
    let (sent, unchanged, list) = pieces(asked.post("/backup", root(), "").await).await;
    assert!(unchanged.is_empty() && !list.with_secrets);
    assert!(sent.iter().any(|path| path == "catalogue.export"));
    let mut sorted = sent;
    sorted.sort_unstable();
    assert!(sorted.iter().eq(list.files.keys()));
    let (_, _, list) = pieces(asked.post("/backup?secrets=true", root(), "").await).await;
    assert!(list.with_secrets);
    // An earlier list that has nothing in common is no hindrance.
    let mut earlier = list.clone();
    let file = BackupFile { path: "segments/1/000000000007.parquet".to_owned(), bytes: 1, checksum: 1 };
    earlier.files = [(file.path.clone(), file)].into();
    let (_, unchanged, _) = pieces(asked.post("/backup", root(), &earlier.encode()).await).await;
    assert!(unchanged.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_refused() {
    let asked = Asked::new(true).await;
    for (target, body, status) in [
        ("/backup?secret=true", "", StatusCode::BAD_REQUEST),
        ("/backup?secrets=yes", "", StatusCode::BAD_REQUEST),
        ("/backup", "no list", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(asked.post(target, root(), body).await.status(), status, "{target} {body}");
    }
}

/// A list counts among the bodies of all requests.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_waits_for_memory_like_any_body() {
    let asked = Asked::new(true).await;
    let long = "x".repeat(900 << 10);
    assert_eq!(asked.post("/backup", root(), &long).await.status(), StatusCode::BAD_REQUEST, "no list");
    let other = asked.arrivals.body(&HeaderMap::new(), Body::from(long.clone())).await.unwrap();
    assert_eq!(asked.post("/backup", root(), &long).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    pieces(asked.post("/backup", root(), "").await).await;
    drop(other);
    assert_eq!(asked.post("/backup", root(), &long).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(asked.post("/backup", root(), &"x".repeat(2 << 20)).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// A client that took nothing for as long as it had is sent no more, not even that it was given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_given_up_once() {
    let (sender, mut receiver) = mpsc::channel(1);
    let mut outgoing = Outgoing::new(sender, Duration::from_millis(1));
    let given_up = tokio::task::spawn_blocking(move || {
        outgoing.part = vec![1];
        outgoing.hand_over().unwrap();
        outgoing.part = vec![2];
        let error = outgoing.hand_over().unwrap_err();
        assert!(error.to_string().contains("takes nothing more"), "{error}");
        outgoing
    });
    let mut outgoing = given_up.await.unwrap();
    assert_eq!(receiver.recv().await.unwrap(), [1_u8][..]);
    // There is room now.
    let error = tokio::task::spawn_blocking(move || outgoing.hand_over().unwrap_err()).await.unwrap();
    assert!(error.to_string().contains("given up"), "{error}");
    assert!(receiver.recv().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_and_a_client_that_is_gone_lets_go() {
    let asked = Asked::new(true).await;
    let caller = asked.store.root();
    let first = asked.store.engine.backup(&caller, BackupOptions::default()).await.unwrap();
    assert_eq!(asked.post("/backup", root(), "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    drop(asked.post("/backup", root(), "").await);
    let free = async {
        while asked.store.engine.backup(&caller, BackupOptions::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), free).await.unwrap();
}
