//! The list of a dialect's routes and its handlers are written apart: here every listed route is
//! asked for, and the handlers must know it.

use super::dialects;
use crate::serve::{insecure_settings, open_engine};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use dialect::DialectContext;
use server::TokenDirectory;
use std::sync::Arc;
use tower::ServiceExt;

/// What a request hears that no handler is there for.
const NOBODY: StatusCode = StatusCode::IM_A_TEAPOT;

#[tokio::test(flavor = "multi_thread")]
async fn every_listed_route_has_its_handler() {
    let data = tempfile::tempdir().unwrap();
    let engine = open_engine(&insecure_settings(data.path(), "127.0.0.1:0")).await.unwrap();
    let context = DialectContext {
        engine: engine.clone(),
        tokens: Arc::new(TokenDirectory::of_engine(engine, 60, 10)),
        insecure: true,
        body_bytes: 1 << 20,
        statement_bytes: 1 << 20,
        result_bytes: None,
    };
    for door in dialects() {
        let nobody = async || NOBODY;
        let router = door.router(context.clone()).fallback(nobody).method_not_allowed_fallback(nobody);
        for route in door.routes() {
            let path = route.path.replace(['{', '}', '*'], "");
            let request = Request::builder().method(route.method).uri(path).body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_ne!(answer.status(), NOBODY, "{}: {} {} has no handler", door.name(), route.method, route.path);
        }
    }
}
