//! What the process does for itself.

use std::sync::Mutex;
use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use super::families::Families;
use super::{Metrics, gauge_value};
use crate::telemetry::log::Lost;

#[derive(Debug)]
pub(super) struct Upkeep {
    reloads: IntCounterVec,
    reload_failing: IntGauge,
    maintenance_failures: IntCounterVec,
    duty_held: IntGaugeVec,
    revocations: IntGauge,
    state_age: IntGauge,
    certificate_days_left: IntGaugeVec,
    logout_tokens: IntCounterVec,
    logout_tokens_pending: IntGauge,
    upstream_renewals: IntCounterVec,
    log_lines_dropped: IntCounterVec,
    last_lost: Mutex<Lost>,
}

impl Upkeep {
    pub(super) fn register(families: &Families<'_>) -> Self {
        Self {
            reloads: families.counters(
                "reloads_total",
                "Reloads of the configuration, by outcome.",
                &["outcome"],
            ),
            reload_failing: families.gauge(
                "reload_failing",
                "1 while the last reload failed and the configuration before it is in force.",
            ),
            maintenance_failures: families.counters(
                "maintenance_failures_total",
                "Background work that failed and will be tried again, by task.",
                &["task"],
            ),
            duty_held: families.gauges(
                "duty_held",
                "1 where this process does what one of several does at a time, by duty.",
                &["duty"],
            ),
            revocations: families.gauge("revocations", "Revoked tokens, grants and clients remembered."),
            state_age: families.gauge(
                "state_age_seconds",
                "Seconds since revocations were last read from the database; a few while it answers.",
            ),
            certificate_days_left: families.gauges(
                "certificate_days_left",
                "Whole days until a certificate of a listener ends, by its first name; negative when it has, or is not there yet.",
                &["listener", "name"],
            ),
            logout_tokens: families.counters(
                "logout_tokens_total",
                "Attempts to tell a client of the end of a session, by outcome.",
                &["outcome"],
            ),
            logout_tokens_pending: families.gauge(
                "logout_tokens_pending",
                "Clients that are still to be told of the end of a session.",
            ),
            upstream_renewals: families.counters(
                "upstream_session_renewals_total",
                "Renewals of users' sessions at the users' backend, by outcome.",
                &["outcome"],
            ),
            log_lines_dropped: families.counters(
                "log_lines_dropped_total",
                "Lines that did not reach the log: no room (queue_full), or not taken by standard output (write_failed).",
                &["reason"],
            ),
            last_lost: Mutex::default(),
        }
    }
}

impl Metrics {
    /// The configuration was loaded anew, or kept because the new one is not usable.
    pub fn reload(&self, succeeded: bool) {
        let outcome = if succeeded { "loaded" } else { "kept" };
        self.upkeep.reloads.with_label_values(&[outcome]).inc();
        self.upkeep.reload_failing.set(i64::from(!succeeded));
    }

    /// A client was told of the end of a session (`delivered`), will be tried again
    /// (`postponed`), or is given up (`failed`).
    pub fn logout_token(&self, outcome: &'static str) {
        let counters = &self.upkeep.logout_tokens;
        counters.with_label_values(&[outcome]).inc();
    }

    /// How many clients are still to be told of the end of a session.
    pub fn logout_tokens_pending(&self, count: usize) {
        self.upkeep.logout_tokens_pending.set(gauge_value(count));
    }

    /// A user's session at the users' backend was `renewed`, its renewal `refused`, or `failed` and
    /// will be tried again.
    pub fn upstream_renewal(&self, outcome: &'static str) {
        let counters = &self.upkeep.upstream_renewals;
        counters.with_label_values(&[outcome]).inc();
    }

    /// Background work failed: `keys`, `revocations`, `garbage`, `logout_tokens`,
    /// `upstream_sessions`.
    pub fn maintenance_failed(&self, task: &'static str) {
        self.upkeep
            .maintenance_failures
            .with_label_values(&[task])
            .inc();
    }

    /// Whether this process does the work that one of several does at a time: `keys`, `garbage`.
    pub fn duty(&self, duty: &'static str, is_held: bool) {
        let gauges = &self.upkeep.duty_held;
        gauges.with_label_values(&[duty]).set(i64::from(is_held));
    }

    /// Takes over the log's own counts, made since the process began.
    pub fn log_lines_lost(&self, now: Lost) {
        let Ok(mut last) = self.upkeep.last_lost.lock() else {
            return;
        };
        for (reason, now, last) in [
            ("queue_full", now.dropped, last.dropped),
            ("write_failed", now.refused, last.refused),
        ] {
            self.upkeep
                .log_lines_dropped
                .with_label_values(&[reason])
                .inc_by(now.saturating_sub(last));
        }
        *last = now;
    }

    /// How many days each certificate has left, by listener and name; others are forgotten.
    pub fn certificate_days_left<'a>(
        &self,
        days: impl IntoIterator<Item = ((&'a str, &'a str), i64)>,
    ) {
        let gauges = &self.upkeep.certificate_days_left;
        gauges.reset();
        for ((listener, name), days) in days {
            gauges.with_label_values(&[listener, name]).set(days);
        }
    }

    /// How many revocations are remembered.
    ///
    /// `age` is how long ago they were last read from the database.
    pub fn revocations(&self, count: usize, age: Duration) {
        self.upkeep.revocations.set(gauge_value(count));
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        self.upkeep.state_age.set(age);
    }
}
