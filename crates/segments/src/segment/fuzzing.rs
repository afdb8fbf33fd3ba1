//! Body of a fuzz target: the side file of a segment, with run directory, pre-aggregates and the
//! filter of keys.

use super::aggregates::{Aggregates, Statistic};
use super::directory::Directory;
use super::side::{SideFile, sealed};
use catalog::SegmentEntry;
use model::{ColumnId, DataType, KeyBytes, Sequence, TimeBounds};

/// Questions to one file, at most.
const ASKED: usize = 50;

/// A side file, as it is and with a checksum that fits, of whatever segment it is of.
pub fn side_file(bytes: &[u8]) {
    let _ = SideFile::decode(bytes);
    let Some(side) = SideFile::decode(&sealed(bytes.to_vec())) else { return };
    if side.fits(&entry(&side)) {
        ask(&side);
    }
}

/// The segment that a side file is of.
fn entry(side: &SideFile) -> SegmentEntry {
    let rows = match &side.directory {
        Directory::Series(runs) => runs.iter().fold(0, |rows: u64, run| rows.saturating_add(run.rows)),
        other => other.marks().last().map_or(0, |mark| mark.row.saturating_add(1)),
    };
    SegmentEntry {
        id: 1,
        path: "segments/1/1.parquet".into(),
        bytes: side.segment_bytes,
        checksum: side.segment_checksum,
        partition: 0,
        partition_seconds: 0,
        rows,
        sequences: (Sequence(1), Sequence(1)),
        time: TimeBounds::ALL,
        keys: (KeyBytes::default(), KeyBytes::default()),
        all_replace: true,
        schema_version: 1,
    }
}

fn ask(side: &SideFile) {
    let _ = side.directory.bytes();
    for hash in [0, 1, u64::MAX] {
        let _ = side.directory.may_hold(hash);
    }
    let Some(aggregates) = side.aggregates.as_deref().and_then(Aggregates::from_bytes) else { return };
    for run in (0..ASKED).chain([usize::MAX - 1, usize::MAX]) {
        for cell in aggregates.cells_of(run).unwrap_or(0..1).take(ASKED) {
            let _ = (aggregates.times(cell), aggregates.rows(cell));
            for id in (0..8).map(ColumnId) {
                let _ = (aggregates.knows(id, true), aggregates.count(id, cell));
                for statistic in [Statistic::Least, Statistic::Greatest, Statistic::Sum] {
                    for data_type in [DataType::Int8, DataType::Int64, DataType::Float32, DataType::Float64] {
                        let _ = aggregates.values(id, data_type, statistic, [cell].into_iter());
                    }
                }
            }
        }
    }
}
