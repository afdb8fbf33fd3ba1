//! What the layout is for: any series is found in the bytes themselves. And its bytes: they may
//! never change.

use super::*;
use files::{Files, ForgetfulFiles};
use model::key_hash;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// The place of a key's living series, by halving over the hashes as they lie in the file.
fn find(file: &CheckpointFile, key: &[u8]) -> Option<usize> {
    let hash = key_hash(key);
    let hashes = file.section(HASHES).as_chunks::<16>().0;
    let places = file.section(BY_HASH).as_chunks::<4>().0;
    let at = hashes.partition_point(|other| u128::from_le_bytes(*other) < hash.0);
    let same = hashes[at..].iter().take_while(|other| u128::from_le_bytes(**other) == hash.0);
    let mut places = places[at..].iter().zip(same).map(|(place, _)| u32::from_le_bytes(*place) as usize);
    places.find(|place| file.series(*place).unwrap().key == key)
}

/// The place of an id, by halving over the series as they lie in the file.
fn find_id(file: &CheckpointFile, id: u32) -> Option<usize> {
    let series = file.section(SERIES).as_chunks::<SERIES_BYTES>().0;
    series.binary_search_by_key(&id, |series| u32::from_le_bytes(*series.first_chunk().unwrap())).ok()
}

/// Twenty-four bytes a line: the header ends in the ninth, then come the series.
const HEX: &[&str] = &[
    "8943475345520d0a01000000030000000200000004000000",
    "050000000000000009000000000000000000000000000000",
    "c8000000000000009000000000000000892cca3a00000000",
    "58010000000000002000000000000000f040079f00000000",
    "780100000000000008000000000000000cb89edd00000000",
    "80010000000000000800000000000000f7df88a900000000",
    "88010000000000000c000000000000002af08efb00000000",
    "9801000000000000060000000000000074b354f000000000",
    "ba64ae6c0000000000000000040000000300000000000000",
    "00000000000000000000000000000000ffffffffffffffff",
    "000000000000000002000000040000000000000000000000",
    "04000000000000000300000000000000ffffffffffffff7f",
    "000000000000000003000000040000000300000000000000",
    "080000000000000003000000000000000000000000000080",
    "0400000000000000fdd51f1ba78c0f66007b48786d8e1f8a",
    "54e9da5f9a677234ec48671d129158cb0000000001000000",
    "010000000000000001620000016100000163000000000000",
    "040002040001",
];

/// Series by id: key, attributes, newest time, and whether it lives.
type Model = BTreeMap<u32, (Vec<u8>, Vec<u8>, i64, bool)>;

fn encode(model: &Model) -> Vec<u8> {
    let stored = model.iter().map(|(id, (key, attributes, newest, lives))| StoredSeries {
        id: SeriesId(*id),
        key,
        attributes: attributes.into(),
        newest: *newest,
        ended: (!lives).then_some(Sequence(u64::from(*id) + 1)),
    });
    let stored: Vec<_> = stored.collect();
    let living: Vec<u32> = (0_u32..).zip(&stored).filter(|(_, s)| s.ended.is_none()).map(|(place, _)| place).collect();
    let (series, hash) =
        (|place: u32| stored[place as usize].clone(), |place: u32| key_hash(stored[place as usize].key));
    let (mut by_hash, mut by_key) = (living.clone(), living);
    by_hash.sort_unstable_by_key(|place| hash(*place));
    by_key.sort_by_key(|place| series(*place).key);
    let next_id = model.keys().last().map_or(0, |id| id + 1);
    let contents = Contents {
        table: TableId(5),
        mark: Sequence(9),
        next_id,
        count: u32::try_from(stored.len()).unwrap(),
        series: &series,
        by_hash: &by_hash,
        hash: &hash,
        by_key: &by_key,
    };
    let file = ForgetfulFiles::new().create(Path::new("checkpoint")).unwrap();
    contents.write(file.as_ref()).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_series_is_found_by_hash_id_and_key(
        keys in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..12), 0..40),
        rest in prop::collection::vec((1_u32..9, prop::collection::vec(any::<u8>(), 0..9), any::<i64>(), any::<bool>()), 40),
    ) {
        let mut model = Model::new();
        let mut id = 0;
        // Not in key order.
        let keys = keys.into_iter().map(|key| (key_hash(&key), key)).collect::<BTreeMap<_, _>>().into_values();
        for (key, (step, attributes, newest, lives)) in keys.zip(rest) {
            id += step;
            model.insert(id, (key, attributes, newest, lives));
        }
        let file = CheckpointFile::new(encode(&model).into()).unwrap();
        file.verify().unwrap();
        prop_assert_eq!(file.count(), model.len());
        for (id, (key, attributes, newest, lives)) in &model {
            let expected = StoredSeries {
                id: SeriesId(*id),
                key,
                attributes: attributes.into(),
                newest: *newest,
                ended: (!lives).then_some(Sequence(u64::from(*id) + 1)),
            };
            let place = find_id(&file, *id).unwrap();
            prop_assert_eq!(file.series(place).unwrap(), expected);
            prop_assert_eq!(find(&file, key), lives.then_some(place));
        }
        prop_assert_eq!(find_id(&file, id + 1), None);
        prop_assert_eq!(find(&file, b"a key of more bytes"), None);
        let mut living: Vec<&[u8]> = model.values().filter(|s| s.3).map(|s| &*s.0).collect();
        living.sort_unstable();
        let listed: Vec<&[u8]> = file.by_key().map(|place| file.series(place).unwrap().key).collect();
        prop_assert_eq!(listed, living);
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), keep in any::<bool>()) {
        if keep && bytes.len() >= HEADER_BYTES {
            bytes[..12].copy_from_slice(&encode(&Model::new())[..12]);
            let crc = u64::from(crc32fast::hash(&bytes[..HEADER_BYTES - 8]));
            bytes[HEADER_BYTES - 8..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        }
        if let Ok(file) = CheckpointFile::new(bytes.into()) {
            let _ = file.verify();
            let _ = (0..file.count()).try_for_each(|place| file.series(place).map(drop));
        }
    }
}

fn sample() -> Model {
    let text =
        |key: &str| model::encode_key(&[(model::Value::Text(key.into()), model::DataType::Text(None))]).unwrap().0;
    BTreeMap::from([
        (0, (text("b").into(), vec![4, 0, 2], -1, true)),
        (2, (text("a").into(), vec![], i64::MAX, true)),
        (3, (text("c").into(), vec![4, 0, 1], i64::MIN, false)),
    ])
}

#[test]
fn every_flipped_bit_is_noticed() {
    let whole = encode(&sample());
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let verified = CheckpointFile::new(damaged.into()).and_then(|file| file.verify());
        assert!(verified.is_err(), "bit {bit}");
    }
    for cut in 0..whole.len() {
        assert!(CheckpointFile::new(whole[..cut].to_vec().into()).is_err(), "cut at {cut}");
    }
}

/// The layout is part of the storage format.
#[test]
fn the_format_stands() {
    let hex = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hex: Vec<String> = encode(&sample()).chunks(24).map(hex).collect();
    assert_eq!(hex, HEX);
}
