//! The gateway over real sockets, against an upstream that records the bytes it gets.

pub(crate) mod support;

pub(crate) mod corpus;
pub(crate) mod harness;
mod played;
pub(crate) mod recorder;

mod access_lines;
mod application_passwords;
mod assertions;
mod cors;
mod credentials;
mod forward_auth;
mod frames;
mod framing;
mod http2;
mod http2_floods;
mod http2_heads;
mod invariants;
mod issuers;
mod lifetime;
mod opaque;
mod path_changes;
pub(crate) mod policies;
mod pools;
mod provider;
mod requests;
mod responses;
mod sign_in;
mod slow;
mod streaming;
mod swap;
mod timeouts;
pub(crate) mod token_places;
#[cfg(feature = "opentelemetry")]
mod traces;
mod traffic;
mod transport_security;
mod tunnel;
mod upstream_tls;
mod upstreams;
