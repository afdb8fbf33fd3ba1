//! Tables that are made and dropped in order with all writes.

use super::fixture::*;
use catalog::{Change, CommitError};
use files::ForgetfulFiles;
use model::{ErrorKind, Sequence, TableId, WriteKind, WritePart, WriteRequest};

const SITES: TableId = TableId(2);

fn make(id: u64) -> Vec<Change> {
    vec![Change::PutTable(Box::new(keyed_table(id)))]
}

async fn change(fixture: &Fixture, changes: Vec<Change>) -> Result<Sequence, CommitError> {
    fixture.storage.change_schema(fixture.catalog.snapshot().version, changes).await
}

async fn write(fixture: &Fixture, n: i64) -> model::Result<Sequence> {
    let rows = WritePart::Rows(sites(&keyed_table(2), WriteKind::Replace, &[(n, n)]));
    fixture.storage.write_numbered(WriteRequest { parts: vec![rows] }).await.map(|(_, number)| number.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn making_and_dropping_take_numbers_among_those_of_writes() {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    let first = write(&fixture, 1).await.unwrap();
    let made = change(&fixture, make(5)).await.unwrap();
    let snapshot = fixture.catalog.snapshot();
    assert!(made > first && snapshot.table(TableId(5)).is_some());
    assert_eq!(snapshot.sequence(), made, "in one commit");
    let second = write(&fixture, 2).await.unwrap();
    let dropped = change(&fixture, vec![Change::DropTable(TableId(5))]).await.unwrap();
    assert!(second > made && dropped > second);
    let fixture = fixture.crash(0);
    assert_eq!(fixture.catalog.snapshot().sequence(), dropped);
    assert!(write(&fixture, 3).await.unwrap() > dropped, "no number is given twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_for_an_older_version_or_a_closed_store_is_refused() {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    let old = fixture.catalog.snapshot().version;
    change(&fixture, make(5)).await.unwrap();
    let late = fixture.storage.change_schema(old, make(6)).await;
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
    fixture.storage.close().await.unwrap();
    let closed = change(&fixture, make(6)).await;
    let is_closed =
        |error: &CommitError| matches!(error, CommitError::Failed(e) if *e.kind == ErrorKind::ShuttingDown {});
    assert!(closed.as_ref().is_err_and(is_closed), "{closed:?}");
    assert!(fixture.catalog.snapshot().table(TableId(6)).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_of_a_dropped_table_has_a_later_number() {
    for with_database in [false, true] {
        let fixture = Fixture::open(&ForgetfulFiles::new(), options()).unwrap();
        fixture.create(vec![keyed_table(2)]).await.unwrap();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let fixture = fixture.clone();
                tokio::spawn(async move {
                    let mut last = Sequence::ZERO;
                    for n in 0.. {
                        match write(&fixture, n * 8 + writer).await {
                            Ok(number) => last = number,
                            Err(error) => {
                                assert!(matches!(*error.kind, ErrorKind::TableNotFound { .. }), "{error}");
                                break;
                            }
                        }
                    }
                    last
                })
            })
            .collect();
        while fixture.rows(SITES).len() < 50 {
            tokio::task::yield_now().await;
        }
        let drop_it = if with_database { Change::DropDatabase(model::DatabaseId(1)) } else { Change::DropTable(SITES) };
        let dropped = change(&fixture, vec![drop_it]).await.unwrap();
        fixture.storage.forget_table(SITES).await.unwrap();
        for writer in writers {
            let last = writer.await.unwrap();
            assert!(last < dropped, "{last} and {dropped}");
        }
    }
}
