//! The URL table of one listener: every route of its dialects and of the server itself, checked
//! for overlaps when the listener is set up.

use crate::{backup, metrics};
use dialect::{Dialect, Media, Route};
use model::{ErrorKind, Result};
use std::sync::Arc;

/// The owner of the server's own routes.
pub(crate) const SERVER: &str = "server";

/// The routes that the server answers itself.
const OWN: [Route; 6] = [
    Route::get("/", "What this is and who answers where").answer(&[Media::Text]).open(),
    Route::get("/health", "Whether the server is up").open(),
    Route::get("/openapi.json", "This document").open(),
    Route::get("/compat/{dialect}", "What of its vendor's API a dialect does, and what it refuses")
        .answer(&[Media::Text])
        .open(),
    backup::ROUTE,
    metrics::ROUTE,
];

/// All routes of one listener.
#[derive(Debug, Default)]
pub(crate) struct UrlTable {
    rows: Vec<Row>,
}

/// One route and who answers it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) owner: &'static str,
    pub(crate) route: Route,
}

impl UrlTable {
    /// The table for these dialects.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] naming both owners of a route that two claim.
    pub(crate) fn new(dialects: &[Arc<dyn Dialect>]) -> Result<Self> {
        let mut table = Self::default();
        for route in OWN {
            table.add(SERVER, route)?;
        }
        for dialect in dialects {
            for route in dialect.routes() {
                table.add(dialect.name(), *route)?;
            }
        }
        Ok(table)
    }

    /// Every row, in the order of the dialects.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The methods that work at a path in axum's spelling, such as `GET, POST`.
    pub(crate) fn allowed(&self, path: &str) -> String {
        let own = self.rows.iter().map(|row| &row.route).filter(|route| route.path == path);
        own.map(|route| route.method).collect::<Vec<_>>().join(", ")
    }

    /// Whether somebody answers the requests of a route.
    pub(crate) fn claims(&self, route: &Route) -> bool {
        self.rows.iter().any(|row| row.route.method == route.method && shape(row.route.path).eq(shape(route.path)))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] naming both owners if it collides with another.
    pub(crate) fn add(&mut self, owner: &'static str, route: Route) -> Result<()> {
        let new = Row { owner, route };
        if let Some(old) = self.rows.iter().find(|old| collide(&old.route, &new.route)) {
            let claim = |row: &Row| format!("{} claims {} {}", row.owner, row.route.method, row.route.path);
            let reason = format!("two routes answer the same requests: {}, {}", claim(old), claim(&new));
            return Err(ErrorKind::InvalidDefinition { reason }.into());
        }
        self.rows.push(new);
        Ok(())
    }
}

/// Whether some request would be for both. One pattern in two spellings cannot stand in one router
/// at all.
fn collide(one: &Route, other: &Route) -> bool {
    shape(one.path).eq(shape(other.path)) && (one.method == other.method || one.path != other.path)
}

/// A path with the names of its parameters taken away.
fn shape(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').map(|segment| match segment {
        wild if wild.starts_with("{*") => "{*}",
        parameter if parameter.starts_with('{') && !parameter.starts_with("{{") => "{}",
        literal => literal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(table: &mut UrlTable, owner: &'static str, method: &'static str, path: &'static str) -> Result<()> {
        table.add(owner, Route::new(method, path, ""))
    }

    #[test]
    fn an_overlap_names_both_owners() {
        let mut table = UrlTable::new(&[]).unwrap();
        add(&mut table, "one", "GET", "/a/{x}").unwrap();
        let error = add(&mut table, "two", "GET", "/a/{x}").unwrap_err().to_string();
        assert_eq!(error, "two routes answer the same requests: one claims GET /a/{x}, two claims GET /a/{x}");
        assert!(add(&mut table, "two", "POST", "/a/{y}").is_err(), "another spelling of the same pattern");
        let error = add(&mut table, "two", "GET", "/health").unwrap_err().to_string();
        assert!(error.contains("server claims GET /health"), "{error}");
    }

    #[test]
    fn routes_that_never_meet_stand_side_by_side() {
        let mut table = UrlTable::new(&[]).unwrap();
        for (method, path) in
            [("GET", "/a/{x}"), ("POST", "/a/{x}"), ("GET", "/a/b"), ("GET", "/a/{x}/c"), ("GET", "/a/{*rest}")]
        {
            add(&mut table, "one", method, path).unwrap();
        }
        assert_eq!(table.allowed("/a/{x}"), "GET, POST");
        assert_eq!(table.allowed("/b"), "");
        assert!(table.claims(&Route::get("/a/{other}", "")));
        assert!(!table.claims(&Route::delete("/a/{x}", "")));
    }
}
