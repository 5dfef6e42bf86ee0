//! `openid-client` on Node.js: a public client.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::application::apps;
use super::journey::{demo_for, through};
use crate::support::{component, free_port, stock_component};

#[tokio::test]
async fn openid_client_signs_in_refreshes_and_signs_out() {
    let Some((node, packages)) = component("node").zip(stock_component("node_modules")) else {
        return;
    };
    // A module's packages are looked for beside it.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("openid_client.mjs");
    std::fs::copy(apps().join("openid_client.mjs"), &program).unwrap();
    symlink(packages, folder.path().join("node_modules")).unwrap();
    let port = free_port();
    let edge = demo_for(port);

    let mut command = Command::new(node);
    command.arg(program);

    Box::pin(through(&edge, command, port)).await;
}
