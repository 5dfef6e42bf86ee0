//! The connection guard: everything between `accept` and Pingora's parser.
//!
//! Pingora has no cap on connections, no deadline on a request's head as a whole (each byte
//! renews its read timeout), and on listeners that speak HTTP/2 without TLS it waits for 24
//! bytes for ever. Its own accept loop starts the TLS handshake before any code of ours runs.
//! So the loop is ours, and it calls Pingora with a connection that has a slot, a deadline and a
//! known protocol. It refuses to know what a request means.

mod guard;
mod head_deadline;
mod preface;
mod slots;
mod socket;

#[cfg(test)]
mod tests;

pub(crate) use guard::{Guard, Limits, Opening};
pub(crate) use slots::Slots;
pub(crate) use socket::Socket;
