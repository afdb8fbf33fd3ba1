//! The flags of `/api/put`, and the database. A flag is set by its name, whatever its value, unless
//! that is `false`; names that nobody asks for are passed over, as the vendor's server does.

use axum::extract::Query;
use axum::http::Uri;
use engine::DEFAULT_DATABASE;
use model::{Error, ErrorKind, Result};

/// What the URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) summary: bool,
    pub(crate) details: bool,
    pub(crate) database: String,
}

impl Parameters {
    /// Reads the query part of a URL.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when it cannot be decoded.
    pub(crate) fn read(uri: &Uri) -> Result<Self> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|error| {
            Error::new(ErrorKind::InvalidParameter {
                name: "URL".to_owned(),
                value: uri.query().unwrap_or_default().to_owned(),
                expected: error.body_text(),
            })
        })?;
        let get = |name: &str| pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let flag = |name: &str| get(name).is_some_and(|value| value != "false");
        let database = get("db").filter(|name| !name.is_empty()).unwrap_or(DEFAULT_DATABASE);
        Ok(Self { summary: flag("summary"), details: flag("details"), database: database.to_owned() })
    }
}
