//! A CA that speaks ACME: it checks every signature and nonce, and really looks whether a name is
//! whose it is said to be.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::Utc;
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

use super::csr;
use super::jws::{AccountKey, Signed};
use super::validation;

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

    /// RFC 8555 §7.1.1.
    fn directory(&self) -> Value {
        json!({
            "newNonce": self.at("/nonce"),
            "newAccount": self.at("/account"),
            "newOrder": self.at("/order"),
            "revokeCert": self.at("/revoke"),
            "keyChange": self.at("/key"),
            "meta": { "termsOfService": self.at("/terms") },
        })
    }

    fn signed(&self, path: &str, body: &[u8]) -> Answer {
        let mut state = self.state();
        let kid_of = |n: usize| self.at(&format!("/account/{n}"));
        let find = |kid: &str| {
            let mut accounts = state.accounts.iter().enumerate();
            accounts
                .find(|(n, _)| kid_of(*n) == kid)
                .map(|(_, key)| key.clone())
        };
        let signed = Signed::read(body, find).ok_or(Problem(400, "malformed", None))?;
        if signed.url != self.at(path) {
            return Err(Problem(401, "unauthorized", None));
        }
        // Each is good once.
        let is_fresh = state.nonces.remove(&signed.nonce);
        if !is_fresh || state.n_bad_nonces > 0 {
            state.n_bad_nonces = state.n_bad_nonces.saturating_sub(1);
            return Err(Problem(400, "badNonce", None));
        }
        if path == "/account" {
            return self.account(&mut state, signed);
        }
        let account = state.accounts.iter().position(|key| *key == signed.key);
        let account = account.filter(|_| signed.kid.is_some()).ok_or(Problem(
            400,
            "accountDoesNotExist",
            None,
        ))?;
        if path == "/order" {
            return self.order(&mut state, account, &signed.payload);
        }
        let mut parts = path.trim_start_matches('/').split('/');
        let what = parts.next().unwrap_or_default();
        let n: usize =
            parts
                .next()
                .and_then(|n| n.parse().ok())
                .ok_or(Problem(404, "malformed", None))?;
        let kind = parts.next().unwrap_or_default();
        let order = state.orders.get_mut(n).filter(|it| it.account == account);
        let order = order.ok_or(Problem(403, "unauthorized", None))?;
        match what {
            "orders" => Ok(self.shown(n, order)),
            "authorizations" => Ok(json_answer(200, &self.authorization(n, order))),
            "challenges" => {
                tokio::spawn(self.clone().validate(n, kind.to_owned(), signed.key));
                Ok(json_answer(200, &self.challenge(n, order, kind)))
            }
            "finalize" => self.finalize(&mut state, n, &signed.payload),
            "certificates" => match &order.chain {
                Some(chain) => Ok(Response::new(Full::from(chain.clone()))),
                None => Err(Problem(404, "malformed", None)),
            },
            _ => Err(Problem(404, "malformed", None)),
        }
    }

    /// RFC 8555 §7.3.
    fn account(&self, state: &mut State, signed: Signed) -> Answer {
        let payload = &signed.payload;
        if payload["termsOfServiceAgreed"] != true {
            return Err(Problem(403, "userActionRequired", None));
        }
        if payload["contact"] != json!(["mailto:ops@gate.test"]) {
            return Err(Problem(400, "invalidContact", None));
        }
        state.accounts.push(signed.key);
        let mut response = json_answer(201, &json!({ "status": "valid" }));
        let location = self.at(&format!("/account/{}", state.accounts.len() - 1));
        response
            .headers_mut()
            .insert("location", location.parse().unwrap());
        Ok(response)
    }

    /// RFC 8555 §7.4.
    fn order(&self, state: &mut State, account: usize, payload: &Value) -> Answer {
        if let Some((code, wait_s)) = state.refusal {
            return Err(Problem(429, code, Some(wait_s)));
        }
        let n = state.orders.len();
        let [identifier] = payload["identifiers"].as_array().unwrap().as_slice() else {
            return Err(Problem(400, "malformed", None));
        };
        assert_eq!(identifier["type"], "dns");
        state.orders.push(Order {
            account,
            name: identifier["value"].as_str().unwrap().to_owned(),
            token: URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("token {n}").as_bytes())),
            status: "pending",
            error: None,
            chain: None,
        });
        let mut response = self.shown(n, &state.orders[n]);
        *response.status_mut() = http::StatusCode::CREATED;
        let location = self.at(&format!("/orders/{n}"));
        response
            .headers_mut()
            .insert("location", location.parse().unwrap());
        Ok(response)
    }

    fn shown(&self, n: usize, order: &Order) -> Response<Full<Bytes>> {
        let mut shown = json!({
            "status": order.status,
            "identifiers": [{ "type": "dns", "value": order.name }],
            "authorizations": [self.at(&format!("/authorizations/{n}"))],
            "finalize": self.at(&format!("/finalize/{n}")),
        });
        if order.chain.is_some() {
            shown["certificate"] = json!(self.at(&format!("/certificates/{n}")));
        }
        json_answer(200, &shown)
    }

    fn authorization(&self, n: usize, order: &Order) -> Value {
        let status = match order.status {
            "pending" | "invalid" => order.status,
            _ => "valid",
        };
        json!({
            "status": status,
            "identifier": { "type": "dns", "value": order.name },
            "challenges": [
                self.challenge(n, order, "http-01"),
                self.challenge(n, order, "tls-alpn-01"),
            ],
        })
    }

    fn challenge(&self, n: usize, order: &Order, kind: &str) -> Value {
        let mut challenge = json!({
            "type": kind,
            "url": self.at(&format!("/challenges/{n}/{kind}")),
            "token": order.token,
            "status": if order.error.is_some() { "invalid" } else { "pending" },
        });
        if let Some(error) = &order.error {
            challenge["error"] = json!({
                "type": "urn:ietf:params:acme:error:unauthorized",
                "detail": error,
            });
        }
        challenge
    }

    /// RFC 8555 §8.
    async fn validate(self, n: usize, kind: String, key: AccountKey) {
        let (name, token) = {
            let state = self.state();
            let order = &state.orders[n];
            (order.name.clone(), order.token.clone())
        };
        self.0.latest_token.send_replace(token.clone());
        let mut looks = self.0.looks.subscribe();
        drop(looks.wait_for(|looks| *looks).await);
        let (http, tls) = self.state().leads_to.unwrap();
        let authorization = format!("{token}.{}", key.thumbprint());
        let outcome = match kind.as_str() {
            "http-01" => validation::by_http(http, &name, &token, &authorization).await,
            _ => {
                let digest = digest(&SHA256, authorization.as_bytes());
                validation::by_tls(tls, &name, digest.as_ref()).await
            }
        };
        let order = &mut self.state().orders[n];
        match outcome {
            Ok(()) => order.status = "ready",
            Err(error) => {
                order.status = "invalid";
                order.error = Some(error);
            }
        }
    }

    /// RFC 8555 §7.4.
    fn finalize(&self, state: &mut State, n: usize, payload: &Value) -> Answer {
        let order = &mut state.orders[n];
        if order.status != "ready" {
            return Err(Problem(403, "orderNotReady", None));
        }
        let der = URL_SAFE_NO_PAD
            .decode(payload["csr"].as_str().unwrap())
            .unwrap();
        let asked = csr::read(&der, &order.name).ok_or(Problem(400, "badCSR", None))?;
        let mut params = CertificateParams::new(vec![order.name.clone()]).unwrap();
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let present = u64::try_from(Utc::now().timestamp()).unwrap();
        let now = epoch + Duration::from_secs(present) + state.ahead;
        params.not_before = now - Duration::from_secs(60);
        params.not_after = now + LIFETIME;
        let issued = params.signed_by(&asked, &self.0.authority).unwrap();
        order.chain = Some(issued.pem() + &self.0.authority.pem());
        order.status = "valid";
        state.n_issued += 1;
        Ok(self.shown(n, &state.orders[n]))
    }
}

fn json_answer(status: u16, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .unwrap()
}
