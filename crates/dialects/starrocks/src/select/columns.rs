//! The columns of the tables that a statement names: a column may be written in any case.

use crate::names::is_catalog;
use ::sql::ast::{Ident, ObjectName, Query, Select, SelectItem, Statement, TableFactor, Visit as _, Visitor};
use catalog::Catalog;
use model::{Error, ErrorKind, Result, Table};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Names that stand for columns anywhere in a statement.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Every name that is exact: columns, and whatever the statement names itself.
    exact: HashSet<String>,
    /// Columns by their name in lower case.
    folded: BTreeMap<String, BTreeSet<String>>,
    /// Names that the statement gives itself, by their name in lower case.
    given: BTreeMap<String, BTreeSet<String>>,
    /// The tables by their names as written, without the catalog.
    tables: BTreeMap<Vec<String>, Arc<Table>>,
}

struct Collector<'a> {
    catalog: &'a Catalog,
    database: Option<&'a str>,
    columns: Columns,
}

/// The parts of a table's name without the catalog.
fn parts(name: &ObjectName) -> Vec<String> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
    match parts.as_slice() {
        [catalog, rest @ ..] if rest.len() == 2 && is_catalog(catalog) => rest.to_vec(),
        _ => parts,
    }
}

impl Collector<'_> {
    fn give(&mut self, name: &str) {
        self.columns.exact.insert(name.to_owned());
        self.columns.given.entry(name.to_lowercase()).or_default().insert(name.to_owned());
    }
}

impl Visitor for Collector<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let parts = parts(name);
        let (database, table) = match parts.as_slice() {
            [table] => (self.database, table),
            [database, table] => (Some(database.as_str()), table),
            _ => return ControlFlow::Continue(()),
        };
        let found = database
            .and_then(|name| self.catalog.database_named(name))
            .and_then(|database| self.catalog.table_named(database.id, table));
        if let Some(table) = found {
            for column in table.visible_columns() {
                self.columns.exact.insert(column.name.clone());
                let folded = self.columns.folded.entry(column.name.to_lowercase()).or_default();
                folded.insert(column.name.clone());
            }
            self.columns.tables.insert(parts, Arc::clone(table));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            cte.alias.columns.iter().for_each(|column| self.give(&column.name.value));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.give(&alias.value);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let alias = match factor {
            TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => alias.as_ref(),
            _ => None,
        };
        if let Some(alias) = alias {
            alias.columns.iter().for_each(|column| self.give(&column.name.value));
        }
        ControlFlow::Continue(())
    }
}

impl Columns {
    /// Those of a statement.
    pub(crate) fn of(statement: &Statement, catalog: &Catalog, database: Option<&str>) -> Self {
        let mut collector = Collector { catalog, database, columns: Self::default() };
        let _: ControlFlow<()> = statement.visit(&mut collector);
        collector.columns
    }

    /// Gives a name its exact spelling where only one column can be meant.
    ///
    /// # Errors
    /// [`ErrorKind::NameAmbiguous`] where several can.
    pub(super) fn correct(&self, name: &mut Ident) -> Result<()> {
        if self.exact.contains(&name.value) {
            return Ok(());
        }
        let folded = name.value.to_lowercase();
        let Some(found) = self.folded.get(&folded).or_else(|| self.given.get(&folded)) else { return Ok(()) };
        let mut candidates = found.iter();
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => {
                name.value.clone_from(only);
                name.quote_style = Some('"');
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::NameAmbiguous {
                name: name.value.clone(),
                candidates: found.iter().cloned().collect(),
            })),
        }
    }

    /// Whether a name is written exactly as its column's.
    pub(super) fn is_exact(&self, name: &str) -> bool {
        self.exact.contains(name)
    }

    /// The table of an item of FROM.
    pub(super) fn table(&self, name: &ObjectName) -> Option<&Arc<Table>> {
        self.tables.get(&parts(name))
    }
}
