//! An API behind the gateway: it has no code for tokens, it reads who asks from headers.
//!
//! ```text
//! cargo run --example resource_server -- --listen 127.0.0.1:9483
//! ```
//!
//! ```yaml
//! upstreams:
//!   - name: notes
//!     servers: [127.0.0.1:9483]
//! routes:
//!   - name: notes
//!     path: /notes/
//!     upstream: notes
//! ```
//!
//! The headers can be trusted because the gateway removes what a client sends under these names
//! on every route. That holds only for requests that come through it: the API listens where
//! nobody else can connect, here on the loopback address.

#![expect(clippy::print_stdout, reason = "an example tells where it listens")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An API that keeps a note for each user.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the gateway reaches it. Nobody else may.
    #[arg(long, default_value = "127.0.0.1:9483")]
    listen: SocketAddr,
}

/// Who asks, as the gateway tells.
#[derive(Debug)]
struct Caller {
    subject: String,
    name: Option<String>,
    groups: Vec<String>,
}

impl Caller {
    /// Reads the identity headers; `None` when there are none.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Some(Self {
            subject: text("x-auth-request-user")?,
            name: text("x-auth-request-preferred-username"),
            groups: text("x-auth-request-groups")
                .map(|groups| groups.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
        })
    }
}

/// One note for each subject. A login name may pass to somebody else; a subject never does.
type Notes = Mutex<BTreeMap<String, String>>;

async fn answer(notes: &Notes, request: Request<Incoming>) -> (StatusCode, Value) {
    let Some(caller) = Caller::of(request.headers()) else {
        // Not the caller's fault: the route lets requests through without a sign-in.
        let error = "no identity headers: is this route `authentication: required`?";
        return (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": error}));
    };
    match *request.method() {
        Method::GET => {
            let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            let note = notes.get(&caller.subject);
            let answer = json!({"of": caller.name, "groups": caller.groups, "note": note});
            (StatusCode::OK, answer)
        }
        Method::PUT => {
            let body = Limited::new(request.into_body(), 16 * 1024).collect().await;
            let Ok(body) = body else {
                let error = "a note has at most 16 KiB";
                return (StatusCode::PAYLOAD_TOO_LARGE, json!({"error": error}));
            };
            let note = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            notes.insert(caller.subject, note);
            (StatusCode::OK, json!({"kept": true}))
        }
        _ => (
            StatusCode::METHOD_NOT_ALLOWED,
            json!({"error": "GET or PUT"}),
        ),
    }
}

async fn serve(
    notes: Arc<Notes>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = answer(&notes, request).await;
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    Ok(response)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("notes for the gateway on http://{}", listener.local_addr()?);
    let notes = Arc::new(Notes::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let notes = Arc::clone(&notes);
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(Arc::clone(&notes), request));
            // A connection that breaks concerns nobody but its peer.
            drop(
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}
