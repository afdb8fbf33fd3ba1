//! Inputs that are nearly those of a corpus, by a seed.

/// A small generator (SplitMix64).
pub(crate) struct Dice(u64);

/// Numbers at which code goes wrong.
const ODD: [u64; 8] = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF_FFFF, 1 << 63, u64::MAX];

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap_or(0)
    }

    /// A few changes of some bytes, with parts of others among them.
    pub(crate) fn mutate(&mut self, bytes: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, others);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let end = (at + 1 + self.below(16)).min(bytes.len());
        let odd = ODD[self.below(ODD.len())].to_le_bytes();
        match self.below(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = odd[0];
                }
            }
            2 => {
                let part = bytes.get_mut(at..end).unwrap_or_default();
                part.iter_mut().zip(odd).for_each(|(byte, odd)| *byte = odd);
            }
            3 => drop(bytes.drain(at.min(end)..end)),
            4 => {
                let part = bytes.get(at..end).unwrap_or_default().to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            5 => {
                let length = self.below(8);
                bytes.splice(at..at, odd.into_iter().take(length));
            }
            6 => {
                let other = others.get(self.below(others.len())).map_or(&[][..], Vec::as_slice);
                let from = self.below(other.len());
                let to = (from + self.below(64)).min(other.len());
                bytes.splice(at..at, other.get(from..to).unwrap_or_default().iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_gives_one_input_and_others_give_others() {
        let files = [b"0123456789".to_vec(), Vec::new()];
        let mutated = |seed| Dice::new(seed).mutate(&files[0], &files);
        assert_eq!(mutated(7), mutated(7));
        let all: std::collections::BTreeSet<_> = (0..200).map(mutated).collect();
        assert!(all.len() > 150, "{}", all.len());
        assert!((0..200).all(|seed| Dice::new(seed).mutate(b"", &files).len() < 300));
    }
}
