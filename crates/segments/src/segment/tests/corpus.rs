//! The corpus of the fuzz target for side files.

use super::{side_path, table, write};
use crate::segment::fuzzing::side_file;
use crate::segment::side::{SideFile, sealed};
use crate::{ChunkColumn, RowKind, RowKinds, SegmentIdentity, SegmentRows, SeriesKeys};
use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use files::{Files, ForgetfulFiles};
use model::{Cells, ColumnId, ColumnRole, DataType, Sequence, SeriesId, Table, TableKind, TimeUnit, encode_keys};
use std::sync::Arc;

/// Between two rows of a series.
const STEP_MILLIS: i64 = 10_000;

fn column(id: u32, data_type: DataType, values: ArrayRef) -> ChunkColumn {
    ChunkColumn { id: ColumnId(id), data_type, cells: Cells::present(values) }
}

/// The side file of a segment, without the checksum, which the body makes.
fn side_of(table: &Table, identity: SegmentIdentity, columns: Vec<ChunkColumn>) -> Vec<u8> {
    let rows = SegmentRows {
        sequences: (Sequence(1), Sequence(1)),
        identity,
        kinds: RowKinds::All(RowKind::Replace),
        columns,
    };
    let files = ForgetfulFiles::new();
    write(&files, table, &rows);
    let file = files.open(side_path()).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap() - 8];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// Three series over hours, with aggregates.
fn series() -> Vec<u8> {
    const ROWS: usize = 3_000;
    let (text, time) = (DataType::Text(None), DataType::Instant(TimeUnit::Millisecond));
    let fields = [(ColumnRole::Field, DataType::Float64), (ColumnRole::Field, DataType::Int64)];
    let table = table(TableKind::Series, &[&[(ColumnRole::Key, text), (ColumnRole::Time, time)][..], &fields].concat());
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(["a", "b", "c"]));
    let identity = SegmentIdentity::Series {
        keys: Arc::new(SeriesKeys {
            ids: (0..3).map(SeriesId).collect(),
            keys: encode_keys(std::slice::from_ref(&names), 3).unwrap(),
            columns: vec![names],
        }),
        runs: (0..3).map(|key| (key, ROWS / 3)).collect(),
        times: (0..ROWS as i64).map(|row| row % 1_000 * STEP_MILLIS).collect(),
    };
    let floats: ArrayRef = Arc::new(Float64Array::from_iter_values((0..ROWS).map(|row| row as f64 / 4.0)));
    let integers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|row| row * 77)));
    side_of(&table, identity, vec![column(3, DataType::Float64, floats), column(4, DataType::Int64, integers)])
}

/// Twenty keys, with their filter.
fn keyed() -> Vec<u8> {
    let table = table(TableKind::Keyed, &[(ColumnRole::Key, DataType::Int64)]);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
    let keys = encode_keys(std::slice::from_ref(&numbers), 20).unwrap();
    side_of(&table, SegmentIdentity::Keyed { keys }, vec![column(1, DataType::Int64, numbers)])
}

#[test]
fn the_corpus_of_side_files_does_no_harm() {
    let (series, keyed) = (series(), keyed());
    for whole in [&series, &keyed] {
        let side = SideFile::decode(&sealed(whole.clone())).unwrap();
        assert_eq!(side.aggregates.is_some(), *whole == series);
    }
    fuzzing::corpus("side_file", &[("series", series), ("keyed", keyed)], side_file);
}
