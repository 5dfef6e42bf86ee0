//! Trusted issuers: their keys, and what they say of tokens.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Issuers {
    fetches: IntCounterVec,
    keys_age: IntGaugeVec,
    keys_failing: IntGaugeVec,
    introspections: IntCounterVec,
    introspection_duration: HistogramVec,
    sign_ins: IntCounterVec,
}

impl Issuers {
    pub(super) fn register(families: &Families<'_>) -> Self {
        Self {
            fetches: families.counters(
                "issuer_key_fetches_total",
                "Attempts to fetch the keys of a trusted issuer, by outcome.",
                &["issuer", "outcome"],
            ),
            keys_age: families.gauges(
                "issuer_keys_age_seconds",
                "Since the keys of a trusted issuer were fetched; absent when they never were.",
                &["issuer"],
            ),
            keys_failing: families.gauges(
                "issuer_keys_failing",
                "1 while the last attempt to fetch the keys of a trusted issuer failed.",
                &["issuer"],
            ),
            introspections: families.counters(
                "issuer_introspections_total",
                "Opaque tokens, by what their issuer said of them, or said before (remembered).",
                &["issuer", "outcome"],
            ),
            introspection_duration: families.histograms(
                "issuer_introspection_duration_seconds",
                "Until a trusted issuer said what an opaque token is, or failed to.",
                &["issuer"],
            ),
            sign_ins: families.counters(
                "issuer_sign_ins_total",
                "Tokens that a trusted issuer was asked for, for a code or for a refresh token, by \
                 outcome.",
                &["issuer", "request", "outcome"],
            ),
        }
    }
}

impl Metrics {
    /// Keys of a trusted issuer were fetched (`ok`), or why they were not.
    pub fn issuer_fetch(&self, issuer: &str, outcome: &'static str) {
        self.issuers
            .fetches
            .with_label_values(&[issuer, outcome])
            .inc();
    }

    /// How old the keys of a trusted issuer are, and whether it fails to show them.
    pub fn issuer_keys(&self, issuer: &str, age: Option<Duration>, is_failing: bool) {
        if let Some(age) = age {
            let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
            self.issuers.keys_age.with_label_values(&[issuer]).set(age);
        }
        self.issuers
            .keys_failing
            .with_label_values(&[issuer])
            .set(i64::from(is_failing));
    }

    /// Forgets whose keys there are: a reload may have brought others.
    pub fn forget_issuer_keys(&self) {
        self.issuers.keys_age.reset();
        self.issuers.keys_failing.reset();
    }

    /// An opaque token was shown: `active`, `inactive`, `refused`, `unavailable`, `remembered`.
    pub fn issuer_introspection(&self, issuer: &str, outcome: &'static str) {
        self.issuers
            .introspections
            .with_label_values(&[issuer, outcome])
            .inc();
    }

    /// A trusted issuer was asked about a token, and took so long.
    pub fn issuer_introspection_took(&self, issuer: &str, took: Duration) {
        self.issuers
            .introspection_duration
            .with_label_values(&[issuer])
            .observe(took.as_secs_f64());
    }

    /// A trusted issuer was asked for tokens where users sign in at it: for a `code` or by `refresh`.
    pub fn issuer_sign_in(&self, issuer: &str, request: &'static str, outcome: &'static str) {
        self.issuers
            .sign_ins
            .with_label_values(&[issuer, request, outcome])
            .inc();
    }
}
