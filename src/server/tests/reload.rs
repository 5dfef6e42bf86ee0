//! A new configuration for a running server.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Demo, assert_status, exchange};
use crate::server::settings::ListenerTls;
use crate::server::tls::testing;

fn rename_public(config: &mut crate::config::Config) {
    let public = config
        .gateway
        .routes
        .iter_mut()
        .find(|route| route.name == "public");
    "/open/".clone_into(&mut public.unwrap().path);
}

#[tokio::test]
async fn routes_are_those_of_the_new_file_at_once() {
    let demo = Demo::start().await;

    demo.server
        .reload(demo.config_with(rename_public))
        .await
        .unwrap();

    assert_status(&demo.get("/open/").await, 200);
    assert_status(&demo.get("/public/").await, 404);
}

#[tokio::test]
async fn what_cannot_be_put_in_force_changes_nothing_and_raises_the_alarm() {
    let demo = Demo::start().await;
    let templates = tempfile::TempDir::new().unwrap();
    std::fs::write(templates.path().join("sign_in.html"), "{% broken").unwrap();
    let broken = demo.config_with(|config| {
        rename_public(config);
        config.provider.as_mut().unwrap().templates = Some(templates.path().to_owned());
    });

    let error = demo.server.reload(broken).await.unwrap_err();

    assert!(error.to_string().contains("sign_in.html"), "{error}");
    assert_status(&demo.get("/public/").await, 200);
    let metrics = exchange(demo.admin, "GET", "/metrics").await;
    assert!(
        metrics.contains("\ncellgate_reload_failing 1\n"),
        "{metrics}"
    );
}

/// Its tokens are refused by whoever asks the revocations, which is everybody.
#[tokio::test]
async fn a_client_that_the_new_file_has_no_more_is_revoked_and_the_start_counts_too() {
    let demo = Demo::start().await;
    let n_revoked = async |server: &Demo| {
        let metrics = exchange(server.admin, "GET", "/metrics").await;
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("cellgate_revocations "));
        count.unwrap().to_owned()
    };
    let without = |name: &'static str| {
        move |config: &mut crate::config::Config| {
            let clients = &mut config.provider.as_mut().unwrap().clients;
            clients.retain(|client| client.id.as_str() != name);
        }
    };
    assert_eq!(n_revoked(&demo).await, "0");

    let new = demo.config_with(without("demo-service"));
    demo.server.reload(new).await.unwrap();

    assert_eq!(n_revoked(&demo).await, "1");
    let again = Demo::start_in(demo.folder, without("demo-app")).await;
    assert_eq!(
        n_revoked(&again).await,
        "2",
        "one is there again, one is gone"
    );
}

/// What the process knows of clients is handed over.
#[tokio::test]
async fn who_failed_too_often_goes_on_waiting() {
    fn limited(config: &mut crate::config::Config) {
        let provider = config.provider.as_mut().unwrap();
        provider.client_authentication.failures_per_address = 1;
    }
    let demo = Demo::start_with(limited).await;
    let guess = async || {
        let mut stream = TcpStream::connect(demo.address).await.unwrap();
        let form = "client_id=demo-service&client_secret=wrong";
        let request = format!(
            "POST /oidc/oauth2/token HTTP/1.1\r\nHost: 127.0.0.1:9480\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert_status(&guess().await, 401);
    assert_status(&guess().await, 429);

    demo.server.reload(demo.config_with(limited)).await.unwrap();

    assert_status(&guess().await, 429);
}

#[tokio::test]
async fn a_handshake_after_a_reload_shows_the_new_certificate() {
    let (first, second) = (
        testing::certificate(&["a.test"]),
        testing::certificate(&["a.test"]),
    );
    let client = testing::Client::that_trusts(&[&first, &second]);
    let tls = |certificate| {
        Some(ListenerTls {
            certificates: vec![certificate],
            client_certificates: None,
            acme_names: Vec::new(),
        })
    };
    let demo = Demo::start_with(|config| config.listeners[0].tls = tls(first)).await;
    let presented = async || {
        let stream = TcpStream::connect(demo.address).await.unwrap();
        testing::presented(&client.connect(stream, &["http/1.1"]).await)
    };
    let before = presented().await;

    let new = demo.config_with(|config| config.listeners[0].tls = tls(second));
    demo.server.reload(new).await.unwrap();

    assert_ne!(presented().await, before);
}

#[tokio::test]
async fn a_certificate_that_is_not_the_keys_leaves_the_old_one() {
    let good = testing::certificate(&["a.test"]);
    let client = testing::Client::that_trusts(&[&good]);
    let mut mixed = testing::certificate(&["a.test"]);
    mixed.key = good.key.clone();
    let demo = Demo::start_with(|config| {
        config.listeners[0].tls = Some(ListenerTls {
            certificates: vec![good],
            client_certificates: None,
            acme_names: Vec::new(),
        });
    })
    .await;

    let new = demo.config_with(|config| {
        config.listeners[0].tls = Some(ListenerTls {
            certificates: vec![mixed],
            client_certificates: None,
            acme_names: Vec::new(),
        });
    });
    assert!(demo.server.reload(new).await.is_err());

    let stream = TcpStream::connect(demo.address).await.unwrap();
    drop(client.connect(stream, &["http/1.1"]).await);
}
