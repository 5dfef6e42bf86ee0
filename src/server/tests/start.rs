//! What keeps a server from starting.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{clock, demo_config};
use crate::server::assembly::Foundation;
use crate::server::settings::ListenerTls;
use crate::server::tls::testing;
use crate::server::{Sockets, StartError, check, install_crypto_provider};

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_listener() {
    let folder = TempDir::new().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = demo_config(folder.path());
    config.listeners[0].address = taken.local_addr().unwrap();

    let error = Sockets::bind(&config).unwrap_err().to_string();

    assert!(error.contains("listener edge"), "{error}");
    assert!(
        error.contains(&taken.local_addr().unwrap().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn the_check_finds_what_would_stop_a_start_and_leaves_nothing_behind() {
    install_crypto_provider();
    let folder = TempDir::new().unwrap();
    let good = demo_config(folder.path());
    check(&good, clock()).await.unwrap();

    let mut mixed = testing::certificate(&["a.test"]);
    mixed.key = testing::certificate(&["a.test"]).key;
    let mut bad_key = good.clone();
    bad_key.listeners[0].tls = Some(ListenerTls {
        certificates: vec![mixed],
        client_certificates: None,
        acme_names: Vec::new(),
    });
    let mut bad_filter = good.clone();
    "cellgate=loud".clone_into(&mut bad_filter.log_filter);
    let mut bad_templates = good.clone();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("templates/sign_in.html"), "{{ broken").unwrap();
    bad_templates.provider.as_mut().unwrap().templates = Some(folder.path().join("templates"));

    assert!(matches!(
        check(&bad_key, clock()).await,
        Err(StartError::Tls { .. })
    ));
    assert!(matches!(
        check(&bad_filter, clock()).await,
        Err(StartError::Log(_))
    ));
    assert!(matches!(
        check(&bad_templates, clock()).await,
        Err(StartError::Provider(_))
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Whoever opens the state has read all revocations: a database that is gone right afterwards ends
/// nobody's token.
#[tokio::test]
async fn what_was_revoked_is_known_from_the_start() {
    install_crypto_provider();
    let folder = TempDir::new().unwrap();
    let clock = clock();

    let foundation = Foundation::open(&demo_config(folder.path()), Arc::clone(&clock)).await;

    let store = foundation.unwrap().state.unwrap().store;
    assert!(store.revocations().age(clock.now()) < Duration::from_secs(60));
    assert!(!store.is_out_of_date(clock.now()));
}
