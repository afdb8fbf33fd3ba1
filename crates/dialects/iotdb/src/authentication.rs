//! Who asks: HTTP Basic, read as this vendor's filter reads it.

use crate::Door;
use crate::error::{Failure, Result};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use engine::Caller;
use model::{Error, ErrorKind};

/// The password that the vendor's documents give root, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "root";

/// A header that cannot be read.
fn illegal() -> Failure {
    Failure::with_status(StatusCode::BAD_REQUEST, 303, "Illegal format of authorization header.")
}

/// User and password in the header. The scheme `Basic` may be missing; a colon at the end is
/// dropped, any other number of colons than one is refused.
///
/// # Errors
/// [`ErrorKind::CredentialsMissing`] without the header, and the vendor's 303.
fn user_and_password(headers: &HeaderMap) -> Result<(String, String)> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Error::new(ErrorKind::CredentialsMissing {}).into());
    };
    let text = value.to_str().map_err(|_| illegal())?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("Basic") => rest.trim(),
        Some(_) => return Err(illegal()),
        None => text,
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(token).map_err(|_| illegal())?;
    let decoded = String::from_utf8(decoded).map_err(|_| illegal())?;
    match decoded.trim_end_matches(':').split(':').collect::<Vec<_>>().as_slice() {
        [user, password] => Ok(((*user).to_owned(), (*password).to_owned())),
        _ => Err(illegal()),
    }
}

impl Door {
    /// The caller of a request.
    ///
    /// # Errors
    /// What is wrong with the header, and [`ErrorKind::CredentialsWrong`].
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller> {
        let (user, password) = user_and_password(headers)?;
        Ok(self.context.log_in(&user, &password, DOCUMENTED_ROOT_PASSWORD).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::user_and_password;
    use axum::http::{HeaderMap, HeaderValue};

    fn read(value: &'static str) -> Result<(String, String), u16> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static(value));
        user_and_password(&headers).map_err(|failure| failure.code)
    }

    #[test]
    fn the_scheme_may_be_missing_and_colons_are_counted() {
        let root = Ok(("root".to_owned(), "root".to_owned()));
        assert_eq!(read("Basic cm9vdDpyb290"), root);
        assert_eq!(read("cm9vdDpyb290"), root);
        assert_eq!(read("Basic cm9vdDpyb290Og=="), root, "a colon at the end is dropped");
        assert_eq!(read("Basic OnJvb3Q="), Ok((String::new(), "root".to_owned())));
        for value in ["Basic cm9vdA==", "Basic cm9vdDphOmI=", "Basic cm9vdDo=", "Bearer abc", "Basic !!!"] {
            assert_eq!(read(value), Err(303), "{value}");
        }
        assert_eq!(user_and_password(&HeaderMap::new()).unwrap_err().code, 800);
    }
}
