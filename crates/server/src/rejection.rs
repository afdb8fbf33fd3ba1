//! The server's own refusals: in the words of the dialect whose URLs they concern, else in plain
//! text.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use dialect::Dialect;
use model::Error;
use std::sync::Arc;

/// When a client that was refused for overload may come again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Who words the refusals of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Rejections {
    dialects: Arc<[Arc<dyn Dialect>]>,
}

impl Rejections {
    pub(crate) fn new(dialects: impl IntoIterator<Item = Arc<dyn Dialect>>) -> Self {
        Self { dialects: dialects.into_iter().collect() }
    }

    /// The answer to a request for `path` that ends with `error`.
    pub(crate) fn answer(&self, path: &str, error: &Error) -> Response {
        let mut response = match self.dialect_of(path) {
            Some(dialect) => dialect.reject(error),
            None => plain(error),
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().entry(RETRY_AFTER).or_insert(RETRY_AFTER_SECONDS);
        }
        response
    }

    /// The dialect with the longest prefix of the path, in whole segments; of several the first.
    fn dialect_of(&self, path: &str) -> Option<&Arc<dyn Dialect>> {
        let reach = |dialect: &Arc<dyn Dialect>| {
            let prefixes = dialect.prefixes().iter().map(|prefix| prefix.trim_end_matches('/'));
            let owned = prefixes.filter(|prefix| {
                path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            owned.map(str::len).max()
        };
        let owners = self.dialects.iter().filter_map(|dialect| Some((reach(dialect)?, dialect)));
        owners.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, dialect)| dialect)
    }
}

/// An error as plain text, for URLs of no dialect.
pub(crate) fn plain(error: &Error) -> Response {
    let info = error.code().info();
    let status = StatusCode::from_u16(info.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    text(status, format!("{error}\n{}\n", info.help))
}

/// Plain text with a status.
pub(crate) fn text(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
