//! Small objects for the tests of this crate.

use crate::{Change, Database, DatabaseLabel, Membership, SegmentEntry, TableManifest, Tombstone, User};
use model::{
    Column, ColumnId, ColumnRole, DataType, DatabaseId, Grant, KeyBytes, KeyHash, KeySelection, Privilege, Privileges,
    Scope, Sequence, Table, TableId, TableKind, TimeBounds, TimeUnit, UniqueSet, UserId,
};
use std::collections::BTreeMap;
use std::ops::Bound;

pub(crate) fn database(id: u64, name: &str) -> Database {
    Database {
        id: DatabaseId(id),
        name: name.to_owned(),
        label: DatabaseLabel::Any,
        partition_seconds: Some(3_600),
        retention_seconds: None,
        comment: Some("a remark".to_owned()),
        properties: BTreeMap::from([("door.owner".to_owned(), "root".to_owned())]),
    }
}

pub(crate) fn table(id: u64, database: u64, name: &str) -> Table {
    let time = DataType::Instant(TimeUnit::Millisecond);
    Table {
        id: TableId(id),
        database: DatabaseId(database),
        name: name.to_owned(),
        kind: TableKind::Series,
        columns: vec![
            Column::new(ColumnId(1), "ts", ColumnRole::Time, time),
            Column::new(ColumnId(2), "meter", ColumnRole::Key, DataType::Text(None)),
        ],
        key: vec![ColumnId(2)],
        unique: Vec::new(),
        schema_version: 1,
        next_column: ColumnId(3),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

pub(crate) fn hidden(table: Table) -> Table {
    Table { hidden: true, ..table }
}

pub(crate) fn with_unique(table: Table, index: u64) -> Table {
    let unique = UniqueSet { name: "u".to_owned(), columns: vec![ColumnId(2)], index: TableId(index) };
    Table { unique: vec![unique], ..table }
}

pub(crate) fn put(table: Table) -> Change {
    Change::PutTable(Box::new(table))
}

pub(crate) fn user(id: u64, name: &str) -> User {
    User {
        id: UserId(id),
        name: name.to_owned(),
        is_role: false,
        may_log_in: true,
        password_hash: Some("$argon2id$".to_owned()),
        valid_until_ms: Some(1),
        may_create_roles: false,
    }
}

pub(crate) fn grant(grantee: u64, scope: Scope) -> Grant {
    let privileges = [Privilege::Select, Privilege::Insert].into_iter().collect();
    Grant { grantee: UserId(grantee), scope, privileges, grantable: Privileges::NONE }
}

pub(crate) fn membership(role: u64, member: u64) -> Membership {
    Membership { role: UserId(role), member: UserId(member), admin: true }
}

pub(crate) fn manifest(flushed: u64) -> TableManifest {
    let time = TimeBounds::ALL;
    let segment = SegmentEntry {
        id: 7,
        path: "segments/7.parquet".to_owned(),
        bytes: 1_234,
        checksum: u64::MAX,
        partition: -864_000,
        partition_seconds: 864_000,
        rows: 10,
        sequences: (Sequence(1), Sequence(flushed)),
        time,
        keys: (KeyBytes::default(), KeyBytes([1, 255].into())),
        all_replace: true,
        schema_version: 1,
    };
    let range = KeySelection::Range { first: Bound::Unbounded, last: Bound::Excluded(KeyBytes([1, 255].into())) };
    let tombstones = [KeySelection::Hashes([KeyHash(u128::MAX - 1)].into()), range, KeySelection::All];
    let tombstones = tombstones.map(|keys| Tombstone { sequence: Sequence(flushed), keys, time }).into();
    TableManifest {
        flushed: Sequence(flushed),
        segments: vec![segment],
        tombstones,
        series: Sequence(4),
        packed_series: None,
    }
}
