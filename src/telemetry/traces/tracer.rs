//! Traces of requests: which of them are sampled, and under which ids.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use opentelemetry::{SpanId, TraceId};
use tokio::sync::mpsc;

use super::exporter::Exporter;
use super::parent::{Parent, TRACEPARENT, TRACESTATE};
use super::span::Spans;
use super::{Ended, TraceError, TraceSettings};
use crate::clock::Clock;
use crate::entropy::random;
use crate::telemetry::Metrics;

/// Requests whose spans may wait to be sent: of a second under heavy load, with every request sampled.
const QUEUE: usize = 4096;

/// Begins traces.
#[derive(Debug)]
pub struct Tracer {
    settings: TraceSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    queue: mpsc::Sender<Spans>,
}

/// The trace of one request.
#[derive(Debug)]
pub struct Trace {
    tracer: Arc<Tracer>,
    ids: Ids,
    is_sampled: bool,
    parent: Option<Parent>,
}

/// The ids of a trace and of our spans in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    pub(super) trace: TraceId,
    /// Of the request.
    pub(super) request: SpanId,
    /// Of its exchange with the upstream.
    pub(super) upstream: SpanId,
}

/// Makes traces to `settings`; spans are sent while the exporter runs.
///
/// # Errors
///
/// [`TraceError`] when there can be no client for the collector.
pub fn start(
    settings: &TraceSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> Result<(Tracer, Exporter), TraceError> {
    let (queue, spans) = mpsc::channel(QUEUE);
    let exporter = Exporter::new(settings, spans, Arc::clone(&metrics))?;
    let tracer = Tracer {
        settings: settings.clone(),
        clock,
        metrics,
        queue,
    };
    Ok((tracer, exporter))
}

impl Tracer {
    /// Begins the trace of a request with these fields that came from `peer`.
    pub fn begin(self: &Arc<Self>, peer: IpAddr, headers: &HeaderMap) -> Trace {
        let peer = peer.to_canonical();
        let mut networks = self.settings.parents_from.iter();
        let counts = networks.any(|network| network.contains(&peer));
        let parent = counts.then(|| Parent::read(headers)).flatten();
        let made = ids();
        let is_sampled = match (&parent, &made) {
            (_, None) => false,
            (Some(parent), Some(_)) => parent.is_sampled,
            (None, Some(ids)) => self.is_chosen(ids.trace),
        };
        // Without randomness there is nothing to tell of, and the request is refused anyway.
        let mut ids = made.unwrap_or(Ids {
            trace: TraceId::INVALID,
            request: SpanId::INVALID,
            upstream: SpanId::INVALID,
        });
        if let Some(parent) = &parent {
            ids.trace = parent.trace;
        }
        Trace {
            tracer: Arc::clone(self),
            ids,
            is_sampled,
            parent,
        }
    }

    /// Whether chance, which is in the id, has a new trace sampled.
    fn is_chosen(&self, trace: TraceId) -> bool {
        let [.., a, b, c, d] = trace.to_bytes();
        u32::from_be_bytes([a, b, c, d]).is_multiple_of(self.settings.sample_one_in)
    }
}

impl Trace {
    /// Tells the upstream of the trace: our exchange with it is the parent of what it does.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Ids {
            trace, upstream, ..
        } = self.ids;
        let flags = u8::from(self.is_sampled);
        let value = format!("00-{trace}-{upstream}-{flags:02x}");
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(TRACEPARENT, value);
        }
        // Of a trace that is not this one it would tell nothing.
        headers.remove(TRACESTATE);
        let state = self.parent.as_ref().and_then(|it| it.state.as_deref());
        if let Some(Ok(state)) = state.map(HeaderValue::from_str) {
            headers.insert(TRACESTATE, state);
        }
    }

    /// Ends the trace; waits for nobody.
    pub fn end(&self, ended: &Ended<'_>) {
        if !self.is_sampled {
            return;
        }
        let now = self.tracer.clock.since_epoch();
        let spans = Spans::new(self.ids, self.parent.as_ref(), ended, now);
        let n_spans = spans.len();
        if self.tracer.queue.try_send(spans).is_err() {
            self.tracer.metrics.trace_spans("dropped", n_spans);
        }
    }
}

/// New ids; `None` without randomness.
fn ids() -> Option<Ids> {
    let trace = TraceId::from_bytes(random().ok()?);
    let request = SpanId::from_bytes(random().ok()?);
    let upstream = SpanId::from_bytes(random().ok()?);
    Some(Ids {
        trace,
        request,
        upstream,
    })
}
