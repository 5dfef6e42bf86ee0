//! Browser sign-in at another issuer, over real sockets towards browsers and a script towards the
//! issuer: sections L and I of the corpus where we are the relying party.

mod client_assertion;
mod ends;
mod refresh;
mod round_trip;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::browser::{Browser, query};
use crate::gateway::settings::{Action, Authentication, Policy, Route};
use crate::gateway::tests::harness::{Answer, NOW, TestGateway};
use crate::gateway::tests::support::{policy, route};
use crate::gateway::{SignInElsewhere, SignInSettings};
use crate::issuers::tests::script::{ISSUER, KEYS, METADATA, World, jwks, key, reply, trusted};
use crate::issuers::{SignInAuthentication, SignInClient, TrustedIssuer};
use crate::jose::{SigningKey, TokenVerifier};
use crate::model::{Issuer, Scope};
use crate::secret::Secret;
use crate::store::{Settings, Store};

const TOKEN: &str = "https://login.test/token";
const USERINFO: &str = "https://login.test/me";
const HOSTS: [&str; 2] = ["app.test", "other.test"];

/// A gateway whose users an issuer signs in that does what the test says.
struct Site {
    gateway: TestGateway,
    world: World,
    key: SigningKey,
    store: Store,
}

impl Site {
    async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// The same with deviations of the client, and of the metadata.
    async fn with(
        client: impl FnOnce(&mut SignInClient),
        metadata: impl FnOnce(&mut Value),
    ) -> Self {
        let mut gateway = TestGateway::start().await;
        let world = World::of(&[issuer(client)]);
        let key = key();
        let mut shown = json!({
            "issuer": ISSUER,
            "jwks_uri": KEYS,
            "authorization_endpoint": "https://login.test/auth?tenant=1",
            "token_endpoint": TOKEN,
            "userinfo_endpoint": USERINFO,
            "end_session_endpoint": "https://login.test/end",
            "authorization_response_iss_parameter_supported": true,
        });
        metadata(&mut shown);
        world.script.show(METADATA, &shown);
        world.script.show(KEYS, &jwks(&[&key]));
        let store = Store::open(&Settings::in_memory()).await.unwrap();
        gateway.reload(|settings, parts| {
            let verifier = TokenVerifier::new(None, &world.issuers.verifiable(), 100);
            parts.verifier = Arc::new(verifier.unwrap().limiting_failures(5));
            parts.issuers = Arc::clone(&world.issuers);
            parts.store = Some(store.clone());
            parts.revocations = Some(Arc::clone(store.revocations()));
            settings.routes = HOSTS.into_iter().map(to_upstream).collect();
            settings.sign_in = sign_in();
        });
        Self {
            gateway,
            world,
            key,
            store,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.gateway.address)
    }

    fn advance_s(&self, seconds: u64) {
        self.gateway.clock.advance(Duration::from_secs(seconds));
        self.world.clock.advance(Duration::from_secs(seconds));
    }

    fn now(&self) -> u64 {
        use crate::clock::Clock as _;
        self.gateway.clock.now().as_secs()
    }

    /// Sends a browser to the issuer; what it is asked there.
    async fn begin(
        &self,
        browser: &mut Browser,
        url: &str,
    ) -> std::collections::BTreeMap<String, String> {
        let answer = browser.get(url).await;
        let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
        assert!(
            location.starts_with("https://login.test/auth?"),
            "{location}"
        );
        query(&location)
    }

    /// An ID token, after `change` to its claims.
    fn id_token(&self, nonce: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER,
            "sub": "alice",
            "aud": "cellgate",
            "iat": self.now(),
            "exp": self.now() + 300,
            "auth_time": self.now(),
            "nonce": nonce,
            "sid": "sid-1",
            "groups": ["/staff"],
            "at_hash": half_hash("at-1"),
        });
        change(&mut claims);
        self.key.sign_jwt("JWT", &claims).unwrap()
    }

    /// What the token endpoint answers from now on.
    fn give(&self, id_token: Option<&String>, change: impl FnOnce(&mut Value)) {
        let mut answer = json!({
            "access_token": "at-1",
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": "rt-1",
            "scope": "openid read",
            "id_token": id_token,
        });
        change(&mut answer);
        self.world.script.show(TOKEN, &answer);
    }

    /// Refuses from now on.
    fn refuse(&self, status: u16, code: &str) {
        let body = json!({ "error": code }).to_string();
        self.world.script.answer(TOKEN, Ok(reply(status, &body)));
    }

    /// The way back from the issuer, with these parameters besides `state`.
    async fn come_back(&self, browser: &mut Browser, state: &str, more: &[(&str, &str)]) -> Answer {
        let pairs = form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .extend_pairs(more)
            .finish();
        let url = format!("https://app.test/.cellgate/callback?{pairs}");
        browser.get(&url).await
    }

    /// The whole way with an ID token that `change` was made to.
    async fn sign_in_with(&self, change: impl FnOnce(&mut Value)) -> (Browser, Answer) {
        let mut browser = self.browser();
        let asked = self.begin(&mut browser, "https://app.test/x?y=1").await;
        self.give(Some(&self.id_token(&asked["nonce"], change)), |_| {});
        let answer = [("code", "c-1"), ("iss", ISSUER)];
        let answer = self.come_back(&mut browser, &asked["state"], &answer).await;
        (browser, answer)
    }

    /// A browser that is signed in.
    async fn signed_in(&self) -> Browser {
        let (browser, answer) = self.sign_in_with(|_| {}).await;
        assert_eq!(answer.location().as_deref(), Some("https://app.test/x?y=1"));
        browser
    }

    /// Whether the browser's session is good, as a script of its page sees it.
    async fn status(&self, browser: &Browser) -> u16 {
        let mut browser = browser.clone();
        let url = "https://app.test/api";
        let answer = browser.send("GET", url, "Accept: application/json\r\n", "");
        answer.await.status
    }
}

fn issuer(change: impl FnOnce(&mut SignInClient)) -> TrustedIssuer {
    let mut client = SignInClient {
        name: "intranet".to_owned(),
        client_id: "cellgate".to_owned(),
        authentication: SignInAuthentication::SecretBasic(Secret::new("s3cret")),
        scope: Scope::parse("openid read offline_access").unwrap(),
        userinfo: false,
        returns_after_sign_out: false,
    };
    change(&mut client);
    TrustedIssuer {
        sign_in_clients: vec![client],
        ..trusted(ISSUER)
    }
}

fn to_upstream(host: &str) -> Route {
    Route {
        action: Action::Upstream("u".to_owned()),
        policy: Policy {
            authentication: Authentication::SignIn,
            issuers: vec![Arc::from(ISSUER)],
            all_scopes: Scope::parse("read").unwrap(),
            ..policy()
        },
        sign_in_client: Some("intranet".to_owned()),
        ..route(host).host(host).path("/").build()
    }
}

fn sign_in() -> SignInSettings {
    let elsewhere = HOSTS.map(|host| SignInElsewhere {
        host: host.to_owned(),
        reached_as: Issuer::parse("https://any.test").unwrap(),
        client: "intranet".to_owned(),
        audience: vec!["api".to_owned()],
    });
    SignInSettings {
        elsewhere: elsewhere.to_vec(),
        ..SignInSettings::default()
    }
}

/// Takes a claim out.
fn without(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name).unwrap();
}

/// `at_hash` of an access token whose ID token is signed with ES256.
fn half_hash(access_token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

#[track_caller]
fn assert_page(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.contains(text), "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
}
