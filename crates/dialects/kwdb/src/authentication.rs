//! Who asks: the `Authorization` header, tokens, and `user:password` in base64.
//!
//! A credential is looked up among the tokens first, then read as base64: this vendor's printed
//! samples send both in the same place.

use crate::Door;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::Caller;
use model::{Error, ErrorKind, Result};

/// The password that the vendor's documents give root, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "kwdbpassword";
const NO_BASIC: &str = "can not find Basic attribute, please check";
const WRONG_PAIR: &str = "wrong username or password, please check";

fn malformed(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialsMalformed { reason: reason.into() })
}

/// The credential in the header: `Basic X`, `Bearer X`, `Token X` (in any case), or a bare `X`.
///
/// # Errors
/// [`ErrorKind::CredentialsMissing`] without the header, [`ErrorKind::CredentialsMalformed`] for
/// any other form.
pub(crate) fn credential(headers: &HeaderMap) -> Result<String> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Error::new(ErrorKind::CredentialsMissing {}));
    };
    let text = value.to_str().map_err(|_| malformed(NO_BASIC))?;
    let is_scheme = |word: &str| ["basic", "bearer", "token"].iter().any(|s| word.eq_ignore_ascii_case(s));
    let mut parts = text.split_ascii_whitespace();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(credential), None) if is_scheme(scheme) => Ok(credential.to_owned()),
        (Some(credential), None, None) if !is_scheme(credential) => Ok(credential.to_owned()),
        _ => Err(malformed(NO_BASIC)),
    }
}

/// Why base64 cannot be read, as the vendor's server words it.
fn base64_text(text: &str, error: &DecodeError) -> String {
    let offset = match error {
        DecodeError::InvalidByte(offset, _) => *offset,
        DecodeError::InvalidLastSymbol { .. } | DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => {
            text.len()
        }
    };
    format!("illegal base64 data at input byte {offset}")
}

/// User and password of a base64 credential, split at the first colon.
fn user_and_password(credential: &str) -> Result<(String, String)> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, config)
        .decode(credential)
        .or_else(|error| URL_SAFE_NO_PAD.decode(credential).map_err(|_| error))
        .map_err(|error| malformed(base64_text(credential, &error)))?;
    let text = String::from_utf8(decoded).map_err(|_| malformed(WRONG_PAIR))?;
    let (user, password) = text.split_once(':').ok_or_else(|| malformed(WRONG_PAIR))?;
    Ok((user.to_lowercase(), password.to_owned()))
}

/// Whether a credential can only have been a token: digits of whole bytes in hexadecimal.
fn looks_like_token(credential: &str) -> bool {
    !credential.is_empty() && credential.len().is_multiple_of(2) && credential.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What a client that follows the redirect to TLS has to know: it leaves its credentials behind.
const REDIRECT_HINT: &str = "(curl -L drops credentials on a redirect: use https:// in the URL, or --location-trusted)";

impl Door {
    /// The credential in the header, with a hint where a redirect may have lost it.
    ///
    /// # Errors
    /// As [`credential`].
    pub(crate) fn credential(&self, headers: &HeaderMap) -> Result<String> {
        credential(headers).map_err(|error| match *error.kind {
            ErrorKind::CredentialsMissing {} if !self.context.insecure => {
                malformed(format!("{WRONG_PAIR} {REDIRECT_HINT}"))
            }
            _ => error,
        })
    }

    /// The caller of a request to any endpoint but login.
    ///
    /// # Errors
    /// [`ErrorKind::TokenInvalid`] for what looks like a token and is none, else what is wrong with
    /// user and password.
    pub(crate) async fn authenticate(&self, credential: &str) -> Result<Caller> {
        if let Some(user) = self.context.tokens.verify(credential) {
            return self.context.engine.caller(user);
        }
        match user_and_password(credential) {
            Ok((user, password)) => self.context.log_in(&user, &password, DOCUMENTED_ROOT_PASSWORD).await,
            Err(_) if looks_like_token(credential) => Err(Error::new(ErrorKind::TokenInvalid {})),
            Err(error) => Err(error),
        }
    }

    /// The caller of a login, which takes user and password only.
    ///
    /// # Errors
    /// What is wrong with the header, or with user and password.
    pub(crate) async fn log_in(&self, headers: &HeaderMap) -> Result<Caller> {
        let credential = credential(headers).map_err(|error| match *error.kind {
            ErrorKind::CredentialsMissing {} if !self.context.insecure => {
                malformed(format!("{NO_BASIC} {REDIRECT_HINT}"))
            }
            _ => malformed(NO_BASIC),
        })?;
        let (user, password) = user_and_password(&credential).map_err(|_| malformed(WRONG_PAIR))?;
        self.context.log_in(&user, &password, DOCUMENTED_ROOT_PASSWORD).await
    }
}

#[cfg(test)]
mod tests {
    use super::{credential, looks_like_token, user_and_password};
    use axum::http::{HeaderMap, HeaderValue};
    use model::Code;

    fn header(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn every_documented_form_of_the_header() {
        for value in
            ["Basic dTE6cA==", "basic dTE6cA==", "Bearer dTE6cA==", "Token dTE6cA==", "dTE6cA==", " Basic  dTE6cA== "]
        {
            assert_eq!(credential(&header(value)).unwrap(), "dTE6cA==", "{value:?}");
        }
        for value in ["Basic", "", "Digest x", "Basic a b"] {
            assert_eq!(credential(&header(value)).unwrap_err().code(), Code::CredentialsMalformed, "{value:?}");
        }
        assert_eq!(credential(&HeaderMap::new()).unwrap_err().code(), Code::CredentialsMissing);
    }

    #[test]
    fn the_password_may_hold_colons_and_user_names_fold() {
        let pair = |text: &str| user_and_password(text).unwrap();
        assert_eq!(pair("cm9vdDprd2RicGFzc3dvcmQ="), ("root".to_owned(), "kwdbpassword".to_owned()));
        assert_eq!(pair("cm9vdDprd2RicGFzc3dvcmQ"), ("root".to_owned(), "kwdbpassword".to_owned()));
        assert_eq!(pair("VTE6YTpiOg=="), ("u1".to_owned(), "a:b:".to_owned()));
    }

    #[test]
    fn malformed_base64_names_the_byte() {
        let error = user_and_password("dTE6!A==").unwrap_err();
        assert!(error.to_string().contains("illegal base64 data at input byte 4"), "{error}");
        let error = user_and_password("bm9jb2xvbg==").unwrap_err();
        assert!(error.to_string().contains("wrong username or password"), "{error}");
    }

    #[test]
    fn tokens_are_told_by_their_digits() {
        assert!(looks_like_token("00ff"));
        assert!(!looks_like_token("00f"));
        assert!(!looks_like_token("00fg"));
        assert!(!looks_like_token(""));
    }
}
