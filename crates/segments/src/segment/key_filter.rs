//! Which keys a segment of a keyed table may hold: a split block Bloom filter over their hashes,
//! as Parquet has it for columns. It never rules out a key that is there.

use model::{Error, KeyBytes, Result};
use parquet::bloom_filter::Sbbf;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

/// Of so many keys that are not there one may be taken for one that is.
const ONE_IN: f64 = 100.0;
/// Keys up to which hashes are gathered before the filter is made, in its right size.
const GATHERED_MAX: usize = if cfg!(test) { 8 } else { 1 << 20 };
/// The bytes of a filter at most: right for some 12 million keys.
const BYTES_MAX: usize = if cfg!(test) { 1 << 10 } else { 16 << 20 };
/// The bytes of a filter are a power of two, and at least so many.
const BYTES_MIN: usize = 32;

/// The filter.
#[derive(Clone, Debug)]
pub(crate) struct KeyFilter(Sbbf);

/// The hash that filters know a key by.
pub(crate) fn filter_hash(key: &KeyBytes) -> u64 {
    xxh3_64(&key.0)
}

impl KeyFilter {
    /// Whether a key with this hash may be there.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        self.0.check(hash.to_le_bytes().as_slice())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.num_blocks() * BYTES_MIN
    }

    fn bits(&self) -> Result<Vec<u8>> {
        let mut bits = Vec::with_capacity(self.bytes());
        self.0.write_bitset(&mut bits).map_err(Error::internal)?;
        Ok(bits)
    }
}

impl PartialEq for KeyFilter {
    fn eq(&self, other: &Self) -> bool {
        matches!((self.bits(), other.bits()), (Ok(bits), Ok(others)) if bits == others)
    }
}

impl Eq for KeyFilter {}

impl Serialize for KeyFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bits = self.bits().map_err(serde::ser::Error::custom)?;
        serde_bytes::serialize(&bits, serializer)
    }
}

impl<'de> Deserialize<'de> for KeyFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bits: Vec<u8> = serde_bytes::deserialize(deserializer)?;
        if bits.len() < BYTES_MIN || !bits.len().is_power_of_two() {
            return Err(D::Error::custom("a filter of keys has another length"));
        }
        Ok(Self(Sbbf::new(&bits)))
    }
}

/// Makes a filter of keys as they come.
#[derive(Debug)]
pub(super) enum KeyFilterBuilder {
    /// So few that the filter waits for the last of them.
    Few(Vec<u64>),
    /// A filter of the greatest size.
    Many(Sbbf),
}

impl KeyFilterBuilder {
    pub(super) fn new() -> Self {
        Self::Few(Vec::new())
    }

    pub(super) fn add(&mut self, key: &KeyBytes) {
        let hash = filter_hash(key);
        match self {
            Self::Few(hashes) if hashes.len() < GATHERED_MAX => hashes.push(hash),
            Self::Few(hashes) => {
                let mut filter = Sbbf::new_with_num_of_bytes(BYTES_MAX);
                hashes.iter().chain([&hash]).for_each(|hash| filter.insert(hash.to_le_bytes().as_slice()));
                *self = Self::Many(filter);
            }
            Self::Many(filter) => filter.insert(hash.to_le_bytes().as_slice()),
        }
    }

    pub(super) fn finish(self) -> KeyFilter {
        let mut filter = match self {
            Self::Many(filter) => filter,
            Self::Few(hashes) => {
                // About ten bits a key, and twice that before it is folded.
                let mut filter = Sbbf::new_with_num_of_bytes((hashes.len() * 2).clamp(BYTES_MIN, BYTES_MAX));
                hashes.iter().for_each(|hash| filter.insert(hash.to_le_bytes().as_slice()));
                filter
            }
        };
        filter.fold_to_target_fpp(1.0 / ONE_IN);
        KeyFilter(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> KeyBytes {
        KeyBytes(number.to_be_bytes().into())
    }

    fn filter(keys: u32) -> KeyFilter {
        let mut builder = KeyFilterBuilder::new();
        (0..keys).for_each(|number| builder.add(&key(number)));
        builder.finish()
    }

    #[test]
    fn every_key_is_found_and_few_others() {
        for keys in [0, 1, 7, 8, 9, 500, 800] {
            let filter = filter(keys);
            assert!((0..keys).all(|number| filter.may_hold(filter_hash(&key(number)))), "{keys}");
            let wrong = (10_000..20_000).filter(|number| filter.may_hold(filter_hash(&key(*number)))).count();
            assert!(wrong < 300, "{wrong} of 10000 beside {keys} keys");
            assert!(
                filter.bytes() <= BYTES_MIN.max(keys as usize * 4).next_power_of_two(),
                "{keys}: {}",
                filter.bytes()
            );
        }
    }

    #[test]
    fn a_filter_comes_back_from_its_bytes_and_others_are_none() {
        let filter = filter(300);
        let bytes = rmp_serde::to_vec(&filter).unwrap();
        assert_eq!(rmp_serde::from_slice::<KeyFilter>(&bytes).unwrap(), filter);
        for length in [0, 16, 33, 48] {
            let bytes = rmp_serde::to_vec(serde_bytes::Bytes::new(&vec![0; length])).unwrap();
            assert!(rmp_serde::from_slice::<KeyFilter>(&bytes).is_err(), "{length}");
        }
    }
}
