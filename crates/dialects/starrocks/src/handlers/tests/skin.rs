//! What every error of the catalogue is at this door.

use crate::error::Failure;
use crate::{StarRocks, handlers::refusal};
use dialect::Dialect as _;
use model::{DataType, Error, ErrorKind, Place};

#[tokio::test]
async fn a_refusal_of_the_server_has_the_envelope() {
    let error = Error::new(ErrorKind::PathNotFound { path: "/api/v2/catalog".to_owned() });
    let response = StarRocks.reject(&error);
    assert_eq!(response.status(), 404);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((json["code"].as_str(), json["result"]["reason"].as_str()), (Some("9404"), Some("PATH_NOT_FOUND")));
    let method = ErrorKind::MethodNotAllowed { method: "PUT".to_owned(), allowed: "GET, POST".to_owned() };
    let response = refusal(&method.into(), None);
    assert_eq!(response.headers()["allow"], "GET, POST");
}

#[test]
fn only_the_standards_statuses_are_used() {
    let some = || "x".to_owned();
    let place = Some(Place { column: some(), row: None });
    for kind in [
        ErrorKind::BodyTooLarge { limit: 1 },
        ErrorKind::BodyTimeout { limit_ms: 1 },
        ErrorKind::BodyTooSlow { bytes_per_second: 1 },
        ErrorKind::DatabaseExists { database: some() },
        ErrorKind::DuplicateKey { constraint: some(), columns: Vec::new(), values: Vec::new() },
        ErrorKind::QueryTimeout { limit_ms: 1 },
        ErrorKind::QueryCancelled {},
        ErrorKind::SchemaChanged { table: some() },
        ErrorKind::ValueTooLong { value: some(), data_type: DataType::Int8, place },
        ErrorKind::StatementTooLarge { limit: 1 },
        ErrorKind::DiskFull {},
        ErrorKind::Internal { reason: some() },
    ] {
        let failure = Failure::from(kind);
        let status = failure.status.as_u16();
        assert!([400, 401, 403, 404, 405, 406, 415, 500, 503].contains(&status), "{failure:?}");
        assert!(!failure.reason.is_empty() && !failure.message.is_empty());
    }
}
