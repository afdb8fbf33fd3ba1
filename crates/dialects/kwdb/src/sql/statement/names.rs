//! Names as statements carry them: folded, with a note whether they were quoted.

use std::fmt;

/// A name after folding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The exact name: lower case unless it was quoted.
    pub value: String,
    /// Whether it stood in double quotes.
    pub quoted: bool,
}

impl Name {
    /// A name that was not quoted, already folded.
    #[must_use]
    pub fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), quoted: false }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

/// The name of a table: `t`, `db.t` or `db.public.t`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The database; the request's current one where it is missing.
    pub database: Option<Name>,
    /// The schema of a three-part name.
    pub schema: Option<Name>,
    /// The table.
    pub table: Name,
}

impl fmt::Display for TableName {
    /// The parts as written, without quotes, joined by dots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.database, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        self.table.fmt(f)
    }
}
