//! Holds bodies to `limits.body_bytes`. A body that announces more is refused before a byte of it
//! is read, with or without credentials; one that does not announce its length fails at the byte
//! that is too many, where it is read.

use crate::rejection::Rejections;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::Limited;
use model::{Error, ErrorKind};

pub(crate) async fn body_limit(
    State((limit, rejections)): State<(usize, Rejections)>,
    request: Request,
    next: Next,
) -> Response {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    if announced.is_some_and(|length| length > limit_bytes) {
        let error = Error::new(ErrorKind::BodyTooLarge { limit: limit_bytes });
        return rejections.answer(request.uri().path(), &error);
    }
    next.run(request.map(|body| Body::new(Limited::new(body, limit)))).await
}
