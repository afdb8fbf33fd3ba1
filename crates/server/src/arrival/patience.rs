//! How long one body is waited for: each pause alone, and all pauses together by what has come.
//!
//! Only the waiting for the client counts, not what the server does in between, so that a body
//! that waits for memory is not blamed on its sender.

use crate::settings::{Limits, milliseconds};
use model::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The patience with one body.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    longest_pause_ms: u64,
    bytes_per_second: u64,
    /// How much longer the client may let wait, in all.
    left: Duration,
}

impl Patience {
    /// For a body of which nothing has come: one longest pause, to begin with.
    pub(super) fn new(limits: &Limits) -> Self {
        let longest_pause_ms = limits.body_read_timeout_ms;
        let left = milliseconds(longest_pause_ms);
        Self { longest_pause_ms, bytes_per_second: limits.body_bytes_per_second, left }
    }

    /// Waits for the next piece.
    ///
    /// # Errors
    /// [`ErrorKind::BodyTimeout`] after one long pause, [`ErrorKind::BodyTooSlow`] after many.
    pub(super) async fn wait_for<T>(&mut self, next: impl Future<Output = T>) -> Result<T> {
        let pause = milliseconds(self.longest_pause_ms);
        let began = Instant::now();
        let came = timeout(pause.min(self.left), next).await;
        self.left = self.left.saturating_sub(began.elapsed());
        came.map_err(|_| {
            Error::new(match began.elapsed() < pause {
                true => ErrorKind::BodyTooSlow { bytes_per_second: self.bytes_per_second },
                false => ErrorKind::BodyTimeout { limit_ms: self.longest_pause_ms },
            })
        })
    }

    /// Counts bytes that came.
    pub(super) fn earn(&mut self, bytes: usize) {
        let nanos = u128::try_from(bytes).unwrap_or(u128::MAX).saturating_mul(1_000_000_000);
        let earned = nanos / u128::from(self.bytes_per_second.max(1));
        self.left = self.left.saturating_add(Duration::from_nanos(u64::try_from(earned).unwrap_or(u64::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::time::sleep;

    fn patience(body_read_timeout_ms: u64, body_bytes_per_second: u64) -> Patience {
        Patience::new(&Limits { body_read_timeout_ms, body_bytes_per_second, ..Limits::default() })
    }

    #[tokio::test]
    async fn a_drip_is_given_up() {
        let (mut drip, began) = (patience(300, 1_000), Instant::now());
        let error = loop {
            match drip.wait_for(sleep(milliseconds(40))).await {
                Ok(()) => drip.earn(1),
                Err(error) => break error,
            }
        };
        assert_eq!(*error.kind, ErrorKind::BodyTooSlow { bytes_per_second: 1_000 });
        assert!(began.elapsed() >= milliseconds(290) && began.elapsed() < milliseconds(3_000), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn what_has_come_earns_time_to_the_byte() {
        let mut slow = patience(200, 1_000);
        for _ in 0..10 {
            slow.wait_for(sleep(milliseconds(50))).await.unwrap();
            slow.earn(1_000);
        }
        assert!(slow.left > Duration::from_secs(9) && slow.left < milliseconds(9_701), "{:?}", slow.left);
        slow.earn(usize::MAX);
        assert!(slow.left > Duration::from_secs(1 << 30));
    }

    #[tokio::test]
    async fn one_long_pause_ends_a_body_however_much_came() {
        let mut patience = patience(100, 1_000);
        patience.earn(100 << 20);
        let error = patience.wait_for(pending::<()>()).await.unwrap_err();
        assert_eq!(*error.kind, ErrorKind::BodyTimeout { limit_ms: 100 });
    }

    #[tokio::test]
    async fn the_servers_own_time_is_not_the_senders() {
        let mut patience = patience(100, 1);
        for _ in 0..5 {
            patience.wait_for(ready(())).await.unwrap();
            sleep(milliseconds(40)).await;
        }
        patience.wait_for(sleep(milliseconds(50))).await.unwrap();
    }
}
