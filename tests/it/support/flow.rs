//! A user with a browser that has no JavaScript.

use std::collections::BTreeMap;

use base64::Engine as _;
use cellgate::secret::Digest;
use serde_json::Value;

use super::{Answer, Site, form_fields};

/// The redirect URI of `demo-app`.
const CALLBACK: &str = "http://127.0.0.1:9482/callback";
/// A code verifier of the smallest length.
const VERIFIER: &str = "verifier-of-43-characters-that-says-nothing";

/// Cookies and forms, and nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Sends `request` with the cookies held, and takes those that come.
    pub(crate) async fn send(&mut self, edge: &Site, request: reqwest::RequestBuilder) -> Answer {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let request = if cookies.is_empty() {
            request
        } else {
            request.header("cookie", cookies)
        };
        let answer = edge.send(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie is text");
            let (name, value) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a pair");
            if cookie.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// GET `url`.
    pub(crate) async fn get(&mut self, edge: &Site, url: &str) -> Answer {
        self.send(edge, edge.http.get(url)).await
    }

    /// Sends the form of `page` with `fields` filled in, as a browser on the page would.
    pub(crate) async fn submit(
        &mut self,
        edge: &Site,
        page: &Answer,
        fields: &[(&str, &str)],
    ) -> Answer {
        let (action, mut form) = form_fields(&page.body);
        for (name, value) in fields {
            form.retain(|(key, _)| key != name);
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let url = url::Url::parse(&edge.url("/"))
            .unwrap()
            .join(&action)
            .expect("an action");
        let request = edge
            .http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", edge.url(""))
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.send(edge, request).await
    }

    /// Loses a cookie, as when its time is over.
    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// The cookies held.
    pub(crate) const fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }
}

/// A sign-in to `demo-app`, with what deviates from the plain case.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    edge: &'a Site,
    login: String,
    password: String,
    parameters: BTreeMap<String, String>,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
}

impl<'a> SignIn<'a> {
    pub(super) fn new(edge: &'a Site, login: &str) -> Self {
        let challenge = Digest::of(VERIFIER.as_bytes()).to_base64url();
        let parameters = [
            ("response_type", "code"),
            ("client_id", "demo-app"),
            ("redirect_uri", CALLBACK),
            (
                "scope",
                "openid profile email groups offline_access demo.read demo.write",
            ),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Self {
            edge,
            login: login.to_owned(),
            password: "cells-demo-password".to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// Types another password.
    pub(crate) fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Asks for another scope.
    pub(crate) fn scope(self, scope: &str) -> Self {
        self.parameter("scope", scope)
    }

    /// Sends another value of a parameter; the empty one leaves it out.
    pub(crate) fn parameter(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self.parameters.remove(name);
        } else {
            self.parameters.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// The authorization request.
    pub(crate) fn url(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish();
        self.edge.url(&format!("/oidc/oauth2/auth?{query}"))
    }

    /// Opens the authorization request in `browser`, follows to the page, fills it in.
    pub(crate) async fn submit_in(&self, browser: &mut Browser) -> Answer {
        let mut page = browser.get(self.edge, &self.url()).await;
        while page.status.is_redirection()
            && page
                .location()
                .as_str()
                .starts_with(&self.edge.url("/oidc/"))
        {
            let next = page.location();
            page = browser.get(self.edge, next.as_str()).await;
        }
        if page.status.is_redirection() {
            return page;
        }
        browser
            .submit(
                self.edge,
                &page,
                &[("username", &self.login), ("password", &self.password)],
            )
            .await
    }

    /// What comes of filling in the sign-in page, in a new browser.
    pub(crate) async fn submit(&self) -> Answer {
        self.submit_in(&mut Browser::default()).await
    }

    /// The code that comes of it.
    pub(crate) async fn code(&self) -> String {
        let answer = self.submit().await.assert_status(303);
        answer
            .location_parameter("code")
            .unwrap_or_else(|| panic!("no code in {answer:#?}"))
    }

    /// The tokens that come of it.
    pub(crate) async fn tokens(&self) -> Tokens {
        let code = self.code().await;
        let answer = self.edge.token(&exchange(&code)).await.assert_status(200);
        Tokens::read(&answer)
    }
}

/// The token request of `demo-app` for `code`.
pub(crate) fn exchange(code: &str) -> [(&'static str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", "demo-app"),
        ("code_verifier", VERIFIER),
    ]
}

impl Tokens {
    /// Reads a token response.
    #[track_caller]
    pub(crate) fn read(answer: &Answer) -> Self {
        let json = answer.json();
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        Self {
            access_token: text("access_token")
                .unwrap_or_else(|| panic!("no access token in {answer:#?}")),
            refresh_token: text("refresh_token"),
            id_token: text("id_token"),
        }
    }
}

/// The payload of a compact JWS, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}
