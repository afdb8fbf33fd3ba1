//! Gives every request an id, so that an answer and the log can be brought together. Outermost:
//! whatever happens further in can name it.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// A client's own id is taken up to this length.
const LONGEST: usize = 64;

/// The id of a request, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id in a request's extensions.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).filter(|id| is_plain(id.as_bytes())).cloned();
    let id = given.unwrap_or_else(fresh);
    request.headers_mut().insert(HEADER, id.clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    response.headers_mut().insert(HEADER, id);
    response
}

/// Whether a client's id can stand in a log line as it is.
fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    !id.is_empty() && id.len() <= LONGEST && id.iter().all(plain)
}

/// An id that no other request of this process has, and hardly one of another.
fn fresh() -> HeaderValue {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let id = format!("{:08x}-{}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_only_plain_ones_are_taken_over() {
        assert_ne!(fresh(), fresh());
        assert!(is_plain(fresh().as_bytes()) && is_plain(b"trace-1.a_B"));
        for strange in [b"".as_slice(), b"a b", b"a\"b", &[b'a'; 65]] {
            assert!(!is_plain(strange), "{strange:?}");
        }
    }
}
