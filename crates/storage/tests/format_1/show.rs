//! Everything that a store holds, as text.

use super::Store;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes as at;
use arrow::util::display::array_value_to_string;
use catalog::Catalog;
use chronoglot_storage::{ScanKeys, ScanRequest};
use model::{ColumnId, ColumnRole, Table, TableKind, TimeBounds};
use std::fmt::Write;

pub(crate) fn everything(store: &Store) -> String {
    let catalog = store.catalog.snapshot();
    let mut out = String::new();
    catalogue(&catalog, &mut out);
    for table in catalog.tables() {
        writeln!(out, "\nrows of {}", table.name).unwrap();
        rows(store, table, &mut out);
        if table.kind == TableKind::Series {
            writeln!(out, "series of {}", table.name).unwrap();
            series(store, table, &mut out);
        }
    }
    out
}

fn catalogue(catalog: &Catalog, out: &mut String) {
    for d in catalog.databases() {
        let times = (d.partition_seconds, d.retention_seconds);
        writeln!(out, "database {} {:?} {:?} {times:?} {:?} {:?}", d.id, d.name, d.label, d.comment, d.properties)
            .unwrap();
    }
    for t in catalog.tables() {
        let times = (t.partition_seconds, t.retention_seconds);
        writeln!(out, "table {} {:?} in {} {:?} version {}", t.id, t.name, t.database, t.kind, t.schema_version)
            .unwrap();
        writeln!(out, "  hidden {} {times:?} {:?} {:?}", t.hidden, t.comment, t.properties).unwrap();
        writeln!(out, "  key {:?} unique {:?} next {}", t.key, t.unique, t.next_column).unwrap();
        for c in &t.columns {
            write!(out, "  column {} {:?} {:?} {:?} nullable {}", c.id, c.name, c.role, c.data_type, c.nullable)
                .unwrap();
            write!(out, " {:?} {:?} hidden {}", c.default, c.declared, c.hidden).unwrap();
            writeln!(out, " {:?} {:?} {:?}", c.comment, c.type_changes, c.properties).unwrap();
        }
    }
    for u in catalog.users() {
        write!(out, "user {} {:?} role {} may log in {}", u.id, u.name, u.is_role, u.may_log_in).unwrap();
        writeln!(out, " {:?} {:?} {}", u.password_hash, u.valid_until_ms, u.may_create_roles).unwrap();
    }
    for grant in catalog.grants() {
        let privileges: Vec<String> = grant.privileges.iter().map(|p| p.to_string()).collect();
        let grantable: Vec<String> = grant.grantable.iter().map(|p| p.to_string()).collect();
        writeln!(out, "grant {} {:?} {privileges:?} {grantable:?}", grant.grantee, grant.scope).unwrap();
    }
    for member in catalog.memberships() {
        writeln!(out, "member {} of {} admin {}", member.member, member.role, member.admin).unwrap();
    }
    for (name, value) in catalog.settings() {
        writeln!(out, "setting {name:?} {value:?}").unwrap();
    }
}

fn rows(store: &Store, table: &Table, out: &mut String) {
    let columns: Vec<ColumnId> = table.columns.iter().map(|c| c.id).collect();
    let request = ScanRequest { columns, time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 3 };
    for batch in store.storage.view(table.id).unwrap().scan(request).unwrap() {
        let batch = batch.unwrap();
        lines(batch.columns(), batch.num_rows(), out);
    }
}

fn series(store: &Store, table: &Table, out: &mut String) {
    let of_series = |role| matches!(role, ColumnRole::Key | ColumnRole::Attribute);
    let columns: Vec<ColumnId> = table.columns.iter().filter(|c| of_series(c.role)).map(|c| c.id).collect();
    let series = store.storage.view(table.id).unwrap().series(&columns).unwrap();
    lines(series.columns.columns(), series.ids.len(), out);
}

fn lines(columns: &[ArrayRef], rows: usize, out: &mut String) {
    for row in 0..rows {
        let cells: Vec<String> = columns.iter().map(|column| cell(column, row)).collect();
        writeln!(out, "  {}", cells.join(" | ")).unwrap();
    }
}

/// A cell; times as the numbers that they are, since calendars end before they do.
fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    match column.data_type() {
        at::DataType::Timestamp(at::TimeUnit::Millisecond, _) => {
            column.as_primitive::<at::TimestampMillisecondType>().value(row).to_string()
        }
        at::DataType::Timestamp(at::TimeUnit::Microsecond, _) => {
            column.as_primitive::<at::TimestampMicrosecondType>().value(row).to_string()
        }
        at::DataType::Timestamp(at::TimeUnit::Nanosecond, _) => {
            column.as_primitive::<at::TimestampNanosecondType>().value(row).to_string()
        }
        at::DataType::Date32 => column.as_primitive::<at::Date32Type>().value(row).to_string(),
        at::DataType::Time64(_) => column.as_primitive::<at::Time64NanosecondType>().value(row).to_string(),
        at::DataType::Interval(_) => format!("{:?}", column.as_primitive::<at::IntervalMonthDayNanoType>().value(row)),
        at::DataType::Utf8 => format!("{:?}", column.as_string::<i32>().value(row)),
        _ => array_value_to_string(column, row).unwrap(),
    }
}
