//! Which request gets which answer.

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::accounts::{Refusal, User};
use super::answers::{self, Answer};
use super::{ProfileSwitch, SERVICE_TOKEN, SessionSwitch, Shared, State, Switches, Version, lock};
use super::{events, files, oauth};

/// Answers one request.
pub(super) async fn answer(shared: &Shared, mut request: Request<Incoming>) -> Answer {
    if events::is_events(request.uri().path()) {
        return events::answer(shared, &mut request);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return answers::text(StatusCode::BAD_REQUEST, "Bad request.");
    };
    let body = body.to_bytes();
    lock(shared).last_fields = head.headers.clone();
    if files::is_file(head.uri.path()) {
        return files::answer(shared, &head, body.len());
    }
    if oauth::is_provider(head.uri.path()) {
        return oauth::answer(shared, &head, &body);
    }
    if head.uri.path().starts_with("/dav") {
        return files::dav(shared, &head);
    }
    let caller = {
        let mut state = lock(shared);
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        state.last_host = host.unwrap_or_default().to_owned();
        caller(&state, &head.headers)
    };
    let path = head.uri.path();
    if let ("/a/frontend/state", Caller::Refused) = (path, &caller) {
        // Cells: the one endpoint where a bad token is no token.
        return answers::state(None);
    }
    let caller = match caller {
        Caller::Refused => return answers::text(StatusCode::UNAUTHORIZED, "Unauthorized.\n"),
        Caller::Anonymous => None,
        Caller::User(login) => Some(login),
    };
    match (&head.method, path) {
        (&Method::POST, "/_control") => control(shared, &body),
        (&Method::POST, "/a/frontend/session") => session(shared, &head.headers, &body).await,
        // D.3: pages of the interface, which are all the same document.
        (&Method::GET, path) if is_page(path) => {
            answers::answer(StatusCode::OK, "text/html; charset=utf-8", INTERFACE)
        }
        (&Method::GET, "/a/frontend/bootconf") => {
            answers::json(StatusCode::OK, &answers::boot_configuration())
        }
        (&Method::GET, "/a/frontend/state") => {
            let state = lock(shared);
            answers::state(caller.and_then(|login| state.accounts.find(login)))
        }
        (&Method::GET, path) => match (path.strip_prefix("/a/user/"), caller) {
            (Some(login), Some(caller)) => profile(shared, login, caller).await,
            (Some(_), None) => answers::text(StatusCode::UNAUTHORIZED, "Unauthorized.\n"),
            (None, _) => answers::page(StatusCode::NOT_FOUND),
        },
        _ => answers::page(StatusCode::NOT_FOUND),
    }
}

/// What stands for the interface: its calls about signing in, and a few others.
const INTERFACE: &str = include_str!("interface.html");

fn is_page(path: &str) -> bool {
    ["/", "/login", "/login/callback", "/logout"].contains(&path) || path.starts_with("/public/")
}

/// Who holds [`SERVICE_TOKEN`]; nobody signs in by this name.
const ADMINISTRATOR: &str = "administrator";

/// Who sends a request.
enum Caller {
    Anonymous,
    User(&'static str),
    Refused,
}

/// Cells 2 and 3 take any `Authorization` for a token of theirs; later ones look at Bearer only.
fn caller(state: &State, headers: &HeaderMap) -> Caller {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Caller::Anonymous;
    };
    let text = value.to_str().unwrap_or_default();
    let is_bearer = text.starts_with("Bearer ");
    if !is_bearer && state.switches.version == Version::V5 {
        return Caller::Anonymous;
    }
    let token = text.strip_prefix("Bearer ").unwrap_or(text);
    if token == SERVICE_TOKEN {
        return Caller::User(ADMINISTRATOR);
    }
    state
        .accounts
        .holder(token)
        .map_or(Caller::Refused, Caller::User)
}

/// Sets the switches: those not named go back to their defaults.
fn control(shared: &Shared, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Switches>(body) {
        Ok(switches) => {
            lock(shared).switches = switches;
            answers::json(StatusCode::OK, &json!({}))
        }
        Err(error) => answers::json(
            StatusCode::BAD_REQUEST,
            &json!({"Title": error.to_string()}),
        ),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SessionRequest {
    #[serde(default)]
    auth_info: HashMap<String, String>,
}

/// `POST /a/frontend/session`.
#[expect(
    clippy::disallowed_methods,
    reason = "to take its time is what is imitated"
)]
async fn session(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    let (switch, delay_ms) = {
        let switches = &lock(shared).switches;
        (switches.session, switches.session_delay_ms)
    };
    sleep(Duration::from_millis(delay_ms)).await;
    if let Some(failure) = session_failure(switch).await {
        return failure;
    }
    // Cells: a body that is no JSON is an error of the server.
    let Ok(SessionRequest { auth_info }) = serde_json::from_slice(body) else {
        return answers::failure();
    };
    let member = |name: &str| auth_info.get(name).map_or("", String::as_str);
    let mut state = lock(shared);
    match member("type") {
        "refresh" if switch == SessionSwitch::RefusesRenewal => {
            answers::refusal(state.switches.version, Refusal::Locked)
        }
        "credentials" => {
            let credentials = (member("login"), member("password"));
            sign_in(&mut state, credentials, member("challenge"))
        }
        "external" => match state.accounts.holder_of_cookie(cookie(headers)) {
            Some(user) => go_on(&mut state, &user, member("challenge")),
            None => answers::refusal(state.switches.version, Refusal::WrongPassword),
        },
        "authorization_code" => {
            let login = state.flows.redeem_for_interface(member("code"));
            let user = login.and_then(|login| state.accounts.find(login)).cloned();
            match user {
                Some(user) => open_session(&mut state, &user),
                None => answers::refusal(state.switches.version, Refusal::WrongPassword),
            }
        }
        "refresh" => match state.accounts.take_cookie(cookie(headers)) {
            Some(user) => open_session(&mut state, &user),
            None => answers::refusal(state.switches.version, Refusal::WrongPassword),
        },
        "logout" => {
            state.accounts.close_session(cookie(headers));
            let mut answer = answers::json(StatusCode::OK, &json!({}));
            let gone = HeaderValue::from_static("pydio=; Path=/a/frontend; HttpOnly; Max-Age=0");
            answer.headers_mut().insert(SET_COOKIE, gone);
            answer
        }
        _ => answers::refusal(state.switches.version, Refusal::WrongPassword),
    }
}

/// The failures that strike whatever was sent.
async fn session_failure(switch: SessionSwitch) -> Option<Answer> {
    match switch {
        SessionSwitch::Down => Some(answers::failure()),
        SessionSwitch::Unavailable => Some(answers::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "Service unavailable.\n",
        )),
        SessionSwitch::RateLimited => {
            let mut answer = answers::text(StatusCode::TOO_MANY_REQUESTS, "Too many requests\n");
            let wait = HeaderValue::from_static("7");
            answer.headers_mut().insert(RETRY_AFTER, wait);
            Some(answer)
        }
        SessionSwitch::Garbage => Some(answers::page(StatusCode::OK)),
        SessionSwitch::NotCells => Some(answers::page(StatusCode::NOT_FOUND)),
        SessionSwitch::Endless => Some(answers::answer(
            StatusCode::OK,
            "application/json",
            format!("{{\"JWT\": \"{}\"}}", "x".repeat(2 << 20)),
        )),
        SessionSwitch::Redirect => {
            let mut answer = answers::text(StatusCode::FOUND, "");
            let elsewhere = HeaderValue::from_static("/a/elsewhere");
            answer.headers_mut().insert(LOCATION, elsewhere);
            Some(answer)
        }
        SessionSwitch::Hang => pending().await,
        SessionSwitch::Works
        | SessionSwitch::RefusesRenewal
        | SessionSwitch::JwtOnly
        | SessionSwitch::WithoutIdToken
        | SessionSwitch::Trigger
        | SessionSwitch::ErrorField
        | SessionSwitch::Empty => None,
    }
}

fn sign_in(state: &mut State, (login, password): (&str, &str), challenge: &str) -> Answer {
    let hidden = state.switches.hidden_users.clone();
    match state.accounts.check(login, password, &hidden) {
        Ok(user) if challenge.is_empty() => open_session(state, &user),
        Ok(user) => go_on(state, &user, challenge),
        Err(refusal) => answers::refusal(state.switches.version, refusal),
    }
}

/// A.6, step 4: with a challenge there is no token, but the way to the application.
fn go_on(state: &mut State, user: &User, challenge: &str) -> Answer {
    let body = match state.switches.session {
        SessionSwitch::Trigger => {
            json!({"Trigger": "otp_show_modal", "TriggerInfo": {"required": "true"}})
        }
        SessionSwitch::ErrorField => json!({"Error": "login refused"}),
        SessionSwitch::Empty => json!({}),
        _ => match state.flows.accept(challenge, user) {
            Some(location) => json!({"RedirectTo": location}),
            None => return answers::failure(),
        },
    };
    answers::json(StatusCode::OK, &body)
}

fn open_session(state: &mut State, user: &User) -> Answer {
    let lifetime_s = state.switches.token_lifetime_s;
    let (token, cookie) = state.accounts.open_session(user, lifetime_s);
    let body = match state.switches.session {
        SessionSwitch::JwtOnly => json!({"JWT": token}),
        SessionSwitch::WithoutIdToken => json!({"Token": {"AccessToken": token}}),
        SessionSwitch::Trigger => {
            json!({"Trigger": "otp_show_modal", "TriggerInfo": {"required": "true"}})
        }
        SessionSwitch::ErrorField => json!({"Error": "login refused"}),
        SessionSwitch::Empty => json!({}),
        _ => answers::session(user, &token, lifetime_s),
    };
    let mut answer = answers::json(StatusCode::OK, &body);
    let cookie = format!("pydio={cookie}; Path=/a/frontend; HttpOnly; Max-Age=3600");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// The value of the session cookie, or nothing.
fn cookie(headers: &HeaderMap) -> &str {
    headers
        .get(COOKIE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| {
            text.split("; ")
                .find_map(|pair| pair.strip_prefix("pydio="))
        })
        .unwrap_or_default()
}

/// `GET /a/user/{login}`; `segment` is the last part of the path as it was sent.
async fn profile(shared: &Shared, segment: &str, caller: &str) -> Answer {
    let switch = lock(shared).switches.profile;
    match switch {
        ProfileSwitch::Down => return answers::failure(),
        ProfileSwitch::Garbage => return answers::page(StatusCode::OK),
        ProfileSwitch::Hang => return pending().await,
        ProfileSwitch::Works | ProfileSwitch::PublicOnly | ProfileSwitch::Another => {}
    }
    let state = lock(shared);
    let asked = percent_decode_str(segment).decode_utf8_lossy();
    let login = match switch {
        ProfileSwitch::Another if asked == "bob" => "alice",
        ProfileSwitch::Another => "bob",
        _ => &asked,
    };
    // A slash in a login must come encoded: two segments are another path.
    let is_there = !state.switches.removed_users.iter().any(|l| l == login);
    let found = (is_there && !segment.contains('/')).then(|| state.accounts.find(login));
    let Some(user) = found.flatten() else {
        let what = ("user.not.found", "UserNotFound", "user not found");
        return answers::error(state.switches.version, StatusCode::NOT_FOUND, what);
    };
    answers::json(StatusCode::OK, &visible(&state, user, caller))
}

/// Cells: a user may see all of itself, and an administrator all of everybody.
fn visible(state: &State, user: &User, caller: &str) -> Value {
    let switches = &state.switches;
    let may_see_all = caller == user.login || caller == ADMINISTRATOR;
    if switches.profile == ProfileSwitch::PublicOnly || !may_see_all {
        return answers::public_user(user);
    }
    let must_change = switches.pass_change_users.iter().any(|l| l == user.login);
    answers::user(user, must_change)
}
