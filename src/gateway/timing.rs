//! How long an upstream may take on one route.
//!
//! Three of the times are pauses: Pingora measures each read and each write, so that a long download
//! or a stream of events goes on for as long as something comes. The total is a deadline, for what a
//! pause cannot bound: an upstream that says a little again and again. It counts from the end of the
//! request, so that who uploads slowly has not used it up, over all tries together, and until the last
//! byte of the answer. Not until its head alone: Pingora has one timeout for reading head and body,
//! and a deadline that an upstream could stop by sending a head would bound nothing. So a route with
//! long downloads, streams of events or calls of gRPC that stay open has no total. A WebSocket is one
//! only until its handshake is answered; tunnels have limits of their own.
//!
//! While nothing was answered, downstream is told by 504. What is on its way then is cut off by
//! [`lifetime`], since an answer that was begun has no other way to end early.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::upstreams::peer::PeerOptions;
use pingora::{Error, ErrorType};

use super::lifetime;
use super::rejection::Rejection;

/// What is added to a deadline before an exchange without an answer is dropped instead of being
/// answered: Pingora's timers notice it first, except while an upstream sends a head byte by byte.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the upstream may take on a route; `None`: what the upstream's settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// Until a connection stands, TLS included.
    pub connect: Option<Duration>,
    /// Between two reads.
    pub read: Option<Duration>,
    /// Between two writes.
    pub write: Option<Duration>,
    /// Until the connection is closed that a request of this route leaves behind.
    pub idle: Option<Duration>,
    /// From the end of the request to the end of its answer; `None`: any time.
    pub total: Option<Duration>,
}

impl RouteTimeouts {
    /// Whether the upstream's settings say everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for RouteTimeouts {
    /// As an operator reads it: `3s to connect, 5s in all`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = [
            (self.connect, "to connect"),
            (self.read, "between two reads"),
            (self.write, "between two writes"),
            (self.idle, "unused"),
            (self.total, "in all"),
        ];
        let times = times.iter().filter_map(|(time, of)| {
            let time = time.as_ref()?;
            Some(format!("{time:?} {of}"))
        });
        f.write_str(&times.collect::<Vec<_>>().join(", "))
    }
}

/// What an upstream took too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// To connect, to say something or to take something.
    Pause,
    /// To be done, on a route with a total.
    Deadline,
}

impl Late {
    /// The reason as one word.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Pause => "upstream_timeout",
            Self::Deadline => "deadline",
        }
    }
}

/// The times of one exchange.
#[derive(Debug)]
pub(super) struct Timing {
    timeouts: Arc<RouteTimeouts>,
    /// When the total is over; `None` before the request is whole, and without one.
    due: Option<Instant>,
    /// Whether the total is less than a pause may be.
    reads_by_total: bool,
}

impl Timing {
    pub(super) const fn new(timeouts: Arc<RouteTimeouts>) -> Self {
        Self {
            timeouts,
            due: None,
            reads_by_total: false,
        }
    }

    /// Notes that all of the request came; only the first time counts.
    pub(super) fn request_ends(&mut self, now: Instant) {
        if let (None, Some(total)) = (self.due, self.timeouts.total)
            && let Some(due) = now.checked_add(total)
        {
            self.due = Some(due);
            // An answer to a connection that took its time is waited for a little longer.
            let connect = self.timeouts.connect.unwrap_or(total).min(total);
            lifetime::is_due(due, connect.saturating_add(PATIENCE));
        }
    }

    /// Whether the total is over.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    /// Puts the route's times in the place of the upstream's, for a try that begins now.
    ///
    /// # Errors
    ///
    /// A timeout when there is no time left.
    pub(super) fn apply(&mut self, options: &mut PeerOptions, now: Instant) -> pingora::Result<()> {
        if self.is_over(now) {
            return Err(overdue());
        }
        let left = match self.due {
            Some(due) => Some(due.saturating_duration_since(now)),
            None => self.timeouts.total,
        };
        let at_most = |time: Option<Duration>| match (time, left) {
            (Some(time), Some(left)) => Some(time.min(left)),
            (time, left) => time.or(left),
        };
        let connect = at_most(self.timeouts.connect.or(options.total_connection_timeout));
        options.connection_timeout = connect;
        options.total_connection_timeout = connect;
        let read = self.timeouts.read.or(options.read_timeout);
        options.read_timeout = at_most(read);
        self.reads_by_total = options.read_timeout != read;
        options.write_timeout = at_most(self.timeouts.write.or(options.write_timeout));
        options.idle_timeout = self.timeouts.idle.or(options.idle_timeout);
        Ok(())
    }

    /// What a timeout at the upstream comes to.
    pub(super) fn blame(&self, error: &Error, now: Instant) -> Rejection {
        match self.due {
            Some(due) if now >= due => Rejection::UpstreamTimeout(Late::Deadline),
            // Pingora waits for the answer while the request still comes, and each piece of that
            // begins the wait anew: nothing came for as long as all may take.
            None if self.reads_by_total && matches!(error.etype(), ErrorType::ReadTimedout) => {
                Rejection::BodyTimeout
            }
            _ => Rejection::UpstreamTimeout(Late::Pause),
        }
    }
}

/// That a deadline is over, before Pingora noticed.
pub(super) fn overdue() -> Box<Error> {
    Error::explain(ErrorType::ReadTimedout, "the deadline of the route is over").into_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn upstreams() -> PeerOptions {
        let mut options = PeerOptions::new();
        options.connection_timeout = Some(3 * SECOND);
        options.total_connection_timeout = Some(3 * SECOND);
        options.read_timeout = Some(60 * SECOND);
        options.write_timeout = Some(61 * SECOND);
        options.idle_timeout = Some(62 * SECOND);
        options
    }

    fn times(options: &PeerOptions) -> [u64; 5] {
        [
            options.connection_timeout,
            options.total_connection_timeout,
            options.read_timeout,
            options.write_timeout,
            options.idle_timeout,
        ]
        .map(|time| time.unwrap().as_secs())
    }

    #[test]
    fn what_a_route_says_takes_the_place_of_what_its_upstream_says() {
        let all = RouteTimeouts {
            connect: Some(SECOND),
            read: Some(600 * SECOND),
            write: Some(5 * SECOND),
            idle: Some(6 * SECOND),
            total: None,
        };
        let one = RouteTimeouts {
            read: Some(7 * SECOND),
            ..RouteTimeouts::default()
        };
        for (timeouts, expected) in [(all, [1, 1, 600, 5, 6]), (one, [3, 3, 7, 61, 62])] {
            let mut options = upstreams();
            let mut timing = Timing::new(Arc::new(timeouts));
            timing.apply(&mut options, Instant::now()).unwrap();
            assert_eq!(times(&options), expected, "{timeouts}");
        }
    }

    #[test]
    fn every_try_has_what_is_left_of_the_total() {
        let mut timing = Timing::new(Arc::new(RouteTimeouts {
            total: Some(5 * SECOND),
            ..RouteTimeouts::default()
        }));
        let began = Instant::now();
        timing.request_ends(began);
        timing.request_ends(began + 4 * SECOND);

        for (later, expected) in [(0, [3, 3, 5, 5, 62]), (3, [2, 2, 2, 2, 62])] {
            let mut options = upstreams();
            timing.apply(&mut options, began + later * SECOND).unwrap();
            assert_eq!(times(&options), expected, "after {later} s");
        }
        let refused = timing.apply(&mut upstreams(), began + 5 * SECOND);
        let blamed = timing.blame(&refused.unwrap_err(), began + 5 * SECOND);
        assert_eq!(blamed.reason(), "deadline");
    }
}
