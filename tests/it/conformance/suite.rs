//! The provider under test and the relying parties it knows.

use std::sync::atomic::{AtomicU32, Ordering};

use cellgate::secret::Digest;
use serde_json::{Value, json};

use super::{Keys, Request, User};
use crate::support::{Answer, Edge};

/// How an answer reaches the redirect URI: the difference between the plans Basic and Form Post
/// Basic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// In the query of a redirection.
    Query,
    /// In a form that a page posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// A client with its registration, as the suite's configuration names it.
#[derive(Clone, Debug)]
pub(super) struct RelyingParty {
    pub(super) id: &'static str,
    pub(super) secret: &'static str,
    pub(super) authentication: &'static str,
    pub(super) redirect_uri: &'static str,
    pub(super) post_logout_redirect_uri: &'static str,
}

/// The client of nearly every module.
pub(super) const FIRST: RelyingParty = RelyingParty {
    id: "first",
    secret: "the-secret-of-the-first-client-43-letters-x",
    authentication: "client_secret_basic",
    redirect_uri: "https://rp.example/test/a/cellgate/callback",
    post_logout_redirect_uri: "https://rp.example/test/a/cellgate/post_logout_redirect",
};

/// The client that tries what was issued to the first.
pub(super) const SECOND: RelyingParty = RelyingParty {
    id: "second",
    secret: "the-secret-of-the-other-client-43-letters-x",
    ..FIRST
};

/// The client that authenticates in the form.
pub(super) const POSTING: RelyingParty = RelyingParty {
    id: "posting",
    secret: "the-secret-of-the-posting-one-43-letters-xx",
    authentication: "client_secret_post",
    ..FIRST
};

/// Configuration with one user of whom every claim is known.
const CONFIGURATION: &str = "
listeners:
  - name: edge
    address: 127.0.0.1:9480
admin:
  address: 127.0.0.1:9481
state:
  path: ./data/demo/cellgate.db
  key_file: ./data/demo/cellgate.key
provider:
  issuer: https://127.0.0.1:9480/oidc/
  clients: @CLIENTS@
users:
  static:
    - login: buffy
      password_hash: $argon2id$v=19$m=19456,t=2,p=1$dabsWwtH1m8NsG6q23xJjw$TkynP5rGVZfbR5LYEf1XmGA/DyD5n/2I5fof1+PcsrI
      subject: 6f0c1f5e-3c7b-4a53-9a0f-6d0f0e1b7a03
      name: Buffy Example
      email: buffy@example.com
      email_verified: true
      groups: [staff]
      roles: [slayer]
      details:
        given_name: Buffy
        family_name: Example
        phone_number: '+1 555 0100'
        phone_number_verified: true
        address: {street_address: 1630 Revello Drive, locality: Sunnydale, country: USA}
routes:
  - name: api
    path: /api/
    whoami: true
";

impl RelyingParty {
    /// Its entry under `provider.clients`: a JSON object, which is YAML too.
    fn entry(&self) -> Value {
        json!({
            "id": self.id,
            "authentication": self.authentication,
            "secret_hash": format!("sha256:{}", Digest::of(self.secret.as_bytes()).to_base64url()),
            "redirect_uris": [self.redirect_uri],
            "post_logout_redirect_uris": [self.post_logout_redirect_uri],
            "scope": "openid profile email address phone offline_access",
        })
    }
}

/// A running provider, read as the suite reads it: by its discovery document.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) edge: Edge,
    pub(super) delivery: Delivery,
    pub(super) metadata: Value,
    pub(super) keys: Keys,
    requests: AtomicU32,
}

impl Suite {
    /// Starts a provider that knows [`FIRST`], [`SECOND`] and [`POSTING`].
    pub(super) async fn start(delivery: Delivery) -> Self {
        Self::start_with(delivery, &json!({})).await
    }

    /// As [`Self::start`], with the keys of `more` in the registration of [`FIRST`].
    pub(super) async fn start_with(delivery: Delivery, more: &Value) -> Self {
        let mut first = FIRST.entry();
        for (key, value) in more.as_object().expect("an object") {
            first[key] = value.clone();
        }
        let clients = json!([first, SECOND.entry(), POSTING.entry()]);
        let yaml = CONFIGURATION.replace("@CLIENTS@", &clients.to_string());
        let edge = Edge::start_with_tls(&yaml);
        let answer = edge.get("/oidc/.well-known/openid-configuration").await;
        let metadata = answer.assert_status(200).json();
        let keys = published_keys(&edge, &metadata).await;
        Self {
            edge,
            delivery,
            keys,
            metadata,
            requests: AtomicU32::new(0),
        }
    }

    /// Reads the published keys once more.
    pub(super) async fn reload_keys(&mut self) {
        self.keys = published_keys(&self.edge, &self.metadata).await;
    }

    /// The issuer, as the metadata spells it.
    pub(super) fn issuer(&self) -> &str {
        text(&self.metadata, "issuer")
    }

    /// An endpoint of the metadata.
    #[track_caller]
    pub(super) fn endpoint(&self, name: &str) -> &str {
        text(&self.metadata, name)
    }

    /// Whether the metadata lists `value` under `name`.
    pub(super) fn lists(&self, name: &str, value: &str) -> bool {
        self.metadata[name]
            .as_array()
            .is_some_and(|values| values.iter().any(|listed| listed == value))
    }

    /// Someone with a browser of their own.
    pub(super) fn user(&self) -> User<'_> {
        User::new(self)
    }

    /// An authorization request of [`FIRST`] with state and nonce of its own.
    pub(super) fn request(&self) -> Request {
        self.request_of(&FIRST)
    }

    /// As [`Self::request`], of another client.
    pub(super) fn request_of(&self, client: &RelyingParty) -> Request {
        let n = self.requests.fetch_add(1, Ordering::Relaxed);
        Request::new(client, self.delivery, n)
    }

    /// POST of a form to an endpoint, authenticated as `client`.
    pub(super) async fn post_as(
        &self,
        client: &RelyingParty,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let mut form = form.to_vec();
        let mut request = self.edge.http.post(self.endpoint(endpoint));
        match client.authentication {
            "client_secret_basic" => request = request.basic_auth(client.id, Some(client.secret)),
            "client_secret_post" => {
                form.extend([("client_id", client.id), ("client_secret", client.secret)]);
            }
            other => panic!("no way to authenticate by {other}"),
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.edge.send(request).await
    }

    /// Waits for real seconds: the program under test has no other clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the module is about time that passes in the real program"
    )]
    pub(super) async fn let_pass(&self, seconds: u64) {
        // A tenth more, since the seconds of tokens are cut off, not rounded.
        tokio::time::sleep(std::time::Duration::from_millis(seconds * 1000 + 100)).await;
    }
}

async fn published_keys(edge: &Edge, metadata: &Value) -> Keys {
    let answer = edge.send(edge.http.get(text(metadata, "jwks_uri"))).await;
    Keys::parse(&answer.assert_status(200).json())
}

#[track_caller]
fn text<'a>(metadata: &'a Value, name: &str) -> &'a str {
    metadata[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {metadata:#}"))
}
