//! A sign-in as of an application: the code flow of Cells' own OpenID Provider, run without a browser.
//!
//! 1. `GET /oidc/oauth2/auth` as our client, for the challenge of a sign-in that waits;
//! 2. the credentials with that challenge, by the call that checks any password;
//! 3. the code out of where a browser would be sent then;
//! 4. `POST /oidc/oauth2/token`: an access token, and a refresh token of its own.
//!
//! The password is checked by the same rules as without a challenge. What comes of it does not hang on a
//! cookie, lives for weeks, and is taken back by RFC 7009. No PKCE: Cells forgets the challenge on the way
//! and then refuses the verifier. Its provider also forgets to look at the user when it refreshes, so
//! that is asked after each refresh.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use reqwest::RequestBuilder;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::session::{self, AuthInfo, IdClaims, Session};
use super::user::{self, ProfileError};
use crate::model::{Login, Timestamp, UpstreamSession};
use crate::secret::Secret;
use crate::users::http::{Http, HttpError, Reply};
use crate::users::{BackendError, CellsClient, RenewalError, SignInError};

const AUTHORIZATION_PATH: &str = "/oidc/oauth2/auth";
const TOKEN_PATH: &str = "/oidc/oauth2/token";
const REVOCATION_PATH: &str = "/oidc/oauth2/revoke";

/// `offline` brings the refresh token.
const SCOPE: &str = "openid email profile pydio offline";

/// How a renewal by a refresh token is told from one by a cookie.
const MARK: &str = "refresh_token ";

/// How long a refresh token is taken to be good. Cells says nothing of it; sixty days are its default,
/// and the shortest that was ever its own is thirty. Each use brings another one, and we use it far
/// earlier, so that an operator may have made it much shorter.
const RENEWAL_LIFETIME: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// An access token is not taken to live longer, whatever Cells says.
const LONGEST_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Of an access token if that is not said: the default of Cells.
const TOKEN_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How long is waited for the profile after a refresh, which is good without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The refresh token of a session, if that is what it is renewed with.
pub(super) fn refresh_token(upstream: &UpstreamSession) -> Option<&str> {
    upstream.renewal.expose().strip_prefix(MARK)
}

/// Checks credentials, once.
pub(super) async fn open(
    http: &Http,
    client: &CellsClient,
    (login, password): (&Login, &Secret),
    now: Timestamp,
) -> Result<Session, SignInError> {
    let (challenge, state) = begin(http, client, now).await?;
    let asked = AuthInfo::credentials(login, password).answering(&challenge);
    let reply = session::ask(http, asked, None).await?;
    let location = session::redirection(&reply, now)?;
    let code = code(&location, client, &state)?;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &client.redirect_uri),
    ];
    // Whatever goes wrong from here on, the password was right.
    let reply = post(http, client, TOKEN_PATH, &form)
        .await
        .map_err(|error| SignInError::Unavailable(error.as_str()))?;
    if reply.status != StatusCode::OK {
        tell(&reply, "Cells gave no token for a code of our client");
        return Err(SignInError::Unavailable("it gave no token for its code"));
    }
    let tokens: Tokens = serde_json::from_slice(&reply.body)
        .map_err(|_| SignInError::Unavailable("its tokens are not JSON"))?;
    let renewal = tokens.renewal(now);
    let renewal = renewal.ok_or(SignInError::Unavailable(
        "it gave no refresh token: our client there may not have `offline`",
    ))?;
    Ok(Session {
        expires_at: tokens.end(now),
        claims: tokens.claims(),
        access_token: Secret::new(tokens.access_token),
        renewal: Some(renewal),
    })
}

/// The challenge of a sign-in for our client, and the state that has to come back. No password is sent
/// yet, so nothing is counted.
async fn begin(
    http: &Http,
    client: &CellsClient,
    now: Timestamp,
) -> Result<(String, String), SignInError> {
    let state = crate::entropy::identifier()
        .map_err(|_| SignInError::Unavailable("no randomness for a state"))?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", &client.redirect_uri)
        .append_pair("scope", SCOPE)
        .append_pair("state", &state)
        .finish();
    let request = http.request(Method::GET, &format!("{AUTHORIZATION_PATH}?{query}"));
    let reply = http.send(request).await;
    let reply = reply.map_err(|error| SignInError::Unavailable(error.as_str()))?;
    if !reply.status.is_redirection() {
        return Err(match session::refused(&reply, now) {
            Some(error @ SignInError::Throttled { .. }) => error,
            _ => SignInError::Unavailable("it has no authorization endpoint"),
        });
    }
    let location = reply.headers.get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let challenge = location.and_then(|location| parameter(location, "login_challenge"));
    match challenge {
        Some(challenge) => Ok((challenge, state)),
        None => {
            let error = location.and_then(|location| parameter(location, "error"));
            tracing::warn!(
                client.id = client.id,
                error,
                "Cells refuses our client; it has to be registered there with its redirection"
            );
            Err(SignInError::Unavailable("it refuses our client"))
        }
    }
}

/// The code in where a browser would be sent. Cells writes that by joining texts, so it is held to what
/// was asked for.
fn code(location: &str, client: &CellsClient, state: &str) -> Result<String, SignInError> {
    let is_ours = location
        .strip_prefix(&client.redirect_uri)
        .is_some_and(|rest| rest.starts_with('?'));
    if !is_ours || parameter(location, "state").as_deref() != Some(state) {
        return Err(SignInError::Unavailable("it answers another request"));
    }
    parameter(location, "code").ok_or(SignInError::Unavailable("it gave no code"))
}

/// A parameter of a URL, which may be without scheme and host.
fn parameter(url: &str, name: &str) -> Option<String> {
    let anywhere = Url::parse("http://cells.invalid/").ok()?;
    let url = anywhere.join(url).ok()?;
    let mut pairs = url.query_pairs().filter(|(key, _)| key == name);
    let (_, value) = pairs.next()?;
    (!value.is_empty() && pairs.next().is_none()).then(|| value.into_owned())
}

/// Gets other tokens for a refresh token, which is spent with that, and looks at the user with them.
pub(super) async fn renew(
    http: &Http,
    client: &CellsClient,
    refresh_token: &str,
    now: Timestamp,
) -> Result<UpstreamSession, RenewalError> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("scope", SCOPE),
    ];
    let reply = post(http, client, TOKEN_PATH, &form).await?;
    match reply.status {
        StatusCode::OK => {}
        // RFC 6749 §5.2: of all errors only this one is about the token.
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED if names_grant(&reply) => {
            return Err(RenewalError::Refused("Cells refused to renew it"));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(RenewalError::Unavailable("too many requests"));
        }
        status if status.is_server_error() => return Err(RenewalError::Unavailable("it failed")),
        _ => {
            tell(&reply, "Cells renews nothing for our client");
            return Err(RenewalError::Unavailable("it refuses our client"));
        }
    }
    let tokens: Tokens = serde_json::from_slice(&reply.body)
        .map_err(|_| RenewalError::Unanswered("its tokens are not JSON"))?;
    let renewal = tokens.renewal(now);
    let (renewal, renewal_expires_at) =
        renewal.ok_or(RenewalError::Unanswered("it gave no other refresh token"))?;
    let claims = tokens.claims();
    let renewed = UpstreamSession {
        token_expires_at: tokens.end(now),
        access_token: Secret::new(tokens.access_token),
        renewal,
        renewal_expires_at,
    };
    if let Some(reason) = ended(http, &renewed.access_token, claims).await {
        // What was just given is of no use to anybody.
        if let Err(error) = end(http, client, &renewed).await {
            tracing::warn!(%error, "a refresh token of a user who is gone was not taken back");
        }
        return Err(RenewalError::Refused(reason));
    }
    Ok(renewed)
}

/// Why the user may not go on; `None` if nothing is known against it.
async fn ended(
    http: &Http,
    access_token: &Secret,
    claims: Option<IdClaims>,
) -> Option<&'static str> {
    let claims = claims?;
    let login = Login::parse(&claims.name).ok()?;
    match user::find(http, &login, access_token, Some(PATIENCE)).await {
        Ok(user) => match user.check_locks() {
            Err(SignInError::Locked) => Some("Cells has locked the user"),
            Err(SignInError::NewPasswordRequired) => Some("Cells asks the user for a new password"),
            Ok(()) | Err(_) => user
                .check_is_who_signed_in(&login, Some(&claims))
                .is_err()
                .then_some("the login belongs to another user of Cells"),
        },
        Err(ProfileError::NoSuchUser) => Some("Cells has no such user any more"),
        Err(ProfileError::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => {
            Some("Cells lets the user in no more")
        }
        Err(reason) => {
            tracing::warn!(%reason, "Cells cannot be asked about a user whose session was renewed");
            None
        }
    }
}

/// Takes back a refresh token, and with it what came of it (RFC 7009 §2.1).
pub(super) async fn end(
    http: &Http,
    client: &CellsClient,
    upstream: &UpstreamSession,
) -> Result<(), BackendError> {
    let Some(token) = refresh_token(upstream) else {
        return Ok(());
    };
    let form = [("token", token), ("token_type_hint", "refresh_token")];
    let reply = post(http, client, REVOCATION_PATH, &form).await;
    let reply = reply.map_err(|error| BackendError(error.as_str()))?;
    match reply.status {
        StatusCode::OK => Ok(()),
        _ => Err(BackendError("it did not take back a refresh token")),
    }
}

async fn post(
    http: &Http,
    client: &CellsClient,
    path: &str,
    form: &[(&str, &str)],
) -> Result<Reply, HttpError> {
    http.send(request(http, client, path, form)).await
}

/// A form of our client, which says who it is in the way that Cells wants: with a secret
/// by RFC 6749 §2.3.1, without one by its name alone.
fn request(http: &Http, client: &CellsClient, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let mut request = http.request(Method::POST, path);
    match &client.secret {
        Some(secret) => {
            let encoded = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let (id, secret) = (encoded(&client.id), encoded(secret.expose()));
            request = request.basic_auth(id, Some(secret));
        }
        None => {
            body.append_pair("client_id", &client.id);
        }
    }
    request
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.finish())
}

/// Members of RFC 6749 §5.1.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: String,
    id_token: Option<String>,
}

impl Tokens {
    fn end(&self, now: Timestamp) -> Timestamp {
        let lifetime = self.expires_in.map(Duration::from_secs);
        now.after(lifetime.unwrap_or(TOKEN_LIFETIME).min(LONGEST_TOKEN))
    }

    fn renewal(&self, now: Timestamp) -> Option<(Secret, Timestamp)> {
        let renewal = || Secret::new([MARK, &self.refresh_token].concat());
        (!self.refresh_token.is_empty()).then(|| (renewal(), now.after(RENEWAL_LIFETIME)))
    }

    fn claims(&self) -> Option<IdClaims> {
        self.id_token.as_deref().and_then(IdClaims::decode)
    }
}

/// A member of RFC 6749 §5.2.
#[derive(Deserialize)]
struct OauthError {
    error: String,
}

fn error(reply: &Reply) -> Option<String> {
    let error: OauthError = serde_json::from_slice(&reply.body).ok()?;
    Some(error.error)
}

fn names_grant(reply: &Reply) -> bool {
    error(reply).is_some_and(|error| error == "invalid_grant" || error == "token_inactive")
}

/// Logs what is wrong with our client, for the operator to mend.
fn tell(reply: &Reply, what: &'static str) {
    let error = error(reply);
    tracing::warn!(http.status = reply.status.as_u16(), error, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> CellsClient {
        CellsClient {
            id: "edge".to_owned(),
            secret: None,
            redirect_uri: "https://edge.test/cells".to_owned(),
        }
    }

    #[test]
    fn a_code_is_taken_from_the_answer_to_our_request_alone() {
        for (location, expected) in [
            ("https://edge.test/cells?code=c.d&state=s", Some("c.d")),
            ("https://edge.test/cells?state=s&code=a%2Bb", Some("a+b")),
            ("https://edge.test/cells?code=c&state=other", None),
            ("https://edge.test/cells?code=c", None),
            ("https://edge.test/cells?state=s", None),
            ("https://edge.test/cells?code=&state=s", None),
            ("https://edge.test/cells?code=c&code=d&state=s", None),
            ("https://edge.test/cellspool?code=c&state=s", None),
            ("https://evil.test/?code=c&state=s", None),
            ("", None),
        ] {
            let found = code(location, &client(), "s").ok();
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn a_challenge_may_be_short_or_long_and_the_location_absolute_or_not() {
        let long = "x".repeat(3000);
        for (location, expected) in [
            (
                "https://a.test/oauth2/login?login_challenge=4f2a".to_owned(),
                Some("4f2a"),
            ),
            (
                format!("/oauth2/login?login_challenge={long}"),
                Some(long.as_str()),
            ),
            (
                "/oauth2/fallbacks/error?error=invalid_client".to_owned(),
                None,
            ),
        ] {
            let found = parameter(&location, "login_challenge");
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
