//! Traces: one span for each request and one for its exchange with the upstream, by OpenTelemetry's
//! protocol (OTLP over HTTP) to a collector.
//!
//! They are made behind the cargo feature `opentelemetry`; without it `off` has the same types, of
//! which there are no values, and a configuration that asks for traces is refused.
//!
//! Who may have a request traced costs us and the collector something, and decides what the spans of a
//! trace are joined with. So a `traceparent` (W3C Trace Context) counts only when the peer is listed;
//! that of anybody else is replaced, as §3.2 of the recommendation has it for a restarted trace, and
//! chance says what is sampled. Requests wait for nothing here: spans go into a queue that is bounded,
//! and what does not fit is counted (`cellgate_trace_spans_total`) and lost.

#[cfg(feature = "opentelemetry")]
mod exporter;
#[cfg(not(feature = "opentelemetry"))]
mod off;
#[cfg(feature = "opentelemetry")]
mod parent;
#[cfg(feature = "opentelemetry")]
mod span;
#[cfg(feature = "opentelemetry")]
mod tracer;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

#[cfg(feature = "opentelemetry")]
pub use exporter::Exporter;
#[cfg(not(feature = "opentelemetry"))]
pub use off::{Exporter, Trace, Tracer, start};
#[cfg(feature = "opentelemetry")]
pub use tracer::{Trace, Tracer, start};

/// Whether this program was built with traces.
pub const IS_BUILT_IN: bool = cfg!(feature = "opentelemetry");

/// Where traces go, and of which requests there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSettings {
    /// The URL that spans are posted to.
    pub endpoint: String,
    /// `service.name` of all spans.
    pub service_name: String,
    /// One of so many requests is sampled, where no peer that counts says otherwise.
    pub sample_one_in: u32,
    /// Peers whose `traceparent` counts.
    pub parents_from: Vec<IpNet>,
}

/// Why there can be no traces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("traces cannot be exported: {0}")]
pub struct TraceError(&'static str);

/// What there is to say of a request at its end.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The method, if it is one that is known.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: Option<&'a str>,
    /// The host that was asked.
    pub host: Option<&'a str>,
    /// The path, never the query.
    pub path: Option<&'a str>,
    /// The name of the route that was found.
    pub route: Option<&'a str>,
    /// 0: nothing was answered.
    pub status: u16,
    /// Where it came from.
    pub client: IpAddr,
    /// The id of the decision.
    pub request_id: &'a str,
    /// The outcome as one word.
    pub decision: &'a str,
    /// Why it was refused or failed; else empty.
    pub reason: &'a str,
    /// How long it took until now.
    pub took: Duration,
    /// Its exchange with the upstream, if there was one.
    pub upstream: Option<UpstreamCall<'a>>,
}

/// An exchange with an upstream.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamCall<'a> {
    /// The name of the upstream.
    pub name: &'a str,
    /// The server that was chosen last.
    pub server: Option<SocketAddr>,
    /// How often one was chosen.
    pub tries: u8,
    /// How long the last try took until now.
    pub took: Duration,
    /// 0: it did not answer.
    pub status: u16,
}
