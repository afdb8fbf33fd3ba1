//! What a request in clear hears on a port that speaks TLS: 307 to the same URI with `https`, which
//! keeps method and body. Nothing of the request is looked at beyond its address, and only the
//! health page answers in clear.

use crate::pages;
use crate::rejection::text;
use axum::Router;
use axum::extract::Request;
use axum::http::header::{HOST, LOCATION};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Answers everything in clear.
pub(crate) fn redirect() -> Router {
    Router::new().fallback(async |request: Request| answer(&request))
}

fn answer(request: &Request) -> Response {
    if request.uri().path() == pages::HEALTH {
        return pages::health();
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let Some(host) = host.as_ref().or(request.uri().authority()) else {
        return text(StatusCode::BAD_REQUEST, "This port speaks TLS: use https.\n".to_owned());
    };
    let uri = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let target = format!("https://{host}{uri}");
    let Ok(location) = HeaderValue::try_from(target) else {
        return text(StatusCode::BAD_REQUEST, "This port speaks TLS: use https.\n".to_owned());
    };
    // The target may hold a password in its query, so only the header repeats it.
    let explanation = "This port speaks TLS. The request was not carried out: send it to the https address.\n";
    let mut response = text(StatusCode::TEMPORARY_REDIRECT, explanation.to_owned());
    response.headers_mut().insert(LOCATION, location);
    response
}
