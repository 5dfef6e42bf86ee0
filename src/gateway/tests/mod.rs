//! The gateway over real sockets, against an upstream that records what it gets.

pub(crate) mod support;
