//! Unique sets: the rows of their hidden tables that go with every change of a keyed table, and
//! uniqueness judged on the state after the statement.
//!
//! A plain INSERT leaves the judgement to storage, under the tables' locks. Everything else holds
//! the statement lock alone, looks the older rows up, judges here, and writes what it decided.

use crate::key_lookup::{existing_keys, rows_with_keys};
use crate::rows::Rows;
use arrow::array::BooleanArray;
use catalog::Catalog;
use model::{
    ColumnId, Error, ErrorKind, KeyBytes, Result, Table, UniqueSet, WriteBatch, WriteKind, WriteOutcome, WritePart,
    WriteRequest,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use storage::Storage;

/// How errors call the uniqueness of a primary key.
pub const PRIMARY_KEY: &str = "primary";

/// The parts of an INSERT: the rows, and the entries of every unique set.
pub(super) fn insert_parts(catalog: &Catalog, table: &Table, batch: WriteBatch) -> Result<Vec<WritePart>> {
    let rows = Rows::of_batch(table, &batch);
    let mut parts = vec![WritePart::Rows(batch)];
    for set in &table.unique {
        let index = index_of(catalog, set)?;
        let entries = rows.entries(table, set, index)?;
        if entries.count > 0 {
            parts.push(WritePart::Rows(entries.into_batch(index, WriteKind::FailOnDuplicate)));
        }
    }
    Ok(parts)
}

/// A duplicate that storage found, in the words of the table's definition.
pub(super) fn named_duplicate(mut error: Error, catalog: &Catalog, table: &Table) -> Error {
    if let ErrorKind::DuplicateKey { constraint, columns, .. } = error.kind.as_mut() {
        let of_set = table.unique.iter().find(|set| {
            let Some(index) = catalog.table(set.index) else { return false };
            *constraint == index.name && index.key_columns().map(|c| &c.name).eq(columns.iter())
        });
        let (name, ids) = match of_set {
            Some(set) => (set.name.as_str(), &set.columns),
            None => (PRIMARY_KEY, &table.key),
        };
        name.clone_into(constraint);
        *columns = names(table, ids);
    }
    error
}

/// A statement on a keyed table that holds it alone.
pub(crate) struct KeyedWrite<'a> {
    pub(crate) storage: &'a Storage,
    pub(crate) catalog: &'a Catalog,
    pub(crate) table: &'a Arc<Table>,
}

/// Replaces rows of the same key; the last of several rows with one key counts.
pub(super) fn replace(write: &KeyedWrite<'_>, batch: &WriteBatch) -> Result<(WriteOutcome, WriteRequest)> {
    let rows = Rows::of_batch(write.table, batch);
    let keys = rows.keys(&write.table.key)?;
    let last: HashMap<&KeyBytes, usize> = keys.iter().enumerate().map(|(row, key)| (key, row)).collect();
    let keep: Vec<bool> = keys.iter().enumerate().map(|(row, key)| last.get(key) == Some(&row)).collect();
    let new = rows.filter(&BooleanArray::from(keep))?;
    let old = older_rows(write, &keys)?;
    let outcome = WriteOutcome { accepted: batch.rows as u64, discarded: 0 };
    Ok((outcome, replace_rows(write, &old, &new)?))
}

/// Erases the rows with these keys, and their entries.
pub(super) fn erase(write: &KeyedWrite<'_>, batch: &WriteBatch) -> Result<(WriteOutcome, WriteRequest)> {
    let keys = Rows::of_batch(write.table, batch).keys(&write.table.key)?;
    let old = older_rows(write, &keys)?;
    let outcome = WriteOutcome { accepted: batch.rows as u64, discarded: 0 };
    let none = Rows::none(write.table, &all_columns(write.table))?;
    Ok((outcome, replace_rows(write, &old, &none)?))
}

/// Writes the rows that meet no older row and no row before them in the batch, neither by key nor
/// by a unique set.
pub(super) fn keep_first(write: &KeyedWrite<'_>, batch: &WriteBatch) -> Result<(WriteOutcome, WriteRequest)> {
    let rows = Rows::of_batch(write.table, batch);
    let mut rules = vec![taken_keys(write, write.table, rows.keys(&write.table.key)?.into_iter().map(Some).collect())?];
    for set in &write.table.unique {
        let complete = rows.complete(&set.columns)?;
        let keys = rows.keys(&set.columns)?;
        let keys = keys.into_iter().zip(complete.values()).map(|(key, complete)| complete.then_some(key)).collect();
        rules.push(taken_keys(write, index_of(write.catalog, set)?, keys)?);
    }
    let mut keep = Vec::with_capacity(rows.count);
    for row in 0..rows.count {
        let free = rules.iter().all(|(keys, taken)| match keys.get(row) {
            Some(Some(key)) => !taken.contains(key),
            _ => true,
        });
        if free {
            for (keys, taken) in &mut rules {
                taken.extend(keys.get(row).cloned().flatten());
            }
        }
        keep.push(free);
    }
    let new = rows.filter(&BooleanArray::from(keep))?;
    let outcome = WriteOutcome { accepted: new.count as u64, discarded: (rows.count - new.count) as u64 };
    let none = Rows::none(write.table, &all_columns(write.table))?;
    Ok((outcome, if new.count == 0 { WriteRequest::default() } else { replace_rows(write, &none, &new)? }))
}

/// The keys that rows want by one rule, and those of them that are there already.
type Taken = (Vec<Option<KeyBytes>>, HashSet<KeyBytes>);

fn taken_keys(write: &KeyedWrite<'_>, table: &Table, keys: Vec<Option<KeyBytes>>) -> Result<Taken> {
    let taken = existing_keys(&write.storage.view(table.id)?, keys.iter().flatten())?;
    Ok((keys, taken))
}

/// The request that takes `old` rows away and puts `new` ones, with all columns, in their place:
/// erasures, then rows, in the table and in the hidden table of every unique set. `old` needs the
/// columns of keys and sets only.
///
/// # Errors
/// [`ErrorKind::DuplicateKey`] when a new row would meet another, judged after the old ones went.
pub(crate) fn replace_rows(write: &KeyedWrite<'_>, old: &Rows, new: &Rows) -> Result<WriteRequest> {
    let table = write.table;
    let mut erasures = Vec::new();
    let mut parts = Vec::new();
    let rule = Rule { table, name: PRIMARY_KEY, columns: names(table, &table.key) };
    rule.swap(write.storage, old, new, &mut erasures, &mut parts)?;
    for set in &table.unique {
        let index = index_of(write.catalog, set)?;
        let (old, new) = (old.entries(table, set, index)?, new.entries(table, set, index)?);
        if old.columns != new.columns {
            let rule = Rule { table: index, name: &set.name, columns: names(table, &set.columns) };
            rule.swap(write.storage, &old, &new, &mut erasures, &mut parts)?;
        }
    }
    erasures.append(&mut parts);
    Ok(WriteRequest { parts: erasures })
}

/// The erasures of rows that go for good, and of their entries; `old` needs the columns of keys and
/// sets only.
pub(crate) fn erasures(catalog: &Catalog, table: &Table, old: Rows) -> Result<Vec<WritePart>> {
    let mut parts = Vec::with_capacity(1 + table.unique.len());
    for set in &table.unique {
        let index = index_of(catalog, set)?;
        let entries = old.entries(table, set, index)?;
        if entries.count > 0 {
            parts.push(WritePart::Rows(entries.into_erasure(index)));
        }
    }
    if old.count > 0 {
        parts.push(WritePart::Rows(old.into_erasure(table)));
    }
    Ok(parts)
}

/// One uniqueness rule: that of a table's key, visible or hidden.
struct Rule<'a> {
    table: &'a Table,
    name: &'a str,
    /// The columns as users know them.
    columns: Vec<String>,
}

impl Rule<'_> {
    fn swap(
        &self,
        storage: &Storage,
        old: &Rows,
        new: &Rows,
        erasures: &mut Vec<WritePart>,
        rows: &mut Vec<WritePart>,
    ) -> Result<()> {
        let old_keys = old.keys(&self.table.key)?;
        let new_keys = new.keys(&self.table.key)?;
        let going: HashSet<&KeyBytes> = old_keys.iter().collect();
        let coming = new_keys.iter().filter(|key| !going.contains(key));
        let mut taken = existing_keys(&storage.view(self.table.id)?, coming)?;
        for (row, key) in new_keys.iter().enumerate() {
            if !taken.insert(key.clone()) {
                return Err(self.duplicate(new, row));
            }
        }
        let leaving: Vec<bool> = old_keys.iter().map(|key| !taken.contains(key)).collect();
        let leaving = old.filter(&BooleanArray::from(leaving))?;
        if leaving.count > 0 {
            erasures.push(WritePart::Rows(leaving.into_erasure(self.table)));
        }
        if new.count > 0 {
            rows.push(WritePart::Rows(new.clone().into_batch(self.table, WriteKind::Replace)));
        }
        Ok(())
    }

    fn duplicate(&self, rows: &Rows, row: usize) -> Error {
        let values = rows.texts(row, &self.table.key);
        ErrorKind::DuplicateKey { constraint: self.name.to_owned(), columns: self.columns.clone(), values }.into()
    }
}

/// The rows with these keys, with every column that a key or a unique set needs.
fn older_rows(write: &KeyedWrite<'_>, keys: &[KeyBytes]) -> Result<Rows> {
    let mut columns = write.table.key.clone();
    for id in write.table.unique.iter().flat_map(|set| &set.columns) {
        if !columns.contains(id) {
            columns.push(*id);
        }
    }
    rows_with_keys(&write.storage.view(write.table.id)?, keys, &columns)
}

fn index_of<'a>(catalog: &'a Catalog, set: &UniqueSet) -> Result<&'a Arc<Table>> {
    catalog.table(set.index).ok_or_else(|| Error::internal(format!("unique set \"{}\" has lost its table", set.name)))
}

fn all_columns(table: &Table) -> Vec<ColumnId> {
    table.columns.iter().map(|column| column.id).collect()
}

fn names(table: &Table, ids: &[ColumnId]) -> Vec<String> {
    ids.iter().filter_map(|id| table.column(*id)).map(|column| column.name.clone()).collect()
}
