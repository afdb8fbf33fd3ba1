//! The one order of all writes: a hybrid clock, and the clock of the operating system.

use crate::Clock;
use model::Sequence;
use std::time::{SystemTime, UNIX_EPOCH};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_micros(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

/// Issues numbers: each the greater of the last plus one and the time in microseconds. Lives
/// inside the log queue's lock, so that numbers and places in the log have one order.
#[derive(Debug)]
pub(crate) struct Sequencer {
    last: Sequence,
}

impl Sequencer {
    /// Goes on after a number.
    pub(crate) fn after(last: Sequence) -> Self {
        Self { last }
    }

    /// The newest number issued.
    pub(crate) fn last(&self) -> Sequence {
        self.last
    }

    /// Issues the next number.
    pub(crate) fn next(&mut self, clock: &dyn Clock) -> Sequence {
        self.last = Sequence((self.last.0 + 1).max(clock.now_micros()));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(u64);
    impl Clock for Fixed {
        fn now_micros(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn numbers_rise_when_the_clock_stands_or_goes_back() {
        let mut sequencer = Sequencer::after(Sequence(100));
        assert_eq!(sequencer.next(&Fixed(500)), Sequence(500));
        assert_eq!(sequencer.next(&Fixed(500)), Sequence(501));
        assert_eq!(sequencer.next(&Fixed(20)), Sequence(502));
        assert_eq!(sequencer.last(), Sequence(502));
    }
}
