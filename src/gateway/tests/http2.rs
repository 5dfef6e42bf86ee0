//! HTTP/2 downstream and upstream, by prior knowledge.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use http::{HeaderMap, Method, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::harness::{Protocol, TestGateway};

/// An HTTP/2 connection to the gateway; ends with the set.
async fn connect(gateway: &TestGateway, tasks: &mut JoinSet<()>) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tasks.spawn(async move { drop(connection.await) });
    client.ready().await.unwrap()
}

fn request(method: Method, target: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("http://a.test{target}"))
}

/// Sends a request without a body; status and body of the answer.
async fn fetch(client: &mut SendRequest<Bytes>, request: Request<()>) -> (u16, String) {
    let (response, _) = client.send_request(request, true).unwrap();
    let response = response.await.unwrap();
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(chunk) = body.data().await {
        text.extend_from_slice(&chunk.unwrap());
    }
    (status, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_request_over_http_2_is_judged_and_forwarded_like_any_other() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut tasks = JoinSet::new();
    let mut client = connect(&gateway, &mut tasks).await;
    let good = request(Method::GET, "/api/%78?q")
        .header("authorization", gateway.bearer())
        .header("x-auth-user", "admin")
        .header("x_auth_user", "admin")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(())
        .unwrap();
    assert_eq!(fetch(&mut client, good).await, (200, "ok".to_owned()));

    let upstream = &gateway.upstream;
    assert!(upstream.request().starts_with("GET /api/x?q HTTP/1.1\r\n"));
    assert_eq!(upstream.field("host").as_deref(), Some("a.test"), "B07");
    assert_eq!(
        upstream.field("x-auth-user").as_deref(),
        Some("alice"),
        "C15"
    );
    assert_eq!(upstream.field("cookie").as_deref(), Some("a=1; b=2"), "D12");
    assert!(!upstream.request().contains("admin"), "C15");
}

#[tokio::test]
async fn what_is_refused_over_http_1_is_refused_over_http_2() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut tasks = JoinSet::new();
    let mut client = connect(&gateway, &mut tasks).await;
    for (row, method, target, status) in [
        ("A02", Method::GET, "/public/%2e%2e/admin/x", 400),
        ("A04", Method::GET, "/public//x", 400),
        ("A08", Method::GET, "/public/a%2fb", 400),
        ("A11", Method::GET, "/public/x%00", 400),
        ("TRACE", Method::TRACE, "/public/x", 405),
        ("default deny", Method::GET, "/nowhere", 404),
        ("no token", Method::GET, "/api/x", 401),
    ] {
        let request = request(method, target).body(()).unwrap();
        assert_eq!(fetch(&mut client, request).await.0, status, "{row}");
        gateway.assert_nothing_forwarded(row);
    }
    let twice = request(Method::GET, "/api/x")
        .header("authorization", gateway.bearer())
        .header("authorization", "Bearer x")
        .body(())
        .unwrap();
    assert_eq!(fetch(&mut client, twice).await.0, 400, "D01");
    gateway.assert_nothing_forwarded("D01");
}

#[tokio::test]
async fn connect_is_refused_in_our_words() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut tasks = JoinSet::new();
    let mut client = connect(&gateway, &mut tasks).await;
    let connect = Request::builder()
        .method(Method::CONNECT)
        .uri("a.test:443")
        .body(())
        .unwrap();
    let (response, _) = client.send_request(connect, false).unwrap();
    let response = response.await.unwrap();

    assert_eq!(response.status(), 405, "F08");
    assert!(!response.headers().contains_key("server"));
}

/// Answers one gRPC call: echoes the message, and says in trailers how it went.
async fn serve_grpc(listener: TcpListener, seen: tokio::sync::oneshot::Sender<HeaderMap>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (request, mut respond): (_, SendResponse<Bytes>) =
        connection.accept().await.unwrap().unwrap();
    let call = async move {
        let (head, mut body) = request.into_parts();
        seen.send(head.headers).unwrap();
        let message = body.data().await.unwrap().unwrap();
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let mut stream = respond.send_response(response, false).unwrap();
        stream.send_data(message, false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    };
    let drive = async { while connection.accept().await.is_some() {} };
    tokio::join!(call, drive);
}

#[tokio::test]
async fn grpc_passes_with_its_trailers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let gateway = TestGateway::speaking(Protocol::Http2, |settings| {
        settings.upstreams[0].servers = vec![address];
        settings.upstreams[0].http2 = true;
    })
    .await;
    let mut tasks = JoinSet::new();
    let (seen, headers) = tokio::sync::oneshot::channel();
    tasks.spawn(serve_grpc(listener, seen));
    let mut client = connect(&gateway, &mut tasks).await;
    let call = request(Method::POST, "/pass/Service/Call")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", gateway.bearer())
        .body(())
        .unwrap();
    let (response, mut stream) = client.send_request(call, false).unwrap();
    stream
        .send_data(Bytes::from_static(b"\0\0\0\0\x02hi"), true)
        .unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), &b"\0\0\0\0\x02hi"[..]);
    let trailers = body.trailers().await.unwrap().unwrap();

    assert_eq!(trailers["grpc-status"], "0");
    let headers = headers.await.unwrap();
    assert_eq!(headers["te"], "trailers");
    assert_eq!(headers["x-auth-user"], "alice");
}
