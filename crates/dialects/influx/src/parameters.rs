//! Parameters of the URL, and of a form where the body is one.

use axum::http::Uri;
use ingest::Precision;
use model::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;

/// What the URL says, and the form behind it. Names that nobody asks for are passed over, as the
/// vendor's server does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(dialect::Parameters);

impl Parameters {
    /// Those of a URL.
    pub(crate) fn read(uri: &Uri) -> Self {
        Self(dialect::Parameters::read(uri))
    }

    /// With those of a form behind them: what the URL says counts first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when they are not UTF-8 after decoding.
    pub(crate) fn with_form(mut self, body: &str) -> Result<Self> {
        for pair in body.trim().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.push(decoded(name)?, decoded(value)?);
        }
        Ok(self)
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// The first value of a name that is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.0.filled(name)
    }

    /// The unit of times.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`].
    pub(crate) fn precision(&self) -> Result<Precision> {
        let Some(name) = self.filled("precision") else { return Ok(Precision::Nanosecond) };
        Precision::named(name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidParameter {
                name: "precision".to_owned(),
                value: name.to_owned(),
                expected: "ns, us, ms, s, m or h".to_owned(),
            })
        })
    }
}

/// A part of a form without its escapes.
fn decoded(part: &str) -> Result<String> {
    let blanks = part.replace('+', " ");
    percent_decode_str(&blanks).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|error| {
        let (name, value, expected) = ("body".to_owned(), part.to_owned(), error.to_string());
        Error::new(ErrorKind::InvalidParameter { name, value, expected })
    })
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use axum::http::Uri;

    #[test]
    fn the_url_counts_before_the_form() {
        let url = Parameters::read(&Uri::from_static("/query?db=a+b&x=&q=1"));
        let all = url.with_form("q=CREATE+DATABASE+%22d%22&u=r\n").unwrap();
        assert_eq!((all.get("db"), all.get("q"), all.get("u")), (Some("a b"), Some("1"), Some("r")));
        assert_eq!((all.get("x"), all.filled("x"), all.get("y")), (Some(""), None, None));
        let plain = Parameters::default().with_form("q=SHOW DATABASES").unwrap();
        assert_eq!(plain.get("q"), Some("SHOW DATABASES"));
        assert!(Parameters::default().with_form("q=%ff").is_err());
        assert!(plain.precision().is_ok());
        let days = Parameters::read(&Uri::from_static("/write?precision=d"));
        assert!(days.precision().is_err());
    }
}
