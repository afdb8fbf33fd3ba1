use super::table;
use crate::error::Failure;
use crate::fields::Fields;
use engine::NewTable;
use model::{ColumnRole, DataType, DatabaseId, TableKind, TimeUnit};
use serde_json::{Value, json};

fn made(value: Value) -> Result<NewTable, Failure> {
    let Value::Object(map) = value else { panic!("no object") };
    table(Fields::of_body(map)?, DatabaseId(1), None)
}

#[test]
fn a_time_series_table() {
    let new = made(json!({
        "name": "cpu", "comment": "host load",
        "timeColumn": {"name": "ts", "type": "timestamp", "precision": "us"},
        "columns": [{"name": "usage", "type": "double", "default": 1.5}],
        "tags": [{"name": "host", "type": "varchar(64)", "isPrimary": true}, {"name": "dc", "type": "varchar(16)"}],
        "retention": "90d", "partition_interval": "1d", "properties": {"compression": "lz4"}
    }))
    .unwrap();
    assert_eq!((new.kind, new.key.as_slice()), (TableKind::Series, ["host".to_owned()].as_slice()));
    assert_eq!(new.columns[0].data_type, DataType::Instant(TimeUnit::Microsecond));
    let roles: Vec<ColumnRole> = new.columns.iter().map(|column| column.role).collect();
    assert_eq!(roles, [ColumnRole::Time, ColumnRole::Field, ColumnRole::Key, ColumnRole::Attribute]);
    assert_eq!((new.retention_seconds, new.partition_seconds), (Some(7_776_000), Some(86_400)));
}

#[test]
fn a_relational_table() {
    let new = made(json!({
        "name": "t", "kind": "relational", "primaryKey": ["k"],
        "columns": [{"name": "k", "type": "bigint"}, {"name": "v", "type": "string", "nullable": false}]
    }))
    .unwrap();
    assert_eq!(new.kind, TableKind::Keyed);
    assert_eq!(new.columns[0].role, ColumnRole::Key);
    assert!(!new.columns[0].nullable && !new.columns[1].nullable);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let time = json!({"name": "ts"});
    let columns = json!([{"name": "v", "type": "int"}]);
    for (body, reason, field) in [
        (json!({"columns": columns, "timeColumn": time}), "MISSING_PARAMETER", "name"),
        (json!({"name": "t", "columns": columns}), "MISSING_PARAMETER", "timeColumn"),
        (json!({"name": "t", "timeColumn": time}), "MISSING_PARAMETER", "columns"),
        (json!({"name": "t", "timeColumn": time, "columns": []}), "MISSING_PARAMETER", "columns"),
        (json!({"name": "t", "timeColumn": time, "columns": columns, "colums": 1}), "UNKNOWN_PARAMETER", "colums"),
        (
            json!({"name": "t", "timeColumn": time, "columns": [{"name": "v", "type": "nonsense"}]}),
            "UNKNOWN_TYPE",
            "columns[0].type",
        ),
        (
            json!({"name": "t", "timeColumn": {"name": "ts", "precision": "s"}, "columns": columns}),
            "INVALID_PARAMETER",
            "timeColumn.precision",
        ),
        (
            json!({"name": "t", "timeColumn": {"name": "ts", "type": "int"}, "columns": columns}),
            "INVALID_PARAMETER",
            "timeColumn.type",
        ),
        (
            json!({"name": "t", "timeColumn": time, "columns": columns, "retention": "1 year"}),
            "INVALID_PARAMETER",
            "retention",
        ),
        (
            json!({"name": "t", "kind": "relational", "columns": columns, "primaryKey": ["k"]}),
            "UNKNOWN_COLUMN",
            "primaryKey",
        ),
    ] {
        let failure = made(body).unwrap_err();
        assert_eq!((failure.reason, failure.details[0].field.as_str()), (reason, field), "{failure:?}");
        assert_eq!(failure.status, 400);
    }
    let failure = made(json!({"name": "create", "timeColumn": time, "columns": columns})).unwrap_err();
    assert_eq!(failure.reason, "INVALID_NAME");
}

#[test]
fn more_replicas_than_nodes_are_not_available() {
    let body = |replicas: &str| {
        json!({"name": "t", "timeColumn": {"name": "ts"}, "columns": [{"name": "v", "type": "int"}],
            "properties": {"replication_num": replicas}})
    };
    assert_eq!(made(body("3")).unwrap_err().status, 503);
    assert!(made(body("1")).is_ok());
}
