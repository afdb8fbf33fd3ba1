//! Names of series. Where a table's key is one text column called `tbname`, its series are known by
//! name, and those names and the tables' names are one set in each database: what is taken cannot
//! be made a second time, by a write or by a definition. Who makes a name has the turn until it is
//! durable, so that two cannot make one at once.

use crate::Engine;
use crate::write::Admitted;
use arrow::array::AsArray;
use catalog::Catalog;
use model::{
    Column, DataType, DatabaseId, ErrorKind, Result, Table, TableId, TableKind, Value, WriteBatch, WriteKind,
    encode_key,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The key column whose values are names.
const NAME_COLUMN: &str = "tbname";

/// The turn of whoever makes names.
pub(crate) type NamesTurn = OwnedMutexGuard<()>;

/// The key column of a table whose series have names.
fn name_column(table: &Table) -> Option<&Column> {
    let mut key = table.key_columns();
    let only = key.next().filter(|column| column.name == NAME_COLUMN && matches!(column.data_type, DataType::Text(_)));
    only.filter(|_| table.kind == TableKind::Series && key.next().is_none())
}

impl Engine {
    /// The turn, when these batches make series with names.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`] for a name that is taken.
    pub(crate) async fn claim_series_names(&self, batches: &[Admitted]) -> Result<Option<NamesTurn>> {
        let mut makes_names = false;
        for admitted in batches {
            makes_names |= !self.new_series_names(&admitted.table, &admitted.batch)?.is_empty();
        }
        if !makes_names {
            return Ok(None);
        }
        let turn = self.names_turn().await;
        let mut claimed: HashMap<(DatabaseId, String), TableId> = HashMap::new();
        for Admitted { table, batch, .. } in batches {
            for name in self.new_series_names(table, batch)? {
                self.check_series_name(&self.catalog(), table, &name)?;
                let claimer = *claimed.entry((table.database, name.clone())).or_insert(table.id);
                if claimer != table.id {
                    return Err(ErrorKind::TableExists { table: name }.into());
                }
            }
        }
        Ok(Some(turn))
    }

    /// Fails where a batch makes a series whose name is taken now.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`].
    pub(crate) fn check_series_names(&self, admitted: &Admitted) -> Result<()> {
        for name in self.new_series_names(&admitted.table, &admitted.batch)? {
            self.check_series_name(&self.catalog(), &admitted.table, &name)?;
        }
        Ok(())
    }

    /// Waits for the turn to make names.
    pub(crate) async fn names_turn(&self) -> NamesTurn {
        Arc::clone(&self.parts.names_turn).lock_owned().await
    }

    /// Fails where a table may not be called so, because a series is.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`].
    pub(crate) fn check_no_series_named(&self, catalog: &Catalog, database: DatabaseId, name: &str) -> Result<()> {
        for table in catalog.tables_in(database) {
            if self.has_series_named(table, name)? {
                return Err(ErrorKind::TableExists { table: name.to_owned() }.into());
            }
        }
        Ok(())
    }

    fn check_series_name(&self, catalog: &Catalog, own: &Table, name: &str) -> Result<()> {
        let taken = || ErrorKind::TableExists { table: name.to_owned() };
        if catalog.table_named(own.database, name).is_some() {
            return Err(taken().into());
        }
        for table in catalog.tables_in(own.database).filter(|table| table.id != own.id) {
            if self.has_series_named(table, name)? {
                return Err(taken().into());
            }
        }
        Ok(())
    }

    fn has_series_named(&self, table: &Table, name: &str) -> Result<bool> {
        let Some(column) = name_column(table) else { return Ok(false) };
        let key = encode_key(&[(Value::Text(name.to_owned()), column.data_type)])?;
        Ok(self.parts.storage.view(table.id)?.has_series(&key))
    }

    /// The names of the series that a batch makes.
    fn new_series_names(&self, table: &Table, batch: &WriteBatch) -> Result<BTreeSet<String>> {
        let Some(column) = name_column(table).filter(|_| batch.kind != WriteKind::Erase) else {
            return Ok(BTreeSet::new());
        };
        let Some(cells) = batch.column(column.id) else { return Ok(BTreeSet::new()) };
        let Some(texts) = cells.values.as_string_opt::<i32>() else { return Ok(BTreeSet::new()) };
        let names: BTreeSet<&str> = texts.iter().flatten().collect();
        let view = self.parts.storage.view(table.id)?;
        let mut new = BTreeSet::new();
        for name in names {
            let key = encode_key(&[(Value::Text(name.to_owned()), column.data_type)])?;
            if !view.has_series(&key) {
                new.insert(name.to_owned());
            }
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use crate::test_store::{TestStore, at_ms, batch, new_column, series, text};
    use crate::{Alteration, NewTable};
    use model::{Code, ColumnRole, DataType, Table, WriteBatch, WriteKind};

    fn of_names(name: &str) -> NewTable {
        let mut table = series(name);
        table.columns[2] = new_column(super::NAME_COLUMN, ColumnRole::Key, DataType::Text(None));
        table.key = vec![super::NAME_COLUMN.to_owned()];
        table
    }

    fn row(table: &Table, name: &str) -> WriteBatch {
        batch(table, WriteKind::Merge, &["ts", "tbname"], &[vec![at_ms(1), text(name)]])
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_series_and_a_table_are_not_called_alike() {
        let store = TestStore::new().await;
        let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
        store.write(&store.root, row(&one, "child")).await.unwrap();
        store.write(&store.root, row(&one, "child")).await.unwrap();
        for taken in ["child", "one"] {
            let error = store.write(&store.root, row(&two, taken)).await.unwrap_err();
            assert_eq!(error.code(), Code::TableExists, "{taken}");
        }
        let new = NewTable { database: store.database(), ..series("child") };
        assert_eq!(store.create_table(&store.root, new).await.unwrap_err().code(), Code::TableExists);
        let rename = Alteration::Rename("child".to_owned());
        let error = store.alter_table(&store.root, two.id, rename).await.unwrap_err();
        assert_eq!(error.code(), Code::TableExists);
        assert!(store.rows("SELECT * FROM two").await.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_at_once_one_makes_the_name() {
        let store = TestStore::new().await;
        let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
        for number in 0..20 {
            let name = format!("child{number}");
            let (a, b) =
                tokio::join!(store.write(&store.root, row(&one, &name)), store.write(&store.root, row(&two, &name)),);
            assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        }
    }
}
