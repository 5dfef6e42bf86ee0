//! Traces, from the first request on.

use std::sync::Arc;

use super::running::Server;
use crate::telemetry::traces;

impl Server {
    /// Has requests traced, if the configuration says so. Without an exporter requests go on.
    pub(super) fn begin_traces(&mut self) {
        let Some(settings) = &self.config.get_mut().traces else {
            return;
        };
        let (clock, metrics) = (&self.foundation.clock, &self.foundation.metrics);
        match traces::start(settings, Arc::clone(clock), Arc::clone(metrics)) {
            Ok((tracer, exporter)) => {
                self.edge.gateway().trace_by(tracer);
                self.tasks.spawn(exporter.run());
            }
            Err(error) => tracing::error!(%error, "no request is traced"),
        }
    }
}
