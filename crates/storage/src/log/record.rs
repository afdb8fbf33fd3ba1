//! What one record of the log says: the parts of one request, as decided. Replay decides nothing.

use crate::bytes_codec::{Cursor, Decoded, Malformed, put_bytes, put_len, put_varint};
use model::{KeyBytes, KeyHash, KeySelection, RangeDelete, SeriesId, TableId, TimeBounds};
use segments::RowKind;
use std::ops::Bound;
use std::sync::Arc;

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
    match &delete.keys {
        KeySelection::All => out.push(0),
        KeySelection::Hashes(hashes) => {
            out.push(1);
            put_len(hashes.len(), out);
            hashes.iter().for_each(|h| out.extend(h.0.to_le_bytes()));
        }
        KeySelection::Range { first, last } => {
            out.push(2);
            encode_bound(first, out);
            encode_bound(last, out);
        }
    }
}

fn encode_bound(bound: &Bound<KeyBytes>, out: &mut Vec<u8>) {
    match bound {
        Bound::Unbounded => out.push(0),
        Bound::Included(key) => {
            out.push(1);
            put_bytes(&key.0, out);
        }
        Bound::Excluded(key) => {
            out.push(2);
            put_bytes(&key.0, out);
        }
    }
}

/// Decodes what [`encode_parts`] made.
pub(crate) fn decode_parts(payload: &[u8]) -> Decoded<Vec<RecordPart>> {
    let mut cursor = Cursor::new(payload);
    let count = cursor.count()?;
    let parts = (0..count)
        .map(|_| match cursor.u8()? {
            tag @ (ROWS_KEYED | ROWS_SERIES) => decode_rows(&mut cursor, tag == ROWS_SERIES).map(RecordPart::Rows),
            DELETE => decode_delete(&mut cursor).map(RecordPart::Delete),
            tag => Err(Malformed::new(format!("no part has tag {tag}"))),
        })
        .collect::<Decoded<Vec<_>>>()?;
    if cursor.is_empty() { Ok(parts) } else { Err(Malformed::new("bytes are left over")) }
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
    let series = of_series.then(|| decode_series(cursor, rows)).transpose()?;
    Ok(RowsPart { table, kind, rows, series, block: cursor.bytes()?.to_vec() })
}

fn decode_series(cursor: &mut Cursor<'_>, rows: usize) -> Decoded<SeriesRows> {
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
    while series.ids.len() < rows {
        let run: usize = cursor.int()?;
        let id = SeriesId(cursor.int()?);
        if run == 0 || run > rows - series.ids.len() {
            return Err(Malformed::new("runs of series do not add up to the rows"));
        }
        series.ids.resize(series.ids.len() + run, id);
    }
    Ok(series)
}

fn decode_delete(cursor: &mut Cursor<'_>) -> Decoded<RangeDelete> {
    let table = TableId(cursor.int()?);
    let drop_series = cursor.u8()? != 0;
    let time = TimeBounds { first: cursor.i64()?, last: cursor.i64()? };
    let keys = match cursor.u8()? {
        0 => KeySelection::All,
        1 => {
            let count = cursor.count()?;
            let hashes = (0..count).map(|_| Ok(KeyHash(u128::from_le_bytes(cursor.array()?))));
            KeySelection::Hashes(hashes.collect::<Decoded<Arc<[_]>>>()?)
        }
        2 => KeySelection::Range { first: decode_bound(cursor)?, last: decode_bound(cursor)? },
        tag => return Err(Malformed::new(format!("no key selection has tag {tag}"))),
    };
    Ok(RangeDelete { table, keys, time, drop_series })
}

fn decode_bound(cursor: &mut Cursor<'_>) -> Decoded<Bound<KeyBytes>> {
    Ok(match cursor.u8()? {
        0 => Bound::Unbounded,
        1 => Bound::Included(KeyBytes(cursor.bytes()?.into())),
        2 => Bound::Excluded(KeyBytes(cursor.bytes()?.into())),
        tag => return Err(Malformed::new(format!("no bound has tag {tag}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn no_cut_is_taken_for_a_whole() {
        let encoded = encode_parts(&parts());
        for cut in 0..encoded.len() {
            assert!(decode_parts(&encoded[..cut]).is_err(), "cut at {cut}");
        }
    }
}
