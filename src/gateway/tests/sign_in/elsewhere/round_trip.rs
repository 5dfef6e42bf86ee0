//! From the page that was asked for to the issuer and back.

use super::*;
use crate::telemetry::log::testing::Captured;

#[tokio::test]
async fn a_browser_signs_in_at_the_issuer_and_gets_its_page() {
    let lines = Captured::start();
    let site = Site::start().await;
    let mut browser = site.browser();

    let asked = site.begin(&mut browser, "https://app.test/x?y=1").await;

    for (name, value) in [
        ("tenant", "1"),
        ("client_id", "cellgate"),
        ("redirect_uri", "https://app.test/.cellgate/callback"),
        ("response_type", "code"),
        ("scope", "offline_access openid read"),
        ("code_challenge_method", "S256"),
    ] {
        let words = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(words(&asked[name]), words(value), "{name}");
    }
    assert!(!asked.contains_key("max_age") && !asked.contains_key("claims"));
    site.gateway.assert_nothing_forwarded("not signed in");

    site.give(Some(&site.id_token(&asked["nonce"], |_| {})), |_| {});
    let answer = [("code", "c-1"), ("iss", ISSUER)];
    let answer = site.come_back(&mut browser, &asked["state"], &answer).await;

    assert_eq!(answer.location().as_deref(), Some("https://app.test/x?y=1"));
    let call = site.world.script.last();
    let basic = call.authorization.unwrap();
    assert_eq!(basic.to_str().unwrap(), "Basic Y2VsbGdhdGU6czNjcmV0");
    let form: std::collections::BTreeMap<_, _> =
        form_urlencoded::parse(call.form.as_ref().unwrap().as_bytes())
            .into_owned()
            .collect();
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "c-1");
    assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
    let challenge = crate::model::CodeChallenge::parse(&asked["code_challenge"]).unwrap();
    assert!(challenge.is_met_by(&form["code_verifier"]));
    browser.open("https://app.test/x?y=1").await.assert_ok();
    let field = |name| site.gateway.upstream.field(name);
    assert_eq!(field("x-auth-user").as_deref(), Some("alice"));
    assert_eq!(field("x-auth-groups").as_deref(), Some("/staff"));
    assert_eq!(field("cookie"), None);
    let audit = lines.audit();
    let line = audit.iter().find(|it| it["event"] == "application_sign_in");
    assert_eq!(line.unwrap()["user.issuer"], ISSUER);
    let text = lines.text();
    for secret in ["s3cret", "at-1", "rt-1", "c-1\""] {
        assert!(!text.contains(secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn the_secret_may_be_in_the_form_and_more_claims_at_the_userinfo_endpoint() {
    let site = Site::with(
        |client| {
            client.authentication = SignInAuthentication::SecretPost(Secret::new("s3cret"));
            client.userinfo = true;
        },
        |_| {},
    )
    .await;
    let told = json!({"sub": "alice", "groups": ["/forged"], "email": "a@b.test", "acr": "mfa"});
    site.world.script.show(USERINFO, &told);

    let browser = site.signed_in().await;

    let call = site.world.script.last();
    assert_eq!(call.authorization.unwrap().to_str().unwrap(), "Bearer at-1");
    assert_eq!(site.status(&browser).await, 200);
    let field = |name| site.gateway.upstream.field(name);
    assert_eq!(
        field("x-auth-groups").as_deref(),
        Some("/staff"),
        "the signed one"
    );

    let other = json!({"sub": "mallory"});
    site.world.script.show(USERINFO, &other);
    let (_, answer) = site.sign_in_with(|_| {}).await;
    assert_page(&answer, 400, "Please sign in again");
}

/// L06: an answer of somebody else, or of nobody where the issuer says who it is.
#[tokio::test]
async fn l06_an_answer_without_the_right_iss_is_refused() {
    let site = Site::start().await;
    for more in [
        &[("code", "c-1")][..],
        &[("code", "c-1"), ("iss", "https://other.test/")],
        &[("code", "c-1"), ("iss", "https://login.test")],
        &[("code", "c-1"), ("iss", "")],
    ] {
        let mut browser = site.browser();
        let asked = site.begin(&mut browser, "https://app.test/").await;
        site.give(Some(&site.id_token(&asked["nonce"], |_| {})), |_| {});

        let answer = site.come_back(&mut browser, &asked["state"], more).await;

        assert_page(&answer, 400, "does not belong");
        assert_eq!(site.world.script.n_asked(TOKEN), 0, "{more:?}");
        assert_eq!(browser.cookie("__Host-cellgate-app"), None);
    }
    let silent = Site::with(
        |_| {},
        |metadata| metadata["authorization_response_iss_parameter_supported"] = false.into(),
    )
    .await;
    let mut browser = silent.browser();
    let asked = silent.begin(&mut browser, "https://app.test/").await;
    silent.give(Some(&silent.id_token(&asked["nonce"], |_| {})), |_| {});
    let answer = silent.come_back(&mut browser, &asked["state"], &[("code", "c-1")]);
    assert_eq!(answer.await.status, 303, "an issuer that never sends it");
}

/// L04, L05, L11.
#[tokio::test]
async fn l04_l05_l11_a_state_is_good_once_in_its_browser_at_its_host() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let asked = site.begin(&mut browser, "https://app.test/").await;
    site.give(Some(&site.id_token(&asked["nonce"], |_| {})), |_| {});
    let answer = [("code", "c-1"), ("iss", ISSUER)];

    let mut victim = site.browser();
    site.begin(&mut victim, "https://app.test/").await;
    let refused = site.come_back(&mut victim, &asked["state"], &answer).await;
    assert_page(&refused, 400, "does not belong");
    let elsewhere = format!(
        "https://other.test/.cellgate/callback?code=c-1&state={}&iss=https%3A%2F%2Flogin.test%2F",
        asked["state"]
    );
    browser.get("https://other.test/").await;
    assert_page(&browser.get(&elsewhere).await, 400, "does not belong");
    assert_eq!(site.world.script.n_asked(TOKEN), 0);

    let first = site.come_back(&mut browser, &asked["state"], &answer).await;
    assert_eq!(first.status, 303);
    let mut replayed = browser.clone();
    replayed
        .cookies
        .retain(|(_, name), _| !name.ends_with("-app"));
    let second = site
        .come_back(&mut replayed, &asked["state"], &answer)
        .await;
    assert_page(&second, 400, "used before");
    assert_eq!(
        site.world.script.n_asked(TOKEN),
        1,
        "the code is not shown again"
    );

    let mut late = site.browser();
    let asked = site.begin(&mut late, "https://app.test/").await;
    site.advance_s(1800);
    let answer = site.come_back(&mut late, &asked["state"], &answer).await;
    assert_page(&answer, 400, "took too long");
}

type Change = fn(&mut Value);

/// What breaks one rule each.
const BROKEN: [(&str, Change); 19] = [
    ("nonce of another", |it| it["nonce"] = "x".into()),
    ("no nonce", |it| {
        without(it, "nonce");
    }),
    ("nonce in a list", |it| {
        it["nonce"] = json!([it["nonce"].clone()]);
    }),
    ("another issuer", |it| {
        it["iss"] = "https://other.test/".into();
    }),
    ("issuer without slash", |it| {
        it["iss"] = "https://login.test".into();
    }),
    ("another client", |it| it["aud"] = "other".into()),
    ("no audience", |it| {
        without(it, "aud");
    }),
    ("many without azp", |it| {
        it["aud"] = json!(["cellgate", "other"]);
    }),
    ("azp of another", |it| {
        it["aud"] = json!(["cellgate", "other"]);
        it["azp"] = "other".into();
    }),
    ("azp of another alone", |it| it["azp"] = "other".into()),
    ("expired", |it| it["exp"] = json!(NOW.as_secs() - 1)),
    ("no exp", |it| {
        without(it, "exp");
    }),
    ("issued tomorrow", |it| {
        it["iat"] = json!(NOW.as_secs() + 86_400);
    }),
    ("no iat", |it| {
        without(it, "iat");
    }),
    ("another access token", |it| {
        it["at_hash"] = half_hash("at-2").into();
    }),
    ("at_hash is a number", |it| it["at_hash"] = 1.into()),
    ("no sub", |it| {
        without(it, "sub");
    }),
    ("empty sub", |it| it["sub"] = "".into()),
    ("a logout token", |it| {
        it["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    }),
];

/// What breaks none.
const KEPT: [(&str, Change); 3] = [
    ("several, for us", |it| {
        it["aud"] = json!(["cellgate", "other"]);
        it["azp"] = "cellgate".into();
    }),
    ("no at_hash", |it| {
        without(it, "at_hash");
    }),
    ("audience in a list", |it| it["aud"] = json!(["cellgate"])),
];

/// L07 and OpenID Connect Core §3.1.3.7: each rule is broken once.
#[tokio::test]
async fn l07_an_id_token_that_breaks_a_rule_signs_nobody_in() {
    let site = Site::start().await;
    for (row, change) in BROKEN {
        let (browser, answer) = site.sign_in_with(change).await;
        assert_eq!(answer.status, 400, "{row}: {answer:?}");
        assert_eq!(browser.cookie("__Host-cellgate-app"), None, "{row}");
    }
    for (row, change) in KEPT {
        let (_, answer) = site.sign_in_with(change).await;
        assert_eq!(answer.status, 303, "{row}: {answer:?}");
    }
    site.gateway.assert_nothing_forwarded("nobody signed in");
}

/// H: another key, another type, no signature; and a key that is new at the issuer is fetched.
#[tokio::test]
async fn what_the_issuer_did_not_sign_signs_nobody_in() {
    let site = Site::start().await;
    let foreign = key();
    let claims = |site: &Site, nonce: &str| {
        json!({
            "iss": ISSUER, "sub": "root", "aud": "cellgate", "nonce": nonce,
            "iat": site.now(), "exp": site.now() + 300,
        })
    };
    type Make = fn(&Site, &SigningKey, &Value) -> String;
    let rows: [(&str, Make); 4] = [
        ("a foreign key", |_, foreign, claims| {
            foreign.sign_jwt("JWT", claims).unwrap()
        }),
        ("an access token", |site, _, claims| {
            site.key.sign_jwt("at+jwt", claims).unwrap()
        }),
        ("a logout token", |site, _, claims| {
            site.key.sign_jwt("logout+jwt", claims).unwrap()
        }),
        ("none", |_, _, claims| {
            let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", encode(&json!({"alg": "none"})), encode(claims))
        }),
    ];
    for (row, make) in rows {
        let mut browser = site.browser();
        let asked = site.begin(&mut browser, "https://app.test/").await;
        let token = make(&site, &foreign, &claims(&site, &asked["nonce"]));
        site.give(Some(&token), |_| {});
        let answer = [("code", "c-1"), ("iss", ISSUER)];
        let answer = site.come_back(&mut browser, &asked["state"], &answer).await;
        assert_page(&answer, 400, "sign in again");
        assert_eq!(browser.cookie("__Host-cellgate-app"), None, "{row}");
    }
    let mut browser = site.browser();
    site.advance_s(20);
    let asked = site.begin(&mut browser, "https://app.test/").await;
    site.world.script.show(KEYS, &jwks(&[&site.key, &foreign]));
    let token = foreign.sign_jwt("JWT", &claims(&site, &asked["nonce"]));
    site.give(Some(&token.unwrap()), |_| {});
    let answer = [("code", "c-1"), ("iss", ISSUER)];
    let answer = site.come_back(&mut browser, &asked["state"], &answer).await;
    assert_eq!(answer.status, 303, "its own by now: {answer:?}");
}

/// What is no answer, and refusals of the token endpoint.
#[tokio::test]
async fn the_token_endpoint_may_refuse_and_nobody_is_signed_in() {
    let site = Site::start().await;
    for (row, status, code, shown) in [
        ("a used code", 400, "invalid_grant", 400),
        ("our registration", 401, "invalid_client", 503),
        ("the same, by others", 400, "unauthorized_client", 503),
        ("down", 503, "server_error", 503),
        ("a redirect", 302, "", 503),
    ] {
        let mut browser = site.browser();
        let asked = site.begin(&mut browser, "https://app.test/").await;
        site.refuse(status, code);
        let answer = [("code", "c-1"), ("iss", ISSUER)];
        let answer = site.come_back(&mut browser, &asked["state"], &answer).await;
        assert_eq!(answer.status, shown, "{row}: {answer:?}");
        assert_eq!(answer.location(), None, "{row}: nowhere by itself");
        assert_eq!(browser.cookie("__Host-cellgate-app"), None, "{row}");
    }
    let rows: [(&str, Change); 4] = [
        ("no ID token", |it| it["id_token"] = Value::Null),
        ("no access token", |it| it["access_token"] = Value::Null),
        ("another type", |it| it["token_type"] = "DPoP".into()),
        ("no type", |it| it["token_type"] = Value::Null),
    ];
    for (row, change) in rows {
        let mut browser = site.browser();
        let asked = site.begin(&mut browser, "https://app.test/").await;
        site.give(Some(&site.id_token(&asked["nonce"], |_| {})), change);
        let answer = [("code", "c-1"), ("iss", ISSUER)];
        let answer = site.come_back(&mut browser, &asked["state"], &answer).await;
        assert_eq!(answer.status, 503, "{row}: {answer:?}");
    }
}

/// I08: an issuer that is down is a page, never a loop; others of the same gateway do not suffer.
#[tokio::test]
async fn an_issuer_that_is_down_is_a_page_that_leads_nowhere() {
    let site = Site::start().await;
    site.world.script.take_down(METADATA);
    let mut browser = site.browser();

    let answer = browser.get("https://app.test/x").await;
    assert_page(&answer, 503, "Nobody can sign in at the moment");
    assert_eq!(answer.location(), None);
    let n_asked = site.world.script.n_asked(METADATA);
    browser.get("https://app.test/x").await;
    assert_eq!(
        site.world.script.n_asked(METADATA),
        n_asked,
        "left alone for a moment"
    );
    assert_eq!(
        site.status(&browser).await,
        401,
        "a script is told to sign in"
    );

    site.world
        .script
        .show(METADATA, &json!({"issuer": ISSUER, "jwks_uri": KEYS}));
    site.advance_s(10);
    let answer = browser.get("https://app.test/x").await;
    assert_page(&answer, 503, "Nobody can sign in at the moment");
}

/// RFC 9470: a stronger sign-in is asked of the issuer.
#[tokio::test]
async fn a_step_up_is_asked_of_the_issuer() {
    use crate::gateway::{Conditions, StepUp};
    let mut site = Site::with(|_| {}, |it| it["claims_parameter_supported"] = true.into()).await;
    site.gateway.reload(|settings, _| {
        let conditions = Conditions {
            step_up: Some(StepUp {
                max_age: Some(Duration::from_secs(300)),
                acr: vec!["mfa".to_owned()],
            }),
            ..Conditions::default()
        };
        settings.routes[0].policy.conditions = Some(Arc::new(conditions));
    });
    let mut browser = site.signed_in().await;

    let asked = site.begin(&mut browser, "https://app.test/x?y=1").await;

    assert_eq!(asked["max_age"], "300");
    assert_eq!(asked["acr_values"], "mfa");
    assert!(asked["claims"].contains("\"essential\":true"), "{asked:?}");
    let strong = site.id_token(&asked["nonce"], |claims| claims["acr"] = "mfa".into());
    site.give(Some(&strong), |_| {});
    let answer = [("code", "c-2"), ("iss", ISSUER)];
    site.come_back(&mut browser, &asked["state"], &answer).await;
    browser.open("https://app.test/x").await.assert_ok();
}
