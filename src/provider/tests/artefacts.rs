//! What is issued for one thing is good for nothing else: every code, token, ticket and cookie is
//! taken to every place that takes one of them.

use super::support::{Authorize, Browser, PASSWORD, TestProvider, Tokens, VERIFIER};
use crate::clock::Clock as _;
use crate::model::ConsentPolicy;

/// Something that is issued here, and the place that takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    AccessToken,
    RefreshToken,
    IdToken,
    Session,
    Device,
    SignInTicket,
    AccountChoiceTicket,
    ConsentTicket,
    AccountTicket,
    AccountSignInTicket,
    SignOutTicket,
    Assertion,
}

impl Kind {
    /// All that have a place of their own, in an order in which none ends what comes after it. A
    /// known browser's cookie has none, since it goes with a password, nor has what is signed for
    /// upstreams.
    const PLACES: [Self; 11] = [
        Self::IdToken,
        Self::Session,
        Self::AccessToken,
        Self::ConsentTicket,
        Self::AccountChoiceTicket,
        Self::Code,
        Self::RefreshToken,
        Self::AccountTicket,
        Self::AccountSignInTicket,
        Self::SignInTicket,
        Self::SignOutTicket,
    ];

    const fn is_ticket(self) -> bool {
        matches!(
            self,
            Self::SignInTicket
                | Self::AccountChoiceTicket
                | Self::ConsentTicket
                | Self::AccountTicket
                | Self::AccountSignInTicket
                | Self::SignOutTicket
        )
    }
}

/// One of each, all Alice's.
struct Artefacts<'a> {
    op: &'a TestProvider,
    browser: Browser<'a>,
    values: Vec<(Kind, String)>,
}

impl<'a> Artefacts<'a> {
    async fn gather(op: &'a TestProvider) -> Self {
        // Of a browser that knows nobody yet, since others are not asked to sign in there.
        let mut browser = op.browser();
        let account_sign_in = browser.get("/oidc/account").await.ticket();
        let first = Authorize::app().with("scope", "openid offline_access");
        let code = first.code_in(&mut browser, "alice").await;
        let tokens = Tokens::of(&op.exchange(&code).await);
        let another = browser.get(&first.target()).await;
        let sign_in = first.clone().with("prompt", "login");
        let sign_in = browser.get(&sign_in.target()).await;
        let choice = first.clone().with("prompt", "select_account");
        let choice = browser.get(&choice.target()).await;
        let consent = browser.get(&Authorize::service().target()).await;
        consent.assert_consent_page();
        let account = browser.get("/oidc/account").await;
        let sign_out = browser.get("/oidc/oauth2/sessions/logout").await;
        let values = vec![
            (Kind::Code, first.code_of(&another).value),
            (Kind::AccessToken, tokens.access_token().to_owned()),
            (Kind::RefreshToken, tokens.refresh_token().to_owned()),
            (Kind::IdToken, tokens.id_token().to_owned()),
            (
                Kind::Session,
                browser.cookies["__Host-cellgate-session"].clone(),
            ),
            (
                Kind::Device,
                browser.cookies["__Host-cellgate-device"].clone(),
            ),
            (Kind::SignInTicket, sign_in.ticket()),
            (Kind::AccountChoiceTicket, choice.ticket()),
            (Kind::ConsentTicket, consent.ticket()),
            (Kind::AccountTicket, account.ticket()),
            (Kind::AccountSignInTicket, account_sign_in),
            (Kind::SignOutTicket, sign_out.ticket()),
            (Kind::Assertion, assertion(op)),
        ];
        Self {
            op,
            browser,
            values,
        }
    }

    fn value(&self, kind: Kind) -> &str {
        let mut values = self.values.iter();
        let (_, value) = values.find(|(other, _)| *other == kind).unwrap();
        value
    }

    /// Whether the place for `kind` takes `value` from `browser`.
    async fn takes(&self, kind: Kind, value: &str, browser: &mut Browser<'a>) -> bool {
        let silent = Authorize::app().with("prompt", "none");
        let credentials = [("username", "alice"), ("password", PASSWORD)];
        let form = match kind {
            Kind::Code => return self.redeems(value).await,
            Kind::AccessToken => return self.op.userinfo(value).await.status == 200,
            Kind::RefreshToken => return self.op.refresh(value).await.status == 200,
            Kind::IdToken => {
                let request = silent.with("id_token_hint", value);
                let answer = browser.get(&request.target()).await;
                return answer.params().contains_key("code");
            }
            Kind::Session => {
                let mut browser = self.op.browser();
                let name = "__Host-cellgate-session".to_owned();
                browser.cookies.insert(name, value.to_owned());
                let answer = browser.get(&silent.target()).await;
                return answer.params().contains_key("code");
            }
            Kind::Device | Kind::Assertion => return false,
            Kind::ConsentTicket => ("/oidc/consent", vec![("decision", "deny")]),
            Kind::AccountChoiceTicket => ("/oidc/select-account", vec![("account", "current")]),
            Kind::AccountTicket => ("/oidc/account", vec![]),
            Kind::AccountSignInTicket => ("/oidc/account/sign-in", credentials.to_vec()),
            Kind::SignInTicket => ("/oidc/sign-in", credentials.to_vec()),
            Kind::SignOutTicket => ("/oidc/sign-out", vec![]),
        };
        let (path, mut form) = form;
        form.push(("ticket", value));
        browser.post(path, &form).await.status != 403
    }

    async fn redeems(&self, code: &str) -> bool {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("redirect_uri", "https://app.example/callback"),
            ("code_verifier", VERIFIER),
            ("code", code),
        ];
        self.op.post("/oidc/oauth2/token", None, &form).await.status == 200
    }
}

/// One that says all that a token would, for ourselves.
fn assertion(op: &TestProvider) -> String {
    let now = op.clock.now();
    let signer = op.provider.assertion_signer(now).unwrap();
    let claims = serde_json::json!({
        "sub": "alice",
        "aud": ["https://op.example/oidc/", "app"],
        "azp": "app",
        "client_id": "app",
        "scope": "openid",
        "jti": "an-assertion",
        "iat": now.as_secs(),
        "exp": now.as_secs() + 600,
    });
    signer.sign(claims.as_object().unwrap().clone()).unwrap()
}

async fn start() -> TestProvider {
    TestProvider::start_with(|settings| settings.clients[1].consent = ConsentPolicy::Required).await
}

#[tokio::test]
async fn nothing_is_taken_for_something_else_nor_used_up_by_trying() {
    let op = start().await;
    let artefacts = Artefacts::gather(&op).await;
    let mut browser = artefacts.browser.clone();

    for place in Kind::PLACES {
        for (kind, value) in &artefacts.values {
            if *kind != place {
                let taken = artefacts.takes(place, value, &mut browser).await;
                assert!(!taken, "{kind:?} as {place:?}");
            }
        }
    }

    browser.cookies.clone_from(&artefacts.browser.cookies);
    for kind in Kind::PLACES {
        let value = artefacts.value(kind).to_owned();
        assert!(
            artefacts.takes(kind, &value, &mut browser).await,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn no_ticket_is_good_in_another_browser() {
    let op = start().await;
    let artefacts = Artefacts::gather(&op).await;
    let mut other = op.browser();
    Authorize::app().code_in(&mut other, "alice").await;

    for kind in Kind::PLACES.into_iter().filter(|kind| kind.is_ticket()) {
        let taken = artefacts
            .takes(kind, artefacts.value(kind), &mut other)
            .await;
        assert!(!taken, "{kind:?}");
    }
}

/// Truncated, extended, and in another letter case.
#[tokio::test]
async fn nothing_opaque_is_good_with_a_character_more_less_or_different() {
    let op = start().await;
    let artefacts = Artefacts::gather(&op).await;
    let mut browser = artefacts.browser.clone();
    for kind in [
        Kind::Code,
        Kind::RefreshToken,
        Kind::AccessToken,
        Kind::Session,
    ] {
        let value = artefacts.value(kind);
        let (all_but_one, _) = value.split_at(value.len() - 1);
        let swapped: String = value
            .chars()
            .map(|c| {
                if c.is_ascii_lowercase() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect();
        for altered in [
            all_but_one.to_owned(),
            format!("{value}A"),
            format!("A{value}"),
            format!("{value}="),
            swapped,
        ] {
            let taken = artefacts.takes(kind, &altered, &mut browser).await;
            assert!(!taken, "{kind:?}: {altered}");
        }
        assert!(artefacts.takes(kind, value, &mut browser).await, "{kind:?}");
    }
}
