//! Cellgate as its peers see it: an address and what one sends there.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Answer, SignIn, Wire};

/// How long anything may take before the test gives up; nothing waits that long.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Where Cellgate listens, and a client to ask it.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(super) scheme: &'static str,
    pub(crate) http: reqwest::Client,
}

impl Site {
    /// At `address`, without TLS.
    pub(super) fn at(address: SocketAddr) -> Self {
        Self {
            address,
            scheme: "http",
            http: client(|builder| builder),
        }
    }

    /// What answers at `address` for several.
    pub(crate) fn behind(address: SocketAddr) -> Self {
        Self::at(address)
    }

    /// The same over TLS, under certificates of `authority` and no others.
    pub(super) fn with_tls(self, authority: reqwest::Certificate) -> Self {
        Self {
            scheme: "https",
            http: client(|builder| builder.tls_certs_only([authority])),
            ..self
        }
    }

    /// The URL of `path` at the edge.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// GET `path` without credentials.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await
    }

    /// GET `path` with a bearer token.
    pub(crate) async fn get_with(&self, path: &str, token: &str) -> Answer {
        self.send(self.http.get(self.url(path)).bearer_auth(token))
            .await
    }

    /// Sends `request` and reads the answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer comes")).await
    }

    /// POST to the token endpoint.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post_form("/oidc/oauth2/token", form).await
    }

    /// POST a form.
    pub(crate) async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .http
            .post(self.url(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    /// Revokes a token of the demo's public client (RFC 7009).
    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        let form = [("client_id", "demo-app"), ("token", token)];
        self.post_form("/oidc/oauth2/revoke", &form).await
    }

    /// A user called `login` who is about to sign in to `demo-app`.
    pub(crate) fn sign_in(&self, login: &str) -> SignIn<'_> {
        SignIn::new(self, login)
    }

    /// A connection that bytes are written to as they are.
    pub(crate) async fn wire(&self) -> Wire {
        Wire::connect(self.address).await
    }
}

/// A client that follows no redirect and keeps no cookie, with what `more` adds.
fn client(more: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    cellgate::server::install_crypto_provider();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(DEADLINE);
    more(builder).build().expect("a client can be made")
}
