//! Authlib in a Flask application: a confidential client, with a secret or with a key of its own.

use std::path::Path;
use std::process::Command;

use super::application::apps;
use super::journey::{demo_for, demo_with, through};
use crate::support::{free_port, stock_component};

/// The application, which proves who it is by `method`.
fn application(python: &Path, method: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(apps().join("authlib_app.py")).arg(method);
    command
}

#[tokio::test]
async fn authlib_signs_in_refreshes_and_signs_out() {
    let Some(python) = stock_component("python/bin/python") else {
        return;
    };
    let port = free_port();
    let edge = demo_for(port);

    let command = application(&python, "client_secret_basic");

    Box::pin(through(&edge, command, port)).await;
}

/// Its assertions are for the token endpoint and live for an hour; its key is where it publishes
/// it.
#[tokio::test]
async fn authlib_does_the_same_with_a_key_of_its_own() {
    let Some(python) = stock_component("python/bin/python") else {
        return;
    };
    let port = free_port();
    let keys = format!("http://127.0.0.1:{port}/jwks.json");
    let method = format!("authentication: private_key_jwt\n      jwks_uri: {keys}");
    let edge = demo_with(port, |yaml| {
        let (before, rest) = yaml
            .split_once("authentication: client_secret_basic")
            .unwrap();
        let (_secret, after) = rest.split_once("\n      redirect_uris").unwrap();
        format!("{before}{method}\n      redirect_uris{after}")
    });

    let command = application(&python, "private_key_jwt");

    Box::pin(through(&edge, command, port)).await;
}
