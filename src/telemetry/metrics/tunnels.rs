//! Tunnels that WebSockets go through.

use prometheus::{IntCounter, IntCounterVec, IntGauge};

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Tunnels {
    open: IntGauge,
    closed: IntCounterVec,
    bytes_up: IntCounter,
    bytes_down: IntCounter,
}

/// In which direction bytes pass a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunneled {
    /// To the upstream.
    Up,
    /// To downstream.
    Down,
}

/// Counts a tunnel as open for as long as it is held.
#[derive(Debug)]
pub struct OpenTunnel(IntGauge);

impl Tunnels {
    pub(super) fn register(families: &Families<'_>) -> Self {
        let bytes = families.counters(
            "tunnel_bytes_total",
            "Bytes that passed tunnels, by direction.",
            &["direction"],
        );
        Self {
            open: families.gauge("tunnels", "Tunnels (WebSockets) that are open."),
            closed: families.counters(
                "tunnels_closed_total",
                "Tunnels that were closed, by who or what closed them.",
                &["reason"],
            ),
            bytes_up: bytes.with_label_values(&["up"]),
            bytes_down: bytes.with_label_values(&["down"]),
        }
    }
}

impl Metrics {
    /// A tunnel stands.
    #[must_use]
    pub fn tunnel_opened(&self) -> OpenTunnel {
        let open = self.tunnels.open.clone();
        open.inc();
        OpenTunnel(open)
    }

    /// A tunnel was closed by `downstream`, `upstream`, `idle`, `lifetime`, `shutdown`,
    /// `token_expired` or `revoked`.
    pub fn tunnel_closed(&self, reason: &'static str) {
        self.tunnels.closed.with_label_values(&[reason]).inc();
    }

    /// So many bytes passed a tunnel.
    pub fn tunneled(&self, direction: Tunneled, bytes: usize) {
        let counter = match direction {
            Tunneled::Up => &self.tunnels.bytes_up,
            Tunneled::Down => &self.tunnels.bytes_down,
        };
        counter.inc_by(bytes as u64);
    }
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        self.0.dec();
    }
}
