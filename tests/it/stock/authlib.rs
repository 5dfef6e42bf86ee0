//! Authlib in a Flask application: a confidential client.

use std::process::Command;

use super::application::apps;
use super::journey::{demo_for, through};
use crate::support::{free_port, stock_component};

#[tokio::test]
async fn authlib_signs_in_refreshes_and_signs_out() {
    let Some(python) = stock_component("python/bin/python") else {
        return;
    };
    let port = free_port();
    let edge = demo_for(port);

    let mut command = Command::new(python);
    command.arg(apps().join("authlib_app.py"));

    Box::pin(through(&edge, command, port)).await;
}
