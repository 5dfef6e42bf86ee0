//! The alarm of a connection.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Rings when a connection has waited long enough, for whatever it waits for.
///
/// Each request sets it at least twice, and nearly none waits until it rings. A timer for each time
/// would be put into the runtime's wheel and taken out again. This one stays in it: it is only ever
/// moved to an earlier time, and when it goes off too early, it is set again.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Returns in `patience`, counted from when it is first waited for.
    pub(in crate::gateway) async fn after(&mut self, patience: Duration) {
        let now = Instant::now();
        // What no clock will show may as well be half a minute more often than never.
        let due = now.checked_add(patience);
        let due = due.unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 24 * 3600));
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            if timer.deadline() > due || timer.is_elapsed() {
                timer.as_mut().reset(due);
            }
            timer.as_mut().await;
            if Instant::now() >= due {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::Alarm;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(500);

    /// How long it took to ring after `patience`, with the clock of the runtime.
    async fn waited(alarm: &mut Alarm, patience: Duration) -> Duration {
        let began = Instant::now();
        alarm.after(patience).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn it_rings_when_it_is_due() {
        let mut alarm = Alarm::default();
        for patience in [SHORT, LONG, SHORT, SHORT, LONG] {
            let waited = waited(&mut alarm, patience).await;
            assert!(
                waited >= patience && waited < patience + Duration::from_millis(5),
                "{waited:?} instead of {patience:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_was_given_up_does_not_ring_for_the_next() {
        let mut alarm = Alarm::default();
        for _ in 0..3 {
            let given_up = timeout(SHORT / 2, alarm.after(SHORT)).await;
            assert!(given_up.is_err(), "rang too early");
            assert!(waited(&mut alarm, LONG).await >= LONG);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_patience_without_end_is_taken() {
        let mut alarm = Alarm::default();
        let given_up = timeout(LONG * 3, alarm.after(Duration::MAX)).await;
        assert!(given_up.is_err(), "rang");
    }
}
