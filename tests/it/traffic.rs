//! What passes through: streams, protocols, and upstreams that are down, slow or ill.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{Dead, Edge, Recorder};

/// An edge whose anonymous route `/app/` leads to `servers`; `rest` are further keys of the
/// upstream.
pub(crate) fn edge(servers: &[SocketAddr], rest: &str) -> Edge {
    let servers: Vec<String> = servers.iter().map(|at| format!("http://{at}")).collect();
    let yaml = include_str!("../../config/demo.yaml")
        .replacen(
            "address: 127.0.0.1:9480",
            "address: 127.0.0.1:9480\n    h2c: true",
            1,
        )
        .replacen(
            "\nroutes:",
            &format!(
                "\nupstreams:\n  - name: app\n    servers: [{}]\n{rest}\nroutes:\n  - name: app\n    path: /app/\n    authentication: anonymous\n    upstream: app",
                servers.join(", ")
            ),
            1,
        );
    Edge::start(&yaml)
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Accepts a connection and reads one request head from it.
async fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    skip_head(&mut stream).await;
    stream
}

pub(crate) async fn skip_head(stream: &mut BufReader<impl AsyncRead + Unpin>) -> String {
    let mut head = String::new();
    while stream.read_line(&mut head).await.unwrap() > 2 {}
    head
}

#[tokio::test]
async fn an_event_arrives_before_the_next_one_exists() {
    let (listener, address) = listener().await;
    let edge = edge(&[address], "");
    let (seen, wait) = oneshot::channel();
    let upstream = tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        let first = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
            Transfer-Encoding: chunked\r\n\r\nd\r\ndata: first\n\n\r\n";
        stream.write_all(first.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        wait.await.expect("the test saw the first event");
        let second = "e\r\ndata: second\n\n\r\n0\r\n\r\n";
        stream.write_all(second.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    });

    let mut answer = edge.http.get(edge.url("/app/x")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: first\n\n");
    seen.send(()).unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: second\n\n");
    assert!(answer.chunk().await.unwrap().is_none());
    upstream.await.unwrap();
}

/// An HTTP/2 exchange by prior knowledge: status, body and trailers.
async fn h2_exchange(edge: &Edge, body: &'static [u8]) -> (u16, Bytes, Option<HeaderMap>) {
    let stream = TcpStream::connect(edge.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::post(edge.url("/app/Service/Call"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(body), true).unwrap();
    let response = response.await.unwrap();
    assert!(!response.headers().contains_key("server"));
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    (status, bytes.into(), body.trailers().await.unwrap())
}

/// Whatever the frames were, the chunked body ends once: what follows the last chunk would be
/// taken for the next request on the connection.
#[tokio::test]
async fn http_2_downstream_becomes_http_1_upstream() {
    for (body, chunks) in [(&b""[..], "0\r\n\r\n"), (b"hi", "2\r\nhi\r\n0\r\n\r\n")] {
        let (listener, address) = listener().await;
        let edge = edge(&[address], "");
        let upstream = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut bytes = skip_head(&mut stream).await;
            while !bytes.ends_with("\r\n0\r\n\r\n") {
                assert_ne!(stream.read_line(&mut bytes).await.unwrap(), 0, "{bytes:?}");
            }
            // The answer that closes makes the edge close too: then all it wrote is here.
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            stream.read_to_string(&mut bytes).await.unwrap();
            bytes
        });

        let (status, answer, _) = h2_exchange(&edge, body).await;

        assert_eq!((status, answer.as_ref()), (200, &b"ok"[..]));
        let bytes = upstream.await.unwrap();
        let (head, sent) = bytes.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("POST /app/Service/Call HTTP/1.1\r\n"),
            "{head}"
        );
        assert_eq!(sent, chunks);
    }
}

/// Serves HTTP/2 for ever: echoes the first piece of a body, and ends with trailers.
async fn serve_grpc(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                tokio::spawn(async move {
                    let message = request.into_body().data().await;
                    let response = Response::builder()
                        .header("content-type", "application/grpc")
                        .body(())
                        .unwrap();
                    let mut stream = respond.send_response(response, false).unwrap();
                    let message = message.transpose().unwrap().unwrap_or_default();
                    stream.send_data(message, false).unwrap();
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", "0".parse().unwrap());
                    stream.send_trailers(trailers).unwrap();
                });
            }
        });
    }
}

#[tokio::test]
async fn grpc_passes_over_http_2_on_both_sides() {
    let (listener, address) = listener().await;
    tokio::spawn(serve_grpc(listener));
    let edge = edge(&[address], "    http2: true");

    let (status, body, trailers) = h2_exchange(&edge, b"\0\0\0\0\x02hi").await;

    assert_eq!((status, body.as_ref()), (200, &b"\0\0\0\0\x02hi"[..]));
    assert_eq!(trailers.expect("trailers")["grpc-status"], "0");
    // HTTP/1.1 downstream reaches the same upstream.
    edge.get("/app/x").await.assert_status(200);
}

#[tokio::test]
async fn servers_take_turns() {
    let (one, two) = (Recorder::start().await, Recorder::start().await);
    let edge = edge(&[one.address, two.address], "");

    for _ in 0..6 {
        edge.get("/app/x").await.assert_status(200);
    }

    assert_eq!((one.heads().len(), two.heads().len()), (3, 3));
}

#[tokio::test]
async fn a_dead_server_costs_no_request() {
    let alive = Recorder::start().await;
    let dead = Dead::hold();
    let edge = edge(&[dead.address, alive.address], "    retries: 1");

    for _ in 0..6 {
        edge.get("/app/x").await.assert_status(200);
    }

    assert_eq!(alive.heads().len(), 6);
}

/// Answers every request 200 while `is_well`, else 503.
async fn serve_health(listener: TcpListener, is_well: Arc<AtomicBool>) {
    while let Ok((stream, _)) = listener.accept().await {
        let is_well = Arc::clone(&is_well);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            while !skip_head(&mut stream).await.is_empty() {
                let status = if is_well.load(Ordering::SeqCst) {
                    "200 OK"
                } else {
                    "503 Ill"
                };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_takes_a_server_out_and_back() {
    let (listener, address) = listener().await;
    let is_well = Arc::new(AtomicBool::new(true));
    tokio::spawn(serve_health(listener, Arc::clone(&is_well)));
    let edge = edge(
        &[address],
        "    health_check: { path: /health, interval_s: 1, healthy_after: 1, unhealthy_after: 1 }",
    );
    edge.get("/app/x").await.assert_status(200);

    is_well.store(false, Ordering::SeqCst);
    edge.wait_for("upstream server is down");
    let refused = edge.get("/app/x").await.assert_status(503);
    assert_ne!(
        refused.body, "",
        "the answer is ours: the upstream's has no body"
    );

    is_well.store(true, Ordering::SeqCst);
    edge.wait_for("upstream server is up");
    edge.get("/app/x").await.assert_status(200);
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_bad_gateway() {
    let dead = Dead::hold();
    let edge = edge(&[dead.address], "");

    let answer = edge.get("/app/x").await.assert_status(502);

    assert!(
        answer.header("content-type").contains("problem+json"),
        "{answer:?}"
    );
    assert_eq!(answer.json()["status"], 502);
    assert_eq!(answer.header("server"), "");
}

#[tokio::test]
async fn an_upstream_that_is_silent_is_a_timeout() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let _held = accept(&listener).await;
        std::future::pending::<()>().await;
    });
    let edge = edge(&[address], "    read_timeout_s: 1");

    let answer = edge.get("/app/x").await.assert_status(504);

    assert_eq!(answer.json()["status"], 504);
}

#[tokio::test]
async fn fields_of_the_upstream_come_through_and_head_has_no_body() {
    let upstream = Recorder::answering(
        "HTTP/1.1 200 OK\r\nServer: origin/1\r\nX-Kept: yes\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let edge = edge(&[upstream.address], "");

    let answer = edge.get("/app/x").await.assert_status(200);
    assert_eq!(answer.header("x-kept"), "yes");
    assert_eq!(answer.header("server"), "origin/1");

    let head = edge.send(edge.http.head(edge.url("/public/x"))).await;
    assert_eq!(head.assert_status(200).body, "");
    let head = edge.send(edge.http.head(edge.url("/app/x"))).await;
    assert_eq!(head.assert_status(200).header("x-kept"), "yes");
}

#[tokio::test]
async fn a_refusal_keeps_the_connection() {
    let upstream = Recorder::start().await;
    let edge = edge(&[upstream.address], "");
    let mut wire = edge.wire().await;

    for (path, status) in [
        ("/nowhere", 404),
        ("/api/x", 401),
        ("/app/x", 200),
        ("/api/x", 401),
    ] {
        wire.write(format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
            edge.address
        ))
        .await;
        let answer = wire.read().await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(!answer.head.to_ascii_lowercase().contains("pingora"));
    }
}
