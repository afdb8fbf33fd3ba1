//! Names of series. Where a table's key is one text column called `tbname`, its series are known by
//! name, and those names and the tables' names are one set in each database: what is taken cannot
//! be made a second time, by a write or by a definition.
//!
//! Storage says which series a write makes, as it decides it; whoever writes holds their names until
//! they are durable, and looks then whether somebody has them. A definition does the same.

use crate::Engine;
use crate::names_in_flight::{HeldNames, Maker, Name, NamesInFlight};
use catalog::{Catalog, CatalogStore};
use model::{DatabaseId, Error, ErrorKind, KeyBytes, Result, Table, TableId, Value, check_name, encode_key};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use storage::{SeriesMaking, SeriesToMake, Storage};

/// A table, and names of its new series.
type OfTable = (Arc<Table>, Vec<String>);

/// The names that one write makes. It says no to those that are taken.
#[derive(Debug)]
pub(crate) struct NewNames {
    catalog: Arc<dyn CatalogStore>,
    storage: Storage,
    names: Arc<NamesInFlight>,
    /// Names of series that must be there already.
    existing: HashMap<TableId, HashSet<String>>,
    held: Option<HeldNames>,
    refused: Vec<RefusedName>,
}

/// A name that a write may not make.
#[derive(Clone, Debug)]
pub(crate) struct RefusedName {
    /// The table that was to have the series.
    pub(crate) table: TableId,
    pub(crate) name: String,
    pub(crate) error: Error,
}

impl RefusedName {
    fn new(table: &Table, name: &str, error: Error) -> Self {
        Self { table: table.id, name: name.to_owned(), error }
    }
}

impl NewNames {
    /// Names of series in `existing` must be there already.
    pub(crate) fn new(engine: &Engine, existing: HashMap<TableId, HashSet<String>>) -> Self {
        let parts = &engine.parts;
        Self {
            catalog: Arc::clone(&parts.catalog),
            storage: parts.storage.clone(),
            names: Arc::clone(&parts.names),
            existing,
            held: None,
            refused: Vec::new(),
        }
    }

    /// The names that kept the write from being done.
    pub(crate) fn into_refused(self) -> Vec<RefusedName> {
        self.refused
    }

    /// Takes the names that may not be made.
    fn refuse(&mut self, refused: Vec<RefusedName>) -> Result<()> {
        self.refused = refused;
        self.refused.first().map_or(Ok(()), |refused| Err(refused.error.clone()))
    }
}

impl SeriesMaking for NewNames {
    fn asks(&self, table: &Table) -> bool {
        table.series_name_column().is_some()
    }

    async fn may_make(&mut self, series: Vec<SeriesToMake>) -> Result<()> {
        // Whoever waits holds nothing.
        self.held = None;
        let series: Vec<OfTable> = series.into_iter().map(named).collect();
        self.refuse(wrong_names(&series, &self.existing))?;
        let makers = series.iter().flat_map(|(table, names)| {
            names.iter().map(|name| ((table.database, name.clone()), Maker::SeriesOf(table.id)))
        });
        self.held = Some(self.names.hold(makers.collect()).await);
        let taken = taken_names(&self.catalog.snapshot(), &self.storage, &series).await?;
        self.refuse(taken)?;
        self.refuse(names_made_twice(&series))
    }
}

/// Names that may not be made by what they are.
fn wrong_names(series: &[OfTable], existing: &HashMap<TableId, HashSet<String>>) -> Vec<RefusedName> {
    let check = |table: &Table, name: &String| {
        if existing.get(&table.id).is_some_and(|existing| existing.contains(name)) {
            return Err(ErrorKind::TableNotFound { table: name.clone() }.into());
        }
        check_name(name)
    };
    let refused = |(table, names): &OfTable| {
        let wrong = |name: &String| check(table, name).err().map(|error| RefusedName::new(table, name, error));
        names.iter().filter_map(wrong).collect::<Vec<_>>()
    };
    series.iter().flat_map(refused).collect()
}

/// Names that tables or series of other tables have.
async fn taken_names(catalog: &Catalog, storage: &Storage, series: &[OfTable]) -> Result<Vec<RefusedName>> {
    let mut refused = Vec::new();
    for (table, names) in series {
        let is_table = |name: &&String| catalog.table_named(table.database, name).is_some();
        refused.extend(names.iter().filter(is_table).map(|name| RefusedName::new(table, name, taken(name))));
        for other in catalog.tables_in(table.database).filter(|other| other.id != table.id) {
            let having = having(storage, other, names).await?;
            refused.extend(having.into_iter().map(|name| RefusedName::new(table, name, taken(name))));
        }
    }
    Ok(refused)
}

/// Names that an earlier table of the same write makes too.
fn names_made_twice(series: &[OfTable]) -> Vec<RefusedName> {
    let mut seen = HashSet::new();
    let mut refused = Vec::new();
    for (table, names) in series {
        let twice = names.iter().filter(|name| !seen.insert((table.database, name.as_str())));
        refused.extend(twice.map(|name| RefusedName::new(table, name, taken(name))));
    }
    refused
}

impl Engine {
    /// Holds the name of a table that is about to be made or renamed.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`] where a series is called so.
    pub(crate) async fn hold_table_name(&self, database: DatabaseId, name: &str) -> Result<HeldNames> {
        let names: HashMap<Name, Maker> = HashMap::from([((database, name.to_owned()), Maker::Definition)]);
        let held = self.parts.names.hold(names).await;
        self.check_no_series_named(database, name).await?;
        Ok(held)
    }

    /// Fails where a table may not be called so, because a series is.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`].
    pub(crate) async fn check_no_series_named(&self, database: DatabaseId, name: &str) -> Result<()> {
        let names = [name.to_owned()];
        for table in self.catalog().tables_in(database) {
            if let Some(name) = having(&self.parts.storage, table, &names).await?.first() {
                return Err(taken(name));
            }
        }
        Ok(())
    }
}

fn taken(name: &str) -> Error {
    ErrorKind::TableExists { table: name.to_owned() }.into()
}

/// The names of the new series of a table; a series without a name has none of them.
fn named(series: SeriesToMake) -> OfTable {
    let name = |key: Vec<Value>| match key.into_iter().next() {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    };
    (series.table, series.keys.into_iter().filter_map(name).collect())
}

/// The names that series of a table have, and keep until the table's next deletion.
async fn having<'a>(storage: &Storage, table: &Table, names: &'a [String]) -> Result<Vec<&'a String>> {
    let Some(column) = table.series_name_column() else { return Ok(Vec::new()) };
    let key = |name: &String| encode_key(&[(Value::Text(name.clone()), column.data_type)]);
    let keys = names.iter().map(key).collect::<Result<Vec<KeyBytes>>>()?;
    let there = storage.has_series_settled(table.id, &keys).await?;
    Ok(names.iter().zip(there).filter(|(_, there)| *there).map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests;
