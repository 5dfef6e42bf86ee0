//! Cellgate: an OpenID Provider and a token-checking reverse proxy in one process.
//!
//! It terminates OpenID Connect at the edge, has passwords checked by the users' backend
//! (Pydio Cells, or a static list), validates bearer tokens inline, and forwards admitted
//! requests to resource servers with the caller's identity in headers nobody else can set.
//!
//! Uses go one way: `server → gateway → {provider, issuers} → {users, store, jose} → model`. Every part
//! declares the settings it runs on; [`config`] makes them from the operator's file and only
//! [`server`] and [`cli`] read it.

pub mod cli;
pub mod config;
pub mod server;

pub mod gateway;
pub mod provider;

pub mod issuers;

pub mod jose;
pub mod store;
pub mod users;

pub mod model;

pub mod clock;
pub mod entropy;
pub mod failures;
mod gate;
mod outbound;
pub mod secret;
pub mod telemetry;
