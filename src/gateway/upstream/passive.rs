//! Servers that fail the requests they get are left out for a while.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a server is left out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassiveHealth {
    /// Failures in a row: no connection, no answer, or one of 5xx.
    pub failures: u32,
    /// How long it gets no requests then.
    pub pause: Duration,
}

/// What requests said of the servers of one upstream.
#[derive(Debug)]
pub(super) struct Failing {
    wanted: PassiveHealth,
    servers: Mutex<HashMap<SocketAddr, Server>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Server {
    /// In a row.
    failures: u32,
    /// Left out until then, by the clock's uptime.
    until: Duration,
}

impl Failing {
    pub(super) fn new(wanted: PassiveHealth) -> Self {
        Self {
            wanted,
            servers: Mutex::default(),
        }
    }

    /// Whether `server` is left out.
    pub(super) fn is_left_out(&self, server: SocketAddr, now: Duration) -> bool {
        let servers = self.servers();
        servers
            .get(&server)
            .is_some_and(|server| now < server.until)
    }

    /// Notes how a request went; whether the server is left out from now on.
    ///
    /// One failure after a pause is enough for the next one: it is tried, not trusted.
    pub(super) fn note(&self, server: SocketAddr, is_well: bool, now: Duration) -> bool {
        let mut servers = self.servers();
        if is_well {
            servers.remove(&server);
            return false;
        }
        let known = servers.entry(server).or_default();
        known.failures = known.failures.saturating_add(1);
        // What was under way when it was left out does not make its pause longer.
        let is_news = known.failures >= self.wanted.failures && now >= known.until;
        if is_news {
            known.until = now.saturating_add(self.wanted.pause);
        }
        is_news
    }

    /// Keeps what is known of these servers alone.
    pub(super) fn retain(&self, is_there: impl Fn(SocketAddr) -> bool) {
        self.servers().retain(|server, _| is_there(*server));
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<SocketAddr, Server>> {
        // Changed under the lock by code that cannot panic.
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_server_is_left_out_after_failures_in_a_row_and_tried_again() {
        let failing = Failing::new(PassiveHealth {
            failures: 3,
            pause: SECOND * 10,
        });
        let server = SocketAddr::from(([192, 0, 2, 1], 80));
        let fails = |at| failing.note(server, false, at);
        assert!(!fails(SECOND) && !fails(SECOND));
        assert!(!failing.note(server, true, SECOND), "no longer in a row");
        assert!(!fails(SECOND) && !fails(SECOND));
        assert!(!failing.is_left_out(server, SECOND));

        assert!(fails(SECOND), "the third");
        assert!(failing.is_left_out(server, SECOND * 10));
        assert!(!fails(SECOND * 2), "it is already");
        assert!(!failing.is_left_out(server, SECOND * 11), "not for longer");
        assert!(fails(SECOND * 11), "one is enough now");
        assert!(!failing.note(server, true, SECOND * 30));
        assert!(!fails(SECOND * 30), "well again");
    }
}
