//! Upstreams against real sockets.
