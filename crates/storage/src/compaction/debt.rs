//! How far compaction of a table lags behind; its writers wait when that is too far. And which
//! partitions it leaves alone for a while, because a merge there failed.

use super::policy::Place;
use model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A partition of which a merge failed is left alone for so long, then for twice as long, and so on.
const RETRY_MIN: Duration = Duration::from_secs(30);
const RETRY_MAX: Duration = Duration::from_secs(3_600);

/// The debt of one table.
#[derive(Debug)]
pub(crate) struct Debt {
    /// The most segments of one partition that wait to become one.
    segments: AtomicUsize,
    /// Those of them that writers do not wait for: what was found at the start.
    excused: AtomicUsize,
    /// Nobody merges any more.
    forgiven: AtomicBool,
    /// Whether somebody has said that writers wait.
    told: AtomicBool,
    paid: Notify,
    failures: Mutex<Failures>,
}

/// Partitions of which a merge failed.
#[derive(Debug, Default)]
pub(crate) struct Failures(HashMap<Place, Failure>);

#[derive(Clone, Copy, Debug)]
struct Failure {
    until: Instant,
    delay: Duration,
}

impl Failures {
    /// Forgets those of partitions that are gone.
    pub(super) fn retain(&mut self, is_there: impl Fn(Place) -> bool) {
        self.0.retain(|place, _| is_there(*place));
    }

    /// Whether a partition is left alone now.
    pub(super) fn holds(&self, place: Place, now: Instant) -> bool {
        self.0.get(&place).is_some_and(|failure| failure.until > now)
    }

    /// Whether the last merge of a partition failed.
    pub(super) fn has(&self, place: Place) -> bool {
        self.0.contains_key(&place)
    }

    /// When the first of them is to be tried again.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        self.0.values().map(|failure| failure.until).filter(|until| *until > now).min()
    }

    /// A merge failed; how long the partition is left alone.
    pub(super) fn failed(&mut self, place: Place, now: Instant) -> Duration {
        let before = self.0.get(&place).map(|failure| failure.delay);
        let delay = before.map_or(RETRY_MIN, |delay| (delay * 2).min(RETRY_MAX));
        self.0.insert(place, Failure { until: now + delay, delay });
        delay
    }

    /// A merge went well.
    pub(super) fn succeeded(&mut self, place: Place) {
        self.0.remove(&place);
    }

    /// Lets all of them be tried now.
    pub(crate) fn retry_now(&mut self, now: Instant) {
        self.0.values_mut().for_each(|failure| failure.until = now);
    }
}

impl Default for Debt {
    fn default() -> Self {
        Self {
            segments: AtomicUsize::new(0),
            excused: AtomicUsize::new(usize::MAX),
            forgiven: AtomicBool::new(false),
            told: AtomicBool::new(false),
            paid: Notify::new(),
            failures: Mutex::default(),
        }
    }
}

impl Debt {
    /// Which partitions are left alone; whoever holds it says what waits.
    pub(crate) fn failures(&self) -> parking_lot::MutexGuard<'_, Failures> {
        self.failures.lock()
    }

    /// So many segments wait now. Of what is said first writers are excused.
    pub(super) fn set(&self, segments: usize) {
        self.excused.fetch_min(segments, Ordering::AcqRel);
        self.segments.store(segments, Ordering::Release);
        self.paid.notify_waiters();
    }

    /// Writers wait for nothing any more.
    pub(crate) fn forgive(&self) {
        self.forgiven.store(true, Ordering::Release);
        self.paid.notify_waiters();
    }

    /// How many segments of one partition wait to become one, at most.
    pub(crate) fn waiting(&self) -> usize {
        self.segments.load(Ordering::Acquire)
    }

    /// How many writers may have to wait for.
    pub(crate) fn segments(&self) -> usize {
        if self.forgiven.load(Ordering::Acquire) {
            return 0;
        }
        let counted = self.waiting().saturating_sub(self.excused.load(Ordering::Acquire));
        if counted == 0 {
            self.told.store(false, Ordering::Release);
        }
        counted
    }

    /// Whether nobody has said yet that writers wait, since they last did not.
    pub(crate) fn is_news(&self) -> bool {
        !self.told.swap(true, Ordering::AcqRel)
    }

    /// Waits until it is below a limit.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when it takes too long.
    pub(crate) async fn room(&self, limit: usize, patience: Duration) -> Result<()> {
        if self.segments() < limit {
            return Ok(());
        }
        let wait = async {
            loop {
                let paid = self.paid.notified();
                tokio::pin!(paid);
                paid.as_mut().enable();
                if self.segments() < limit {
                    return;
                }
                paid.await;
            }
        };
        tokio::time::timeout(patience, wait).await.map_err(|_| {
            let what = format!(
                "{} segments of one partition wait to be merged, compaction.segments_limit is {limit}",
                self.segments()
            );
            Error::new(ErrorKind::Overloaded { what })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_fails_is_tried_again_less_and_less_often() {
        let (place, other, start) = ((0, 10), (10, 10), Instant::now());
        let mut failures = Failures::default();
        let mut now = start;
        for seconds in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            assert!(!failures.holds(place, now));
            assert_eq!(failures.failed(place, now), Duration::from_secs(seconds));
            assert!(failures.holds(place, now) && !failures.holds(other, now));
            assert_eq!(failures.next(now), Some(now + Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
        }
        failures.failed(place, now);
        failures.retry_now(now);
        assert!(!failures.holds(place, now) && failures.next(now).is_none());
        assert_eq!(failures.failed(place, now), RETRY_MAX, "being asked makes it no better");
        failures.succeeded(place);
        assert_eq!(failures.failed(place, now), RETRY_MIN);
        failures.retain(|place| place == other);
        assert_eq!(failures.next(now), None);
    }

    #[test]
    fn what_is_found_at_the_start_is_nobodys_fault() {
        let debt = Debt::default();
        assert_eq!(debt.segments(), 0);
        debt.set(100);
        assert_eq!((debt.segments(), debt.waiting()), (0, 100));
        debt.set(107);
        assert_eq!(debt.segments(), 7);
        debt.set(3);
        debt.set(10);
        assert_eq!(debt.segments(), 7);
        debt.forgive();
        debt.set(50);
        assert_eq!(debt.segments(), 0);
    }
}
