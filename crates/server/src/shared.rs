//! Routes that several dialects could answer: each is mounted only where nobody else claims the
//! same requests; where somebody does, that one answers and its answer gets the others' headers.

use crate::stack::Mount;
use crate::urls::UrlTable;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use model::Result;
use std::sync::Arc;

/// What is added to the answers of routes that somebody stepped back from.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedHeaders {
    rows: Arc<[Row]>,
}

#[derive(Clone, Debug)]
struct Row {
    method: &'static str,
    path: &'static str,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Adds the shared routes that nobody claims to a listener's routes and to its table, and says which
/// headers go with the others.
pub(crate) fn mount_shared(
    mut routes: Router,
    urls: &mut UrlTable,
    mounts: &[Mount],
) -> Result<(Router, SharedHeaders)> {
    let mut rows = Vec::new();
    for mount in mounts {
        for shared in &mount.shared {
            let route = shared.route;
            if urls.claims(&route) {
                rows.push(Row { method: route.method, path: route.path, headers: shared.headers.clone() });
            } else {
                urls.add(mount.dialect.name(), route)?;
                routes = routes.route(route.path, shared.handler.clone());
            }
        }
    }
    Ok((routes, SharedHeaders { rows: rows.into() }))
}

/// Adds the headers.
pub(crate) async fn shared_headers(State(shared): State<SharedHeaders>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let here = |row: &&Row| {
        row.method == request.method().as_str() && matched.as_ref().is_some_and(|path| path.as_str() == row.path)
    };
    let headers: Vec<_> = shared.rows.iter().filter(here).flat_map(|row| row.headers.clone()).collect();
    let mut response = next.run(request).await;
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
