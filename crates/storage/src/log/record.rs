//! What one record of the log says: the parts of one request, as decided. Replay decides nothing.

use super::columns::times_max;
use crate::bytes_codec::{
    Cursor, Decoded, Malformed, put_bytes, put_key_selection, put_len, put_varint, read_key_selection,
};
use model::{KeyBytes, RangeDelete, SeriesId, TableId, TimeBounds};
use segments::RowKind;

/// A series that this record makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewSeries {
    pub(crate) id: SeriesId,
    pub(crate) key: KeyBytes,
    /// See [`crate::series_index::Attributes`].
    pub(crate) attributes: Box<[u8]>,
}

/// The series side of rows of a series table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeriesRows {
    /// Series that did not exist before.
    pub(crate) new: Vec<NewSeries>,
    /// Attributes that existing series take on.
    pub(crate) changed: Vec<(SeriesId, Box<[u8]>)>,
    /// The series of each row.
    pub(crate) ids: Vec<SeriesId>,
}

/// Rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowsPart {
    pub(crate) table: TableId,
    pub(crate) kind: RowKind,
    pub(crate) rows: usize,
    /// `None` for a keyed table.
    pub(crate) series: Option<SeriesRows>,
    /// Times and columns: see [`super::columns`].
    pub(crate) block: Vec<u8>,
}

/// One part of a record; deletions and erasures come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordPart {
    Rows(RowsPart),
    Delete(RangeDelete),
}

impl RecordPart {
    pub(crate) fn table(&self) -> TableId {
        match self {
            Self::Rows(rows) => rows.table,
            Self::Delete(delete) => delete.table,
        }
    }
}

const ROWS_KEYED: u8 = 1;
const ROWS_SERIES: u8 = 2;
const DELETE: u8 = 3;
/// See [`super::load_record`].
pub(super) const PENDING_BLOCK: u8 = 4;
pub(super) const COMMIT_BLOCKS: u8 = 5;
pub(super) const ABORT_BLOCKS: u8 = 6;

/// Why a record cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not what any version writes.
    Malformed(Malformed),
    /// A newer version wrote it; what this one lacks for it.
    Newer(String),
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Encodes a record's parts.
pub(crate) fn encode_parts(parts: &[RecordPart]) -> Vec<u8> {
    let mut out = Vec::new();
    put_len(parts.len(), &mut out);
    for part in parts {
        match part {
            RecordPart::Rows(rows) => encode_rows(rows, &mut out),
            RecordPart::Delete(delete) => encode_delete(delete, &mut out),
        }
    }
    out
}

fn encode_rows(part: &RowsPart, out: &mut Vec<u8>) {
    out.push(if part.series.is_some() { ROWS_SERIES } else { ROWS_KEYED });
    put_varint(u128::from(part.table.0), out);
    out.push(part.kind as u8);
    put_len(part.rows, out);
    if let Some(series) = &part.series {
        put_len(series.new.len(), out);
        for new in &series.new {
            put_varint(u128::from(new.id.0), out);
            put_bytes(&new.key.0, out);
            put_bytes(&new.attributes, out);
        }
        put_len(series.changed.len(), out);
        for (id, attributes) in &series.changed {
            put_varint(u128::from(id.0), out);
            put_bytes(attributes, out);
        }
        // Runs: batches mostly come series by series.
        let mut rest = series.ids.as_slice();
        while let Some(id) = rest.first() {
            let run = rest.iter().take_while(|other| *other == id).count();
            put_len(run, out);
            put_varint(u128::from(id.0), out);
            rest = &rest[run..];
        }
    }
    put_bytes(&part.block, out);
}

fn encode_delete(delete: &RangeDelete, out: &mut Vec<u8>) {
    out.push(DELETE);
    put_varint(u128::from(delete.table.0), out);
    out.push(u8::from(delete.drop_series));
    out.extend(delete.time.first.to_le_bytes());
    out.extend(delete.time.last.to_le_bytes());
    put_key_selection(&delete.keys, out);
}

/// Decodes what [`encode_parts`] made.
///
/// The checksum of the record was compared before: a tag that is not known here is one of a newer
/// version.
pub(crate) fn decode_parts(payload: &[u8]) -> Result<Vec<RecordPart>, Unreadable> {
    let mut cursor = Cursor::new(payload);
    let count = cursor.count()?;
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        parts.push(match cursor.u8()? {
            tag @ (ROWS_KEYED | ROWS_SERIES) => RecordPart::Rows(decode_rows(&mut cursor, tag == ROWS_SERIES)?),
            DELETE => RecordPart::Delete(decode_delete(&mut cursor)?),
            PENDING_BLOCK | COMMIT_BLOCKS | ABORT_BLOCKS => {
                return Err(Malformed::new("what belongs to a load is not alone in its record").into());
            }
            0 => return Err(Malformed::new("no part has tag 0").into()),
            tag => return Err(Unreadable::Newer(format!("parts with tag {tag}"))),
        });
    }
    if cursor.is_empty() { Ok(parts) } else { Err(Malformed::new("bytes are left over").into()) }
}

fn decode_rows(cursor: &mut Cursor<'_>, of_series: bool) -> Decoded<RowsPart> {
    let table = TableId(cursor.int()?);
    let kind = match cursor.u8()? {
        0 => RowKind::Replace,
        1 => RowKind::Merge,
        2 => RowKind::Erase,
        tag => return Err(Malformed::new(format!("no row kind has tag {tag}"))),
    };
    let rows: usize = cursor.int()?;
    let runs = of_series.then(|| decode_series(cursor, rows)).transpose()?;
    let block = cursor.bytes()?.to_vec();
    // Before there is room for an id of each row.
    if runs.is_some() && rows > times_max(&block) {
        return Err(Malformed::new("a block has no time for each row"));
    }
    let series = runs.map(|(mut series, runs)| {
        series.ids = runs.into_iter().flat_map(|(run, id)| std::iter::repeat_n(id, run)).collect();
        series
    });
    Ok(RowsPart { table, kind, rows, series, block })
}

/// New and changed series, and runs of rows by their series.
fn decode_series(cursor: &mut Cursor<'_>, rows: usize) -> Decoded<(SeriesRows, Vec<(usize, SeriesId)>)> {
    let mut series = SeriesRows::default();
    for _ in 0..cursor.count()? {
        series.new.push(NewSeries {
            id: SeriesId(cursor.int()?),
            key: KeyBytes(cursor.bytes()?.into()),
            attributes: cursor.bytes()?.into(),
        });
    }
    for _ in 0..cursor.count()? {
        series.changed.push((SeriesId(cursor.int()?), cursor.bytes()?.into()));
    }
    let (mut runs, mut left) = (Vec::new(), rows);
    while left > 0 {
        let run: usize = cursor.int()?;
        let id = SeriesId(cursor.int()?);
        if run == 0 || run > left {
            return Err(Malformed::new("runs of series do not add up to the rows"));
        }
        left -= run;
        runs.push((run, id));
    }
    Ok((series, runs))
}

fn decode_delete(cursor: &mut Cursor<'_>) -> Decoded<RangeDelete> {
    let table = TableId(cursor.int()?);
    let drop_series = cursor.u8()? != 0;
    let time = TimeBounds { first: cursor.i64()?, last: cursor.i64()? };
    Ok(RangeDelete { table, keys: read_key_selection(cursor)?, time, drop_series })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{KeyHash, KeySelection};
    use std::ops::Bound;
    use std::sync::Arc;

    fn parts() -> Vec<RecordPart> {
        vec![
            RecordPart::Delete(RangeDelete {
                table: TableId(9),
                keys: KeySelection::Hashes(Arc::from([KeyHash(u128::MAX), KeyHash(3)])),
                time: TimeBounds { first: -5, last: i64::MAX },
                drop_series: true,
            }),
            RecordPart::Delete(RangeDelete {
                table: TableId(2),
                keys: KeySelection::Range {
                    first: Bound::Excluded(KeyBytes([1, 0].into())),
                    last: Bound::Included(KeyBytes([].into())),
                },
                time: TimeBounds::ALL,
                drop_series: false,
            }),
            RecordPart::Delete(RangeDelete {
                table: TableId(2),
                keys: KeySelection::Range { first: Bound::Unbounded, last: Bound::Excluded(KeyBytes([9].into())) },
                time: TimeBounds::ALL,
                drop_series: false,
            }),
            RecordPart::Rows(RowsPart {
                table: TableId(u64::MAX),
                kind: RowKind::Merge,
                rows: 5,
                series: Some(SeriesRows {
                    new: vec![NewSeries { id: SeriesId(4), key: KeyBytes(vec![1, 0].into()), attributes: [7].into() }],
                    changed: vec![(SeriesId(1), [1, 2, 3].into())],
                    ids: [4, 4, 1, 4, 4].map(SeriesId).into(),
                }),
                block: vec![1, 2, 3],
            }),
            RecordPart::Rows(RowsPart {
                table: TableId(2),
                kind: RowKind::Erase,
                rows: 70_000,
                series: None,
                block: vec![],
            }),
        ]
    }

    #[test]
    fn parts_come_back() {
        let encoded = encode_parts(&parts());
        assert_eq!(decode_parts(&encoded).unwrap(), parts());
    }

    /// The layout of records is part of the storage format.
    #[test]
    fn the_format_stands() {
        let hex = |part: &RecordPart| -> String {
            encode_parts(std::slice::from_ref(part)).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let expected = [
            "01030901fbffffffffffffffffffffffffffff7f0102ffffffffffffffffffffffffffffffff03000000000000000000000000000000",
            "010302000000000000000080ffffffffffffff7f02020201000100",
            "010302000000000000000080ffffffffffffff7f0200020109",
            "0102ffffffffffffffffff0101050104020100010701010301020302040101020403010203",
            "01010202f0a20400",
        ];
        assert_eq!(parts().iter().map(hex).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn parts_of_a_newer_version_are_told_from_damage() {
        assert_eq!(decode_parts(&[1, 7]).unwrap_err(), Unreadable::Newer("parts with tag 7".into()));
        assert!(matches!(decode_parts(&[1, 0]), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn no_cut_is_taken_for_a_whole() {
        let encoded = encode_parts(&parts());
        for cut in 0..encoded.len() {
            assert!(decode_parts(&encoded[..cut]).is_err(), "cut at {cut}");
        }
    }
}
