//! The URL table of one listener: every route of its dialects and of the server itself, checked
//! for overlaps when the listener is set up.

use dialect::Dialect;
use model::{ErrorKind, Result};
use std::sync::Arc;

/// The routes that the server answers itself.
const OWN: [(&str, &str); 2] = [("GET", "/"), ("GET", "/health")];

/// All routes of one listener.
#[derive(Debug, Default)]
pub(crate) struct UrlTable {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    owner: &'static str,
    method: &'static str,
    path: &'static str,
}

impl UrlTable {
    /// The table for these dialects.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] naming both owners of a route that two claim.
    pub(crate) fn new(dialects: &[Arc<dyn Dialect>]) -> Result<Self> {
        let mut table = Self::default();
        for (method, path) in OWN {
            table.add(Row { owner: "server", method, path })?;
        }
        for dialect in dialects {
            for route in dialect.routes() {
                table.add(Row { owner: dialect.name(), method: route.method, path: route.path })?;
            }
        }
        Ok(table)
    }

    /// The methods that work at a path in axum's spelling, such as `GET, POST`.
    pub(crate) fn allowed(&self, path: &str) -> String {
        let methods: Vec<&str> = self.rows.iter().filter(|row| row.path == path).map(|row| row.method).collect();
        methods.join(", ")
    }

    fn add(&mut self, new: Row) -> Result<()> {
        if let Some(old) = self.rows.iter().find(|old| old.collides(&new)) {
            let claim = |row: &Row| format!("{} claims {} {}", row.owner, row.method, row.path);
            let reason = format!("two routes answer the same requests: {}, {}", claim(old), claim(&new));
            return Err(ErrorKind::InvalidDefinition { reason }.into());
        }
        self.rows.push(new);
        Ok(())
    }
}

impl Row {
    /// Whether some request would be for both. One pattern in two spellings cannot stand in one
    /// router at all.
    fn collides(&self, other: &Self) -> bool {
        shape(self.path).eq(shape(other.path)) && (self.method == other.method || self.path != other.path)
    }
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

    fn row(owner: &'static str, method: &'static str, path: &'static str) -> Row {
        Row { owner, method, path }
    }

    #[test]
    fn an_overlap_names_both_owners() {
        let mut table = UrlTable::new(&[]).unwrap();
        table.add(row("one", "GET", "/a/{x}")).unwrap();
        let error = table.add(row("two", "GET", "/a/{x}")).unwrap_err().to_string();
        assert_eq!(error, "two routes answer the same requests: one claims GET /a/{x}, two claims GET /a/{x}");
        assert!(table.add(row("two", "POST", "/a/{y}")).is_err(), "another spelling of the same pattern");
        assert!(table.add(row("two", "GET", "/health")).unwrap_err().to_string().contains("server claims GET /health"));
    }

    #[test]
    fn routes_that_never_meet_stand_side_by_side() {
        let mut table = UrlTable::new(&[]).unwrap();
        for (method, path) in
            [("GET", "/a/{x}"), ("POST", "/a/{x}"), ("GET", "/a/b"), ("GET", "/a/{x}/c"), ("GET", "/a/{*rest}")]
        {
            table.add(row("one", method, path)).unwrap();
        }
        assert_eq!(table.allowed("/a/{x}"), "GET, POST");
        assert_eq!(table.allowed("/b"), "");
    }
}
