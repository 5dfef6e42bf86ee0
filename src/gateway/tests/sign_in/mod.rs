//! Browser sign-in over real sockets: the gateway, its provider, and an application that knows
//! nothing of either.

mod api;
mod browser;
mod elsewhere;
mod forgery;
mod round_trip;
mod session_end;
mod step_up;

use std::sync::Arc;
use std::time::Duration;

use browser::Browser;

use super::harness::{Protocol, TestGateway};
use super::support::{policy, route};
use crate::gateway::settings::{Action, Authentication, Policy, Route, WebSockets};
use crate::gateway::{CALLBACK_PATH, ClaimCondition, ClaimPath, ClaimValue, Conditions, StepUp};
use crate::model::Scope;
use crate::provider::tests::support::{ISSUER, TestProvider, TestUsers};
use crate::provider::{Application, application_client};
use crate::store::Store;

/// Two applications and the provider that their users sign in at.
struct Site {
    gateway: TestGateway,
    users: Arc<TestUsers>,
    store: Store,
    clock: Arc<crate::clock::ManualClock>,
}

const HOSTS: [&str; 2] = ["app.test", "other.test"];

impl Site {
    async fn start() -> Self {
        Self::speaking(Protocol::Http1, |_| {}).await
    }

    async fn speaking(
        protocol: Protocol,
        change: impl FnOnce(&mut crate::gateway::Settings),
    ) -> Self {
        let gateway = TestGateway::speaking(protocol, |settings| {
            settings.routes.extend(routes());
            settings.sign_in.hosts = HOSTS.map(str::to_owned).to_vec();
            change(settings);
        });
        Self::over(gateway.await).await
    }

    async fn over(mut gateway: TestGateway) -> Self {
        let op = TestProvider::start_with(|settings| {
            for host in HOSTS {
                let application = Application {
                    host: host.to_owned(),
                    callback_path: CALLBACK_PATH,
                    audience: vec!["api".to_owned()],
                    scope: Scope::parse("openid profile email groups read").unwrap(),
                };
                let client = application_client(&application, &settings.issuer).unwrap();
                settings.clients.push(client);
            }
        })
        .await;
        let TestProvider {
            provider,
            clock,
            store,
            users,
            ..
        } = op;
        gateway.put_behind(provider, &store);
        Self {
            gateway,
            users,
            store,
            clock,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.gateway.address)
    }

    /// A browser in which alice is signed in to `app.test`.
    async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        let page = browser.open("https://app.test/").await;
        browser.sign_in(&page, "alice").await.assert_ok();
        browser
    }

    fn advance_s(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.gateway.clock.advance(Duration::from_secs(seconds));
    }
}

fn routes() -> Vec<Route> {
    let sign_in = |conditions: Option<Conditions>| Policy {
        authentication: Authentication::SignIn,
        issuers: vec![Arc::from(ISSUER)],
        all_scopes: Scope::parse("read").unwrap(),
        conditions: conditions.map(Arc::new),
        ..policy()
    };
    let to_upstream = |name: &str, host: &str, path: &str, conditions| Route {
        action: Action::Upstream("u".to_owned()),
        policy: sign_in(conditions),
        allow_encoded_slash: true,
        websockets: Some(WebSockets::default()),
        ..route(name).host(host).path(path).build()
    };
    let stepped = |max_age: Option<u64>, acr: &[&str]| Conditions {
        step_up: Some(StepUp {
            max_age: max_age.map(Duration::from_secs),
            acr: acr.iter().map(ToString::to_string).collect(),
        }),
        ..Conditions::default()
    };
    let bosses = Conditions {
        claims: vec![ClaimCondition {
            claim: ClaimPath::parse("groups").unwrap(),
            any: vec![ClaimValue::Text("/bosses".to_owned())],
            all: vec![],
            none: vec![],
        }],
        ..Conditions::default()
    };
    vec![
        to_upstream("app", "app.test", "/", None),
        to_upstream("bosses", "app.test", "/bosses/", Some(bosses)),
        to_upstream(
            "fresh",
            "app.test",
            "/fresh/",
            Some(stepped(Some(300), &[])),
        ),
        to_upstream(
            "strong",
            "app.test",
            "/strong/",
            Some(stepped(None, &["mfa"])),
        ),
        to_upstream("other", "other.test", "/", None),
    ]
}
