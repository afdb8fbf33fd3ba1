//! `Basic` and `Taosd`: the two ways in which this vendor's clients name user and password.
//!
//! A `Taosd` token is user and password under a key that everybody knows, so it is as secret as the
//! password itself; it is made and read here and kept nowhere.

use crate::Door;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use des::Des;
use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use engine::Caller;
use model::{Error, ErrorKind, Result};

/// The password that the vendor's documents give root, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "taosdata";
/// The key of every server of this vendor.
const KEY: [u8; 8] = [64, 182, 122, 48, 86, 115, 253, 68];
/// Bytes that hold the user's name, and the least that hold the password.
const FIELD: usize = 24;
const BLOCK: usize = 8;

/// A user and a password as a request names them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("user", &self.user).finish_non_exhaustive()
    }
}

fn malformed(scheme: &str) -> Error {
    Error::new(ErrorKind::CredentialsMalformed { reason: scheme.to_owned() })
}

/// The credential in the header; schemes count with their case and one blank.
///
/// # Errors
/// [`ErrorKind::CredentialsMissing`] without the header, [`ErrorKind::CredentialsMalformed`] naming
/// the scheme that could not be read.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Credential> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Error::new(ErrorKind::CredentialsMissing {}));
    };
    let text = value.to_str().map_err(|_| malformed("other"))?.trim();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::CredentialsMissing {}));
    }
    if let Some(encoded) = text.strip_prefix("Basic ") {
        return basic(encoded).ok_or_else(|| malformed("basic"));
    }
    match text.strip_prefix("Taosd ") {
        Some(token) => open_token(token).ok_or_else(|| malformed("taosd")),
        None => Err(malformed("other")),
    }
}

fn basic(encoded: &str) -> Option<Credential> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let complete = !user.is_empty() && !password.is_empty();
    complete.then(|| Credential { user: user.to_owned(), password: password.to_owned() })
}

/// The `Taosd` token of a user; none for names and passwords that it cannot hold.
pub(crate) fn make_token(user: &str, password: &str) -> Option<String> {
    if user.is_empty() || user.len() > FIELD || password.is_empty() {
        return None;
    }
    let mut plain = vec![0; FIELD];
    plain.get_mut(..user.len())?.copy_from_slice(user.as_bytes());
    plain.extend_from_slice(password.as_bytes());
    let length = plain.len().max(2 * FIELD).next_multiple_of(BLOCK);
    plain.resize(length, 0);
    let cipher = Des::new(&Array(KEY));
    for block in plain.chunks_exact_mut(BLOCK) {
        let mut array = Array::try_from(&*block).ok()?;
        cipher.encrypt_block(&mut array);
        block.copy_from_slice(&array);
    }
    Some(STANDARD.encode(plain))
}

fn open_token(token: &str) -> Option<Credential> {
    let mut bytes = STANDARD.decode(token.trim()).ok()?;
    if bytes.len() < 2 * FIELD || !bytes.len().is_multiple_of(BLOCK) {
        return None;
    }
    let cipher = Des::new(&Array(KEY));
    for block in bytes.chunks_exact_mut(BLOCK) {
        let mut array = Array::try_from(&*block).ok()?;
        cipher.decrypt_block(&mut array);
        block.copy_from_slice(&array);
    }
    let field = |bytes: &[u8]| {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8(text.to_vec()).ok()
    };
    let (user, password) = bytes.split_at(FIELD);
    Some(Credential { user: field(user)?, password: field(password)? })
}

impl Door {
    /// The caller behind a credential.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialsWrong`] and the engine's limits.
    pub(crate) async fn log_in(&self, credential: &Credential) -> Result<Caller> {
        let Credential { user, password } = credential;
        self.context.log_in(user, password, DOCUMENTED_ROOT_PASSWORD).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Credential, credential, make_token, open_token};
    use axum::http::{HeaderMap, HeaderValue};
    use model::ErrorKind;

    fn header(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(value).unwrap());
        headers
    }

    fn pair(user: &str, password: &str) -> Credential {
        Credential { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn tokens_are_those_of_the_vendor() {
        let root = "/KfeAzX/f9na8qdtNZmtONryp201ma04bEl8LcvLUd7a8qdtNZmtONryp201ma04";
        assert_eq!(make_token("root", "taosdata").as_deref(), Some(root));
        let test = "QIIxd+q+/t7a8qdtNZmtONryp201ma040a9W6u3942bRr1bq7f3jZtGvVurt/eNm";
        assert_eq!(make_token("test", &"a".repeat(24)).as_deref(), Some(test));
        assert_eq!(make_token(&"u".repeat(25), "p"), None);
        assert_eq!(make_token("u", ""), None);
    }

    #[test]
    fn tokens_read_back() {
        for (user, password) in [("root", "taosdata"), ("u", &*"p".repeat(60)), ("测试", "密码 1")] {
            assert_eq!(open_token(&make_token(user, password).unwrap()), Some(pair(user, password)));
        }
    }

    #[test]
    fn schemes_are_exact() {
        assert_eq!(credential(&header("Basic cm9vdDp0YW9zOmRhdGE=")).unwrap(), pair("root", "taos:data"));
        let reason = |value: &str| match *credential(&header(value)).unwrap_err().kind {
            ErrorKind::CredentialsMalformed { reason } => reason,
            other => format!("{other:?}"),
        };
        for (value, expected) in [
            ("basic cm9vdDp0YW9zZGF0YQ==", "other"),
            ("Bearer x", "other"),
            ("Basic !!!", "basic"),
            ("Basic cm9vdDo=", "basic"),
            ("Taosd abc", "taosd"),
        ] {
            assert_eq!(reason(value), expected, "{value}");
        }
        let missing = credential(&HeaderMap::new()).unwrap_err();
        assert_eq!(*missing.kind, ErrorKind::CredentialsMissing {});
    }
}
