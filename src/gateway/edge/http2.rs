//! What an HTTP/2 connection may take (RFC 9113 §10.5).

use pingora::protocols::http::v2::server::{H2Options, default_h2_options};

use crate::gateway::settings::Limits;

/// Requests at once on one connection.
const STREAMS: u32 = 100;
/// Streams that were reset before we took them, then the connection ends: rapid reset
/// (CVE-2023-44487).
const RESET_BEFORE_ACCEPTED: usize = 20;
/// Streams that we had to reset for what downstream did, then the connection ends
/// (CVE-2025-8671). The library would take a thousand.
const RESET_FOR_ERRORS: usize = 100;

/// What `limits` mean for a connection that begins now.
pub(super) fn options(limits: &Limits) -> H2Options {
    let mut options = default_h2_options();
    options
        .max_header_list_size(header_list_bytes(limits))
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESET_BEFORE_ACCEPTED)
        .max_local_error_reset_streams(Some(RESET_FOR_ERRORS));
    options
}

/// The size of the largest head that the limits let through, as HTTP/2 counts it: 32 bytes for
/// each field besides name and value (RFC 9113 §6.5.2). What is larger is not even decoded.
fn header_list_bytes(limits: &Limits) -> u32 {
    /// Name, value and the 32 bytes of `:method`, `:scheme` and `:authority`, and those of `:path`
    /// except its value.
    const PSEUDO_FIELDS: usize = 512;
    let fields = limits.head_fields.saturating_mul(32);
    let bytes = PSEUDO_FIELDS
        .saturating_add(limits.target_bytes)
        .saturating_add(limits.head_bytes)
        .saturating_add(fields);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::support::limits;

    #[test]
    fn the_largest_head_that_the_limits_allow_fits_the_list() {
        let limits = Limits {
            head_bytes: 1000,
            head_fields: 10,
            target_bytes: 100,
            ..limits()
        };

        assert_eq!(header_list_bytes(&limits), 512 + 100 + 1000 + 320);
    }
}
