//! Access log, audit log, metrics. CONTRACT STUB: bodies to be written.

use std::time::Duration;

/// What Prometheus reads.
#[derive(Debug)]
pub struct Metrics {}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All families, registered in a registry of their own.
    pub fn new() -> Self {
        todo!()
    }
    /// The text exposition format.
    pub fn render(&self) -> String {
        todo!()
    }
    /// A request ended: route (configured name, or `-`), outcome (`forwarded`, `answered`, `rejected`, `upstream_error`...), status, duration.
    pub fn request(&self, _route: &str, _outcome: &'static str, _status: u16, _took: Duration) {
        todo!()
    }
    /// A bearer token was refused, by reason.
    pub fn token_refused(&self, _reason: &'static str) {
        todo!()
    }
    /// A sign-in ended: `success`, `denied`, `locked`, `step_up_required`, `throttled`, `unavailable`, `error`.
    pub fn sign_in(&self, _outcome: &'static str) {
        todo!()
    }
    /// The token endpoint answered: grant type, outcome (`issued` or the RFC code).
    pub fn grant(&self, _grant_type: &'static str, _outcome: &'static str) {
        todo!()
    }
    /// An upstream answered or failed: name, outcome (`ok`, `connect_error`, `timeout`, `error`), time to first byte.
    pub fn upstream(&self, _upstream: &str, _outcome: &'static str, _took: Duration) {
        todo!()
    }
    /// A server of an upstream went up or down.
    pub fn upstream_health(&self, _upstream: &str, _server: &str, _healthy: bool) {
        todo!()
    }
    /// Token verifications since the start (set from `TokenVerifier::counts` when rendered).
    pub fn verifications(&self, _hits: u64, _verified: u64, _failed: u64) {
        todo!()
    }
    /// In-flight requests.
    pub fn in_flight(&self, _delta: i64) {
        todo!()
    }
}
