//! Cellgate from outside: the real program on real sockets.
//!
//! One module for each thing a stranger would look for; `support` is the language they are
//! written in.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets the unexpected is to stop there"
)]

mod support;

mod acme;
mod bodies;
mod browser;
mod cells;
mod cells_challenge;
mod cells_clients;
mod cells_interface;
mod cells_passwords;
mod cells_site;
mod cells_tokens;
mod cells_upstream;
mod certificates;
mod client_certificates;
mod cluster;
mod conformance;
mod demo;
mod hostile;
mod http2;
mod issuers;
mod limits;
mod log;
mod logout;
mod monitoring;
mod operations;
mod overload;
mod pages;
mod policy;
mod provider;
mod relying_party;
mod sign_in;
mod source;
mod state;
mod stock;
mod tls;
mod tokens;
mod traffic;
mod upgrade;
mod users_http;
mod websockets;
