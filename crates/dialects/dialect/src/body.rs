//! Reads a request's body: the first thing most handlers do.
//!
//! The body arrives piece by piece; what is too long is noticed at the byte that is too many, not
//! after all of it has come.

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::LengthLimitError;
use model::{Error, ErrorKind, Result};
use std::error::Error as StdError;

/// The whole body as bytes.
///
/// # Errors
/// [`ErrorKind::BodyTooLarge`] beyond `limit` bytes, with or without `Content-Length`, and
/// [`ErrorKind::BodyBroken`] for a body that breaks off or is framed wrongly.
pub async fn read_bytes(body: Body, limit: usize) -> Result<Bytes> {
    to_bytes(body, limit).await.map_err(|error| body_error(&error, limit))
}

/// The whole body as text.
///
/// # Errors
/// As [`read_bytes`], and [`ErrorKind::BodyNotUtf8`] with the first byte that does not belong.
pub async fn read_text(body: Body, limit: usize) -> Result<String> {
    let bytes = read_bytes(body, limit).await?;
    String::from_utf8(Vec::from(bytes)).map_err(|error| {
        let offset = u64::try_from(error.utf8_error().valid_up_to()).unwrap_or(u64::MAX);
        Error::new(ErrorKind::BodyNotUtf8 { offset })
    })
}

/// What an error while reading a body means to its sender. The limit may have been found by a
/// layer around the handler, which wraps its error.
#[must_use]
pub fn body_error(error: &(dyn StdError + 'static), limit: usize) -> Error {
    let chain = || std::iter::successors(Some(error), |error: &&(dyn StdError + 'static)| (*error).source());
    if chain().any(|error| error.is::<LengthLimitError>()) {
        return ErrorKind::BodyTooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) }.into();
    }
    let reason = chain().last().map_or_else(String::new, ToString::to_string);
    ErrorKind::BodyBroken { reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::stream;
    use http_body_util::Limited;

    fn pieces(pieces: Vec<Result<&'static [u8], std::io::Error>>) -> Body {
        Body::from_stream(stream::iter(pieces))
    }

    #[test]
    fn text_in_pieces_may_be_cut_inside_a_character() {
        let euro = "a€b".as_bytes();
        let body = pieces(vec![Ok(&euro[..2]), Ok(&euro[2..])]);
        assert_eq!(block_on(read_text(body, 5)), Ok("a€b".to_owned()));
    }

    #[test]
    fn the_byte_beyond_the_limit_is_refused_and_the_limit_named() {
        let too_large = Err(Error::from(ErrorKind::BodyTooLarge { limit: 4 }));
        assert_eq!(block_on(read_bytes(pieces(vec![Ok(b"abc"), Ok(b"de")]), 4)), too_large);
        assert_eq!(block_on(read_bytes(Body::from("abcde"), 4)), too_large);
        assert_eq!(block_on(read_bytes(Body::from("abcd"), 4)), Ok(Bytes::from_static(b"abcd")));
    }

    #[test]
    fn a_limit_found_by_an_outer_layer_is_the_same_error() {
        let outer = Body::new(Limited::new(pieces(vec![Ok(b"abc"), Ok(b"de")]), 4));
        assert_eq!(block_on(read_text(outer, 4)), Err(ErrorKind::BodyTooLarge { limit: 4 }.into()));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_placed() {
        let body = pieces(vec![Ok(b"ab\xff"), Ok(b"c")]);
        assert_eq!(block_on(read_text(body, 9)), Err(ErrorKind::BodyNotUtf8 { offset: 2 }.into()));
    }

    #[test]
    fn a_body_that_breaks_off_says_so() {
        let body = pieces(vec![Ok(b"ab"), Err(std::io::Error::other("connection reset"))]);
        let error = block_on(read_text(body, 9)).unwrap_err();
        assert_eq!(error, ErrorKind::BodyBroken { reason: "connection reset".to_owned() }.into());
    }
}
