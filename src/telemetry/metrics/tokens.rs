//! What becomes of tokens, passwords and grants.

use std::sync::Mutex;

use prometheus::IntCounterVec;

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Tokens {
    refused: IntCounterVec,
    verifications: IntCounterVec,
    last_verifications: Mutex<[u64; 3]>,
    sign_ins: IntCounterVec,
    grants: IntCounterVec,
    introspections: IntCounterVec,
    registrations: IntCounterVec,
    clients_refused: IntCounterVec,
    client_key_fetches: IntCounterVec,
}

impl Tokens {
    pub(super) fn register(families: &Families<'_>) -> Self {
        Self {
            refused: families.counters(
                "tokens_refused_total",
                "Bearer tokens refused, by reason.",
                &["reason"],
            ),
            verifications: families.counters(
                "token_verifications_total",
                "Bearer tokens found remembered (hit), verified by signature, or failed.",
                &["result"],
            ),
            last_verifications: Mutex::default(),
            sign_ins: families.counters("sign_ins_total", "Sign-ins, by outcome.", &["outcome"]),
            grants: families.counters(
                "grants_total",
                "Answers of the token endpoint, by grant type and outcome.",
                &["grant_type", "outcome"],
            ),
            introspections: families.counters(
                "introspections_total",
                "Answers of the introspection endpoint, by outcome.",
                &["outcome"],
            ),
            registrations: families.counters(
                "registrations_total",
                "Answers to clients that register themselves, by what was asked and outcome.",
                &["action", "outcome"],
            ),
            clients_refused: families.counters(
                "clients_refused_total",
                "Clients that did not prove who they are, by reason.",
                &["reason"],
            ),
            client_key_fetches: families.counters(
                "client_key_fetches_total",
                "Attempts to fetch the keys of a client from its jwks_uri, by outcome.",
                &["outcome"],
            ),
        }
    }
}

impl Metrics {
    /// A bearer token was refused.
    pub fn token_refused(&self, reason: &'static str) {
        self.tokens.refused.with_label_values(&[reason]).inc();
    }

    /// A sign-in ended: `success`, `denied`, `locked`, `step_up_required`, `throttled`,
    /// `unavailable`, `error`.
    pub fn sign_in(&self, outcome: &'static str) {
        self.tokens.sign_ins.with_label_values(&[outcome]).inc();
    }

    /// The token endpoint answered; `outcome` is `issued` or the RFC 6749 §5.2 code.
    pub fn grant(&self, grant_type: &'static str, outcome: &'static str) {
        self.tokens
            .grants
            .with_label_values(&[grant_type, outcome])
            .inc();
    }

    /// The introspection endpoint answered: `active`, `inactive`, or the RFC 6749 §5.2 code.
    pub fn introspection(&self, outcome: &'static str) {
        self.tokens
            .introspections
            .with_label_values(&[outcome])
            .inc();
    }

    /// The registration endpoint answered a `register`, `read`, `replace` or `remove`: `success`,
    /// or the code of RFC 7591 §3.2.2.
    pub fn registration(&self, action: &'static str, outcome: &'static str) {
        self.tokens
            .registrations
            .with_label_values(&[action, outcome])
            .inc();
    }

    /// A client did not prove who it is: `credentials`, `unknown_client`, `method`, `secret`,
    /// `assertion`, `replay`.
    pub fn client_refused(&self, reason: &'static str) {
        let counters = &self.tokens.clients_refused;
        counters.with_label_values(&[reason]).inc();
    }

    /// The keys of a client were asked for at its `jwks_uri`: `fetched` or `failed`.
    pub fn client_keys_fetched(&self, outcome: &'static str) {
        let counters = &self.tokens.client_key_fetches;
        counters.with_label_values(&[outcome]).inc();
    }

    /// Takes over the verifier's own counts, made since it was built.
    ///
    /// A reload builds a new verifier, which counts from zero; the families go on from where
    /// they were.
    pub fn verifications(&self, hits: u64, verified: u64, failed: u64) {
        let now = [hits, verified, failed];
        let Ok(mut last) = self.tokens.last_verifications.lock() else {
            return;
        };
        let was_replaced = now.iter().zip(last.iter()).any(|(now, last)| now < last);
        let base = if was_replaced { [0; 3] } else { *last };
        for ((result, now), base) in ["hit", "verified", "failed"].into_iter().zip(now).zip(base) {
            self.tokens
                .verifications
                .with_label_values(&[result])
                .inc_by(now.saturating_sub(base));
        }
        *last = now;
    }
}
