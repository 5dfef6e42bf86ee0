//! An application that signs its users in at Cellgate, with the stock `openidconnect` crate.
//!
//! It shows all that a relying party has to do: discovery, authorization code with PKCE, `state`,
//! `nonce` and `iss` checked, the ID token verified, userinfo, an API called with the access
//! token, and sign-out. Its defaults fit `config/demo.yaml`:
//!
//! ```text
//! cargo run --release -- run --config config/demo.yaml
//! cargo run --example relying_party
//! ```
//!
//! then open <http://127.0.0.1:9482/>.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use clap::Parser;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use minijinja::context;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreUserInfoClaims,
};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, EndSessionUrl, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse as _,
};
use tokio::net::TcpListener;
use url::Url;

type Failure = Box<dyn Error + Send + Sync>;

/// Signs users in with OpenID Connect and shows what it learned.
#[derive(Parser)]
struct Arguments {
    /// Issuer, exactly as the provider is configured.
    #[arg(long, default_value = "http://127.0.0.1:9480/oidc/")]
    issuer: String,
    /// The client's identifier at the provider.
    #[arg(long, default_value = "demo-app")]
    client_id: String,
    /// Where to listen; `http://LISTEN/callback` must be registered as redirect URI.
    #[arg(long, default_value = "127.0.0.1:9482")]
    listen: SocketAddr,
    /// A protected API to call with the access token.
    #[arg(long, default_value = "http://127.0.0.1:9480/api/hello")]
    api: Url,
}

/// A client whose authorization endpoint is known, and whose token and userinfo endpoints are
/// known if the discovery document has them.
type OidcClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is remembered between sending a browser to the provider and its return.
struct Pending {
    verifier: PkceCodeVerifier,
    nonce: Nonce,
}

struct Application {
    client: OidcClient,
    http: reqwest::Client,
    end_session: EndSessionUrl,
    home: Url,
    issuer: String,
    api: Url,
    /// By `state`. A real application binds it to the browser by a cookie, as this one does, and
    /// forgets it after some minutes, as this one does not.
    pending: Mutex<HashMap<String, Pending>>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    cellgate::server::install_crypto_provider();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    let application = Arc::new(Application::discover(arguments).await?);
    writeln!(std::io::stdout(), "Open {}", application.home)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let application = Arc::clone(&application);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| application.answer(request));
            // A browser that goes away in the middle of an answer is not worth a line.
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

impl Application {
    /// Reads the discovery document and makes a client of it.
    async fn discover(arguments: Arguments) -> Result<Self, Failure> {
        // Following redirects here would let a hostile page steer our own requests.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let send = |request| send(http.clone(), request);
        let metadata = ProviderMetadataWithLogout::discover_async(
            IssuerUrl::new(arguments.issuer.clone())?,
            &send,
        )
        .await?;
        let end_session = metadata
            .additional_metadata()
            .end_session_endpoint
            .as_ref()
            .map_or_else(
                || Err("the provider has no end_session_endpoint"),
                |endpoint| Ok(endpoint.clone()),
            )?;
        let home = Url::parse(&format!("http://{}/", arguments.listen))?;
        let client =
            CoreClient::from_provider_metadata(metadata, ClientId::new(arguments.client_id), None)
                .set_redirect_uri(RedirectUrl::from_url(home.join("callback")?));
        Ok(Self {
            client,
            http,
            end_session,
            home,
            issuer: arguments.issuer,
            api: arguments.api,
            pending: Mutex::default(),
        })
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let outcome = match request.uri().path() {
            "/" => Ok(page(START, &context! {})),
            "/sign-in" => Ok(self.send_to_provider()),
            "/callback" => self.receive(&request).await,
            _ => Ok(with_status(
                StatusCode::NOT_FOUND,
                page(FAILED, &context! { error => "There is no such page." }),
            )),
        };
        Ok(outcome.unwrap_or_else(|error| {
            with_status(
                StatusCode::BAD_GATEWAY,
                page(FAILED, &context! { error => error.to_string() }),
            )
        }))
    }

    /// OpenID Connect Core §3.1.2.1, with PKCE (RFC 7636).
    fn send_to_provider(&self) -> Response<Full<Bytes>> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self.client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        for scope in ["profile", "email", "groups", "offline_access", "demo.read"] {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        let (location, state, nonce) = request.set_pkce_challenge(challenge).url();
        let cookie = format!("state={}; HttpOnly; SameSite=Lax; Path=/", state.secret());
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(state.into_secret(), Pending { verifier, nonce });
        let mut response = redirect(location.as_str());
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }

    /// The browser comes back: with a code, or with an error.
    async fn receive(&self, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
        let parameters: HashMap<String, String> =
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let state = parameters.get("state").ok_or("no state came back")?;
        let cookie = request
            .headers()
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !cookie
            .split("; ")
            .any(|pair| pair == format!("state={state}"))
        {
            return Err("this sign-in was begun in another browser".into());
        }
        let pending = self
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(state);
        let pending = pending.ok_or("this sign-in was not begun here, or is over")?;
        // RFC 9207 §2.4: an answer of another issuer is not for this request.
        if parameters
            .get("iss")
            .is_some_and(|issuer| *issuer != self.issuer)
        {
            return Err("the answer came from another issuer".into());
        }
        if let Some(error) = parameters.get("error") {
            return Err(format!("the provider answered {error}").into());
        }
        let code = parameters.get("code").ok_or("no code came back")?;
        self.sign_in(AuthorizationCode::new(code.clone()), pending)
            .await
    }

    /// Exchanges the code, verifies the ID token, asks userinfo and the API.
    async fn sign_in(
        &self,
        code: AuthorizationCode,
        pending: Pending,
    ) -> Result<Response<Full<Bytes>>, Failure> {
        let send = |request| send(self.http.clone(), request);
        let tokens = self
            .client
            .exchange_code(code)?
            .set_pkce_verifier(pending.verifier)
            .request_async(&send)
            .await?;
        let id_token = tokens.id_token().ok_or("no ID token came")?;
        let claims: &CoreIdTokenClaims =
            id_token.claims(&self.client.id_token_verifier(), &pending.nonce)?;
        let userinfo: CoreUserInfoClaims = self
            .client
            .user_info(
                tokens.access_token().clone(),
                Some(claims.subject().clone()),
            )?
            .request_async(&send)
            .await?;
        let api = self
            .http
            .get(self.api.clone())
            .bearer_auth(tokens.access_token().secret())
            .send()
            .await?;
        let api_status = api.status().as_u16();
        let api_body = api.text().await?;
        let sign_out = LogoutRequest::from(self.end_session.clone())
            .set_id_token_hint(id_token)
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::from_url(self.home.clone()))
            .http_get_url();
        Ok(page(
            SIGNED_IN,
            &context! {
                subject => claims.subject().as_str(),
                claims => serde_json::to_string_pretty(claims)?,
                userinfo => serde_json::to_string_pretty(&userinfo)?,
                refresh => tokens.refresh_token().is_some(),
                api_url => self.api.as_str(),
                api_status,
                api_body,
                sign_out => sign_out.as_str(),
            },
        ))
    }
}

/// Lends `reqwest` to `openidconnect`.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}

fn page(body: &str, values: &minijinja::Value) -> Response<Full<Bytes>> {
    let mut templates = minijinja::Environment::new();
    templates.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    let html = templates
        .render_str(&format!("{HEAD}{body}"), values)
        .unwrap_or_else(|error| error.to_string());
    let mut response = Response::new(Full::from(html));
    let html_type = header::HeaderValue::from_static("text/html; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, html_type);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

fn redirect(location: &str) -> Response<Full<Bytes>> {
    let mut response = with_status(StatusCode::SEE_OTHER, Response::default());
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn with_status(status: StatusCode, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    *response.status_mut() = status;
    response
}

const HEAD: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Relying party</title><style>body{font:1rem/1.5 system-ui;max-width:45rem;margin:3rem auto;padding:0 1rem}
pre{background:#8882;padding:1rem;overflow:auto}:root{color-scheme:light dark}</style>"#;
const START: &str = r#"<h1>An application</h1><p>Nobody is signed in.</p><p><a id="begin" href="/sign-in">Sign in</a></p>"#;
const FAILED: &str =
    r#"<h1>That did not work</h1><p id="error">{{ error }}</p><p><a href="/">Start again</a></p>"#;
const SIGNED_IN: &str = r#"<h1>Signed in</h1><p>The subject is <strong id="subject">{{ subject }}</strong>.
{% if refresh %}A refresh token came too.{% endif %}</p><p><a id="end" href="{{ sign_out }}">Sign out</a></p>
<h2>ID token</h2><pre id="claims">{{ claims }}</pre><h2>Userinfo</h2><pre id="userinfo">{{ userinfo }}</pre>
<h2>{{ api_url }} answered {{ api_status }}</h2><pre id="api">{{ api_body }}</pre>"#;
