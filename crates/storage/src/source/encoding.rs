//! Descriptions of scans as bytes: a version, then every field in the order of its declaration.
//! Little-endian, counts and numbers as variable-length integers. Whatever is not exactly that is
//! an error: a reader that skipped what it does not know would leave out rows.

use super::{DescribedKeys, ScanDescription, SourceDescription, WriterId};
use crate::KeyRange;
use crate::bytes_codec::{
    Cursor, Decoded, Malformed, put_bound, put_bytes, put_hashes, put_key_selection, put_len, put_varint, read_bound,
    read_hashes, read_key_selection,
};
use catalog::{SegmentEntry, Tombstone};
use model::{ColumnId, KeyBytes, Sequence, TableId, TimeBounds};

const VERSION: u8 = 1;

const SEGMENT: u8 = 1;
const UNFLUSHED: u8 = 2;

const ALL_KEYS: u8 = 0;
const SERIES: u8 = 1;
const RANGES: u8 = 2;

pub(super) fn encode(description: &ScanDescription) -> Vec<u8> {
    let ScanDescription { table, schema_version, writer, sequence, kept, tombstones, sources, columns, time, keys } =
        description;
    let mut out = vec![VERSION];
    put_varint(table.0.into(), &mut out);
    put_varint((*schema_version).into(), &mut out);
    out.extend(writer.0.to_le_bytes());
    put_varint(sequence.0.into(), &mut out);
    put_times(kept, &mut out);
    put_len(tombstones.len(), &mut out);
    for Tombstone { sequence, keys, time } in tombstones {
        put_varint(sequence.0.into(), &mut out);
        put_key_selection(keys, &mut out);
        put_times(time, &mut out);
    }
    put_len(sources.len(), &mut out);
    sources.iter().for_each(|source| put_source(source, &mut out));
    put_len(columns.len(), &mut out);
    columns.iter().for_each(|column| put_varint(column.0.into(), &mut out));
    put_times(time, &mut out);
    put_keys(keys, &mut out);
    out
}

fn put_times(times: &TimeBounds, out: &mut Vec<u8>) {
    out.extend(times.first.to_le_bytes());
    out.extend(times.last.to_le_bytes());
}

fn put_source(source: &SourceDescription, out: &mut Vec<u8>) {
    match source {
        SourceDescription::Segment(entry) => {
            out.push(SEGMENT);
            put_segment(entry, out);
        }
        SourceDescription::Unflushed { writer, after, up_to } => {
            out.push(UNFLUSHED);
            out.extend(writer.0.to_le_bytes());
            put_varint(after.0.into(), out);
            put_varint(up_to.0.into(), out);
        }
    }
}

fn put_segment(entry: &SegmentEntry, out: &mut Vec<u8>) {
    // Every field by name, so that a new one is not forgotten here.
    let SegmentEntry {
        id,
        path,
        bytes,
        checksum,
        partition,
        partition_seconds,
        rows,
        sequences,
        time,
        keys,
        all_replace,
        schema_version,
    } = entry;
    put_varint((*id).into(), out);
    put_bytes(path.as_bytes(), out);
    put_varint((*bytes).into(), out);
    out.extend(checksum.to_le_bytes());
    out.extend(partition.to_le_bytes());
    put_varint((*partition_seconds).into(), out);
    put_varint((*rows).into(), out);
    put_varint(sequences.0.0.into(), out);
    put_varint(sequences.1.0.into(), out);
    put_times(time, out);
    put_bytes(&keys.0.0, out);
    put_bytes(&keys.1.0, out);
    out.push(u8::from(*all_replace));
    put_varint((*schema_version).into(), out);
}

fn put_keys(keys: &DescribedKeys, out: &mut Vec<u8>) {
    match keys {
        DescribedKeys::All => out.push(ALL_KEYS),
        DescribedKeys::Series(hashes) => {
            out.push(SERIES);
            put_hashes(hashes, out);
        }
        DescribedKeys::Ranges(ranges) => {
            out.push(RANGES);
            put_len(ranges.len(), out);
            for KeyRange { first, last } in ranges {
                put_bound(first, out);
                put_bound(last, out);
            }
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Decoded<ScanDescription> {
    let mut cursor = Cursor::new(bytes);
    let cursor = &mut cursor;
    match cursor.u8()? {
        VERSION => {}
        version => {
            return Err(Malformed::new(format!("it has version {version} of the encoding, not {VERSION}")));
        }
    }
    let description = ScanDescription {
        table: TableId(cursor.int()?),
        schema_version: cursor.int()?,
        writer: read_writer(cursor)?,
        sequence: Sequence(cursor.int()?),
        kept: read_times(cursor)?,
        tombstones: read_many(cursor, |cursor| {
            Ok(Tombstone {
                sequence: Sequence(cursor.int()?),
                keys: read_key_selection(cursor)?,
                time: read_times(cursor)?,
            })
        })?,
        sources: read_many(cursor, read_source)?,
        columns: read_many(cursor, |cursor| Ok(ColumnId(cursor.int()?)))?,
        time: read_times(cursor)?,
        keys: read_keys(cursor)?,
    };
    if cursor.is_empty() { Ok(description) } else { Err(Malformed::new("bytes are left over")) }
}

fn read_many<T>(cursor: &mut Cursor<'_>, read: impl Fn(&mut Cursor<'_>) -> Decoded<T>) -> Decoded<Vec<T>> {
    (0..cursor.count()?).map(|_| read(cursor)).collect()
}

fn read_writer(cursor: &mut Cursor<'_>) -> Decoded<WriterId> {
    Ok(WriterId(u128::from_le_bytes(cursor.array()?)))
}

fn read_times(cursor: &mut Cursor<'_>) -> Decoded<TimeBounds> {
    Ok(TimeBounds { first: cursor.i64()?, last: cursor.i64()? })
}

fn read_source(cursor: &mut Cursor<'_>) -> Decoded<SourceDescription> {
    Ok(match cursor.u8()? {
        SEGMENT => SourceDescription::Segment(read_segment(cursor)?),
        UNFLUSHED => SourceDescription::Unflushed {
            writer: read_writer(cursor)?,
            after: Sequence(cursor.int()?),
            up_to: Sequence(cursor.int()?),
        },
        kind => return Err(Malformed::new(format!("no source has kind {kind} here"))),
    })
}

fn read_segment(cursor: &mut Cursor<'_>) -> Decoded<SegmentEntry> {
    let text = |bytes: &[u8]| {
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed::new("a segment's path is not UTF-8"))
    };
    Ok(SegmentEntry {
        id: cursor.int()?,
        path: text(cursor.bytes()?)?,
        bytes: cursor.int()?,
        checksum: cursor.u64()?,
        partition: cursor.i64()?,
        partition_seconds: cursor.int()?,
        rows: cursor.int()?,
        sequences: (Sequence(cursor.int()?), Sequence(cursor.int()?)),
        time: read_times(cursor)?,
        keys: (KeyBytes(cursor.bytes()?.into()), KeyBytes(cursor.bytes()?.into())),
        all_replace: match cursor.u8()? {
            0 => false,
            1 => true,
            other => return Err(Malformed::new(format!("{other} is neither yes nor no"))),
        },
        schema_version: cursor.int()?,
    })
}

fn read_keys(cursor: &mut Cursor<'_>) -> Decoded<DescribedKeys> {
    Ok(match cursor.u8()? {
        ALL_KEYS => DescribedKeys::All,
        SERIES => DescribedKeys::Series(read_hashes(cursor)?),
        RANGES => DescribedKeys::Ranges(read_many(cursor, |cursor| {
            Ok(KeyRange { first: read_bound(cursor)?, last: read_bound(cursor)? })
        })?),
        kind => return Err(Malformed::new(format!("no selection of keys has kind {kind}"))),
    })
}
