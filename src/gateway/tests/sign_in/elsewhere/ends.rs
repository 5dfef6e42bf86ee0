//! What ends a session: its user, its issuer, and other settings.

use super::*;
use crate::gateway::tests::sign_in::browser::split;

const NOTICE: &str = "https://app.test/.cellgate/back-channel-logout";

/// OpenID Connect RP-Initiated Logout §2: here, at the other applications, and at the issuer.
#[tokio::test]
async fn signing_out_ends_it_here_and_leads_to_the_issuer() {
    let site = Site::with(|client| client.returns_after_sign_out = true, |_| {}).await;
    let mut browser = site.signed_in().await;
    let asked = site.begin(&mut browser, "https://other.test/").await;
    let id_token = site.id_token(&asked["nonce"], |_| {});
    site.give(Some(&id_token), |_| {});
    let back = format!(
        "https://other.test/.cellgate/callback?code=c-2&state={}&iss=https%3A%2F%2Flogin.test%2F",
        asked["state"]
    );
    browser.get(&back).await;
    browser.open("https://other.test/").await.assert_ok();

    let sign_out = "https://app.test/.cellgate/sign-out";
    let page = browser.get(sign_out).await;
    assert_page(&page, 200, "Sign out?");
    let policy = page.field("content-security-policy").unwrap();
    assert!(
        policy.contains("form-action 'self' https://login.test;"),
        "{policy}"
    );
    let answer = browser.post(sign_out, &[]).await;

    let location = answer.location().unwrap();
    assert!(
        location.starts_with("https://login.test/end?"),
        "{location}"
    );
    let asked = query(&location);
    assert_eq!(asked["client_id"], "cellgate");
    assert_eq!(
        asked["post_logout_redirect_uri"],
        "https://app.test/.cellgate/signed-out"
    );
    assert_eq!(asked["id_token_hint"].split('.').count(), 3);
    let page = browser.get("https://app.test/.cellgate/signed-out").await;
    assert_page(&page, 200, "You are signed out");
    assert_eq!(site.status(&browser).await, 401);
    let fields = "Accept: application/json\r\n";
    let other = browser.send("GET", "https://other.test/", fields, "").await;
    assert_eq!(other.status, 401, "the same session at the issuer");
}

/// L15: another site cannot sign anybody out.
#[tokio::test]
async fn l15_signing_out_needs_a_form_of_this_site() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let sign_out = "https://app.test/.cellgate/sign-out";
    let fields = "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.test\r\n";

    let answer = browser.send("POST", sign_out, fields, "").await;
    browser.get(sign_out).await;

    assert_eq!(answer.status, 403);
    assert_eq!(site.status(&browser).await, 200);
}

/// Signing out works while the issuer is down, and where it has no page for it.
#[tokio::test]
async fn signing_out_needs_nobody_else() {
    let without = |it: &mut Value| without(it, "end_session_endpoint");
    let site = Site::with(|_| {}, without).await;
    let mut browser = site.signed_in().await;
    site.world.script.take_down(METADATA);

    let answer = browser
        .post("https://app.test/.cellgate/sign-out", &[])
        .await;

    assert_page(&answer, 200, "You are signed out");
    assert_eq!(site.status(&browser).await, 401);
}

async fn notify(site: &Site, token: &str) -> Answer {
    let (host, target) = split(NOTICE);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", token)
        .finish();
    let length = body.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    site.gateway.send(request).await
}

fn logout_claims(site: &Site) -> Value {
    json!({
        "iss": ISSUER, "aud": "cellgate", "sub": "alice", "sid": "sid-1",
        "iat": site.now(), "exp": site.now() + 120, "jti": "n-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    })
}

/// L16: a good notice ends the session at once, once.
#[tokio::test]
async fn l16_the_issuer_ends_sessions_by_a_logout_token() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    assert_eq!(site.status(&browser).await, 200, "remembered by now");
    let token = site
        .key
        .sign_jwt("logout+jwt", &logout_claims(&site))
        .unwrap();

    let answer = notify(&site, &token).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(site.status(&browser).await, 401);
    assert_eq!(notify(&site, &token).await.status, 400, "replayed");

    let one = site.signed_in().await;
    let (another, _) = site.sign_in_with(|it| it["sid"] = "sid-2".into()).await;
    let mut claims = logout_claims(&site);
    claims["jti"] = "n-2".into();
    without(&mut claims, "sid");
    let token = site.key.sign_jwt("JWT", &claims).unwrap();
    assert_eq!(notify(&site, &token).await.status, 200);
    assert_eq!(site.status(&one).await, 401, "all of the user");
    assert_eq!(site.status(&another).await, 401, "all of the user");
}

/// L16: each rule of Back-Channel Logout §2.6 is broken once.
#[tokio::test]
async fn l16_what_is_no_logout_token_ends_nothing() {
    type Change = fn(&mut Value);
    let site = Site::start().await;
    let browser = site.signed_in().await;
    let rows: [(&str, Change); 13] = [
        ("wrong aud", |it| it["aud"] = "other".into()),
        ("wrong iss", |it| it["iss"] = "https://other.test/".into()),
        ("no events", |it| {
            without(it, "events");
        }),
        ("another event", |it| it["events"] = json!({"urn:x": {}})),
        ("an event that is a text", |it| {
            it["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": ""});
        }),
        ("a nonce", |it| it["nonce"] = "x".into()),
        ("no iat", |it| {
            without(it, "iat");
        }),
        ("no jti", |it| {
            without(it, "jti");
        }),
        ("an empty jti", |it| it["jti"] = "".into()),
        ("nobody", |it| {
            without(it, "sub");
            without(it, "sid");
        }),
        ("expired", |it| it["exp"] = json!(NOW.as_secs() - 1)),
        ("old", |it| it["iat"] = json!(NOW.as_secs() - 301)),
        ("a session of another user", |it| it["sub"] = "bob".into()),
    ];
    for (row, change) in rows {
        let mut claims = logout_claims(&site);
        change(&mut claims);
        let token = site.key.sign_jwt("logout+jwt", &claims).unwrap();
        let status = notify(&site, &token).await.status;
        let expected = if row == "a session of another user" {
            200
        } else {
            400
        };
        assert_eq!(status, expected, "{row}");
        assert_eq!(site.status(&browser).await, 200, "{row}");
    }
    let claims = logout_claims(&site);
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", encode(&json!({"alg": "none"})), encode(&claims));
    for (row, token) in [
        ("wrong type", site.key.sign_jwt("at+jwt", &claims).unwrap()),
        (
            "foreign key",
            key().sign_jwt("logout+jwt", &claims).unwrap(),
        ),
        ("unsigned", unsigned),
        ("nothing", String::new()),
    ] {
        assert_eq!(notify(&site, &token).await.status, 400, "{row}");
        assert_eq!(site.status(&browser).await, 200, "{row}");
    }
}

/// L11, L10: the cookie of one host is nothing at another, nor after the host has another issuer.
#[tokio::test]
async fn l11_a_session_is_of_its_host_and_its_issuer() {
    let mut site = Site::start().await;
    let browser = site.signed_in().await;
    let cookie = browser.cookie("__Host-cellgate-app").unwrap().to_owned();
    let fields = format!("Accept: application/json\r\nCookie: __Host-cellgate-app={cookie}\r\n");
    let mut stranger = site.browser();
    let answer = stranger
        .send("GET", "https://other.test/", &fields, "")
        .await;
    assert_eq!(answer.status, 401);
    assert_eq!(site.status(&browser).await, 200);

    site.world
        .reload(&[issuer(|client| client.client_id = "another".to_owned())]);
    let issuers = Arc::clone(&site.world.issuers);
    site.gateway.reload(|_, parts| parts.issuers = issuers);

    assert_eq!(site.status(&browser).await, 401);
}

/// What the issuer gave is not in the database in the clear, and a revocation counts at once.
#[tokio::test]
async fn a_revoked_session_is_refused_though_it_is_remembered() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    assert_eq!(site.status(&browser).await, 200);
    let cookie = browser.cookie("__Host-cellgate-app").unwrap();
    let digest = crate::secret::Digest::of(cookie.as_bytes());
    let found = site.store.find_issuer_session(&digest, NOW).await.unwrap();

    site.store
        .end_issuer_session(&found.unwrap(), NOW)
        .await
        .unwrap();

    assert_eq!(site.status(&browser).await, 401);
}
