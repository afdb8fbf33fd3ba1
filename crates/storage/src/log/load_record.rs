//! Records of loads: blocks of rows that are pending until one later record publishes or drops
//! all of them. In a pending block nothing is decided: its series are those of a list of its own,
//! by their places in it; `new` holds what each is if it is new, `changed` what it takes on if not.

use super::record::{
    ABORT_BLOCKS, COMMIT_BLOCKS, PENDING_BLOCK, RecordPart, RowsPart, Unreadable, decode_parts, encode_parts,
};
use crate::bytes_codec::{Cursor, Decoded, Malformed, put_bytes, put_len, put_varint};
use model::{LoadId, SeriesId, TableId};

/// What one record of the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A request of its own.
    Request(Vec<RecordPart>),
    /// Rows that are not there yet.
    Block(PendingBlock),
    /// They are there, with this record's number.
    Commit(LoadCommit),
    /// They never will be.
    Abort(LoadId),
}

/// What older rows will mean for rows that are pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Condition {
    /// Nothing.
    None = 0,
    /// A row whose place is taken is left out.
    KeepFirst = 1,
    /// It fails the load.
    FailOnDuplicate = 2,
}

/// One block of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingBlock {
    pub(crate) load: LoadId,
    /// From 0 on.
    pub(crate) number: u32,
    pub(crate) parts: Vec<(Condition, RowsPart)>,
}

/// What was decided of all blocks of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadCommit {
    pub(crate) load: LoadId,
    /// How many there are.
    pub(crate) blocks: u32,
    /// One for each part of each block, in order.
    pub(crate) parts: Vec<DecidedPart>,
}

/// What was decided of the rows of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecidedPart {
    pub(crate) table: TableId,
    /// How many rows count.
    pub(crate) rows: usize,
    /// Whether series are new, or take on attributes.
    pub(crate) changes_series: bool,
    /// Which rows count; `None`: all.
    pub(crate) kept: Option<Bits>,
    /// The listed series; [`NO_SERIES`] where rows of it count for nothing.
    pub(crate) ids: Vec<SeriesId>,
    /// Which of them are new.
    pub(crate) new: Bits,
}

/// The id of a listed series that there is not: only erasures name one.
pub(crate) const NO_SERIES: SeriesId = SeriesId(u32::MAX);

/// Yes or no for each of some things, those behind the end: no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u8>);

impl Bits {
    pub(crate) fn set(&mut self, at: usize) {
        if self.0.len() <= at / 8 {
            self.0.resize(at / 8 + 1, 0);
        }
        if let Some(byte) = self.0.get_mut(at / 8) {
            *byte |= 1 << (at % 8);
        }
    }

    pub(crate) fn get(&self, at: usize) -> bool {
        self.0.get(at / 8).is_some_and(|byte| byte & (1 << (at % 8)) != 0)
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(all: I) -> Self {
        let mut bits = Self::default();
        all.into_iter().enumerate().filter(|(_, is_set)| *is_set).for_each(|(at, _)| bits.set(at));
        bits
    }
}

/// Encodes a block.
pub(crate) fn encode_block_record(block: PendingBlock) -> Vec<u8> {
    let mut out = begin(PENDING_BLOCK, block.load);
    put_varint(u128::from(block.number), &mut out);
    let (conditions, parts): (Vec<u8>, Vec<RecordPart>) =
        block.parts.into_iter().map(|(condition, rows)| (condition as u8, RecordPart::Rows(rows))).unzip();
    put_bytes(&conditions, &mut out);
    out.extend(encode_parts(&parts));
    out
}

/// Encodes a commit.
pub(crate) fn encode_commit_record(commit: &LoadCommit) -> Vec<u8> {
    let mut out = begin(COMMIT_BLOCKS, commit.load);
    put_varint(u128::from(commit.blocks), &mut out);
    put_len(commit.parts.len(), &mut out);
    for part in &commit.parts {
        put_varint(u128::from(part.table.0), &mut out);
        put_len(part.rows, &mut out);
        out.push(u8::from(part.kept.is_some()) | u8::from(part.changes_series) << 1);
        if let Some(kept) = &part.kept {
            put_bytes(&kept.0, &mut out);
        }
        put_len(part.ids.len(), &mut out);
        part.ids.iter().for_each(|id| put_varint(u128::from(id.0), &mut out));
        put_bytes(&part.new.0, &mut out);
    }
    out
}

/// Encodes that a load was aborted.
pub(crate) fn encode_abort_record(load: LoadId) -> Vec<u8> {
    begin(ABORT_BLOCKS, load)
}

fn begin(tag: u8, load: LoadId) -> Vec<u8> {
    let mut out = Vec::new();
    put_len(1, &mut out);
    out.push(tag);
    put_varint(u128::from(load.0), &mut out);
    out
}

/// Decodes any record.
pub(crate) fn decode_record(payload: &[u8]) -> Result<Record, Unreadable> {
    let Some(([1, tag @ (PENDING_BLOCK | COMMIT_BLOCKS | ABORT_BLOCKS)], rest)) = payload.split_first_chunk() else {
        return Ok(Record::Request(decode_parts(payload)?));
    };
    let mut cursor = Cursor::new(rest);
    let load = LoadId(cursor.int()?);
    match *tag {
        PENDING_BLOCK => {
            let number = cursor.int()?;
            let conditions = cursor.bytes()?;
            let parts = decode_parts(cursor.rest())?;
            if parts.len() != conditions.len() {
                return Err(Malformed::new("not each part of a block has a condition").into());
            }
            let parts = conditions.iter().zip(parts).map(|(condition, part)| match part {
                RecordPart::Rows(rows) => Ok((condition_of(*condition)?, rows)),
                RecordPart::Delete(_) => Err(Malformed::new("a block of a load deletes by key and time")),
            });
            Ok(Record::Block(PendingBlock { load, number, parts: parts.collect::<Decoded<_>>()? }))
        }
        COMMIT_BLOCKS => {
            let commit = decode_commit(load, &mut cursor)?;
            end(&cursor, Record::Commit(commit))
        }
        _ => end(&cursor, Record::Abort(load)),
    }
}

fn condition_of(tag: u8) -> Decoded<Condition> {
    match tag {
        0 => Ok(Condition::None),
        1 => Ok(Condition::KeepFirst),
        2 => Ok(Condition::FailOnDuplicate),
        tag => Err(Malformed::new(format!("no condition has tag {tag}"))),
    }
}

fn end(cursor: &Cursor<'_>, record: Record) -> Result<Record, Unreadable> {
    if cursor.is_empty() { Ok(record) } else { Err(Malformed::new("bytes are left over").into()) }
}

fn decode_commit(load: LoadId, cursor: &mut Cursor<'_>) -> Decoded<LoadCommit> {
    let blocks = cursor.int()?;
    let count = cursor.count()?;
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let table = TableId(cursor.int()?);
        let rows = cursor.int()?;
        let flags = cursor.u8()?;
        if flags > 3 {
            return Err(Malformed::new(format!("no decided part has flags {flags}")));
        }
        let kept = if flags & 1 == 0 { None } else { Some(Bits(cursor.bytes()?.to_vec())) };
        let listed = cursor.count()?;
        let ids = (0..listed).map(|_| Ok(SeriesId(cursor.int()?))).collect::<Decoded<_>>()?;
        let new = Bits(cursor.bytes()?.to_vec());
        parts.push(DecidedPart { table, rows, changes_series: flags & 2 != 0, kept, ids, new });
    }
    Ok(LoadCommit { load, blocks, parts })
}

#[cfg(test)]
mod tests {
    use super::super::record::{NewSeries, SeriesRows};
    use super::*;
    use model::KeyBytes;
    use segments::RowKind;

    /// As many bytes as three times take, and that they are not compressed.
    fn times() -> Vec<u8> {
        [&[0][..], &[5; 24]].concat()
    }

    fn rows() -> Vec<(Condition, RowsPart)> {
        let listed =
            |place: u32| NewSeries { id: SeriesId(place), key: KeyBytes([1, 0].into()), attributes: [7].into() };
        let series = SeriesRows {
            new: vec![listed(0), listed(1)],
            changed: vec![(SeriesId(1), [9].into())],
            ids: [0, 1, 1].map(SeriesId).into(),
        };
        vec![
            (
                Condition::KeepFirst,
                RowsPart { table: TableId(3), kind: RowKind::Replace, rows: 3, series: Some(series), block: times() },
            ),
            (
                Condition::None,
                RowsPart { table: TableId(4), kind: RowKind::Erase, rows: 9, series: None, block: vec![] },
            ),
        ]
    }

    fn commit() -> LoadCommit {
        let new = [true, false].into_iter().collect();
        let ids = vec![SeriesId(70), NO_SERIES];
        let kept = Some([false, true].into_iter().chain([false; 6]).chain([true]).collect());
        let parts = vec![
            DecidedPart { table: TableId(3), rows: 300, changes_series: true, kept: None, ids, new },
            DecidedPart { table: TableId(4), rows: 2, changes_series: false, kept, ids: vec![], new: Bits::default() },
        ];
        LoadCommit { load: LoadId(1_000), blocks: 1, parts }
    }

    fn all() -> Vec<(Vec<u8>, Record)> {
        let load = LoadId(1_000);
        let block = PendingBlock { load, number: 7, parts: rows() };
        vec![
            (encode_block_record(block.clone()), Record::Block(block)),
            (encode_commit_record(&commit()), Record::Commit(commit())),
            (encode_abort_record(load), Record::Abort(load)),
            (encode_parts(&[]), Record::Request(vec![])),
        ]
    }

    #[test]
    fn records_come_back() {
        for (bytes, record) in all() {
            assert_eq!(decode_record(&bytes), Ok(record));
        }
    }

    /// The layout is part of the storage format.
    #[test]
    fn the_format_stands() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let expected = [
            &format!(
                "0104e8070702010002020300030200020100010701020100010701010109010002011900{}0104020900",
                "05".repeat(24)
            ),
            "0105e807010203ac02020246ffffffff0f01010402010202010000",
            "0106e807",
            "00",
        ];
        assert_eq!(all().iter().map(|(bytes, _)| hex(bytes)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_cut_is_taken_for_a_whole() {
        for (bytes, _) in all().into_iter().take(3) {
            for cut in 0..bytes.len() {
                assert!(decode_record(&bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn what_belongs_to_a_load_is_alone_in_its_record() {
        for tag in [PENDING_BLOCK, COMMIT_BLOCKS, ABORT_BLOCKS] {
            assert!(matches!(decode_parts(&[2, tag, 7]), Err(Unreadable::Malformed(_))), "tag {tag}");
        }
    }
}
