//! The types of a program without traces: none of them has a value.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use super::{Ended, TraceError, TraceSettings};
use crate::clock::Clock;
use crate::telemetry::Metrics;

/// Begins traces.
#[derive(Debug)]
pub struct Tracer(Infallible);

/// The trace of one request.
#[derive(Debug)]
pub struct Trace(Infallible);

/// Sends spans to the collector.
#[derive(Debug)]
pub struct Exporter(Infallible);

/// Nothing can be started.
///
/// # Errors
///
/// Always: the configuration refuses what would come here.
pub fn start(
    _settings: &TraceSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> Result<(Tracer, Exporter), TraceError> {
    drop((clock, metrics));
    Err(TraceError("this program was built without them"))
}

impl Tracer {
    /// Begins the trace of a request with these fields that came from `peer`.
    pub fn begin(self: &Arc<Self>, _peer: IpAddr, _headers: &HeaderMap) -> Trace {
        match self.0 {}
    }
}

impl Trace {
    /// Tells the upstream of the trace.
    pub fn write(&self, _headers: &mut HeaderMap) {
        match self.0 {}
    }

    /// Ends the trace.
    pub fn end(&self, _ended: &Ended<'_>) {
        match self.0 {}
    }
}

impl Exporter {
    /// Sends spans until it is dropped.
    pub async fn run(self) {
        std::future::ready(()).await;
        match self.0 {}
    }
}
