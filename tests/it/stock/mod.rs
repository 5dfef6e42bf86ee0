//! Stock clients, unmodified, with the applications under `apps/`, which are what their
//! documentation shows. Each signs in by code and PKCE, asks userinfo, calls a protected route,
//! refreshes, calls it again, and signs out.
//!
//! `.ci/run` installs them at the versions that `apps/package-lock.json` and
//! `apps/requirements.txt` name. The `openidconnect` crate is in `relying_party.rs`.
//! `oidc_provider.rs` has a stock issuer instead, whose tokens the gateway accepts; `cells.rs` has clients
//! of the files of Cells, `cells_grpc.rs` and `cells_sync.rs` the libraries that its desktop client is made of.

mod application;
mod files;
mod journey;

mod application_passwords;
mod assertion;
mod authlib;
mod cells;
mod cells_grpc;
mod cells_sync;
mod forward_auth;
mod mod_auth_openidc;
mod oidc_client_ts;
mod oidc_provider;
mod openid_client;
