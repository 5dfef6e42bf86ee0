//! Spans on their way to the collector.
//!
//! Once a second all that waits is sent, some hundreds at a time. What the collector does not take is
//! lost and counted: nothing is sent twice, and nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use reqwest::redirect::Policy;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::span::Spans;
use super::{TraceError, TraceSettings};
use crate::telemetry::Metrics;

const PERIOD: Duration = Duration::from_secs(1);
/// For a whole answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests whose spans are sent together.
const TOGETHER: usize = 512;
/// More than a collector has to say.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Sends spans to the collector.
#[derive(Debug)]
pub struct Exporter {
    spans: mpsc::Receiver<Spans>,
    exporter: SpanExporter,
    metrics: Arc<Metrics>,
    is_failing: bool,
}

impl Exporter {
    pub(super) fn new(
        settings: &TraceSettings,
        spans: mpsc::Receiver<Spans>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, TraceError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("cellgate/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|_| TraceError("there is no HTTP client"))?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client(client))
            .with_endpoint(settings.endpoint.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(TIMEOUT)
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(|_| TraceError("the endpoint or a header of the environment is none"))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name.clone())
            .with_attribute(version);
        exporter.set_resource(&resource.build());
        Ok(Self {
            spans,
            exporter,
            metrics,
            is_failing: false,
        })
    }

    /// Sends spans until it is dropped.
    pub async fn run(mut self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            while !self.spans.is_empty() {
                let mut waiting = Vec::new();
                self.spans.recv_many(&mut waiting, TOGETHER).await;
                self.send(waiting).await;
            }
            if self.spans.is_closed() {
                return;
            }
        }
    }

    async fn send(&mut self, waiting: Vec<Spans>) {
        let spans = waiting.into_iter();
        let spans = spans.flat_map(|it| std::iter::once(it.request).chain(it.upstream));
        let spans: Vec<_> = spans.collect();
        let n_spans = spans.len();
        let sent = self.exporter.export(spans).await;
        let outcome = if sent.is_ok() { "exported" } else { "failed" };
        self.metrics.trace_spans(outcome, n_spans);
        match (sent, self.is_failing) {
            (Err(error), false) => {
                tracing::warn!(%error, "the collector of traces does not take spans; they are lost");
                self.is_failing = true;
            }
            (Ok(()), true) => {
                tracing::info!("the collector of traces takes spans again");
                self.is_failing = false;
            }
            _ => {}
        }
    }
}

/// Our HTTP client, as the exporter asks for one.
#[derive(Debug)]
struct Client(reqwest::Client);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err("the answer is too large".into());
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        Ok(response.body(body.freeze())?)
    }
}
