//! What the suite checks on the way in every module: the answer at the redirect URI, the token
//! response, the ID token, userinfo.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Arrival, Delivery, Landing, Request, Suite, User, jws::Verified};
use crate::support::Answer;

/// Parameters that an error answer may have (RFC 6749 §4.1.2.1, RFC 9207 §2).
const ERROR_PARAMETERS: [&str; 5] = ["error", "error_description", "error_uri", "state", "iss"];
/// Claims that identify, which an ID token of the code flow has only when they were asked for.
const IDENTIFYING: [&str; 8] = [
    "name",
    "preferred_username",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "groups",
    "roles",
];
/// Seconds that an ID token may seem to be from the past or the future.
const SKEW_S: i64 = 300;

/// A sign-in that went through to the end.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) code: String,
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) raw_id_token: String,
    pub(super) id_token: Verified,
    /// What was granted.
    pub(super) scope: String,
    pub(super) userinfo: Value,
}

impl SignedIn {
    /// `auth_time` of the ID token.
    #[track_caller]
    pub(super) fn auth_time(&self) -> i64 {
        self.id_token.claims["auth_time"]
            .as_i64()
            .unwrap_or_else(|| panic!("no auth_time in {}", self.id_token.claims))
    }

    /// `sub` of the ID token.
    pub(super) fn subject(&self) -> &Value {
        &self.id_token.claims["sub"]
    }
}

impl Suite {
    /// The whole path, from the authorization request to userinfo, with every check on the way.
    pub(super) async fn sign_in(&self, user: &mut User<'_>, request: &Request) -> SignedIn {
        let landing = user.follow(request).await;
        self.finish(landing, request).await
    }

    /// As [`Self::sign_in`], from where the browser landed.
    pub(super) async fn finish(&self, landing: Landing, request: &Request) -> SignedIn {
        let code = self.code(landing, request);
        let answer = self.exchange(&code, request, &[]).await;
        self.redeemed(code, &answer, request).await
    }

    /// The code of a good answer at the redirect URI.
    #[track_caller]
    pub(super) fn code(&self, landing: Landing, request: &Request) -> String {
        let arrival = self.answered(landing, request);
        assert!(arrival.parameter("error").is_none(), "{arrival:#?}");
        let code = arrival.parameter("code").expect("a code").to_owned();
        // 128 bits take 22 characters of base64url.
        assert!(code.len() >= 22, "{code}");
        assert_entropy(&code);
        code
    }

    /// The error that came to the redirect URI, which must have the form that the RFC gives it.
    #[track_caller]
    pub(super) fn error(&self, landing: Landing, request: &Request) -> String {
        let arrival = self.answered(landing, request);
        let error = arrival.parameter("error").expect("an error").to_owned();
        for (name, value) in &arrival.parameters {
            assert!(ERROR_PARAMETERS.contains(&name.as_str()), "{arrival:#?}");
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            let is_ours = name.starts_with("error");
            assert!(!is_ours || value.bytes().all(allowed), "{arrival:#?}");
        }
        error
    }

    /// What every answer at the redirect URI has to be: delivered as asked, for this request,
    /// from this issuer.
    #[track_caller]
    pub(super) fn answered(&self, landing: Landing, request: &Request) -> Arrival {
        let arrival = landing.arrival();
        let redirect_uri = request.parameter("redirect_uri").expect("one is sent");
        let (address, registered_query) =
            redirect_uri.split_once('?').unwrap_or((redirect_uri, ""));
        assert_eq!(arrival.url.as_str(), address, "{arrival:#?}");
        for (name, value) in form_urlencoded::parse(registered_query.as_bytes()) {
            assert_eq!(arrival.parameter(&name), Some(&*value), "{arrival:#?}");
        }
        match self.delivery {
            Delivery::Query => assert!(arrival.by_redirection, "{arrival:#?}"),
            // Then its address has no query but a registered one: see above.
            Delivery::FormPost => assert!(!arrival.by_redirection, "{arrival:#?}"),
        }
        assert_eq!(arrival.parameter("state"), request.parameter("state"));
        assert_eq!(arrival.parameter("iss"), Some(self.issuer()));
        arrival
    }

    /// The token request for `code`, with `more` parameters.
    pub(super) async fn exchange(
        &self,
        code: &str,
        request: &Request,
        more: &[(&str, &str)],
    ) -> Answer {
        let redirect_uri = request.parameter("redirect_uri").expect("one is sent");
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        form.extend_from_slice(more);
        self.post_as(&request.client, "token_endpoint", &form).await
    }

    /// Checks a token response and asks userinfo.
    pub(super) async fn redeemed(
        &self,
        code: String,
        answer: &Answer,
        request: &Request,
    ) -> SignedIn {
        let tokens = check_token_response(answer);
        let text = |name: &str| tokens[name].as_str().map(str::to_owned);
        let access_token = text("access_token").expect("an access token");
        let raw_id_token = text("id_token").expect("an ID token");
        let id_token = self.check_id_token(&raw_id_token, &access_token, request);
        let userinfo = self.userinfo(&access_token).await;
        assert_eq!(userinfo["sub"], id_token.claims["sub"]);
        SignedIn {
            code,
            refresh_token: text("refresh_token"),
            // RFC 6749 §5.1: left out, it is what was asked for.
            scope: text("scope")
                .unwrap_or_else(|| request.parameter("scope").unwrap_or_default().to_owned()),
            access_token,
            raw_id_token,
            id_token,
            userinfo,
        }
    }

    /// OpenID Connect Core §3.1.3.7, with the suite's bounds.
    #[track_caller]
    pub(super) fn check_id_token(
        &self,
        id_token: &str,
        access_token: &str,
        request: &Request,
    ) -> Verified {
        let verified = self.keys.verify(id_token);
        let claims = &verified.claims;
        let number = |name: &str| claims[name].as_i64().expect("a number");
        let now = self.now();
        assert_eq!(claims["iss"], self.issuer());
        let audience = &claims["aud"];
        let is_listed = |list: &Vec<Value>| list.iter().any(|aud| *aud == request.client.id);
        assert!(*audience == request.client.id || audience.as_array().is_some_and(is_listed));
        assert!(number("exp") > now, "{claims}");
        assert!(
            (now - SKEW_S..=now + SKEW_S).contains(&number("iat")),
            "{claims}"
        );
        assert_eq!(
            claims["nonce"].as_str(),
            request.parameter("nonce"),
            "{claims}"
        );
        let subject = claims["sub"].as_str().expect("text");
        assert!(subject.is_ascii() && (1..=255).contains(&subject.len()));
        assert!(claims.get("acr").is_none_or(|acr| acr.as_str() != Some("")));
        if claims.get("auth_time").is_some() {
            assert!(
                (0..=number("iat")).contains(&number("auth_time")),
                "{claims}"
            );
        }
        if let Some(hash) = claims.get("at_hash") {
            assert_eq!(*hash, verified.hash_of(access_token), "{claims}");
        }
        let asked_for = request.parameter("claims").unwrap_or_default();
        for name in IDENTIFYING {
            let is_allowed = asked_for.contains(&format!("\"{name}\""));
            assert!(
                is_allowed || claims.get(name).is_none(),
                "{name} in {claims}"
            );
        }
        verified
    }

    /// Userinfo by GET and header: JSON, with the types that the claims have.
    pub(super) async fn userinfo(&self, access_token: &str) -> Value {
        let request = self.edge().http.get(self.endpoint("userinfo_endpoint"));
        let answer = self.edge().send(request.bearer_auth(access_token)).await;
        check_userinfo(&answer)
    }
}

/// The claims of a good userinfo answer (OpenID Connect Core §5.1, §5.3.2).
#[track_caller]
pub(super) fn check_userinfo(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:#?}");
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let claims = answer.json();
    for (name, value) in claims.as_object().expect("an object") {
        let is_well_typed = match name.as_str() {
            "email_verified" | "phone_number_verified" => value.is_boolean(),
            "updated_at" => value.is_number(),
            "address" => value.is_object(),
            "groups" | "roles" => value.is_array(),
            _ => value.as_str().is_some_and(|text| !text.is_empty()),
        };
        assert!(is_well_typed, "{name}: {value}");
    }
    claims
}

/// RFC 6749 §5.1.
#[track_caller]
pub(super) fn check_token_response(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:#?}");
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    let token_type = tokens["token_type"].as_str().expect("a type");
    assert!(token_type.eq_ignore_ascii_case("bearer"), "{tokens}");
    assert!(
        tokens["expires_in"].as_u64().is_some_and(|s| s > 0),
        "{tokens}"
    );
    assert_entropy(tokens["access_token"].as_str().expect("an access token"));
    if let Some(refresh_token) = tokens["refresh_token"].as_str() {
        assert_entropy(refresh_token);
    }
    tokens
}

/// At least 96 bits, measured by how often each character occurs, as the suite does.
#[track_caller]
fn assert_entropy(text: &str) {
    let mut counts = BTreeMap::<char, u32>::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let length = f64::from(u32::try_from(text.len()).expect("short"));
    let bits: f64 = counts
        .values()
        .map(|n| f64::from(*n) * (length / f64::from(*n)).log2())
        .sum();
    assert!(bits >= 96.0, "{bits} bits in {text}");
}
