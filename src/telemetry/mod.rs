//! What operators see: log lines, metrics and traces.
//!
//! Log lines and metrics are made of names from the configuration and of words from the code, never of what a
//! stranger sent: a metric's labels stay few whatever arrives, and no secret of a request can
//! reach a line of the log at any level.

pub mod log;
mod metrics;
pub mod traces;

pub use metrics::{Metrics, OpenTunnel, Tunneled};
