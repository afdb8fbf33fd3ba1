//! Body of a fuzz target: a log file, as a check surveys it and a start replays it.

use super::file_format::{FRAME_BYTES, Frame, HEADER_BYTES, Header, path};
use super::{NO_SERIES, Record, RecordPart, RowsPart, decode_record, read_log, survey_file};
use crate::footers::Footers;
use crate::pressure::Pressure;
use crate::recovery::Replay;
use catalog::{Catalog, Change, Database, DatabaseLabel, LogFiles};
use files::{Files, ForgetfulFiles};
use model::{Column, ColumnId, ColumnRole, DataType, DatabaseId, Sequence, Table, TableId, TableKind, TimeUnit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Ids of series that a replay is tried with: it has room for each id up to the greatest.
const IDS_MAX: u32 = 1 << 12;

/// A log file, as it is and with checksums that fit.
pub fn log_file(bytes: &[u8]) {
    read(bytes);
    read(&sealed(bytes));
}

fn read(bytes: &[u8]) {
    let disk = ForgetfulFiles::new();
    if disk.create(&path(1)).and_then(|file| file.write_at(0, bytes)).is_err() {
        return;
    }
    let mut ids_fit = true;
    let _ = survey_file(&disk, &(1..2), 1, None, |_, _, payload| {
        let few = |rows: &RowsPart| rows.series.iter().flat_map(|series| &series.new).all(|new| new.id.0 < IDS_MAX);
        ids_fit &= match decode_record(payload).map_err(|_| String::new())? {
            Record::Request(parts) => parts.iter().all(|part| match part {
                RecordPart::Rows(rows) => few(rows),
                RecordPart::Delete(_) => true,
            }),
            Record::Block(block) => block.parts.iter().all(|(_, rows)| few(rows)),
            Record::Commit(commit) => {
                let ids = commit.parts.iter().flat_map(|part| &part.ids);
                ids.into_iter().all(|id| *id == NO_SERIES || id.0 < IDS_MAX)
            }
            Record::Abort(_) => true,
        };
        Ok(())
    });
    let Ok(catalog) = catalog() else { return };
    let (catalog, files): (_, Arc<dyn Files>) = (Arc::new(catalog), Arc::new(disk.clone()));
    let pressure = Pressure::new(u64::MAX, Duration::ZERO);
    let replay = Replay::with(catalog, files, Footers::new(1 << 20), pressure, BTreeMap::new());
    let Ok(mut replay) = replay else { return };
    if ids_fit {
        let required = Some(LogFiles { first: 1, last: 1 });
        let _ = read_log(&disk, required, |path, sequence, payload| replay.record(path, sequence, payload));
    }
}

/// The same with magics, lengths and checksums that fit.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let Some((header, mut rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return bytes.to_vec() };
    let previous = header.get(20..28).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    let mut out = Header { number: 1, previous: Sequence(previous) }.encode().to_vec();
    while let Some((head, after)) = rest.split_first_chunk::<FRAME_BYTES>() {
        let mut head = *head;
        head[..4].copy_from_slice(&super::file_format::FRAME_MAGIC);
        let Some(frame) = Frame::decode(&head) else { break };
        let (payload, behind) = after.split_at(frame.len.min(after.len()));
        Frame::append(frame.sequence, frame.durable, payload, &mut out);
        rest = behind;
    }
    out.extend(rest);
    out
}

fn catalog() -> Result<Catalog, model::Error> {
    let database = Database {
        id: DatabaseId(1),
        name: "plant".into(),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    let tables = tables().map(|table| Change::PutTable(Box::new(table)));
    let changes = [Change::PutDatabase(database)].into_iter().chain(tables);
    Catalog::default().with(changes).map_err(model::Error::internal)
}

/// A table of series and one of keys, of which records are.
pub(crate) fn tables() -> [Table; 2] {
    let column = |id, name: &str, role, data_type| Column::new(ColumnId(id), name, role, data_type);
    let (text, time) = (DataType::Text(None), DataType::Instant(TimeUnit::Millisecond));
    let load = column(5, "load", ColumnRole::Field, DataType::Int64);
    let note = column(6, "note", ColumnRole::Field, text);
    let series = vec![
        column(3, "time", ColumnRole::Time, time),
        column(1, "meter", ColumnRole::Key, text),
        column(2, "phase", ColumnRole::Key, DataType::Int32),
        column(4, "city", ColumnRole::Attribute, text),
        load.clone(),
        note.clone(),
    ];
    let keyed = vec![column(1, "id", ColumnRole::Key, DataType::Int64), load, note];
    let table = |id, name: &str, kind, columns: Vec<Column>| Table {
        id: TableId(id),
        database: DatabaseId(1),
        name: name.into(),
        kind,
        key: columns.iter().filter(|column| column.role == ColumnRole::Key).map(|column| column.id).collect(),
        columns,
        unique: Vec::new(),
        schema_version: 1,
        next_column: ColumnId(10),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    };
    [table(1, "meters", TableKind::Series, series), table(2, "sites", TableKind::Keyed, keyed)]
}
