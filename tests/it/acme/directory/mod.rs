//! A CA that speaks ACME: it checks every signature and nonce, and really looks whether a name is
//! whose it is said to be.

mod endpoints;

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::jws::AccountKey;

/// The lifetime of its certificates: an hour more, so that 90 whole days are left for a while.
pub(super) const LIFETIME: Duration = Duration::from_secs((90 * 24 + 1) * 60 * 60);

/// A directory and its CA, for as long as the test's runtime lives.
#[derive(Clone)]
pub(super) struct Directory(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    authority: CertifiedIssuer<'static, KeyPair>,
    state: Mutex<State>,
    /// Whether names are looked at; else validations wait.
    looks: watch::Sender<bool>,
    /// The token of the latest challenge that was answered.
    latest_token: watch::Sender<String>,
}

#[derive(Default)]
struct State {
    nonces: HashSet<String>,
    n_nonces: usize,
    accounts: Vec<AccountKey>,
    orders: Vec<Order>,
    /// Where all names lead, at port 80 and at port 443.
    leads_to: Option<(SocketAddr, SocketAddr)>,
    is_down: bool,
    /// A code with which orders are refused, and for how long.
    refusal: Option<(&'static str, u64)>,
    /// How many requests are told that their nonce is not good.
    n_bad_nonces: usize,
    /// How far its time is ahead of the system's.
    ahead: Duration,
    n_issued: usize,
}

struct Order {
    account: usize,
    name: String,
    token: String,
    status: &'static str,
    error: Option<String>,
    chain: Option<String>,
}

/// A refusal: status and code.
struct Problem(u16, &'static str, Option<u64>);

type Answer = Result<Response<Full<Bytes>>, Problem>;

impl Directory {
    /// One at an address of its own.
    pub(super) async fn start() -> Self {
        cellgate::server::install_crypto_provider();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let directory = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            state: Mutex::default(),
            looks: watch::Sender::new(true),
            latest_token: watch::Sender::new(String::new()),
            authority,
        }));
        let acceptor = directory.acceptor();
        tokio::spawn(directory.clone().serve(listener, acceptor));
        directory
    }

    /// Its address, for `acme.directory`.
    pub(super) fn url(&self) -> String {
        self.at("/directory")
    }

    /// Its CA, for `acme.ca_file` and for those who are shown certificates.
    pub(super) fn ca_pem(&self) -> String {
        self.0.authority.pem()
    }

    /// The same.
    pub(super) fn ca_der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.0.authority.der().to_vec())
    }

    /// Has every name lead to `http` at port 80, and to `tls` at port 443.
    pub(super) fn leads_to(&self, http: SocketAddr, tls: SocketAddr) {
        self.state().leads_to = Some((http, tls));
    }

    /// Closes every connection without a word, or serves again.
    pub(super) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Refuses orders with this code, and asks to wait for so many seconds.
    pub(super) fn refuse(&self, code: &'static str, wait_s: u64) {
        self.state().refusal = Some((code, wait_s));
    }

    /// Tells the next `n` requests that their nonce is not good.
    pub(super) fn doubt_nonces(&self, n: usize) {
        self.state().n_bad_nonces = n;
    }

    /// Has validations wait until it looks again.
    pub(super) fn look(&self, looks: bool) {
        self.0.looks.send_replace(looks);
    }

    /// Waits until somebody says that a challenge is answered; its token.
    pub(super) async fn token(&self) -> String {
        let mut latest = self.0.latest_token.subscribe();
        latest
            .wait_for(|token| !token.is_empty())
            .await
            .unwrap()
            .clone()
    }

    /// Lets its time pass.
    pub(super) fn advance(&self, time: Duration) {
        self.state().ahead += time;
    }

    /// How many accounts were made, and how many certificates issued.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.accounts.len(), state.n_issued)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.0.address)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0.authority).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    async fn serve(self, listener: TcpListener, acceptor: TlsAcceptor) {
        while let Ok((stream, _)) = listener.accept().await {
            if self.state().is_down {
                continue;
            }
            let (directory, acceptor) = (self.clone(), acceptor.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let service = service_fn(move |request| {
                    let directory = directory.clone();
                    async move { Ok::<_, Infallible>(directory.answer(request).await) }
                });
                // One request each, so that going down is seen by the next.
                let connection = hyper::server::conn::http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), service);
                drop(connection.await);
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let path = parts.uri.path();
        let answer = match (&parts.method, path) {
            (&Method::GET, "/directory") => Ok(json_answer(200, &self.directory())),
            (&Method::HEAD, "/nonce") => Ok(Response::new(Full::default())),
            (&Method::POST, _) => self.signed(path, &body),
            _ => Err(Problem(404, "malformed", None)),
        };
        let mut response = answer.unwrap_or_else(|Problem(status, code, wait_s)| {
            let problem = json!({
                "type": format!("urn:ietf:params:acme:error:{code}"),
                "detail": format!("this was refused as {code}"),
            });
            let mut response = json_answer(status, &problem);
            if let Some(wait_s) = wait_s {
                response.headers_mut().insert("retry-after", wait_s.into());
            }
            response
        });
        // RFC 8555 §6.5: in every answer, for the next request.
        let mut state = self.state();
        state.n_nonces += 1;
        let nonce = format!("nonce-{}", state.n_nonces);
        response
            .headers_mut()
            .insert("replay-nonce", nonce.parse().unwrap());
        state.nonces.insert(nonce);
        response
    }
}

fn json_answer(status: u16, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .unwrap()
}
