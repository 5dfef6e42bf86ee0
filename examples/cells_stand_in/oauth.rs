//! `/oidc`: Cells' own OpenID Provider, with its defects (fact sheet A.1 to A.8): the code is made of a
//! request rebuilt from four parameters, so `nonce` and `code_challenge` are lost; where a browser is
//! sent is written by joining texts.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use hyper::http::request;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::accounts::{User, random};
use super::answers::{self, Answer};
use super::{Shared, State, Version, discovery, lock};

/// A client, as the list `staticClients` has it (section C).
struct Client {
    id: &'static str,
    /// Without one it must not authenticate otherwise than by its name (A.3).
    secret: Option<&'static str>,
    redirect_uri: &'static str,
}

/// Two of the clients that Cells brings along, and two that an administrator registered: one of them has a
/// query in its address, as applications with several tenants do.
const CLIENTS: [Client; 4] = [
    Client {
        id: INTERFACE,
        secret: None,
        redirect_uri: "https://files.example/auth/callback",
    },
    Client {
        id: "cells-client",
        secret: None,
        redirect_uri: "http://localhost:3000/servers/callback",
    },
    Client {
        id: "edge",
        secret: Some("cells-demo-client-secret"),
        redirect_uri: "https://edge.example/cells",
    },
    Client {
        id: "reports",
        secret: None,
        redirect_uri: "https://reports.example/callback?tenant=1",
    },
];

/// The web interface.
const INTERFACE: &str = "cells-frontend";

/// What is left of an authorization request.
#[derive(Clone, Debug)]
struct Asked {
    client_id: String,
    redirect_uri: String,
    state: String,
    scope: String,
}

/// Sign-ins that wait, codes, and refresh tokens.
#[derive(Debug, Default)]
pub(super) struct Flows {
    waiting: HashMap<String, Asked>,
    codes: HashMap<String, (Asked, &'static str)>,
    refresh_tokens: HashMap<String, (Asked, &'static str)>,
    /// Refresh tokens that were used: whoever uses one again ends what came of it.
    spent: HashMap<String, &'static str>,
}

impl Flows {
    pub(super) fn n_refresh_tokens(&self) -> usize {
        self.refresh_tokens.len()
    }

    pub(super) fn revoke_everything(&mut self) {
        *self = Self::default();
    }

    /// Whose code it is that the interface got (B.1): of no other client.
    pub(super) fn redeem_for_interface(&mut self, code: &str) -> Option<&'static str> {
        let (asked, login) = self.codes.remove(code)?;
        (asked.client_id == INTERFACE).then_some(login)
    }

    /// Where a browser goes once the user of a sign-in that waits is known; `None` for an unknown one.
    pub(super) fn accept(&mut self, challenge: &str, user: &User) -> Option<String> {
        let asked = self.waiting.remove(challenge)?;
        let code = format!("{}.{}", random(), random());
        // Whether the address has a query already, and what is in the state, is not looked at (A.8).
        let location = format!("{}?code={code}&state={}", asked.redirect_uri, asked.state);
        self.codes.insert(code, (asked, user.login));
        Some(location)
    }
}

pub(super) fn is_provider(path: &str) -> bool {
    path.starts_with("/oidc/")
}

/// Answers at the public paths (A.1).
pub(super) fn answer(shared: &Shared, head: &request::Parts, body: &[u8]) -> Answer {
    let mut state = lock(shared);
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/oidc/.well-known/openid-configuration") => {
            let document = discovery::document(state.switches.version, host);
            answers::json(StatusCode::OK, &document)
        }
        (&Method::GET, "/oidc/.well-known/jwks.json") => {
            answers::json(StatusCode::OK, &json!({"keys": []}))
        }
        (&Method::GET, "/oidc/oauth2/auth") => {
            authorize(&mut state, head.uri.query().unwrap_or_default())
        }
        (&Method::POST, "/oidc/oauth2/token") => {
            token(&mut state, (&head.headers, host), &form(body))
        }
        // A.7: no session is ever remembered there, so it ends on a page of the interface.
        (&Method::GET, "/oidc/oauth2/sessions/logout") => found("/oauth2/logout/callback"),
        (&Method::POST, "/oidc/oauth2/revoke") => revoke(&mut state, &head.headers, &form(body)),
        (&Method::GET | &Method::POST, "/oidc/userinfo") => userinfo(&state, &head.headers),
        _ => answers::page(StatusCode::NOT_FOUND),
    }
}

type Form = HashMap<String, String>;

fn form(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}

fn member<'f>(form: &'f Form, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}

fn found(location: &str) -> Answer {
    let mut answer = answers::text(StatusCode::FOUND, "");
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// A.6, step 1.
fn authorize(state: &mut State, query: &str) -> Answer {
    let parameters = form(query.as_bytes());
    let get = |name: &str| member(&parameters, name).to_owned();
    let is_known = CLIENTS
        .iter()
        .any(|client| client.id == get("client_id") && client.redirect_uri == get("redirect_uri"));
    if !is_known || state.switches.forgets_clients {
        return found("/oauth2/fallbacks/error?error=invalid_client");
    }
    if get("state").len() < 8 {
        return found(&format!("{}?error=invalid_state", get("redirect_uri")));
    }
    let asked = Asked {
        client_id: get("client_id"),
        redirect_uri: get("redirect_uri"),
        state: get("state"),
        scope: get("scope"),
    };
    // Hydra 2 has all of the request in it.
    let challenge = match state.switches.version {
        Version::V5 => random().repeat(40),
        Version::V2 | Version::V4 => random(),
    };
    state.flows.waiting.insert(challenge.clone(), asked);
    let mut answer = found(&format!("/oauth2/login?login_challenge={challenge}"));
    let cookie = HeaderValue::from_static("oauth2_authentication_csrf=x; Path=/; HttpOnly");
    answer.headers_mut().insert(SET_COOKIE, cookie);
    answer
}

/// A.5: the errors of fosite have a description, a hint and the status.
fn refused(status: StatusCode, error: &str) -> Answer {
    let body = json!({
        "error": error,
        "error_description": "The request cannot be fulfilled",
        "error_hint": "Look at the log",
        "status_code": status.as_u16(),
    });
    answers::json(status, &body)
}

/// A.3: who has a secret sends it by Basic, and nobody else sends anything.
fn client(headers: &HeaderMap, form: &Form) -> Option<&'static Client> {
    let field = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let pair = match field {
        Some(text) => {
            let bytes = STANDARD.decode(text.strip_prefix("Basic ")?).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (id, secret) = text.split_once(':')?;
            (id.to_owned(), Some(secret.to_owned()))
        }
        None => (member(form, "client_id").to_owned(), None),
    };
    CLIENTS
        .iter()
        .find(|client| client.id == pair.0 && client.secret == pair.1.as_deref())
}

fn token(state: &mut State, (headers, host): (&HeaderMap, &str), form: &Form) -> Answer {
    let Some(client) = client(headers, form).filter(|_| !state.switches.forgets_clients) else {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    };
    if state.switches.token_endpoint_is_down {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    }
    let flows = &mut state.flows;
    let granted = match member(form, "grant_type") {
        "authorization_code" => flows
            .codes
            .remove(member(form, "code"))
            .filter(|(asked, _)| asked.redirect_uri == member(form, "redirect_uri"))
            // A verifier for a challenge that was forgotten (A.8).
            .filter(|_| member(form, "code_verifier").is_empty()),
        "refresh_token" => {
            let presented = member(form, "refresh_token");
            if let Some(login) = flows.spent.get(presented) {
                let login = *login;
                flows.refresh_tokens.retain(|_, (_, of)| *of != login);
            }
            let granted = flows.refresh_tokens.remove(presented);
            if let Some((_, login)) = &granted {
                flows.spent.insert(presented.to_owned(), login);
                state.accounts.n_renewals += 1;
            }
            granted
        }
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    match granted.filter(|(asked, _)| asked.client_id == client.id) {
        Some((asked, login)) => issue(state, asked, login, host),
        None => refused(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

/// A.5: no nonce, no profile, `name` is the login.
fn issue(state: &mut State, asked: Asked, login: &'static str, host: &str) -> Answer {
    let Some(user) = state.accounts.find(login).cloned() else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let lifetime_s = state.switches.token_lifetime_s;
    let access_token = state.accounts.give_token(&user, lifetime_s);
    let issuer = discovery::issuer_of_tokens(host);
    let id_token = answers::id_token_for(&user, (&issuer, &asked.client_id), lifetime_s);
    let mut body = json!({
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": lifetime_s.saturating_sub(1),
        "scope": asked.scope,
        "id_token": id_token,
    });
    if asked
        .scope
        .split(' ')
        .any(|scope| scope.starts_with("offline"))
    {
        let refresh_token = format!("{}.{}", random(), random());
        if let Some(members) = body.as_object_mut() {
            members.insert("refresh_token".to_owned(), json!(refresh_token));
        }
        state.accounts.given.push(refresh_token.clone());
        state
            .flows
            .refresh_tokens
            .insert(refresh_token, (asked, login));
    }
    answers::json(StatusCode::OK, &body)
}

/// RFC 7009: what is unknown is taken back already; access tokens go with the refresh token.
fn revoke(state: &mut State, headers: &HeaderMap, form: &Form) -> Answer {
    if client(headers, form).is_none() {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if let Some((_, login)) = state.flows.refresh_tokens.remove(member(form, "token")) {
        state.accounts.revoke_tokens_of(login);
    }
    answers::json(StatusCode::OK, &json!({}))
}

/// A.5: the claims of the ID token; who has no token is told so in a field of its own kind.
fn userinfo(state: &State, headers: &HeaderMap) -> Answer {
    let field = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let holder = field
        .and_then(|text| text.strip_prefix("Bearer "))
        .and_then(|token| state.accounts.holder(token))
        .and_then(|login| state.accounts.find(login));
    match holder {
        Some(user) => answers::json(
            StatusCode::OK,
            &json!({"sub": user.uuid, "name": user.login, "email": user.email, "authSource": "pydio"}),
        ),
        None => {
            let mut answer = refused(StatusCode::UNAUTHORIZED, "request_unauthorized");
            let odd =
                "error=request_unauthorized,error_description=The request could not be authorized";
            let field = HeaderValue::from_static(odd);
            answer.headers_mut().insert(WWW_AUTHENTICATE, field);
            answer
        }
    }
}
