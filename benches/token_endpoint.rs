//! What the provider's answers cost, in process: codes and refresh tokens for tokens on SQLite at
//! both levels of durability, and the documents that clients and resource servers read.
//!
//! Access tokens are signed with ES256 and ID tokens with RS256, the defaults. The database is a
//! file; how long a commit takes with `synchronous=FULL` is a property of the disk it is on.
//!
//! One group counts processor time: a token request beside the two things it cannot do without,
//! its signature and its durable write.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot be set up is to stop"
)]

#[path = "cpu_time.rs"]
mod cpu_time;
#[path = "test_bed.rs"]
#[expect(dead_code, reason = "another bench uses the rest")]
mod test_bed;
#[path = "token_requests.rs"]
mod token_requests;

use cellgate::jose::{KeyRing, SigningAlgorithm};
use cellgate::store::Synchronous;
use cpu_time::CpuTime;
use criterion::{BatchSize, Criterion};
use test_bed::{NOW, TestBed, keys};
use token_requests::{
    claims, client_credentials_request, code_request, get_request, refresh_request,
};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let keys = keys();
    for (row, synchronous) in [("FULL", Synchronous::Full), ("NORMAL", Synchronous::Normal)] {
        let bed = TestBed::on_sqlite(&keys, synchronous);
        token_endpoint(&mut criterion, &bed, row);
    }
    documents(
        &mut criterion,
        &TestBed::on_sqlite(&keys, Synchronous::Normal),
    );
    criterion.final_summary();

    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .configure_from_args();
    let bed = TestBed::on_sqlite(&keys, Synchronous::Full);
    processor_time(&mut criterion, &bed, &keys);
    criterion.final_summary();
}

/// A refresh without an ID token and a token for the client itself, each one signature (ES256).
fn processor_time(criterion: &mut Criterion<CpuTime>, bed: &TestBed, keys: &KeyRing) {
    let mut group = criterion.benchmark_group("token endpoint/processor time, synchronous FULL");
    let key = keys.signing_key(SigningAlgorithm::Es256, NOW);
    let key = key.expect("the key is there");
    let claims = claims(&bed.tokens(&client_credentials_request()).access_token);
    group.bench_function("signature alone", |bench| {
        bench.iter(|| key.sign_jwt("at+jwt", &claims).expect("it signs"));
    });
    group.bench_function("durable write alone", |bench| {
        bench.iter_batched(
            || bed.new_refresh_token(),
            |token| bed.rotate(&token),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("refresh_token", |bench| {
        bench.iter_batched(
            || refresh_request(bed.new_refresh_token().expose()),
            |request| bed.answer(request),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("client_credentials", |bench| {
        bench.iter_batched(
            client_credentials_request,
            |request| bed.answer(request),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn token_endpoint(criterion: &mut Criterion, bed: &TestBed, synchronous: &str) {
    let mut group = criterion.benchmark_group(format!("token endpoint/synchronous {synchronous}"));
    group.bench_function("authorization_code", |bench| {
        // Each code is good once, and storing it is the work of another endpoint.
        bench.iter_batched(
            || code_request(&bed.new_code()),
            |request| bed.answer(request),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("refresh_token", |bench| {
        bench.iter_batched(
            || refresh_request(&bed.new_tokens().refresh_token),
            |request| bed.answer(request),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn documents(criterion: &mut Criterion, bed: &TestBed) {
    let bearer = format!("Bearer {}", bed.new_tokens().access_token);
    let mut group = criterion.benchmark_group("documents");
    for (row, path, authorization) in [
        ("discovery", "/oidc/.well-known/openid-configuration", None),
        ("jwks", "/oidc/.well-known/jwks.json", None),
        ("userinfo", "/oidc/userinfo", Some(bearer.as_str())),
    ] {
        group.bench_function(row, |bench| {
            bench.iter_batched(
                || get_request(path, authorization),
                |request| bed.answer(request),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}
