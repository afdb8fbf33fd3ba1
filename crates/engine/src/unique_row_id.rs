//! Generated row ids: 64-bit, roughly ascending, never given twice, not even by two runs of one
//! store. The time in microseconds stands in the high bits, a counter in the low ones.

use model::Sequence;
use parking_lot::Mutex;

/// Low bits that count within one microsecond.
const COUNTER_BITS: u32 = 10;

/// Gives out row ids.
#[derive(Debug)]
pub(crate) struct UniqueRowIds {
    last: Mutex<i64>,
}

impl UniqueRowIds {
    /// Ids above every id of a row whose write took at most this number: numbers count
    /// microseconds too, and never fall behind the clock that made the ids.
    pub(crate) fn after(reached: Sequence) -> Self {
        Self { last: Mutex::new(shifted(reached.0.saturating_add(1))) }
    }

    /// The first of `count` consecutive ids that nobody else gets.
    pub(crate) fn take(&self, now_micros: u64, count: usize) -> i64 {
        let mut last = self.last.lock();
        let first = shifted(now_micros).max(last.saturating_add(1));
        *last = first.saturating_add(i64::try_from(count).unwrap_or(i64::MAX)).saturating_sub(1).max(first);
        first
    }
}

fn shifted(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX).min(i64::MAX >> COUNTER_BITS) << COUNTER_BITS
}

#[cfg(test)]
mod tests {
    use super::UniqueRowIds;
    use model::Sequence;

    #[test]
    fn ids_ascend_when_the_clock_stands_still_or_goes_back() {
        let ids = UniqueRowIds::after(Sequence::ZERO);
        let first = ids.take(1_000_000, 5_000);
        let second = ids.take(1_000_000, 1);
        assert_eq!(second, first + 5_000);
        assert_eq!(ids.take(10, 1), second + 1);
        assert!(ids.take(2_000_000, 1) > second + 1);
    }

    #[test]
    fn a_later_run_begins_above_what_an_earlier_run_wrote() {
        let before = UniqueRowIds::after(Sequence::ZERO).take(1_000_000, 1_024);
        // The write took its number at or after the clock that made the ids; then the clock went back.
        let after = UniqueRowIds::after(Sequence(1_000_000));
        assert!(after.take(5, 1) > before + 1_023);
    }
}
