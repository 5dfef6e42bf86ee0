//! The code flow, with defaults that work and one method for each deviation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Answer, Browser, SERVICE_SECRET, TestProvider, basic, encode};
use crate::secret::Digest;

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Authorize {
    params: Vec<(String, String)>,
}

impl Authorize {
    /// The request of the public client `app`.
    pub(crate) fn app() -> Self {
        let challenge = Digest::of(VERIFIER.as_bytes()).to_base64url();
        Self { params: Vec::new() }
            .with("client_id", "app")
            .with("redirect_uri", "https://app.example/callback")
            .with("response_type", "code")
            .with("scope", "openid")
            .with("state", "the-state")
            .with("code_challenge", &challenge)
            .with("code_challenge_method", "S256")
    }

    /// The request of the confidential client `service`, without PKCE.
    pub(crate) fn service() -> Self {
        Self::app()
            .with("client_id", "service")
            .with("redirect_uri", "https://service.example/callback?tenant=1")
            .without("code_challenge")
            .without("code_challenge_method")
    }

    /// The same with `name` set to `value`.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut other = self.without(name);
        other.params.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same with `name` once more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without `name`.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.params.retain(|(key, _)| key != name);
        self
    }

    pub(crate) fn params(&self) -> Vec<(&str, &str)> {
        self.params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    pub(crate) fn target(&self) -> String {
        format!("/oidc/oauth2/auth?{}", encode(&self.params()))
    }

    /// What a browser gets that has never been here.
    pub(crate) async fn send(&self, op: &TestProvider) -> Answer {
        op.browser().get(&self.target()).await
    }

    /// The code that `login` gets for the client in a fresh browser.
    pub(crate) async fn code(&self, op: &TestProvider, login: &str) -> Code {
        self.code_in(&mut op.browser(), login).await
    }

    /// The code that `login` gets for the client in `browser`, after signing in.
    pub(crate) async fn code_in(&self, browser: &mut Browser<'_>, login: &str) -> Code {
        let page = browser.get(&self.target()).await;
        page.assert_sign_in_page();
        let answer = browser.sign_in(&page, login).await;
        self.code_of(&answer)
    }

    /// The code in an answer to this request.
    #[track_caller]
    pub(crate) fn code_of(&self, answer: &Answer) -> Code {
        let params = answer.params();
        let value = |name: &str| {
            let mut params = self.params.iter();
            params
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        Code {
            value: params
                .get("code")
                .unwrap_or_else(|| panic!("{params:?}"))
                .clone(),
            redirect_uri: value("redirect_uri").unwrap(),
            verifier: value("code_challenge").map(|_| VERIFIER.to_owned()),
        }
    }
}

/// A code, and what its client knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) value: String,
    pub(crate) redirect_uri: String,
    pub(crate) verifier: Option<String>,
}

impl Code {
    /// The form that redeems the code.
    pub(crate) fn form(&self) -> Vec<(&str, &str)> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", self.value.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
        ];
        if let Some(verifier) = &self.verifier {
            form.push(("code_verifier", verifier));
        }
        form
    }
}

/// What a token response brought.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) body: Value,
}

impl Tokens {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        Self { body }
    }

    #[track_caller]
    pub(crate) fn access_token(&self) -> &str {
        self.body["access_token"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn refresh_token(&self) -> &str {
        self.body["refresh_token"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn id_token(&self) -> &str {
        self.body["id_token"].as_str().unwrap()
    }
}

/// The header and the claims of a JWT, unverified.
#[track_caller]
pub(crate) fn read_jwt(token: &str) -> (Map<String, Value>, Map<String, Value>) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(parts[0]), read(parts[1]))
}

impl TestProvider {
    /// Redeems a code as the public client `app`.
    pub(crate) async fn exchange(&self, code: &Code) -> Answer {
        self.exchange_as("app", None, code).await
    }

    /// Redeems a code as the confidential client `service`.
    pub(crate) async fn exchange_as_service(&self, code: &Code) -> Answer {
        let authorization = basic("service", SERVICE_SECRET);
        self.exchange_as("service", Some(&authorization), code)
            .await
    }

    /// Redeems a code as some client.
    pub(crate) async fn exchange_as(
        &self,
        client_id: &str,
        authorization: Option<&str>,
        code: &Code,
    ) -> Answer {
        let mut form = code.form();
        form.push(("client_id", client_id));
        self.post("/oidc/oauth2/token", authorization, &form).await
    }

    /// The tokens that `login` gets for `app` with `scope`.
    pub(crate) async fn tokens(&self, login: &str, scope: &str) -> Tokens {
        let code = Authorize::app()
            .with("scope", scope)
            .code(self, login)
            .await;
        Tokens::of(&self.exchange(&code).await)
    }

    /// Uses a refresh token as the public client `app`.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.refresh_with(token, &[]).await
    }

    /// The same with more parameters.
    pub(crate) async fn refresh_with(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", "app"),
            ("refresh_token", token),
        ];
        form.extend_from_slice(more);
        self.post("/oidc/oauth2/token", None, &form).await
    }

    /// What the userinfo endpoint says to an access token.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let request = http::Request::get("/oidc/userinfo")
            .header("authorization", format!("Bearer {access_token}"))
            .body(bytes::Bytes::new());
        self.send(request.unwrap()).await
    }
}
