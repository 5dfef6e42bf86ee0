//! The configuration that is printed. Every value is written as JSON, which is YAML too.

use std::fmt::Write as _;

use serde_json::Value;

use super::Plan;

/// Names in the metadata of a client, and in the configuration, in the order they are printed.
const KEYS: [(&str, &str); 16] = [
    ("client_name", "name"),
    ("token_endpoint_auth_method", "authentication"),
    (
        "token_endpoint_auth_signing_alg",
        "token_endpoint_auth_signing_alg",
    ),
    ("jwks_uri", "jwks_uri"),
    ("redirect_uris", "redirect_uris"),
    ("post_logout_redirect_uris", "post_logout_redirect_uris"),
    ("grant_types", "grant_types"),
    ("scope", "scope"),
    ("audience", "audience"),
    ("logo_uri", "logo_uri"),
    ("client_uri", "client_uri"),
    ("policy_uri", "policy_uri"),
    ("tos_uri", "tos_uri"),
    ("backchannel_logout_uri", "backchannel_logout_uri"),
    (
        "backchannel_logout_session_required",
        "backchannel_logout_session_required",
    ),
    (
        "userinfo_signed_response_alg",
        "userinfo_signed_response_alg",
    ),
];

/// Writes the sections `provider` and `users`.
pub(super) fn write(plan: &Plan) -> String {
    let mut lines = Lines::default();
    lines.add(0, "provider:");
    lines.add(2, &format!("issuer: {}", quoted(&plan.issuer)));
    for (section, key, seconds) in &plan.lifetimes {
        lines.add(2, &format!("{section}: {{ {key}: {seconds} }}"));
    }
    if !plan.cells_clients.is_empty() {
        let names = plan.cells_clients.join(", ");
        lines.add(2, &format!("cells_clients: [{names}]"));
    }
    if !plan.clients.is_empty() {
        lines.add(2, "clients:");
    }
    for client in &plan.clients {
        lines.add(4, &format!("- id: {}", quoted(&client.id)));
        for (name, key) in KEYS {
            if let Some(value) = client.metadata.get(name) {
                lines.add(6, &format!("{key}: {value}"));
            }
        }
        if let Some(hash) = &client.secret_hash {
            lines.add(6, &format!("secret_hash: {}", quoted(hash)));
        }
        if let Some(file) = &client.keys_file {
            lines.add(6, &format!("jwks_file: {}", quoted(file)));
        }
    }
    lines.add(0, "users:");
    lines.add(2, "cells:");
    lines.add(4, &format!("url: {}", quoted(&plan.upstream)));
    if let Some(host) = &plan.host {
        lines.add(4, &format!("host: {}", quoted(host)));
    }
    lines.0
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, indent: usize, text: &str) {
        // Writing to a string does not fail.
        let _ignored = writeln!(self.0, "{:indent$}{text}", "");
    }
}
