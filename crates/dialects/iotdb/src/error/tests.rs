//! The codes of the vendor's catalogue that clients look at.

use super::{Failure, skin};
use axum::http::StatusCode;
use model::{ErrorKind, Privilege};

fn shown(kind: ErrorKind) -> (u16, u16, String) {
    let (status, code, text) = skin(&kind);
    (status.as_u16(), code, text)
}

#[test]
fn credentials_alone_are_unauthorized() {
    assert_eq!(shown(ErrorKind::CredentialsMissing {}), (401, 800, "INIT_AUTH_ERROR".to_owned()));
    assert_eq!(shown(ErrorKind::CredentialsWrong {}), (401, 801, "WRONG_LOGIN_PASSWORD".to_owned()));
    let reason = String::new();
    assert_eq!(shown(ErrorKind::CredentialsMalformed { reason }).0, 400);
    assert_eq!(shown(ErrorKind::DivisionByZero {}), (200, 751, "Division by zero".to_owned()));
}

#[test]
fn permissions_name_the_word_that_is_missing() {
    let denied = |privilege, object_kind, object: &str| {
        shown(ErrorKind::PermissionDenied { user: "u".into(), privilege, object_kind, object: object.into() })
    };
    let text = "Access Denied: No permissions for this operation, please add privilege ";
    assert_eq!(denied(Privilege::Select, "table", "d.t"), (200, 803, format!("{text}SELECT ON d.t")));
    assert_eq!(denied(Privilege::Create, "database", "d").2, format!("{text}CREATE ON DB:d"));
    assert_eq!(denied(Privilege::ManageUsers, "server", "").2, format!("{text}SECURITY"));
    assert_eq!(denied(Privilege::Settings, "server", "").2, format!("{text}SYSTEM"));
}

#[test]
fn long_names_are_cut() {
    let failure = Failure::new(701, format!("Column '{}' cannot be resolved", "x".repeat(100_000)));
    assert_eq!(failure.status, StatusCode::OK);
    assert!(failure.shown_message().is_some_and(|text| text.len() < 1_000));
}
