//! The bodies that Cells answers with.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::Version;
use super::accounts::{Refusal, RoleKind, User, random};

/// An answer of the stand-in.
pub(super) type Answer = Response<Full<Bytes>>;

pub(super) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    answer(status, "application/json", body.to_string())
}

pub(super) fn text(status: StatusCode, body: &'static str) -> Answer {
    answer(status, "text/plain", body)
}

pub(super) fn page(status: StatusCode) -> Answer {
    answer(
        status,
        "text/html",
        "<!doctype html><title>Something else</title>",
    )
}

/// Cells: a refused sign-in. The versions differ in status and in where the reason stands.
pub(super) fn refusal(version: Version, refusal: Refusal) -> Answer {
    let (id, code, sentence) = match refusal {
        Refusal::WrongPassword => ("login.failed", "LoginFailed", "Login failed"),
        Refusal::UnknownUser => ("login.failed", "UserNotFound", "Login failed"),
        Refusal::Locked => (
            "user.locked",
            "UserLocked",
            "User is locked - Please contact your admin",
        ),
        Refusal::NowLocked => (
            "user.locked",
            "LoginNotAllowed",
            "User is locked - Please contact your admin",
        ),
        Refusal::Hidden => (
            "hidden.user.nominisite",
            "LoginNotAllowed",
            "You are not allowed to log in to this interface",
        ),
    };
    let status = match (version, refusal) {
        (Version::V5, Refusal::UnknownUser) => StatusCode::NOT_FOUND,
        _ => StatusCode::UNAUTHORIZED,
    };
    error(version, status, (id, code, sentence))
}

/// F: an error of the API. Version 2 has the text of an internal one twice, the next status and sentence,
/// and the last a title in the browser's language, here French, beside a code.
pub(super) fn error(
    version: Version,
    status: StatusCode,
    (id, code, sentence): (&str, &str, &str),
) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let (title, detail) = match version {
        Version::V2 => {
            let raw =
                json!({"id": id, "code": status.as_u16(), "detail": sentence, "status": reason});
            (raw.to_string(), raw.to_string())
        }
        Version::V4 => (sentence.to_owned(), format!("{reason}: {sentence}")),
        Version::V5 => ("Connexion impossible".to_owned(), code.to_owned()),
    };
    json(status, &json!({"Title": title, "Detail": detail}))
}

pub(super) fn failure() -> Answer {
    let body =
        json!({"Title": "internal error", "Detail": "Internal Server Error: internal error"});
    json(StatusCode::INTERNAL_SERVER_ERROR, &body)
}

/// Cells: the answer to right credentials. Members with a zero value are left out.
pub(super) fn session(user: &User, token: &str, lifetime_s: u64) -> Value {
    let expires_at = now_s() + lifetime_s;
    json!({
        "JWT": token,
        "ExpireTime": expires_at,
        "Token": {
            "AccessToken": token,
            "IDToken": id_token(user, expires_at),
            // A 64-bit number is a text in this JSON.
            "ExpiresAt": expires_at.to_string(),
        },
    })
}

/// An ID token for an application, by an issuer.
pub(super) fn id_token_for(user: &User, about: (&str, &str), lifetime_s: u64) -> String {
    id_token_of(user, about, now_s() + lifetime_s)
}

fn id_token(user: &User, expires_at: u64) -> String {
    let about = ("http://localhost/oidc/", "cells-frontend");
    id_token_of(user, about, expires_at)
}

/// A.5: `sub` is the UUID, `name` the login; no groups, no display name, no nonce. Nobody who takes it
/// from this answer checks the signature, so there is none to speak of.
fn id_token_of(user: &User, (issuer, client_id): (&str, &str), expires_at: u64) -> String {
    let header = json!({"alg": "RS256", "kid": "public:hydra.openid.id-token", "typ": "JWT"});
    let claims = json!({
        "iss": issuer,
        "sub": user.uuid,
        "aud": [client_id],
        "name": user.login,
        "email": user.email.unwrap_or_default(),
        "iat": now_s(),
        "rat": now_s(),
        "auth_time": now_s(),
        "jti": random(),
        "sid": random(),
        "exp": expires_at,
        "authSource": "pydio",
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2lnbmF0dXJl", encode(&header), encode(&claims))
}

/// Cells: a user as the user itself and administrators see it.
pub(super) fn user(user: &User, must_change_password: bool) -> Value {
    let mut attributes = public_attributes(user);
    let mut set = |name: &str, value: String| attributes.insert(name.to_owned(), value.into());
    set("failedConnections", user.failures.to_string());
    if let Some(email) = user.email {
        set("email", email.to_owned());
    }
    let mut locks = Vec::new();
    if user.is_locked {
        locks.push("logout");
    }
    if must_change_password {
        locks.push("pass_change");
    }
    if !locks.is_empty() {
        // A list, as a text of JSON.
        set("locks", json!(locks).to_string());
    }
    with_attributes(user, &attributes)
}

/// Cells: a user as others see it. The locks are hidden, and the email is only said to exist.
pub(super) fn public_user(user: &User) -> Value {
    let mut attributes = public_attributes(user);
    if user.email.is_some() {
        attributes.insert("hasEmail".to_owned(), "true".into());
    }
    with_attributes(user, &attributes)
}

fn public_attributes(user: &User) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("profile".to_owned(), "standard".into());
    if let Some(name) = user.display_name {
        attributes.insert("displayName".to_owned(), name.into());
    }
    attributes
}

/// Cells: inherited roles come first, then the assigned ones, and the user's own.
fn with_attributes(user: &User, attributes: &Map<String, Value>) -> Value {
    let mut roles: Vec<Value> = user
        .roles
        .iter()
        .map(|role| match role.kind {
            RoleKind::Group => json!({"Uuid": role.uuid, "Label": role.label, "GroupRole": true}),
            RoleKind::Team => json!({"Uuid": role.uuid, "Label": role.label, "IsTeam": true}),
            RoleKind::Assigned => json!({"Uuid": role.uuid, "Label": role.label}),
        })
        .collect();
    roles.push(json!({
        "Uuid": user.uuid,
        "Label": format!("User {}", user.login),
        "UserRole": true,
    }));
    json!({
        "Uuid": user.uuid,
        "Login": user.login,
        "GroupPath": user.group_path,
        "Attributes": attributes,
        "Roles": roles,
    })
}

/// Cells: the state of the interface; who is signed in is the attribute `id` of `user`.
pub(super) fn state(user: Option<&User>) -> Answer {
    let who = user.map_or_else(String::new, |user| {
        format!(r#"<user id="{}"><active_repo id=""/></user>"#, user.login)
    });
    let body =
        format!(r#"<?xml version="1.0" encoding="UTF-8"?><pydio_registry>{who}</pydio_registry>"#);
    answer(StatusCode::OK, "application/xml", body)
}

/// Cells: what the interface needs before anybody has signed in.
pub(super) fn boot_configuration() -> Value {
    json!({
        "ENDPOINT_REST_API": "/a",
        "backend": {"PackageType": "PydioHome", "PackageLabel": "Cells stand-in"},
        "customWording": {"title": "Cells stand-in"},
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "stands for another program, which has its own clock"
)]
fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
