//! Names of series. Where a table's key is one text column called `tbname`, its series are known by
//! name, and those names and the tables' names are one set in each database: what is taken cannot
//! be made a second time, by a write or by a definition. Who makes a name has the turn until it is
//! durable, so that two cannot make one at once.

use crate::Engine;
use crate::write::Admitted;
use arrow::array::AsArray;
use catalog::Catalog;
use model::{
    Column, DatabaseId, ErrorKind, KeyBytes, Result, Table, TableId, Value, WriteBatch, WriteKind, check_name,
    encode_key,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The turn of whoever makes names.
pub(crate) type NamesTurn = OwnedMutexGuard<()>;

/// The names that one request makes, and in which tables.
#[derive(Default)]
pub(crate) struct ClaimedNames<'a> {
    names: HashMap<(DatabaseId, &'a str), TableId>,
}

impl Engine {
    /// The turn, when batches make series with names. Writes to series that are there do not wait.
    pub(crate) async fn turn_to_name(&self, batches: impl IntoIterator<Item = &Admitted>) -> Option<NamesTurn> {
        let makes_names = batches.into_iter().any(|admitted| !admitted.new_names.is_empty());
        if makes_names { Some(self.names_turn().await) } else { None }
    }

    /// Claims the names of the series that a batch makes; whoever calls has the turn.
    ///
    /// # Errors
    /// [`ErrorKind::TableExists`] for a name that is taken.
    pub(crate) fn claim_names<'a>(&self, claimed: &mut ClaimedNames<'a>, admitted: &'a Admitted) -> Result<()> {
        if admitted.new_names.is_empty() {
            return Ok(());
        }
        let (own, names) = (&admitted.table, &admitted.new_names);
        let is_claimed =
            |name: &String| claimed.names.get(&(own.database, name.as_str())).is_some_and(|claimer| *claimer != own.id);
        let catalog = self.catalog();
        let is_table = |name: &String| catalog.table_named(own.database, name).is_some();
        if let Some(name) = names.iter().find(|name| is_claimed(name) || is_table(name)) {
            return Err(ErrorKind::TableExists { table: name.clone() }.into());
        }
        for other in catalog.tables_in(own.database).filter(|table| table.id != own.id) {
            self.check_no_series_in(other, names)?;
        }
        claimed.names.extend(names.iter().map(|name| ((own.database, name.as_str()), own.id)));
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
        let names = [name.to_owned()];
        catalog.tables_in(database).try_for_each(|table| self.check_no_series_in(table, &names))
    }

    fn check_no_series_in(&self, table: &Table, names: &[String]) -> Result<()> {
        let Some(column) = table.series_name_column() else { return Ok(()) };
        let there = self.parts.storage.has_series(table.id, &keys(column, names)?)?;
        match names.iter().zip(there).find(|(_, there)| *there) {
            Some((name, _)) => Err(ErrorKind::TableExists { table: name.clone() }.into()),
            None => Ok(()),
        }
    }

    /// The names of the series that a batch makes, as it looks before the turn is taken.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] for one that no table could have either.
    pub(crate) fn new_series_names(&self, table: &Table, batch: &WriteBatch) -> Result<Vec<String>> {
        let Some(column) = table.series_name_column().filter(|_| batch.kind != WriteKind::Erase) else {
            return Ok(Vec::new());
        };
        let cells = batch.column(column.id).and_then(|cells| cells.values.as_string_opt::<i32>());
        let mut names: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for name in cells.into_iter().flatten().flatten() {
            if seen.insert(name) {
                names.push(name.to_owned());
            }
        }
        let mut there = self.parts.storage.has_series(table.id, &keys(column, &names)?)?.into_iter();
        names.retain(|_| there.next() == Some(false));
        names.iter().try_for_each(|name| check_name(name))?;
        Ok(names)
    }
}

/// The keys of series with these names.
fn keys(column: &Column, names: &[String]) -> Result<Vec<KeyBytes>> {
    names.iter().map(|name| encode_key(&[(Value::Text(name.clone()), column.data_type)])).collect()
}

#[cfg(test)]
mod tests {
    use crate::test_store::{TestStore, at_ms, batch, new_column, series, text};
    use crate::{Alteration, NewTable};
    use model::{Code, ColumnRole, DataType, Table, WriteBatch, WriteKind};

    const NAME_COLUMN: &str = "tbname";

    fn of_names(name: &str) -> NewTable {
        let mut table = series(name);
        table.columns[2] = new_column(NAME_COLUMN, ColumnRole::Key, DataType::Text(None));
        table.key = vec![NAME_COLUMN.to_owned()];
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
    async fn a_new_series_is_called_what_a_table_could_be() {
        let store = TestStore::new().await;
        let one = store.create(of_names("one")).await;
        for name in ["", "a\nb", &"x".repeat(193)] {
            let error = store.write(&store.root, row(&one, name)).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidName, "{name:?}");
        }
        for name in ["with blank", "with.dot", "名", &"x".repeat(192)] {
            store.write(&store.root, row(&one, name)).await.unwrap();
        }
        assert_eq!(store.rows("SELECT count(*) FROM one").await, ["4"]);
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

    #[tokio::test(flavor = "multi_thread")]
    async fn only_whoever_makes_a_name_waits_for_the_turn() {
        let store = TestStore::new().await;
        let one = store.create(of_names("one")).await;
        store.write(&store.root, row(&one, "old")).await.unwrap();
        let turn = store.names_turn().await;
        store.write(&store.root, row(&one, "old")).await.unwrap();
        let engine = store.engine.clone();
        let (root, new) = (store.root.clone(), row(&one, "new"));
        let written = tokio::spawn(async move { engine.write(&root, new).await });
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(!written.is_finished());
        drop(turn);
        written.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_series_is_registered_as_new_once() {
        let store = TestStore::new().await;
        let one = store.create(of_names("one")).await;
        let new = || batch(&one, WriteKind::FailOnDuplicate, &["tbname"], &[vec![text("child")]]);
        let (a, b) = tokio::join!(store.write(&store.root, new()), store.write(&store.root, new()));
        let failed: Vec<_> = [a, b].into_iter().filter_map(Result::err).map(|error| error.code()).collect();
        assert_eq!(failed, [Code::DuplicateKey]);
    }
}
