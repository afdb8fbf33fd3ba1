use super::{Selection, ends_series, primary_tag_equalities};
use model::{Column, ColumnId, ColumnRole, DataType, DatabaseId, Table, TableId, TableKind, TimeUnit};
use std::collections::BTreeMap;

/// `t (ts, v) TAGS (a, b, g) PRIMARY TAGS (a, b)`
fn table() -> Table {
    let column = |id, name: &str, role, data_type| Column::new(ColumnId(id), name, role, data_type);
    Table {
        id: TableId(1),
        database: DatabaseId(1),
        name: "t".to_owned(),
        kind: TableKind::Series,
        columns: vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "v", ColumnRole::Field, DataType::Int32),
            column(3, "a", ColumnRole::Key, DataType::Int32),
            column(4, "b", ColumnRole::Key, DataType::Text(None)),
            column(5, "g", ColumnRole::Attribute, DataType::Int32),
        ],
        key: vec![ColumnId(3), ColumnId(4)],
        unique: Vec::new(),
        schema_version: 1,
        next_column: ColumnId(6),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

fn delete(condition: &str) -> Result<bool, String> {
    let filter = crate::sql::parse_expression(condition).unwrap();
    ends_series(&table(), &filter).map_err(|error| error.to_string())
}

const BINARY: &str =
    "unsupported conditions found in the deletion operation: unsupported binary operator or expressions";
const FILTER: &str = "unsupported conditions found in the deletion operation: unsupported filter expression";
const MULTIPLE: &str = "unsupported conditions found in the deletion operation: multiple tag filter";

#[test]
fn rows_go_by_time_and_series_by_the_whole_primary_tag() {
    for (condition, ends) in [
        ("ts > '2023-01-01'", false),
        ("ts >= '2023-01-01' and ts < '2024-01-01' or ts = '2025-01-01'", false),
        ("ts in ('2023-01-01', '2023-01-02')", false),
        ("a = 1 and b = 'x'", true),
        ("'x' = b and (a = 1)", true),
        ("a = 1 and b = 'x' and a = 1", true),
        ("a = 1 and b = 'x' and 1 = 1", true),
        ("a = 1 and b = 'x' and ts < '2023-01-01'", false),
        ("a = 1 and b = 'x' and ts < '2023-01-01' or ts > '2024-01-01' and b = 'x' and a = 1", false),
        ("true", false),
        ("false", false),
    ] {
        assert_eq!(delete(condition), Ok(ends), "{condition}");
    }
}

#[test]
fn other_conditions_are_refused_in_the_vendors_words() {
    for (condition, text) in [
        ("a = 1", BINARY),
        ("a = 1 and b = 'x' and g = 1", BINARY),
        ("a >= 1", BINARY),
        ("v = 1", BINARY),
        ("a = a", BINARY),
        ("b like 'x%'", BINARY),
        ("a is not null", FILTER),
        ("a between 1 and 2", FILTER),
        ("ts < '2023-01-01' or a = 1 and b = 'x'", MULTIPLE),
        ("a = 1 and b = 'x' or a = 2 and b = 'x'", MULTIPLE),
        ("ts > 0", "unsupported comparison operator: <timestamptz(3)> > <int>"),
    ] {
        assert_eq!(delete(condition).unwrap_err(), text, "{condition}");
    }
}

#[test]
fn an_update_names_one_series() {
    let select = |condition: &str| primary_tag_equalities(&table(), &crate::sql::parse_expression(condition).unwrap());
    assert_eq!(select("a = 1 and b = 'x'"), Selection::WholeKey);
    assert_eq!(select("a = 1"), Selection::Other);
    assert_eq!(select("1 = 1"), Selection::Other);
    assert_eq!(select("a = 1 and b = 'x' or a = 2 and b = 'x'"), Selection::Other);
    assert_eq!(select("a = 1 and b = 'x' and ts > '2023-01-01'"), Selection::Other);
    assert_eq!(select("a is null"), Selection::Unreadable);
}
