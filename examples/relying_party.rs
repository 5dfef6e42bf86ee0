//! An application that signs its users in at Cellgate, with the `openidconnect` crate.
//!
//! ```text
//! cellgate run --config config/demo.yaml
//! cargo run --example relying_party
//! ```
//!
//! Then open <http://127.0.0.1:9482/> and sign in as `alice`. The application shows what the ID
//! token says, and what the protected API answers to the access token.
//!
//! It does what every relying party must: PKCE (RFC 7636), `state` bound to the browser, `nonce`,
//! the issuer of the answer (RFC 9207), and the ID token verified before anything is believed.

#![expect(clippy::print_stdout, reason = "an example tells where it listens")]

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Parser;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse as _,
};
use tokio::net::TcpListener;
use url::Url;

/// An application that signs users in; the defaults are those of `config/demo.yaml`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Exactly as the provider writes it, with the slash at the end.
    #[arg(long, default_value = "http://127.0.0.1:9480/oidc/")]
    issuer: String,
    /// A public client, registered with `http://LISTEN/callback`.
    #[arg(long, default_value = "demo-app")]
    client_id: String,
    /// Where browsers reach this application.
    #[arg(long, default_value = "127.0.0.1:9482")]
    listen: SocketAddr,
    /// A protected resource to call with the access token.
    #[arg(long, default_value = "http://127.0.0.1:9480/api/hello")]
    api: Url,
}

/// A sign-in that has left for the provider, kept until its answer comes.
#[derive(Debug)]
struct Pending {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Who is signed in in a browser.
#[derive(Debug)]
struct SignedIn {
    id_token: CoreIdToken,
    claims: CoreIdTokenClaims,
    api_answer: String,
}

struct Application {
    arguments: Arguments,
    http: reqwest::Client,
    /// By `state`, which is also the browser's cookie: an answer counts only in the browser that
    /// asked. A real application also lets entries expire.
    pending: Mutex<HashMap<String, Pending>>,
    /// By the session cookie.
    sessions: Mutex<HashMap<String, SignedIn>>,
}

/// What the browser gets.
enum Page {
    Html(String),
    Redirect { to: Url, cookie: String },
}

type Outcome = Result<Page, Box<dyn Error + Send + Sync>>;

/// One HTTP exchange of the `openidconnect` crate.
type Fetch = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send>>;

impl Application {
    /// What the provider publishes of itself. A real application keeps it for a while.
    async fn provider(&self) -> Result<ProviderMetadataWithLogout, Box<dyn Error + Send + Sync>> {
        let issuer = IssuerUrl::new(self.arguments.issuer.clone())?;
        Ok(ProviderMetadataWithLogout::discover_async(issuer, &self.fetch()).await?)
    }

    /// The HTTP client that the `openidconnect` crate uses, whichever version of `reqwest` it
    /// was built for.
    fn fetch(&self) -> impl Fn(HttpRequest) -> Fetch + Send + Sync + use<> {
        let http = self.http.clone();
        move |request| {
            let http = http.clone();
            Box::pin(async move {
                let response = http.execute(request.try_into()?).await?;
                let mut answer = Response::new(Vec::new());
                *answer.status_mut() = response.status();
                *answer.headers_mut() = response.headers().clone();
                *answer.body_mut() = response.bytes().await?.to_vec();
                Ok(answer)
            })
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.arguments.listen)
    }

    /// Sends the browser to the provider.
    async fn sign_in(&self) -> Outcome {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client_id = ClientId::new(self.arguments.client_id.clone());
        let client = CoreClient::from_provider_metadata(self.provider().await?, client_id, None)
            .set_redirect_uri(RedirectUrl::new(self.url("/callback"))?);
        let scopes = ["profile", "email", "groups", "demo.read"];
        let (to, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let state = state.into_secret();
        let cookie = format!("state={state}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
        lock(&self.pending).insert(state, Pending { nonce, verifier });
        Ok(Page::Redirect { to, cookie })
    }

    /// Takes the provider's answer.
    async fn callback(&self, query: &str, cookies: &HashMap<String, String>) -> Outcome {
        let answer = pairs(query, '&');
        let state = answer.get("state").ok_or("the answer has no state")?;
        if cookies.get("state") != Some(state) {
            return Err("the answer is not for this browser".into());
        }
        let pending = lock(&self.pending)
            .remove(state)
            .ok_or("the answer came before, or too late")?;
        // RFC 9207: an answer by another provider must not be taken for this one's.
        if answer.get("iss") != Some(&self.arguments.issuer) {
            return Err("the answer is by another issuer".into());
        }
        if let Some(error) = answer.get("error") {
            return Err(format!("the provider says: {error}").into());
        }
        let code = answer.get("code").ok_or("the answer has no code")?;
        let session = CsrfToken::new_random().into_secret();
        let signed_in = self.redeem(code, pending).await?;
        lock(&self.sessions).insert(session.clone(), signed_in);
        Ok(Page::Redirect {
            to: Url::parse(&self.url("/"))?,
            cookie: format!("session={session}; Path=/; HttpOnly; SameSite=Lax"),
        })
    }

    /// Exchanges the code for tokens and believes the ID token only once it is verified.
    async fn redeem(
        &self,
        code: &str,
        pending: Pending,
    ) -> Result<SignedIn, Box<dyn Error + Send + Sync>> {
        let provider = self.provider().await?;
        let algorithms = provider.id_token_signing_alg_values_supported().clone();
        let client_id = ClientId::new(self.arguments.client_id.clone());
        let client = CoreClient::from_provider_metadata(provider, client_id, None)
            .set_redirect_uri(RedirectUrl::new(self.url("/callback"))?);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))?
            .set_pkce_verifier(pending.verifier)
            .request_async(&self.fetch())
            .await?;
        let id_token = tokens.id_token().ok_or("there is no ID token")?;
        let verifier = client.id_token_verifier().set_allowed_algs(algorithms);
        let claims = id_token.claims(&verifier, &pending.nonce)?.clone();
        let api_answer = self
            .http
            .get(self.arguments.api.clone())
            .bearer_auth(tokens.access_token().secret())
            .send()
            .await?
            .text()
            .await?;
        Ok(SignedIn {
            id_token: id_token.clone(),
            claims,
            api_answer,
        })
    }

    /// Forgets the browser here and sends it to the provider to sign out there as well.
    async fn sign_out(&self, cookies: &HashMap<String, String>) -> Outcome {
        let session = cookies.get("session").cloned().unwrap_or_default();
        let signed_in = lock(&self.sessions).remove(&session);
        let provider = self.provider().await?;
        let end_session = &provider.additional_metadata().end_session_endpoint;
        let to = match (signed_in, end_session) {
            (Some(signed_in), Some(endpoint)) => LogoutRequest::from(endpoint.clone())
                .set_id_token_hint(&signed_in.id_token)
                .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(self.url("/"))?)
                .http_get_url(),
            _ => Url::parse(&self.url("/"))?,
        };
        let cookie = "session=; Path=/; Max-Age=0".to_owned();
        Ok(Page::Redirect { to, cookie })
    }

    fn home(&self, cookies: &HashMap<String, String>) -> Outcome {
        let sessions = lock(&self.sessions);
        let Some(signed_in) = cookies.get("session").and_then(|id| sessions.get(id)) else {
            return Ok(Page::Html(
                "<p>Nobody is signed in.</p><p><a href=\"/sign-in\">Sign in</a></p>".to_owned(),
            ));
        };
        let claims = serde_json::to_string_pretty(&signed_in.claims)?;
        let mut body = String::new();
        write!(
            body,
            "<h2>The ID token says</h2><pre>{}</pre><h2>{} answers</h2><pre>{}</pre>\
             <p><a href=\"/sign-out\">Sign out</a></p>",
            escape(&claims),
            escape(self.arguments.api.as_str()),
            escape(&signed_in.api_answer),
        )?;
        Ok(Page::Html(body))
    }

    async fn answer(&self, request: &Request<Incoming>) -> Outcome {
        let cookies = request
            .headers()
            .get(COOKIE)
            .and_then(|value| value.to_str().ok())
            .map(|value| pairs(&value.replace("; ", ";"), ';'))
            .unwrap_or_default();
        match request.uri().path() {
            "/" => self.home(&cookies),
            "/sign-in" => self.sign_in().await,
            "/callback" => {
                let query = request.uri().query().unwrap_or_default();
                self.callback(query, &cookies).await
            }
            "/sign-out" => self.sign_out(&cookies).await,
            _ => Err("there is nothing here".into()),
        }
    }

    async fn serve(
        &self,
        request: &Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, http::Error> {
        match self.answer(request).await {
            Ok(Page::Redirect { to, cookie }) => Response::builder()
                .status(StatusCode::SEE_OTHER)
                .header(LOCATION, to.as_str())
                .header(SET_COOKIE, cookie)
                .body(Full::default()),
            Ok(Page::Html(body)) => html(StatusCode::OK, &body),
            Err(error) => {
                let error = escape(&error.to_string());
                html(StatusCode::BAD_REQUEST, &format!("<p>{error}</p>"))
            }
        }
    }
}

fn html(status: StatusCode, body: &str) -> Result<Response<Full<Bytes>>, http::Error> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Relying party</title>\
         <h1>An application</h1>{body}"
    );
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'")
        .body(Full::from(page))
}

/// The `name=value` pairs of a query or a cookie, decoded; of equal names the last one.
fn pairs(text: &str, separator: char) -> HashMap<String, String> {
    text.split(separator)
        .flat_map(|pair| form_urlencoded::parse(pair.as_bytes()).into_owned())
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    cellgate::server::install_crypto_provider();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("open http://{}/ in a browser", listener.local_addr()?);
    let application = Arc::new(Application {
        arguments,
        // A provider that redirects must not choose where secrets are sent.
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?,
        pending: Mutex::default(),
        sessions: Mutex::default(),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        let application = Arc::clone(&application);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let application = Arc::clone(&application);
                async move { application.serve(&request).await }
            });
            // A connection that breaks concerns nobody but its peer.
            drop(
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}
