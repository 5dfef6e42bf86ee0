//! Which addresses are called, and which are not.

use super::*;

fn outbound() -> Outbound {
    crate::server::install_crypto_provider();
    Outbound::new(Duration::from_secs(5)).unwrap()
}

/// A port that nobody listens on any more.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_client_that_registered_itself_does_not_lead_into_our_network() {
    let outbound = outbound();
    let port = closed_port();
    for host in [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "169.254.169.254",
        "[::ffff:10.0.0.1]",
        "localhost",
    ] {
        let to = ClientEndpoint::register(&format!("https://{host}:{port}/logout")).unwrap();
        let answer = outbound.post(&to, Reach::Public, String::new()).await;
        assert_eq!(answer, Err(OutboundError::NotPublic), "{host}");
    }
    let plain = ClientEndpoint::register(&format!("http://localhost:{port}/")).unwrap();
    let answer = outbound.post(&plain, Reach::Public, String::new()).await;
    assert_eq!(answer, Err(OutboundError::NotPublic));
}

#[tokio::test]
async fn what_the_operator_wrote_down_is_called_wherever_it_is() {
    let to = format!("http://127.0.0.1:{}/logout", closed_port());
    let to = ClientEndpoint::register(&to).unwrap();

    let answer = outbound().post(&to, Reach::Anywhere, String::new()).await;

    assert_eq!(answer, Err(OutboundError::Connect));
}
