//! The connection guard: everything between `accept` and Pingora's parser.
//!
//! Pingora has no cap on connections, gives a TLS handshake a minute before any code of a service
//! runs, and on listeners that speak HTTP/2 without TLS it waits for 24 bytes for ever. So the
//! accept loop is ours, and it calls Pingora with a connection that has a slot and a known
//! protocol, and the address that a load balancer in front of us saw. It refuses to know what a request is; heads are read and timed by the gateway.

mod application;
mod guard;
mod preface;
mod proxy_header;
mod slots;
mod socket;

#[cfg(test)]
mod tests;

pub(crate) use application::Application;
pub(crate) use guard::{Guard, Limits, Opening};
pub(crate) use slots::Slots;
pub(crate) use socket::Socket;
