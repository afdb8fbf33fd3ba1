//! The flags of `/api/put`, and the database. A flag is set by its name, whatever its value, unless
//! that is `false`; names that nobody asks for are passed over, as the vendor's server does.

use axum::http::Uri;
use engine::DEFAULT_DATABASE;

/// What the URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) summary: bool,
    pub(crate) details: bool,
    pub(crate) database: String,
}

impl Parameters {
    /// Reads the query part of a URL.
    pub(crate) fn read(uri: &Uri) -> Self {
        let all = dialect::Parameters::read(uri);
        let flag = |name: &str| all.get(name).is_some_and(|value| value != "false");
        let database = all.filled("db").unwrap_or(DEFAULT_DATABASE);
        Self { summary: flag("summary"), details: flag("details"), database: database.to_owned() }
    }
}
