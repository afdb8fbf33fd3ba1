mod open;

use super::*;
use catalog::SegmentEntry;
use model::{KeyBytes, KeySelection};
use proptest::prelude::*;
use std::ops::Bound;

fn key() -> impl Strategy<Value = KeyBytes> {
    proptest::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| KeyBytes(bytes.into()))
}

fn bound() -> impl Strategy<Value = Bound<KeyBytes>> {
    prop_oneof![Just(Bound::Unbounded), key().prop_map(Bound::Included), key().prop_map(Bound::Excluded)]
}

fn hashes() -> impl Strategy<Value = Vec<KeyHash>> {
    proptest::collection::vec(any::<u128>().prop_map(KeyHash), 0..4)
}

fn times() -> impl Strategy<Value = TimeBounds> {
    prop_oneof![Just(TimeBounds::ALL), any::<(i64, i64)>().prop_map(|(first, last)| TimeBounds { first, last })]
}

fn sequence() -> impl Strategy<Value = Sequence> {
    any::<u64>().prop_map(Sequence)
}

fn tombstone() -> impl Strategy<Value = Tombstone> {
    let keys = prop_oneof![
        Just(KeySelection::All),
        hashes().prop_map(|hashes| KeySelection::Hashes(hashes.into())),
        (bound(), bound()).prop_map(|(first, last)| KeySelection::Range { first, last }),
    ];
    (sequence(), keys, times()).prop_map(|(sequence, keys, time)| Tombstone { sequence, keys, time })
}

fn segment() -> impl Strategy<Value = SourceDescription> {
    let numbers = any::<(u64, u64, u64, i64, u64, u64)>();
    let rest = (any::<(u64, u64)>(), times(), key(), key(), any::<bool>(), any::<u32>());
    (numbers, "[a-zäß/0-9.]{0,12}", rest).prop_map(|(numbers, path, rest)| {
        let (id, bytes, checksum, partition, partition_seconds, rows) = numbers;
        let ((first, last), time, least, greatest, all_replace, schema_version) = rest;
        SourceDescription::Segment(SegmentEntry {
            id,
            path,
            bytes,
            checksum,
            partition,
            partition_seconds,
            rows,
            sequences: (Sequence(first), Sequence(last)),
            time,
            keys: (least, greatest),
            all_replace,
            schema_version,
        })
    })
}

fn source() -> impl Strategy<Value = SourceDescription> {
    let unflushed = (any::<u128>(), sequence(), sequence())
        .prop_map(|(writer, after, up_to)| SourceDescription::Unflushed { writer: WriterId(writer), after, up_to });
    prop_oneof![segment(), unflushed]
}

fn description() -> impl Strategy<Value = ScanDescription> {
    let ranges = proptest::collection::vec((bound(), bound()).prop_map(|(first, last)| KeyRange { first, last }), 0..3);
    let keys = prop_oneof![
        Just(DescribedKeys::All),
        hashes().prop_map(DescribedKeys::Series),
        ranges.prop_map(DescribedKeys::Ranges),
    ];
    let columns = proptest::collection::vec(any::<u32>().prop_map(ColumnId), 0..4);
    let lists = (proptest::collection::vec(tombstone(), 0..3), proptest::collection::vec(source(), 0..4), columns);
    (any::<(u64, u32, u128)>(), sequence(), times(), lists, times(), keys).prop_map(
        |((table, schema_version, writer), sequence, kept, (tombstones, sources, columns), time, keys)| {
            let (table, writer) = (TableId(table), WriterId(writer));
            ScanDescription { table, schema_version, writer, sequence, kept, tombstones, sources, columns, time, keys }
        },
    )
}

proptest! {
    #[test]
    fn descriptions_come_back(description in description()) {
        let bytes = description.to_bytes();
        prop_assert_eq!(ScanDescription::from_bytes(&bytes).unwrap(), description);
    }

    #[test]
    fn no_cut_is_taken_for_a_whole(description in description(), more in any::<u8>()) {
        let mut bytes = description.to_bytes();
        for cut in 0..bytes.len() {
            prop_assert!(ScanDescription::from_bytes(&bytes[..cut]).is_err(), "cut at {}", cut);
        }
        bytes.push(more);
        prop_assert!(ScanDescription::from_bytes(&bytes).is_err());
    }

    #[test]
    fn damage_is_an_error_or_another_description(description in description(), at in any::<prop::sample::Index>(), bits in 1_u8..) {
        let mut bytes = description.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        if let Ok(read) = ScanDescription::from_bytes(&bytes) {
            prop_assert_ne!(read, description);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ScanDescription::from_bytes(&bytes);
    }
}

/// The encoding is read by other versions of this program: these bytes must go on meaning this.
#[test]
fn the_encoding_stays_as_it_is() {
    let description = ScanDescription {
        table: TableId(300),
        schema_version: 2,
        writer: WriterId(1),
        sequence: Sequence(9),
        kept: TimeBounds { first: 5, last: i64::MAX },
        tombstones: vec![Tombstone {
            sequence: Sequence(8),
            keys: KeySelection::Hashes([KeyHash(3)].into()),
            time: TimeBounds { first: 0, last: 1 },
        }],
        sources: vec![
            SourceDescription::Segment(SegmentEntry {
                id: 7,
                path: "p".into(),
                bytes: 128,
                checksum: 6,
                partition: -1,
                partition_seconds: 10,
                rows: 2,
                sequences: (Sequence(1), Sequence(2)),
                time: TimeBounds { first: 3, last: 4 },
                keys: (KeyBytes([1].into()), KeyBytes([1, 2].into())),
                all_replace: true,
                schema_version: 1,
            }),
            SourceDescription::Unflushed { writer: WriterId(1), after: Sequence(2), up_to: Sequence(9) },
        ],
        columns: vec![ColumnId(4), ColumnId(1)],
        time: TimeBounds { first: 6, last: 7 },
        keys: DescribedKeys::Ranges(vec![KeyRange {
            first: Bound::Included(KeyBytes([9].into())),
            last: Bound::Unbounded,
        }]),
    };
    let wide = |n: i64| n.to_le_bytes().to_vec();
    let writer = || [vec![1], vec![0; 15]].concat();
    let expected = [
        vec![1, 0xAC, 2, 2],
        writer(),
        vec![9],
        [wide(5), wide(i64::MAX)].concat(),
        [vec![1, 8, 1, 1, 3], vec![0; 15], wide(0), wide(1)].concat(),
        [vec![2, 1, 7, 1, b'p', 0x80, 1], wide(6), wide(-1), vec![10, 2, 1, 2]].concat(),
        [wide(3), wide(4), vec![1, 1, 2, 1, 2, 1, 1]].concat(),
        [vec![2], writer(), vec![2, 9]].concat(),
        vec![2, 4, 1],
        [wide(6), wide(7)].concat(),
        vec![2, 1, 1, 1, 9, 0],
    ];
    assert_eq!(description.to_bytes(), expected.concat());
}

#[test]
fn what_is_not_known_is_named() {
    let description = |sources| ScanDescription {
        table: TableId(1),
        schema_version: 1,
        writer: WriterId(1),
        sequence: Sequence(1),
        kept: TimeBounds::ALL,
        tombstones: Vec::new(),
        sources,
        columns: Vec::new(),
        time: TimeBounds::ALL,
        keys: DescribedKeys::All,
    };
    let none = description(Vec::new()).to_bytes();
    let mut other_version = none.clone();
    other_version[0] = 2;
    let error = ScanDescription::from_bytes(&other_version).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
    let unflushed = SourceDescription::Unflushed { writer: WriterId(1), after: Sequence(1), up_to: Sequence(1) };
    let mut other_kind = description(vec![unflushed]).to_bytes();
    let kind = none.iter().zip(&other_kind).position(|(a, b)| a != b).unwrap() + 1;
    assert_eq!(other_kind[kind], 2);
    other_kind[kind] = 9;
    let error = ScanDescription::from_bytes(&other_kind).unwrap_err().to_string();
    assert!(error.contains("no source has kind 9"), "{error}");
}
