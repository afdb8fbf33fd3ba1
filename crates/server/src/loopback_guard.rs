//! Keeps web pages away from an insecure server: a browser on this machine could otherwise be made
//! to send requests to it by any page it shows.
//!
//! Only in insecure mode. `Host` must be one loopback name, and so must the host of a URI that has
//! one, which stops names that were pointed at 127.0.0.1; a request that a page of another origin caused is refused unless its origin is
//! listed in `allowed_origins`.

use crate::rejection::text;
use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whom the guard lets through; `None` in its place: everybody.
#[derive(Clone, Debug)]
pub(crate) struct LoopbackGuard {
    allowed_origins: Arc<[String]>,
}

impl LoopbackGuard {
    pub(crate) fn new(allowed_origins: &[String]) -> Self {
        Self { allowed_origins: allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect() }
    }

    fn check(&self, headers: &HeaderMap, uri_host: Option<&Authority>) -> Result<(), String> {
        let mut hosts = headers.get_all(HOST).iter();
        let written = hosts.next().map(|host| String::from_utf8_lossy(host.as_bytes()));
        if hosts.next().is_some() {
            return Err("the request has more than one Host header".to_owned());
        }
        let named = uri_host.map(Authority::as_str);
        let Some(host) = written.as_deref().or(named) else {
            return Err("the request has no Host header".to_owned());
        };
        if let Some(foreign) = [Some(host), named].into_iter().flatten().find(|host| !is_loopback(host)) {
            return Err(format!("the host \"{foreign}\" is no loopback name"));
        }
        if let Some(origin) = headers.get(ORIGIN) {
            let origin = origin.to_str().unwrap_or("?");
            let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            return if own == Some(host) || self.allowed_origins.iter().any(|allowed| allowed == origin) {
                Ok(())
            } else {
                Err(format!("the request comes from a web page at \"{origin}\", which is not in allowed_origins"))
            };
        }
        // Links, images and forms send no Origin, but browsers say this.
        match headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes()) {
            Some(b"cross-site" | b"same-site") => Err("the request comes from a web page of another site".to_owned()),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn loopback_guard(
    State(guard): State<Option<LoopbackGuard>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(Err(reason)) = guard.map(|guard| guard.check(request.headers(), request.uri().authority())) {
        let answer = format!("{reason}\nAn insecure server answers only to programs on its own machine.\n");
        return text(StatusCode::FORBIDDEN, answer);
    }
    next.run(request).await
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let by_name = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    !host.contains('@') && (by_name || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(headers: &[(HeaderName, &'static str)]) -> Result<(), String> {
        let guard = LoopbackGuard::new(&["http://app.example:3000/".to_owned()]);
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        guard.check(&headers, None)
    }

    #[test]
    fn the_host_must_be_a_loopback_name() {
        for host in
            ["localhost", "LocalHost:8080", "a.localhost:1", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "[::1]"]
        {
            assert_eq!(check(&[(HOST, host)]), Ok(()), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com:8080",
            "10.0.0.1:8080",
            "[::2]",
            "127.0.0.1.example",
            "u@localhost",
            "",
        ] {
            assert!(check(&[(HOST, host)]).is_err(), "{host}");
        }
        assert!(check(&[]).is_err());
    }

    #[test]
    fn there_is_one_host_and_the_uri_names_no_other() {
        let twice = check(&[(HOST, "localhost"), (HOST, "evil.example")]);
        assert_eq!(twice, Err("the request has more than one Host header".to_owned()));
        let guard = LoopbackGuard::new(&[]);
        let with_uri = |uri: &'static str, host: Option<&'static str>| {
            let headers = host.map(|host| (HOST, HeaderValue::from_static(host))).into_iter().collect();
            guard.check(&headers, Some(&Authority::from_static(uri)))
        };
        assert_eq!(with_uri("localhost:1", Some("localhost:1")), Ok(()));
        assert_eq!(with_uri("127.0.0.1:1", None), Ok(()));
        for host in [Some("localhost"), None] {
            assert_eq!(with_uri("evil.example", host), Err("the host \"evil.example\" is no loopback name".to_owned()));
        }
        assert!(with_uri("localhost", Some("evil.example")).is_err());
    }

    #[test]
    fn pages_of_other_origins_are_refused_unless_listed() {
        let from = |origin| check(&[(HOST, "localhost:8080"), (ORIGIN, origin)]);
        assert_eq!(from("http://localhost:8080"), Ok(()));
        assert_eq!(from("http://app.example:3000"), Ok(()));
        for origin in ["http://localhost:3000", "http://example.com", "null", "http://localhost:8080.example.com", ""] {
            assert!(from(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn requests_that_a_page_causes_without_an_origin_are_refused() {
        let from = |site| check(&[(HOST, "localhost:8080"), (SEC_FETCH_SITE, site)]);
        assert!(from("cross-site").is_err() && from("same-site").is_err());
        assert_eq!((from("same-origin"), from("none")), (Ok(()), Ok(())));
        assert_eq!(
            check(&[(HOST, "localhost:1"), (ORIGIN, "http://app.example:3000"), (SEC_FETCH_SITE, "cross-site")]),
            Ok(())
        );
    }
}
