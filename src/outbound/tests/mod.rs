//! Which addresses are called, and which are not.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::testing::Dead;
use super::*;

fn outbound() -> Outbound {
    crate::server::install_crypto_provider();
    Outbound::new(Duration::from_secs(5)).unwrap()
}

#[tokio::test]
async fn a_client_that_registered_itself_does_not_lead_into_our_network() {
    let outbound = outbound();
    let dead = Dead::hold();
    let port = dead.address.port();
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
    let dead = Dead::hold();
    let to = format!("http://{}/logout", dead.address);
    let to = ClientEndpoint::register(&to).unwrap();

    let answer = outbound().post(&to, Reach::Anywhere, String::new()).await;

    assert_eq!(answer, Err(OutboundError::Connect));
}

/// A server that reads one request, gives this answer and goes away.
async fn answering(answer: impl Into<Vec<u8>>) -> Url {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // Whoever has read enough leaves before the end.
        drop(stream.write_all(&answer).await);
    });
    Url::parse(&format!("http://{address}/keys")).unwrap()
}

/// Fetches from a server that gives this answer.
async fn fetch(answer: Vec<u8>) -> Result<String, OutboundError> {
    let from = answering(answer).await;
    let from = ClientEndpoint::register(from.as_str()).unwrap();
    outbound().fetch(&from, Reach::Anywhere).await
}

#[tokio::test]
async fn a_document_is_read_if_it_is_one_and_not_too_large() {
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x1_0000));
    let endless = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(3)
    );
    let lying = "HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n";
    let (head, cut) = ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "{");
    for (row, answer, expected) in [
        (
            "a document",
            format!("{head}{{}}").into_bytes(),
            Ok("{}".to_owned()),
        ),
        (
            "a redirection",
            redirect.into(),
            Err(OutboundError::Status(StatusCode::FOUND)),
        ),
        (
            "an error page",
            b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
            Err(OutboundError::Status(StatusCode::SERVICE_UNAVAILABLE)),
        ),
        (
            "without end",
            endless.into_bytes(),
            Err(OutboundError::TooLarge),
        ),
        (
            "cut off",
            format!("{head}{cut}").into_bytes(),
            Err(OutboundError::Broken),
        ),
        (
            "announced and not sent",
            lying.into(),
            Err(OutboundError::Broken),
        ),
        (
            "no text",
            [head.as_bytes(), b"\xff\xff"].concat(),
            Err(OutboundError::NotText),
        ),
        (
            "no HTTP",
            b"SSH-2.0-OpenSSH\r\n".to_vec(),
            Err(OutboundError::Broken),
        ),
    ] {
        assert_eq!(fetch(answer).await, expected, "{row}");
    }
}

#[tokio::test]
async fn keys_are_not_fetched_from_inside_our_network_for_a_stranger() {
    let outbound = outbound();
    let dead = Dead::hold();
    let port = dead.address.port();
    for uri in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("http://localhost:{port}/"),
    ] {
        let from = ClientEndpoint::register(&uri).unwrap();
        let answer = outbound.fetch(&from, Reach::Public).await;
        assert_eq!(answer, Err(OutboundError::NotPublic), "{uri}");
    }
}

/// I03, and I02 as to redirections.
#[tokio::test]
async fn an_answer_is_read_up_to_its_bound_and_followed_nowhere() {
    const MIB: usize = 1 << 20;
    for (row, head, body_bytes, expected) in [
        ("one MiB", "200 OK", MIB, Ok(200)),
        ("more", "200 OK", MIB + 1, Err(OutboundError::TooLarge)),
        (
            "a redirection",
            "302 Found\r\nLocation: http://127.0.0.1:1/",
            0,
            Ok(302),
        ),
    ] {
        // No length is announced: the end of the connection is the end of the body.
        let answer = format!("HTTP/1.1 {head}\r\n\r\n{}", "x".repeat(body_bytes));
        let call = Call::get(answering(answer).await, Reach::Anywhere);

        let reply = outbound().call(call).await;

        let status = reply.as_ref().map(|reply| reply.status.as_u16());
        assert_eq!(status.map_err(|error| *error), expected, "{row}");
    }
}

#[tokio::test]
async fn what_an_issuer_names_elsewhere_does_not_lead_into_our_network() {
    let url = answering("HTTP/1.1 200 OK\r\n\r\n").await;

    let reply = outbound().call(Call::get(url, Reach::Public)).await;

    assert_eq!(reply.map(drop), Err(OutboundError::NotPublic));
}

#[test]
fn the_age_of_an_answer_is_read_where_it_says_one() {
    for (values, expected) in [
        (&["max-age=300"][..], Some(300)),
        (&["public, Max-Age=\"60\", must-revalidate"], Some(60)),
        (&["no-store", "max-age=5"], Some(5)),
        (&["s-maxage=5"], None),
        (&["max-age=-1"], None),
        (&["max-age"], None),
        (&[], None),
    ] {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append(header::CACHE_CONTROL, value.parse().unwrap());
        }
        let reply = Reply {
            status: StatusCode::OK,
            headers,
            body: Vec::new(),
        };
        assert_eq!(
            reply.max_age(),
            expected.map(Duration::from_secs),
            "{values:?}"
        );
    }
}
