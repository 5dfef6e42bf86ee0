//! The provider as its peers see it: requests in, answers out, one file for each specification.

pub(super) mod support;

mod access_rules;
mod account;
mod authorization_request;
mod back_channel_logout;
mod bearer_tokens;
mod browser_safety;
mod claims;
mod client_authentication;
mod client_credentials;
mod code_grant;
mod cors;
mod discovery;
mod front_channel_logout;
mod hints;
mod id_tokens;
mod introspection;
mod log;
mod logout;
mod outage;
mod pairwise;
mod pkce;
mod prompts;
mod redirect_uris;
mod refresh;
mod refresh_model;
mod resources;
mod revocation;
mod routing;
mod sessions;
mod sign_in;
mod stored_clients;
mod templates;
mod userinfo;
mod xss;
