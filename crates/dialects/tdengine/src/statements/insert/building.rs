//! Batches under way: one per stored table, filled row by row.

use crate::context::Context;
use crate::error::coded;
use crate::literals::{Surroundings, convert};
use crate::names::{are_children, check_table_name, find, has_children};
use crate::sql::RowValue;
use crate::types::TBNAME;
use catalog::Catalog;
use engine::SeriesWrite;
use model::{
    AttributePolicy, Cells, CellsBuilder, Column, ColumnId, ColumnRole, DatabaseId, Privilege, Result, Scope, Table,
    TableId, Value, WriteBatch, WriteKind,
};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The batches of one statement.
#[derive(Default)]
pub(super) struct Buildings {
    by_table: BTreeMap<TableId, Building>,
}

/// One row by columns; a missing cell is absent.
type Row = Vec<Option<Value>>;

/// The rows of one stored table.
pub(super) struct Building {
    table: Arc<Table>,
    places: HashMap<ColumnId, usize>,
    time: usize,
    name: Option<usize>,
    rows: Vec<Row>,
    /// Rows by key and time, so that those of one time become one.
    index: HashMap<Vec<u8>, usize>,
    current: Row,
    /// Children that must be there already.
    existing: HashSet<String>,
    /// Children that the statement makes where they are missing.
    made: HashSet<String>,
}

/// The names of children that a statement makes, and of which super tables.
type NewChildren = HashMap<(DatabaseId, String), TableId>;

impl Buildings {
    /// The batch of a table.
    pub(super) fn of(&mut self, table: &Arc<Table>) -> Result<&mut Building> {
        match self.by_table.entry(table.id) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(Building::new(table)?)),
        }
    }

    /// How many rows there are, and what writes them.
    ///
    /// # Errors
    /// Times beyond what the table keeps; children whose names are taken, or that may not be made.
    pub(super) fn finish(self, context: &Context, catalog: &Catalog) -> Result<(u64, Vec<SeriesWrite>)> {
        let mut count = 0;
        let mut writes = Vec::with_capacity(self.by_table.len());
        let mut new = NewChildren::new();
        for building in self.by_table.into_values() {
            count += building.rows.len() as u64;
            writes.push(building.finish(context, catalog, &mut new)?);
        }
        Ok((count, writes))
    }
}

impl Building {
    fn new(table: &Arc<Table>) -> Result<Self> {
        let places: HashMap<ColumnId, usize> =
            table.columns.iter().enumerate().map(|(place, column)| (column.id, place)).collect();
        let place = |column: Option<&Column>| column.and_then(|column| places.get(&column.id)).copied();
        let time = place(table.time_column()).ok_or_else(|| model::Error::internal("a series table without a time"))?;
        let name = if has_children(table) { place(table.column_named(TBNAME)) } else { None };
        Ok(Self {
            table: Arc::clone(table),
            time,
            name,
            places,
            rows: Vec::new(),
            index: HashMap::new(),
            current: Vec::new(),
            existing: HashSet::new(),
            made: HashSet::new(),
        })
    }

    /// Says of a child that it is made where it is missing, or that it must be there.
    pub(super) fn expect(&mut self, child: &str, is_made: bool) {
        let names = if is_made { &mut self.made } else { &mut self.existing };
        if !names.contains(child) {
            names.insert(child.to_owned());
        }
    }

    /// Begins a row of a child, with the tags that it is made with.
    pub(super) fn begin(&mut self, child: Option<&str>, tags: &[(ColumnId, Value)]) -> Result<()> {
        self.current = vec![None; self.table.columns.len()];
        if let Some(child) = child {
            self.name(child)?;
        }
        for (id, value) in tags {
            self.put(*id, value.clone());
        }
        Ok(())
    }

    /// Says which child the row is of.
    pub(super) fn name(&mut self, child: &str) -> Result<()> {
        check_table_name(child)?;
        if let Some(slot) = self.name.and_then(|place| self.current.get_mut(place)) {
            *slot = Some(Value::Text(child.to_owned()));
        }
        Ok(())
    }

    /// A value as written.
    pub(super) fn set(&mut self, id: ColumnId, value: &RowValue<'_>, around: Surroundings<'_>) -> Result<()> {
        if matches!(value, RowValue::Absent) {
            return Ok(());
        }
        let Some(column) = self.table.column(id) else { return Ok(()) };
        let converted = convert(value, column, around)?;
        self.put(id, converted);
        Ok(())
    }

    /// A value of the column's type.
    pub(super) fn put(&mut self, id: ColumnId, value: Value) {
        if let Some(slot) = self.places.get(&id).and_then(|place| self.current.get_mut(*place)) {
            *slot = Some(value);
        }
    }

    /// Ends a row. One of the same series and time takes its values over what is there; NULL does not
    /// take the place of a value.
    pub(super) fn end(&mut self) -> Result<()> {
        let row = std::mem::take(&mut self.current);
        let Some(Some(Value::Instant(at, _))) = row.get(self.time) else {
            return Err(coded(0x0200, "Primary timestamp column should not be null"));
        };
        let mut identity = at.to_be_bytes().to_vec();
        for key in &self.table.key {
            let value = self.places.get(key).and_then(|place| row.get(*place)).and_then(Option::as_ref);
            match value {
                Some(Value::Text(text)) => identity.extend_from_slice(text.as_bytes()),
                other => identity.extend_from_slice(format!("{other:?}").as_bytes()),
            }
            identity.push(0);
        }
        match self.index.get(&identity).and_then(|place| self.rows.get_mut(*place)) {
            Some(earlier) => {
                for (old, new) in earlier.iter_mut().zip(row) {
                    let keeps = matches!((&*old, &new), (Some(held), Some(Value::Null)) if !held.is_null());
                    if new.is_some() && !keeps {
                        *old = new;
                    }
                }
            }
            None => {
                self.index.insert(identity, self.rows.len());
                self.rows.push(row);
            }
        }
        Ok(())
    }

    fn finish(self, context: &Context, catalog: &Catalog, new: &mut NewChildren) -> Result<SeriesWrite> {
        self.check_times(context, catalog)?;
        self.check_children(context, catalog, new)?;
        let mut columns: Vec<(ColumnId, Cells)> = Vec::new();
        for (place, column) in self.table.columns.iter().enumerate() {
            if !self.rows.iter().any(|row| row.get(place).is_some_and(Option::is_some)) {
                continue;
            }
            let mut cells = CellsBuilder::new(column.data_type)?;
            for row in &self.rows {
                match row.get(place) {
                    Some(Some(value)) => cells.push(value)?,
                    _ if column.role == ColumnRole::Key => cells.push(&Value::Null)?,
                    _ => cells.push_absent(),
                }
            }
            columns.push((column.id, cells.finish()));
        }
        let batch = WriteBatch {
            table: self.table.id,
            schema_version: self.table.schema_version,
            kind: WriteKind::Merge,
            attributes: AttributePolicy::OnlyIfNew,
            rows: self.rows.len(),
            columns,
        };
        Ok(SeriesWrite { batch, existing: self.existing.difference(&self.made).cloned().collect() })
    }

    fn check_times(&self, context: &Context, catalog: &Catalog) -> Result<()> {
        let database = catalog.database(self.table.database);
        let kept = self.table.retention_seconds.or_else(|| database.and_then(|database| database.retention_seconds));
        let Some(kept) = kept.filter(|seconds| *seconds > 0) else { return Ok(()) };
        let oldest = context.now() - i128::from(kept) * 1_000_000_000;
        for row in &self.rows {
            if let Some(Some(Value::Instant(at, unit))) = row.get(self.time)
                && unit.to_nanos(*at) < oldest
            {
                return Err(coded(0x060b, "Timestamp data out of range"));
            }
        }
        Ok(())
    }

    /// Names of children that rows gave must be free or theirs already.
    fn check_children(&self, context: &Context, catalog: &Catalog, new: &mut NewChildren) -> Result<()> {
        let Some(place) = self.name else { return Ok(()) };
        let Some(database) = catalog.database(self.table.database) else { return Ok(()) };
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for row in &self.rows {
            if let Some(Some(Value::Text(name))) = row.get(place)
                && seen.insert(name)
            {
                names.push(name.as_str());
            }
        }
        let are_there = are_children(context.engine(), &self.table, &names)?;
        for (name, _) in names.into_iter().zip(are_there).filter(|(_, is_there)| !is_there) {
            match find(context.engine(), catalog, database, name)? {
                Some(crate::names::Found::Child(of, _)) if of.id == self.table.id => {}
                Some(crate::names::Found::Child(..)) => {
                    return Err(coded(0x061d, "Table already exists in other stables"));
                }
                Some(_) => return Err(coded(0x0603, "Table already exists")),
                None => {
                    if *new.entry((database.id, name.to_owned())).or_insert(self.table.id) != self.table.id {
                        return Err(coded(0x061d, "Table already exists in other stables"));
                    }
                    context.engine().require(context.caller(), Privilege::Create, Scope::Database(database.id))?;
                }
            }
        }
        Ok(())
    }
}
