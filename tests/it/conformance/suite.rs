//! The provider under test and the relying parties it knows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cellgate::secret::Digest;
use chrono::Utc;
use serde_json::{Value, json};

use super::registration::Registered;
use super::{Keys, Request, User};
use crate::support::{Answer, Clocked, Edge, Recorder, Site};

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
  registration: {mode: open}
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

/// Where the provider runs.
#[derive(Debug)]
enum Host {
    /// In this process, so that modules that are about time need not wait for it.
    Here(Box<Clocked>),
    /// In a process of its own, which the command line can act upon.
    Program(Edge),
}

/// A running provider, read as the suite reads it: by its discovery document.
#[derive(Debug)]
pub(super) struct Suite {
    host: Host,
    pub(super) delivery: Delivery,
    pub(super) metadata: Value,
    pub(super) keys: Keys,
    /// The client of nearly every module.
    pub(super) first: RelyingParty,
    /// The client that tries what was issued to the first.
    pub(super) second: RelyingParty,
    requests: AtomicU32,
}

impl Suite {
    /// Starts a provider that knows [`FIRST`], [`SECOND`] and [`POSTING`], with a clock of its own.
    pub(super) async fn start(delivery: Delivery) -> Self {
        Self::start_registered(delivery, &json!({})).await
    }

    /// As [`Self::start`], with the keys of `more` in the registration of [`FIRST`].
    pub(super) async fn start_registered(delivery: Delivery, more: &Value) -> Self {
        let clocked = Clocked::start_with_tls(&configuration(more)).await;
        Self::at(Host::Here(Box::new(clocked)), delivery).await
    }

    /// As [`Self::start_registered`], in a process of its own.
    pub(super) async fn start_with(delivery: Delivery, more: &Value) -> Self {
        let edge = Edge::start_with_tls(&configuration(more));
        Self::at(Host::Program(edge), delivery).await
    }

    /// Starts a provider whose first and second client registered themselves; those two.
    pub(super) async fn start_dynamic() -> (Self, [Registered; 2]) {
        let mut suite = Self::start(Delivery::Query).await;
        let plain = json!({});
        let clients = [
            suite.registered(&plain).await,
            suite.registered(&plain).await,
        ];
        let [first, second] = clients.each_ref().map(|it| it.client.clone());
        (suite.first, suite.second) = (first, second);
        (suite, clients)
    }

    /// Starts the program, with a document at `/sector.json` that it can fetch from itself.
    pub(super) async fn start_with_sector(document: &Recorder) -> Self {
        let clients = "\n  clients: ";
        let internal = "\n  back_channel_logout: {danger_internal_addresses: true}";
        let yaml = configuration(&json!({})).replacen(clients, &format!("{internal}{clients}"), 1);
        let address = document.address;
        let yaml = format!(
            "{yaml}  - {{name: sector, path: /sector.json, upstream: sector, \
             authentication: anonymous}}\n\
             upstreams: [{{name: sector, servers: ['http://{address}']}}]\n"
        );
        let edge = Edge::start_with_tls(&yaml);
        Self::at(Host::Program(edge), Delivery::Query).await
    }

    async fn at(host: Host, delivery: Delivery) -> Self {
        let edge = host.site();
        let answer = edge.get("/oidc/.well-known/openid-configuration").await;
        let metadata = answer.assert_status(200).json();
        let keys = published_keys(edge, &metadata).await;
        Self {
            host,
            delivery,
            keys,
            metadata,
            first: FIRST,
            second: SECOND,
            requests: AtomicU32::new(0),
        }
    }

    /// The provider, as its peers see it.
    pub(super) fn edge(&self) -> &Site {
        self.host.site()
    }

    /// The running program.
    #[track_caller]
    pub(super) fn program(&self) -> &Edge {
        match &self.host {
            Host::Program(edge) => edge,
            Host::Here(_) => panic!("the provider is no process of its own"),
        }
    }

    /// The provider's present, seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        match &self.host {
            Host::Here(clocked) => i64::try_from(clocked.now()).expect("not that late"),
            Host::Program(_) => Utc::now().timestamp(),
        }
    }

    /// Lets time pass at the provider.
    #[track_caller]
    pub(super) fn let_pass(&self, seconds: u64) {
        match &self.host {
            Host::Here(clocked) => clocked.advance(Duration::from_secs(seconds)),
            Host::Program(_) => panic!("the program has no other clock than the machine"),
        }
    }

    /// Reads the published keys once more.
    pub(super) async fn reload_keys(&mut self) {
        self.keys = published_keys(self.edge(), &self.metadata).await;
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

    /// An authorization request of the first client with state and nonce of its own.
    pub(super) fn request(&self) -> Request {
        self.request_of(&self.first)
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
        let mut request = self.edge().http.post(self.endpoint(endpoint));
        match client.authentication {
            "client_secret_basic" => request = request.basic_auth(client.id, Some(client.secret)),
            "client_secret_post" => {
                form.extend([("client_id", client.id), ("client_secret", client.secret)]);
            }
            // The assertion is in the form already.
            "private_key_jwt" => {}
            other => panic!("no way to authenticate by {other}"),
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.edge().send(request).await
    }
}

impl Host {
    fn site(&self) -> &Site {
        match self {
            Self::Here(clocked) => clocked,
            Self::Program(edge) => edge,
        }
    }
}

/// The configuration, with the keys of `more` in the registration of [`FIRST`]; one that is null
/// is taken out of it.
fn configuration(more: &Value) -> String {
    let mut first = FIRST.entry();
    let entry = first.as_object_mut().expect("an object");
    entry.extend(more.as_object().expect("an object").clone());
    entry.retain(|_, value| !value.is_null());
    let clients = json!([first, SECOND.entry(), POSTING.entry()]);
    CONFIGURATION.replace("@CLIENTS@", &clients.to_string())
}

async fn published_keys(edge: &Site, metadata: &Value) -> Keys {
    let answer = edge.send(edge.http.get(text(metadata, "jwks_uri"))).await;
    Keys::parse(&answer.assert_status(200).json())
}

#[track_caller]
fn text<'a>(metadata: &'a Value, name: &str) -> &'a str {
    metadata[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {metadata:#}"))
}
