//! The dice of a power cut: the same seed gives the same disk.

/// A small generator (SplitMix64) with a bias drawn from its seed, so that some cuts lose almost
/// all and some almost nothing.
#[derive(Debug)]
pub(super) struct Dice {
    state: u64,
    kept_of_eight: u64,
}

/// What becomes of one unsynced change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Lost,
    /// Kept in part: of something made of bytes.
    Torn,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self { state: seed, kept_of_eight: 0 };
        dice.kept_of_eight = match seed {
            0 => 0,
            u64::MAX => 8,
            _ => [1, 4, 7][dice.below(3) as usize],
        };
        dice
    }

    /// A number from 0 to `end - 1`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }

    /// Whether something that cannot be torn is kept.
    pub(super) fn keeps(&mut self) -> bool {
        self.below(8) < self.kept_of_eight
    }

    /// What becomes of something that can be torn.
    pub(super) fn fate(&mut self) -> Fate {
        let may_tear = (1..8).contains(&self.kept_of_eight);
        if may_tear && self.below(4) == 0 {
            Fate::Torn
        } else if self.keeps() {
            Fate::Kept
        } else {
            Fate::Lost
        }
    }
}
