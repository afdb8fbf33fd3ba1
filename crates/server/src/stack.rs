//! The one list of what a request passes on its way to a dialect, from the outside in, and how a
//! listener's routes are put together.

use crate::accept::Places;
use crate::access_log::access_log;
use crate::admission::{Admission, admission};
use crate::arrival::{Arrivals, arrival};
use crate::body_limit::body_limit;
use crate::loopback_guard::{LoopbackGuard, loopback_guard};
use crate::openapi::document;
use crate::pages;
use crate::panic_guard::panic_guard;
use crate::rejection::Rejections;
use crate::request_id::request_id;
use crate::settings::Settings;
use crate::shared::{mount_shared, shared_headers};
use crate::standard_headers::standard_headers;
use crate::urls::UrlTable;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use dialect::{Dialect, SharedRoute};
use model::{Error, ErrorKind, Result, Usage};
use std::sync::Arc;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

/// Shorter answers are not worth compressing.
const COMPRESSED_FROM_BYTES: u64 = 1024;

/// A dialect with its handlers.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    pub(crate) dialect: Arc<dyn Dialect>,
    pub(crate) router: Router,
    pub(crate) shared: Vec<SharedRoute>,
}

/// What all listeners have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    admission: Arc<Admission>,
    arrivals: Arc<Arrivals>,
    places: Places,
}

impl Shared {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            admission: Arc::new(Admission::new(&settings.limits)),
            arrivals: Arc::new(Arrivals::new(settings)),
            places: Places::new(settings.limits.connections),
        }
    }

    /// What brings bodies in.
    pub(crate) fn arrivals(&self) -> &Arc<Arrivals> {
        &self.arrivals
    }

    /// The places for connections.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Connections that are there now.
    pub(crate) fn connections(&self) -> Usage {
        self.places.usage()
    }

    /// Requests of dialects that are worked on now.
    pub(crate) fn requests(&self) -> Usage {
        self.admission.usage()
    }

    /// Bytes of their bodies.
    pub(crate) fn bodies(&self) -> Usage {
        self.arrivals.usage()
    }
}

/// Everything that answers at one listener; `own` are the routes of the server itself that work on
/// the store.
///
/// # Errors
/// If two dialects claim the same requests; see [`UrlTable::new`].
pub(crate) fn listener_routes(mounts: &[Mount], own: &Router, settings: &Settings, shared: &Shared) -> Result<Router> {
    let dialects: Vec<Arc<dyn Dialect>> = mounts.iter().map(|mount| Arc::clone(&mount.dialect)).collect();
    let mut urls = UrlTable::new(&dialects)?;
    let rejections = Rejections::new(dialects.iter().map(Arc::clone));
    let body_bytes = usize::try_from(settings.limits.body_bytes).unwrap_or(usize::MAX);
    let guard = settings.insecure.then(|| LoopbackGuard::new(&settings.allowed_origins));

    let places = from_fn_with_state((Arc::clone(&shared.admission), rejections.clone()), admission);
    let bodies = from_fn_with_state((Arc::clone(&shared.arrivals), rejections.clone()), arrival);
    let claimed =
        mounts.iter().fold(Router::new(), |routes, mount| routes.merge(mount.router.clone().reset_fallback()));
    let (routes, headers) = mount_shared(claimed, &mut urls, mounts)?;
    let routes = routes
        .layer(places)
        .layer(bodies)
        .layer(from_fn_with_state(headers, shared_headers))
        .merge(pages::routes(&dialects, document(&urls)))
        .merge(own.clone());
    let stack = ServiceBuilder::new()
        .layer(from_fn(request_id))
        .layer(from_fn(access_log))
        .layer(from_fn(standard_headers))
        .layer(from_fn_with_state(rejections.clone(), panic_guard))
        .layer(from_fn_with_state(guard, loopback_guard))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(COMPRESSED_FROM_BYTES)),
        )
        .layer(from_fn_with_state((body_bytes, rejections.clone()), body_limit))
        .layer(DefaultBodyLimit::disable());
    Ok(with_fallbacks(routes, urls, rejections).layer(stack))
}

/// 404 and 405 in the words of the dialect whose URL was meant.
fn with_fallbacks(routes: Router, urls: UrlTable, rejections: Rejections) -> Router {
    let elsewhere = rejections.clone();
    let path_not_found = async move |request: Request| -> Response {
        let path = request.uri().path();
        elsewhere.answer(path, &ErrorKind::PathNotFound { path: path.to_owned() }.into())
    };
    let urls = Arc::new(urls);
    let method_not_allowed = async move |request: Request| -> Response {
        let matched = request.extensions().get::<MatchedPath>();
        let allowed = matched.map(|path| urls.allowed(path.as_str())).unwrap_or_default();
        let error = Error::new(ErrorKind::MethodNotAllowed { method: request.method().to_string(), allowed });
        rejections.answer(request.uri().path(), &error)
    };
    routes.method_not_allowed_fallback(method_not_allowed).fallback(path_not_found)
}
