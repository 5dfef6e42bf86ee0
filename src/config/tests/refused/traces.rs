//! Traces.

#[cfg(feature = "opentelemetry")]
use super::Row;
use super::assert_refused;

/// With the feature a right section is none of the problems.
#[test]
#[cfg(not(feature = "opentelemetry"))]
fn traces_are_refused_by_a_program_without_them() {
    assert_refused(&[(
        "a right section",
        "traces: {endpoint: 'http://127.0.0.1:4318/v1/traces'}",
        &[(
            "traces",
            2,
            "cargo build --release --features opentelemetry",
        )],
    )]);
}

#[test]
#[cfg(feature = "opentelemetry")]
fn traces_that_would_go_nowhere_are_refused() {
    assert_refused(TRACES);
}

#[cfg(feature = "opentelemetry")]
const TRACES: &[Row] = &[
    (
        "no endpoint, and numbers out of bounds",
        "traces: {sample_one_in: 0}",
        &[
            ("traces.endpoint", 2, "is missing"),
            ("traces.sample_one_in", 2, "from 1 to 1000000"),
        ],
    ),
    (
        "an endpoint of gRPC",
        "traces: {endpoint: 'collector:4317'}",
        &[("traces.endpoint", 2, "is not an http or https URL")],
    ),
    (
        "a secret in the URL, and a network that is none",
        "traces: {endpoint: 'https://a:b@collector/v1/traces', parents_from: [proxies, 10.0.0.1/8]}",
        &[
            ("traces.endpoint", 2, "without a user"),
            ("traces.parents_from[0]", 2, "is neither an IP address"),
            ("traces.parents_from[1]", 2, "is an address inside"),
        ],
    ),
];
