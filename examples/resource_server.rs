//! A web application behind Cellgate: it knows no OpenID Connect and reads who asks from the
//! headers that the gateway sets.
//!
//! It may trust them because nothing but the gateway reaches it: it listens on loopback. Give it
//! a route in the configuration:
//!
//! ```yaml
//! upstreams:
//!   - name: notes
//!     servers: [http://127.0.0.1:9490]
//! routes:
//!   - name: notes
//!     path: /notes
//!     upstream: notes
//!     scopes: { all: [demo.read] }
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use clap::Parser;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Greets whoever the gateway says is asking.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; keep it on loopback or a private network.
    #[arg(long, default_value = "127.0.0.1:9490")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(Arguments::parse().listen).await?;
    writeln!(
        std::io::stdout(),
        "Listening on http://{}/",
        listener.local_addr()?
    )?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| async move { answer(&request) });
            // A peer that goes away in the middle of an answer is not worth a line.
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

fn answer(request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let identity = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let Some(subject) = identity("x-auth-request-user") else {
        // The route in front of us requires a token, so this request did not come through it.
        let mut response = Response::new(Full::from("Who is asking?\n"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    };
    let body = serde_json::json!({
        "greeting": format!("Hello, {}!", identity("x-auth-request-preferred-username").unwrap_or(subject)),
        "subject": subject,
        "email": identity("x-auth-request-email"),
        "groups": identity("x-auth-request-groups").map(|groups| groups.split(',').collect::<Vec<_>>()),
        "asked_for": request.uri().path(),
    });
    let mut response = Response::new(Full::from(format!("{body}\n")));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
