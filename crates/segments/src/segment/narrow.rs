//! Integers in few bytes, any of which is found without the others: blocks of them as distances
//! from the block's least, each in as many bytes as the greatest distance needs.

use serde::{Deserialize, Serialize};

/// Integers of a block.
const BLOCK: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Narrow {
    blocks: Vec<Block>,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Block {
    least: i64,
    /// Bytes of each distance, at most 8.
    width: u8,
    /// Where its distances begin.
    start: u32,
}

impl Narrow {
    /// `None` for more than it can address.
    pub(super) fn new(values: &[i64]) -> Option<Self> {
        let mut narrow = Self { blocks: Vec::with_capacity(values.len().div_ceil(BLOCK)), bytes: Vec::new() };
        for block in values.chunks(BLOCK) {
            let least = block.iter().min().copied().unwrap_or_default();
            let distance = |value: &i64| value.wrapping_sub(least).cast_unsigned();
            let greatest = block.iter().map(distance).max().unwrap_or_default();
            let width = 8 - greatest.leading_zeros() / 8;
            narrow.blocks.push(Block {
                least,
                width: u8::try_from(width).ok()?,
                start: u32::try_from(narrow.bytes.len()).ok()?,
            });
            for value in block {
                narrow.bytes.extend(&distance(value).to_le_bytes()[..width as usize]);
            }
        }
        Some(narrow)
    }

    /// The integer at a place; `None` beyond the last.
    pub(super) fn get(&self, place: usize) -> Option<i64> {
        let block = self.blocks.get(place / BLOCK)?;
        let width = usize::from(block.width);
        let start = (block.start as usize).checked_add(place % BLOCK * width)?;
        let stored = self.bytes.get(start..start.checked_add(width)?)?;
        let mut distance = [0; 8];
        distance.get_mut(..width)?.copy_from_slice(stored);
        Some(block.least.wrapping_add(u64::from_le_bytes(distance).cast_signed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_integer_comes_back(
            near in prop::collection::vec(-300..300_i64, 0..600),
            far in prop::collection::vec(any::<i64>(), 0..40),
        ) {
            let values: Vec<i64> = near.into_iter().chain(far).collect();
            let narrow = Narrow::new(&values).unwrap();
            for (place, value) in values.iter().enumerate() {
                prop_assert_eq!(narrow.get(place), Some(*value));
            }
        }
    }

    #[test]
    fn small_distances_take_few_bytes() {
        let narrow = |values: &[i64]| Narrow::new(values).unwrap().bytes.len();
        assert_eq!(narrow(&[7_000_000_000; 300]), 0);
        assert_eq!(narrow(&[i64::MAX, i64::MAX - 255]), 2);
        assert_eq!(narrow(&[i64::MIN, i64::MAX]), 16);
        assert_eq!(Narrow::new(&[1]).unwrap().get(256), None);
    }
}
