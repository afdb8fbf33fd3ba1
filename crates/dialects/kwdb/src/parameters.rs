//! The URL parameters `db`, `tz` and `precision`. Others are passed over, as the vendor's server does.

use crate::settings;
use crate::timezone::{self, Zone, unquote};
use axum::http::Uri;
use catalog::Catalog;
use engine::DEFAULT_DATABASE;
use ingest::Precision;
use model::{Error, ErrorKind, Result};

/// What the URL says.
#[derive(Debug)]
pub(crate) struct Parameters(dialect::Parameters);

impl Parameters {
    /// Reads the query part of a URL; of a parameter that comes twice the first counts.
    pub(crate) fn read(uri: &Uri) -> Self {
        Self(dialect::Parameters::read(uri))
    }

    /// Whether the URL names a database, or at least the parameter.
    pub(crate) fn names_database(&self) -> bool {
        self.0.get("db").is_some()
    }

    /// The name of the request's database: exactly as written but for one pair of quotes.
    pub(crate) fn database_name(&self) -> String {
        match self.0.get("db").map(unquote) {
            None | Some("") => DEFAULT_DATABASE.to_owned(),
            Some(name) => name.to_owned(),
        }
    }

    /// The unit of the times of points, if it is said.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`].
    pub(crate) fn precision(&self) -> Result<Option<Precision>> {
        let Some(name) = self.0.filled("precision") else { return Ok(None) };
        Precision::named(name).map(Some).ok_or_else(|| {
            Error::new(ErrorKind::InvalidParameter {
                name: "precision".to_owned(),
                value: name.to_owned(),
                expected: "ns, us, ms or s".to_owned(),
            })
        })
    }

    /// The request's zone: `tz`, else what the cluster settings say.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeZone`].
    pub(crate) fn request_zone(&self, catalog: &Catalog) -> Result<Zone> {
        match self.0.get("tz") {
            Some(text) => timezone::parse(text),
            None => timezone::parse(&settings::default_zone(catalog)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use axum::http::Uri;
    use catalog::Catalog;

    fn read(uri: &'static str) -> Parameters {
        Parameters::read(&Uri::from_static(uri))
    }

    #[test]
    fn database_is_exact_and_has_a_default() {
        assert_eq!(read("/restapi/ddl").database_name(), "defaultdb");
        assert_eq!(read("/restapi/ddl?db=").database_name(), "defaultdb");
        assert_eq!(read("/restapi/ddl?db=TsDb").database_name(), "TsDb");
        assert_eq!(read("/restapi/ddl?x=1&db=%22a%20b%22&db=c").database_name(), "a b");
    }

    #[test]
    fn a_plus_in_the_url_is_a_blank() {
        let zone = |uri| read(uri).request_zone(&Catalog::default()).map(|z| z.name().to_owned());
        assert_eq!(zone("/restapi/ddl?tz=8").unwrap(), "+08:00");
        assert_eq!(zone("/restapi/ddl?tz=UTC+8").unwrap(), "-08:00");
        assert_eq!(zone("/restapi/ddl?tz=%22Asia/Shanghai%22").unwrap(), "Asia/Shanghai");
        assert_eq!(zone("/restapi/ddl").unwrap(), "+00:00");
        assert!(zone("/restapi/ddl?tz=15").is_err());
    }
}
