//! Tables, databases and users that go away between the look at their names and the end of the
//! request: its error names them as the request did, never by an id.

use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series};
use crate::{Alteration, AttributesRequest, Caller, DeleteRequest, NewDatabase, NewTable, UpdateRequest, UserChange};
use catalog::DatabaseLabel;
use model::{ErrorKind, Grant, Privilege, Privileges, Result, Scope, Table, WriteKind};
use std::collections::BTreeMap;
use std::sync::Arc;

async fn tried(store: &TestStore, caller: &Caller, of_rows: &Table, of_series: &Table) -> Vec<Result<()>> {
    let row = |kind| batch(of_rows, kind, &["id", "a"], &[vec![int(1), int(1)]]);
    let point = batch(of_series, WriteKind::Merge, &["ts", "k", "v"], &[vec![at_ms(1), int(1), float(1.0)]]);
    let context = store.request("SELECT 1");
    let update = UpdateRequest { table: of_rows.id, assignments: Vec::new(), filter: Some(expression("id = 0")) };
    let attributes =
        AttributesRequest { table: of_series.id, assignments: Vec::new(), filter: Some(expression("k = 0")) };
    let delete = |table| DeleteRequest { table, filter: Some(expression("1 = 0")), drop_series: false };
    let comment = || Alteration::SetComment(Some("x".to_owned()));
    vec![
        store.write(caller, row(WriteKind::KeepFirst)).await.map(drop),
        store.write(caller, row(WriteKind::FailOnDuplicate)).await.map(drop),
        store.write(caller, point).await.map(drop),
        store.write(caller, row(WriteKind::Erase)).await.map(drop),
        store.update(caller, &context, update).await.map(drop),
        store.set_attributes(caller, &context, attributes).await.map(drop),
        store.delete(caller, &context, delete(of_rows.id)).await.map(drop),
        store.delete(caller, &context, delete(of_series.id)).await.map(drop),
        store.alter_table(caller, of_rows.id, comment()).await.map(drop),
        store.alter_table(caller, of_series.id, comment()).await.map(drop),
        store.drop_table(caller, of_rows.id).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_table_is_named_by_every_verb() {
    let store = TestStore::new().await;
    let of_rows = store.create(keyed("rows", &[("u", &["a"])])).await;
    let of_series = store.create(series("points")).await;
    let ann = store.user("ann").await;
    for table in [&of_rows, &of_series] {
        let privileges = Privilege::ALL.into_iter().collect();
        let grant = Grant { grantee: ann.user, scope: Scope::Table(table.id), privileges, grantable: Privileges::NONE };
        store.grant(&store.root, grant).await.unwrap();
        store.drop_table(&store.root, table.id).await.unwrap();
    }
    for caller in [&store.root, &ann] {
        for error in tried(&store, caller, &of_rows, &of_series).await.into_iter().map(Result::unwrap_err) {
            let ErrorKind::TableNotFound { table } = *error.kind else { panic!("{}: {error}", caller.name) };
            assert!(["rows", "points"].contains(&table.as_str()), "{}: {table}", caller.name);
        }
    }
    let below = [of_rows.id, of_rows.unique[0].index].map(|id| store.storage().view(id).unwrap_err());
    assert!(below.iter().all(|error| *error.kind == ErrorKind::TableNotFound { table: "rows".to_owned() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_dropped_by_another_is_named_while_requests_run() {
    let store = Arc::new(TestStore::new().await);
    for round in 0..10 {
        let name = format!("t{round}");
        let table = store.create(keyed(&name, &[("u", &["a"])])).await;
        let requests: Vec<_> = (0..8)
            .map(|worker| {
                let (store, table) = (Arc::clone(&store), Arc::clone(&table));
                tokio::spawn(async move {
                    for n in 0.. {
                        let id = int(worker * 1_000_000 + n);
                        let kind = if worker % 2 == 0 { WriteKind::KeepFirst } else { WriteKind::FailOnDuplicate };
                        let done = match worker % 4 {
                            0 | 1 => {
                                let row = batch(&table, kind, &["id", "a"], &[vec![id.clone(), id]]);
                                store.write(&store.root, row).await.map(drop)
                            }
                            2 => store
                                .rows_as(&store.root, &format!("SELECT count(*) FROM {}", table.name))
                                .await
                                .map(drop),
                            _ => {
                                let filter = Some(expression("id = 1"));
                                let delete = DeleteRequest { table: table.id, filter, drop_series: false };
                                store.delete(&store.root, &store.request("SELECT 1"), delete).await.map(drop)
                            }
                        };
                        if let Err(error) = done {
                            return error;
                        }
                    }
                    unreachable!("the table is dropped")
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        store.drop_table(&store.root, table.id).await.unwrap();
        for request in requests {
            assert_eq!(*request.await.unwrap().kind, ErrorKind::TableNotFound { table: name.clone() });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_database_and_its_tables_are_named() {
    let store = TestStore::new().await;
    let new = NewDatabase {
        name: "plant".to_owned(),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    let plant = store.create_database(&store.root, new).await.unwrap();
    let table = store.create_table(&store.root, NewTable { database: plant.id, ..keyed("t", &[]) }).await.unwrap();
    let ann = store.user("ann").await;
    let (scope, privileges) = (Scope::Database(plant.id), Privilege::ALL.into_iter().collect());
    let grant = Grant { grantee: ann.user, scope, privileges, grantable: Privileges::NONE };
    store.grant(&store.root, grant).await.unwrap();
    store.drop_database(&store.root, plant.id, true).await.unwrap();
    for caller in [&store.root, &ann] {
        let new = NewTable { database: plant.id, ..keyed("u", &[]) };
        for error in [
            store.create_table(caller, new).await.map(drop),
            store.drop_database(caller, plant.id, true).await,
            store.rename_database(caller, plant.id, "x").await,
            store.set_database_comment(caller, plant.id, None).await,
        ] {
            let missing = ErrorKind::DatabaseNotFound { database: "plant".to_owned() };
            assert_eq!(*error.unwrap_err().kind, missing, "{}", caller.name);
        }
        let error = store.drop_table(caller, table.id).await.unwrap_err();
        assert_eq!(*error.kind, ErrorKind::TableNotFound { table: "t".to_owned() }, "{}", caller.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_user_is_named() {
    let store = TestStore::new().await;
    let ann = store.user("ann").await;
    store.drop_user(&store.root, ann.user).await.unwrap();
    let (scope, privileges) = (Scope::All, [Privilege::Select].into_iter().collect());
    let grant = Grant { grantee: ann.user, scope, privileges, grantable: Privileges::NONE };
    let change = UserChange { may_log_in: Some(false), ..UserChange::default() };
    for error in [
        store.grant(&store.root, grant).await,
        store.alter_user(&store.root, ann.user, change).await,
        store.rename_user(&store.root, ann.user, "eve").await,
        store.drop_user(&store.root, ann.user).await,
    ] {
        assert_eq!(*error.unwrap_err().kind, ErrorKind::UserNotFound { user: "ann".to_owned() });
    }
}
