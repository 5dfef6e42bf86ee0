//! A request as spans, in the words of OpenTelemetry's semantic conventions for HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::parent::Parent;
use super::tracer::Ids;
use super::{Ended, UpstreamCall};

/// The spans of one request.
#[derive(Debug)]
pub(super) struct Spans {
    pub(super) request: SpanData,
    pub(super) upstream: Option<SpanData>,
}

/// What is the same in all spans of a request.
struct Frame<'a> {
    ids: Ids,
    state: TraceState,
    ended: &'a Ended<'a>,
    end: SystemTime,
}

impl Spans {
    /// The spans of a request that ended at `now`, since 1970.
    pub(super) fn new(ids: Ids, parent: Option<&Parent>, ended: &Ended<'_>, now: Duration) -> Self {
        let state = parent.and_then(|parent| parent.state.as_deref()?.parse().ok());
        let frame = Frame {
            ids,
            state: state.unwrap_or_default(),
            ended,
            end: UNIX_EPOCH + now,
        };
        Self {
            request: frame.request(parent),
            upstream: ended.upstream.as_ref().map(|call| frame.upstream(call)),
        }
    }

    /// How many they are.
    pub(super) const fn len(&self) -> usize {
        if self.upstream.is_some() { 2 } else { 1 }
    }
}

impl Frame<'_> {
    fn request(&self, parent: Option<&Parent>) -> SpanData {
        let ended = self.ended;
        let mut attributes = vec![
            KeyValue::new("http.request.method", ended.method.to_owned()),
            KeyValue::new("client.address", ended.client.to_string()),
            KeyValue::new("cellgate.request.id", ended.request_id.to_owned()),
            KeyValue::new("cellgate.decision", ended.decision.to_owned()),
        ];
        for (name, value) in [
            ("url.scheme", ended.scheme),
            ("url.path", ended.path),
            ("server.address", ended.host),
            ("http.route", ended.route),
        ] {
            attributes.extend(value.map(|value| KeyValue::new(name, value.to_owned())));
        }
        if !ended.reason.is_empty() {
            attributes.push(KeyValue::new("cellgate.reason", ended.reason.to_owned()));
        }
        attributes.extend(status_code(ended.status));
        let is_error = ended.status >= 500;
        if is_error {
            attributes.push(error_type(ended.reason, ended.status));
        }
        let name = match ended.route {
            Some(route) => format!("{} {route}", ended.method),
            None => ended.method.to_owned(),
        };
        SpanData {
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| parent.span),
            parent_span_is_remote: parent.is_some(),
            span_kind: SpanKind::Server,
            name: name.into(),
            attributes,
            status: status(is_error),
            ..self.span(self.ids.request, ended.took)
        }
    }

    fn upstream(&self, call: &UpstreamCall<'_>) -> SpanData {
        let ended = self.ended;
        let mut attributes = vec![
            KeyValue::new("http.request.method", ended.method.to_owned()),
            KeyValue::new("cellgate.upstream.name", call.name.to_owned()),
        ];
        if let Some(server) = call.server {
            attributes.push(KeyValue::new("server.address", server.ip().to_string()));
            attributes.push(KeyValue::new("server.port", i64::from(server.port())));
        }
        if call.tries > 1 {
            let resent = i64::from(call.tries) - 1;
            attributes.push(KeyValue::new("http.request.resend_count", resent));
        }
        attributes.extend(status_code(call.status));
        // For a client a 4xx is an error as well, as the conventions have it.
        let is_error = call.status == 0 || call.status >= 400;
        if is_error {
            attributes.push(error_type(ended.reason, call.status));
        }
        SpanData {
            parent_span_id: self.ids.request,
            parent_span_is_remote: false,
            span_kind: SpanKind::Client,
            name: ended.method.to_owned().into(),
            attributes,
            status: status(is_error),
            ..self.span(self.ids.upstream, call.took)
        }
    }

    fn span(&self, id: SpanId, took: Duration) -> SpanData {
        let flags = TraceFlags::SAMPLED;
        let state = self.state.clone();
        SpanData {
            span_context: SpanContext::new(self.ids.trace, id, flags, false, state),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "".into(),
            start_time: self.end.checked_sub(took).unwrap_or(UNIX_EPOCH),
            end_time: self.end,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("cellgate")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

fn status_code(status: u16) -> Option<KeyValue> {
    let is_there = status != 0;
    is_there.then(|| KeyValue::new("http.response.status_code", i64::from(status)))
}

/// What failed, in our words where we have some.
fn error_type(reason: &str, status: u16) -> KeyValue {
    let text = match (reason, status) {
        ("", 0) => "_OTHER".to_owned(),
        ("", status) => status.to_string(),
        (reason, _) => reason.to_owned(),
    };
    KeyValue::new("error.type", text)
}

fn status(is_error: bool) -> Status {
    if is_error {
        Status::error("")
    } else {
        Status::Unset
    }
}
