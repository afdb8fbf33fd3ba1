//! Who answers where, and in whose words.

use super::support::*;
use crate::stack::Mount;
use crate::start::{start_mounted, switched_on};
use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::{get, head};
use dialect::{Route, SharedRoute};
use std::sync::Arc;

#[tokio::test]
async fn handlers_and_own_pages_answer_with_the_standard_headers() {
    let served = serve(&insecure()).await;
    let hello = get_path(served.address, "/test/hello").await;
    assert_eq!((hello.status, hello.text()), (200, "hello"));
    assert_eq!(hello.header("cache-control"), Some("no-cache"));
    assert_eq!(hello.header("x-frame-options"), Some("deny"));
    assert!(hello.header("x-request-id").is_some());
    let named = exchange(served.address, &request("GET", "/test/hello", "X-Request-Id: trace-7\r\n", "")).await;
    assert_eq!(named.header("x-request-id"), Some("trace-7"));

    let home = get_path(served.address, "/").await;
    assert!(home.status == 200 && home.text().contains("  test  /test\n"), "{home:?}");
    let health = get_path(served.address, "/health").await;
    let expected = "{\"name\":\"chronoglot\",\"message\":\"ready for queries and writes\",\"status\":\"pass\"}\n";
    assert_eq!((health.status, health.text()), (200, expected));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_words_of_whose_url_it_is() {
    let served = serve(&insecure()).await;
    let lost = get_path(served.address, "/test/lost").await;
    assert_eq!((lost.status, lost.text()), (404, "test says: nothing answers at /test/lost"));
    let wrong = exchange(served.address, &request("DELETE", "/test/hello", "", "")).await;
    assert_eq!((wrong.status, wrong.text()), (405, "test says: DELETE does not work here, use GET"));
    assert_eq!(wrong.header("allow"), Some("get,head"));
    let elsewhere = get_path(served.address, "/testing").await;
    assert_eq!(elsewhere.status, 404);
    assert_eq!(elsewhere.text(), "nothing answers at /testing\nCheck the path.\n");
    assert_eq!(elsewhere.header("x-frame-options"), Some("deny"));
    let own = exchange(served.address, &request("POST", "/health", "", "")).await;
    assert_eq!((own.status, own.text()), (405, "POST does not work here, use GET\nChange the method.\n"));
}

#[tokio::test]
async fn the_longest_prefix_words_the_refusal() {
    let settings = insecure();
    let signals = Arc::new(Signals::default());
    let inner = TestDialect { name: "inner", prefixes: &["/elsewhere", "/test/inner/"], routes: &[] };
    let mounts =
        [mount(&signals, &settings), Mount { dialect: Arc::new(inner), router: Router::new(), shared: Vec::new() }];
    let server = start_mounted(&settings, &mounts).await.unwrap();
    let address = server.addresses()[0];
    assert!(get_path(address, "/test/inner/x").await.text().starts_with("inner says"));
    assert!(get_path(address, "/elsewhere/x").await.text().starts_with("inner says"));
    assert!(get_path(address, "/test/inner").await.text().starts_with("inner says"));
    assert!(get_path(address, "/test/inners").await.text().starts_with("test says"));
}

#[tokio::test]
async fn two_dialects_cannot_claim_one_route_unless_they_never_meet() {
    let settings = insecure();
    let signals = Arc::new(Signals::default());
    let mut listeners = settings.clone();
    const ROUTES: &[Route] = &[Route::get("/test/hello", "")];
    let other = TestDialect { name: "other", prefixes: &["/other"], routes: ROUTES };
    let mounts =
        [mount(&signals, &settings), Mount { dialect: Arc::new(other), router: Router::new(), shared: Vec::new() }];
    let error = start_mounted(&settings, &mounts).await.unwrap_err().to_string();
    assert_eq!(error, "two routes answer the same requests: test claims GET /test/hello, other claims GET /test/hello");

    listeners.listen = ["test", "other"]
        .map(|name| crate::settings::Listener {
            dialects: Some(vec![name.to_owned()]),
            ..crate::settings::Listener::at("127.0.0.1:0")
        })
        .to_vec();
    let server = start_mounted(&listeners, &mounts).await.unwrap();
    assert_eq!(server.listeners()[1].dialects, ["other"]);
    assert_eq!(get_path(server.addresses()[0], "/test/hello").await.text(), "hello");
    assert_eq!(get_path(server.addresses()[1], "/test/hello").await.status, 404);

    listeners.listen[1].dialects = Some(vec!["absent".to_owned()]);
    let error = start_mounted(&listeners, &mounts).await.unwrap_err().to_string();
    assert_eq!(error, "\"absent\" is no value for listen.dialects: expected one of test, other");
}

#[tokio::test]
async fn a_shared_route_steps_back_where_another_dialect_claims_it() {
    const OWNED: &[Route] = &[Route::get("/ping", "").open()];
    const OTHERS: &[Route] = &[Route::head("/ping", "").open()];
    let owner = TestDialect { name: "owner", prefixes: &["/ping"], routes: OWNED };
    let sharer = TestDialect { name: "sharer", prefixes: &["/ping"], routes: OTHERS };
    let headers = vec![(HeaderName::from_static("x-version"), HeaderValue::from_static("1"))];
    let route = Route::get("/ping", "").open();
    let mounts = [
        Mount {
            dialect: Arc::new(sharer),
            router: Router::new().route("/ping", head(async || [("x-from", "sharer's head")])),
            shared: vec![SharedRoute { route, handler: get(async || "sharer"), headers }],
        },
        Mount {
            dialect: Arc::new(owner),
            router: Router::new().route("/ping", get(async || "owner")),
            shared: Vec::new(),
        },
    ];
    let settings = insecure();
    let both = start_mounted(&settings, &mounts).await.unwrap();
    let ping = get_path(both.addresses()[0], "/ping").await;
    assert_eq!((ping.text(), ping.header("x-version")), ("owner", Some("1")));
    let ping = exchange(both.addresses()[0], &request("HEAD", "/ping", "", "")).await;
    assert_eq!((ping.header("x-from"), ping.header("x-version")), (Some("sharer's head"), None));

    let alone = start_mounted(&settings, &mounts[..1]).await.unwrap();
    let ping = get_path(alone.addresses()[0], "/ping").await;
    assert_eq!((ping.text(), ping.header("x-version")), ("sharer", None));
    let document = get_path(alone.addresses()[0], "/openapi.json").await;
    assert!(document.text().contains("\"/ping\""), "{}", document.text());
}

#[tokio::test]
async fn the_document_and_the_compatibility_tables_are_served() {
    let served = serve(&insecure()).await;
    let document = get_path(served.address, "/openapi.json").await;
    assert_eq!((document.status, document.header("content-type")), (200, Some("application/json")));
    let text = document.text();
    assert!(text.starts_with("{\"openapi\":\"3.1"), "{text}");
    for piece in [
        "\"/test/login/{password}\":{\"get\":{\"tags\":[\"test\"],\"summary\":\"Logs in\"",
        "{\"name\":\"password\",\"in\":\"path\",\"required\":true",
        "{\"name\":\"tz\",\"in\":\"query\",\"required\":false,\"description\":\"the zone\"",
        "\"security\":[{\"basic\":[]}]",
        "\"/openapi.json\"",
    ] {
        assert!(text.contains(piece), "{piece} in {text}");
    }
    let table = get_path(served.address, "/compat/test").await;
    assert_eq!((table.status, table.text()), (200, "# What works\n"));
    assert_eq!(table.header("content-type"), Some("text/markdown; charset=utf-8"));
    assert_eq!(get_path(served.address, "/compat/other").await.status, 404);
}

#[test]
fn dialects_are_switched_off_by_name() {
    let mut settings = insecure();
    settings.dialects = [("test".to_owned(), false), ("other".to_owned(), true)].into();
    let other = || Arc::new(TestDialect { name: "other", prefixes: &["/other"], routes: &[] });
    let left = switched_on(&settings, vec![dialect("test"), other()]).unwrap();
    assert_eq!(left.iter().map(|dialect| dialect.name()).collect::<Vec<_>>(), ["other"]);
    settings.dialects.insert("absent".to_owned(), false);
    let error = switched_on(&settings, vec![dialect("test"), other()]).unwrap_err().to_string();
    assert_eq!(error, "\"absent\" is no value for dialects: expected one of test, other");
}
