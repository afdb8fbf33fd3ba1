//! `GET /metrics`: everything bounded with how much of it is used and its limit, in the text format
//! that Prometheus reads, for anybody who can log in.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use crate::own_route::{caller, refuse};
use crate::stack::Shared;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::get;
use dialect::{DialectContext, Media, Route};
use model::{MemoryPool, Usage};
use std::fmt::{Display, Write};
use std::sync::Arc;

/// The route.
pub(crate) const ROUTE: Route =
    Route::get("/metrics", "What is bounded, how much of it is used, and its limit").answer(&[Media::Text]);

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

#[derive(Clone)]
struct Sources {
    context: DialectContext,
    shared: Arc<Shared>,
}

/// The route with its handler.
pub(crate) fn routes(context: DialectContext, shared: Arc<Shared>) -> Router {
    Router::new().route(ROUTE.path, get(show)).with_state(Sources { context, shared })
}

async fn show(State(sources): State<Sources>, request: Request) -> Response {
    match caller(&sources.context, request.headers()).await {
        Ok(_) => {
            let mut response = Response::new(Body::from(sources.page()));
            response.headers_mut().insert(CONTENT_TYPE, TEXT_FORMAT);
            response
        }
        Err(error) => refuse(&error),
    }
}

impl Sources {
    fn page(&self) -> String {
        let engine = &self.context.engine;
        let mut page = Page::default();
        let mut pools = engine.storage().memory();
        pools.push((MemoryPool::Queries, engine.queries().memory()));
        pools.push((MemoryPool::Bodies, self.shared.bodies()));
        pools.sort_by_key(|(pool, _)| *pool);
        page.begin("memory_used_bytes", "gauge", "Memory that a pool has taken.");
        for (pool, usage) in &pools {
            page.labelled("memory_used_bytes", "pool", pool.name(), usage.used);
        }
        page.begin("memory_limit_bytes", "gauge", "Memory that a pool may take.");
        for (pool, usage) in &pools {
            page.labelled("memory_limit_bytes", "pool", pool.name(), usage.limit);
        }
        page.bounded("connections", "Connections of all listeners", self.shared.connections());
        page.bounded("requests", "Requests that are worked on", self.shared.requests());
        page.bounded("queries", "Queries that run", engine.queries().running_usage());
        let compaction = engine.storage().compaction();
        let waiting = Usage { used: compaction.segments_waiting as u64, limit: compaction.segments_limit as u64 };
        page.bounded("segments_waiting", "Segments of one partition that wait to become one", waiting);
        page.value(
            "writers_waiting",
            "gauge",
            "Writers that wait for segments to be merged.",
            compaction.writers_waiting,
        );
        let footers = engine.storage().footers();
        page.value("segments_open", "gauge", "Segments held open.", footers.open);
        page.value("footer_hits_total", "counter", "Segments that were open when they were asked for.", footers.hits);
        page.value("footer_misses_total", "counter", "Segments that had to be opened.", footers.misses);
        page.value("footer_evictions_total", "counter", "Segments that were closed to make room.", footers.evicted);
        page.text
    }
}

/// A page in the text format.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = write!(self.text, "# HELP chronoglot_{name} {help}\n# TYPE chronoglot_{name} {kind}\n");
    }

    fn labelled(&mut self, name: &str, label: &str, value: &str, sample: impl Display) {
        let _infallible = writeln!(self.text, "chronoglot_{name}{{{label}=\"{value}\"}} {sample}");
    }

    fn value(&mut self, name: &str, kind: &str, help: &str, sample: impl Display) {
        self.begin(name, kind, help);
        let _infallible = writeln!(self.text, "chronoglot_{name} {sample}");
    }

    fn bounded(&mut self, name: &str, help: &str, usage: Usage) {
        self.value(name, "gauge", &format!("{help} now."), usage.used);
        self.value(&format!("{name}_limit"), "gauge", &format!("{help} at most."), usage.limit);
    }
}

#[cfg(test)]
mod tests;
