//! The URL parameters of `/rest/sql`. Others are passed over, as the vendor's server does.

use crate::timezone::{self, Zone};
use axum::http::Uri;
use model::{Error, ErrorKind, Result};

/// What the URL says, not yet checked: the checks have an order of their own.
#[derive(Debug)]
pub(crate) struct Parameters(dialect::Parameters);

impl Parameters {
    /// Reads the query part of a URL; of a parameter that comes twice the first counts.
    pub(crate) fn read(uri: &Uri) -> Self {
        Self(dialect::Parameters::read(uri))
    }

    /// Checks `req_id`, which is for tracing only.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for what is no number of 64 bits.
    pub(crate) fn check_request_id(&self) -> Result<()> {
        let Some(text) = self.0.filled("req_id") else { return Ok(()) };
        if text.parse::<i64>().is_ok() {
            return Ok(());
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let problem = if number { "value out of range" } else { "invalid syntax" };
        let detail = format!("numeric strconv.ParseInt: parsing \"{text}\": {problem}");
        Err(invalid("req_id", text, detail))
    }

    /// The zone in which literals are read, and the one in which times are printed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeZone`].
    pub(crate) fn zones(&self) -> Result<(Zone, Zone)> {
        if let Some(text) = self.0.filled("conn_tz") {
            let zone = timezone::parse(text)?;
            return Ok((zone.clone(), zone));
        }
        let printed = match self.0.get("tz") {
            Some(text) => timezone::parse(text)?,
            None => timezone::utc(),
        };
        Ok((timezone::utc(), printed))
    }

    /// Whether rows are objects.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`].
    pub(crate) fn rows_are_objects(&self) -> Result<bool> {
        match self.0.get("row_with_meta") {
            None | Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(text) => {
                let detail = format!("boolean strconv.ParseBool: parsing \"{text}\": invalid syntax");
                Err(invalid("row_with_meta", text, detail))
            }
        }
    }

    /// Whether the answer says how long it took.
    pub(crate) fn timing(&self) -> bool {
        self.0.get("timing") == Some("true")
    }
}

fn invalid(name: &str, value: &str, expected: String) -> Error {
    Error::new(ErrorKind::InvalidParameter { name: name.to_owned(), value: value.to_owned(), expected })
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use crate::error::skin;
    use axum::http::Uri;

    fn read(uri: &'static str) -> Parameters {
        Parameters::read(&Uri::from_static(uri))
    }

    #[test]
    fn a_request_id_is_a_number() {
        for good in ["/rest/sql", "/rest/sql?req_id=", "/rest/sql?req_id=0", "/rest/sql?req_id=-7"] {
            assert!(read(good).check_request_id().is_ok(), "{good}");
        }
        let text = |uri| skin(&read(uri).check_request_id().unwrap_err().kind).text;
        assert_eq!(
            text("/rest/sql?req_id=xx"),
            "illegal param, req_id must be numeric strconv.ParseInt: parsing \"xx\": invalid syntax"
        );
        assert!(text("/rest/sql?req_id=99999999999999999999").ends_with("value out of range"));
    }

    #[test]
    fn the_zone_of_the_connection_wins() {
        let zones = |uri| read(uri).zones().map(|(read, shown)| (read.name().to_owned(), shown.name().to_owned()));
        assert_eq!(zones("/x?tz=Asia/Shanghai").unwrap(), ("UTC".to_owned(), "Asia/Shanghai".to_owned()));
        let both = ("Asia/Tokyo".to_owned(), "Asia/Tokyo".to_owned());
        assert_eq!(zones("/x?tz=Asia/Shanghai&conn_tz=Asia/Tokyo").unwrap(), both);
        assert_eq!(zones("/x?tz=").unwrap().1, "UTC");
        assert_eq!(skin(&zones("/x?tz=xxx").unwrap_err().kind).text, "unknown time zone xxx");
    }

    #[test]
    fn rows_with_meta_is_a_boolean() {
        assert!(read("/x?row_with_meta=T").rows_are_objects().unwrap());
        assert!(!read("/x").rows_are_objects().unwrap());
        let error = read("/x?row_with_meta=xx").rows_are_objects().unwrap_err();
        assert!(skin(&error.kind).text.starts_with("illegal param, row_with_meta must be boolean"));
    }
}
