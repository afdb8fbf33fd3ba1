//! Reads the `Authorization` header: scheme, value, and what HTTP Basic packs into it.
//!
//! Nothing here says whether credentials are right, and no error repeats them.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use model::{Error, ErrorKind, Result};
use std::fmt;

/// Base64 as clients send it: with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The `Authorization` header, cut at its first space.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The scheme as written, such as `Basic`; none where the header is a single word.
    pub scheme: Option<&'a str>,
    /// What follows it.
    pub value: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialsMissing`] without the header, [`ErrorKind::CredentialsMalformed`]
    /// if it is empty, comes twice or is not plain text.
    pub fn read(headers: &'a HeaderMap) -> Result<Self> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let first = all.next().ok_or(ErrorKind::CredentialsMissing {})?;
        if all.next().is_some() {
            return Err(malformed("the Authorization header comes more than once"));
        }
        let text = first.to_str().map_err(|_| malformed("the Authorization header is not plain text"))?.trim();
        if text.is_empty() {
            return Err(malformed("the Authorization header is empty"));
        }
        Ok(match text.split_once(' ') {
            Some((scheme, value)) => Self { scheme: Some(scheme), value: value.trim() },
            None => Self { scheme: None, value: text },
        })
    }

    /// Whether it has this scheme, in any case.
    #[must_use]
    pub fn is_scheme(&self, scheme: &str) -> bool {
        self.scheme.is_some_and(|own| own.eq_ignore_ascii_case(scheme))
    }
}

impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    /// The user's name.
    pub user: String,
    /// The password; it may hold colons.
    pub password: String,
}

impl Basic {
    /// Reads an `Authorization: Basic` header.
    ///
    /// # Errors
    /// As [`Authorization::read`] and [`Basic::decode`]; [`ErrorKind::CredentialsMalformed`] for
    /// another scheme.
    pub fn read(headers: &HeaderMap) -> Result<Self> {
        let authorization = Authorization::read(headers)?;
        if !authorization.is_scheme("Basic") {
            return Err(malformed("the Authorization header does not begin with Basic"));
        }
        Self::decode(authorization.value)
    }

    /// Reads the base64 of `user:password`, cut at the first colon.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialsMalformed`] saying what is wrong.
    pub fn decode(value: &str) -> Result<Self> {
        let bytes = BASE64.decode(value).map_err(|_| malformed("they are not base64"))?;
        let text = String::from_utf8(bytes).map_err(|_| malformed("they are not UTF-8"))?;
        match text.split_once(':') {
            Some((user, password)) => Ok(Self { user: user.to_owned(), password: password.to_owned() }),
            None => Err(malformed("there is no colon between user and password")),
        }
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("user", &self.user).finish_non_exhaustive()
    }
}

fn malformed(reason: &str) -> Error {
    ErrorKind::CredentialsMalformed { reason: reason.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    fn basic(user: &str, password: &str) -> Result<Basic> {
        Ok(Basic { user: user.to_owned(), password: password.to_owned() })
    }

    #[test]
    fn basic_is_cut_at_the_first_colon() {
        assert_eq!(Basic::read(&headers(&["Basic dTE6b3BlbiBzZXNhbWU="])), basic("u1", "open sesame"));
        assert_eq!(Basic::read(&headers(&["basic  dTphOmI6"])), basic("u", "a:b:"));
        assert_eq!(Basic::read(&headers(&["BASIC dTo="])), basic("u", ""));
        assert_eq!(Basic::decode("dTo"), basic("u", ""), "padding may be missing");
    }

    #[test]
    fn the_scheme_may_be_missing_or_another() {
        let map = headers(&["Other abc"]);
        let read = Authorization::read(&map).unwrap();
        assert_eq!((read.scheme, read.value), (Some("Other"), "abc"));
        let map = headers(&["abc"]);
        assert_eq!(Authorization::read(&map).unwrap(), Authorization { scheme: None, value: "abc" });
    }

    #[test]
    fn what_cannot_be_read_is_named_and_never_repeated() {
        assert_eq!(Basic::read(&headers(&[])), Err(ErrorKind::CredentialsMissing {}.into()));
        for (sent, reason) in [
            ("", "the Authorization header is empty"),
            ("Basic", "the Authorization header does not begin with Basic"),
            ("Bearer c2VjcmV0", "the Authorization header does not begin with Basic"),
            ("Basic s!cret", "they are not base64"),
            ("Basic /////w==", "they are not UTF-8"),
            ("Basic c2VjcmV0", "there is no colon between user and password"),
        ] {
            assert_eq!(Basic::read(&headers(&[sent])), Err(malformed(reason)), "{sent}");
        }
        let twice = Basic::read(&headers(&["Basic dTo=", "Basic dTo="]));
        assert_eq!(twice, Err(malformed("the Authorization header comes more than once")));
    }

    #[test]
    fn printing_credentials_shows_no_secret() {
        let map = headers(&["Basic dTE6b3BlbiBzZXNhbWU="]);
        let printed = format!("{:?} {:?}", Authorization::read(&map), Basic::read(&map));
        assert!(!printed.contains("dTE6b3B") && !printed.contains("open sesame"), "{printed}");
    }
}
