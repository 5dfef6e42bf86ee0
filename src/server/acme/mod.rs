//! Certificates by ACME (RFC 8555): ordered, kept and renewed by this process.
//!
//! What is in force stays so until a new certificate is there. An order that fails is tried again,
//! later each time. The protocol is `instant-acme`'s, over our own client; here is when to order, how
//! a name is proven, and where everything is kept.
//!
//! Until the first certificate of a name is there, handshakes under that name fail. A certificate of
//! our own making in its place would be worse than none: people learn to click it away, and programs
//! that do not verify send their passwords to whoever is there.

mod advice;
mod client;
mod files;
mod order;
mod renewal;

pub(super) use files::{missing, open_files, with_ordered};
pub(super) use order::Answering;
pub(super) use renewal::{Around, Ordering, Patience, Renewal};
