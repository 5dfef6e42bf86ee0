//! The parameters of an authorization request, checked: the second stage.

use std::time::Duration;

use super::destination::{Destination, MAX_ECHO_BYTES, response_mode};
use super::prompt::Prompt;
use crate::model::{AuthenticationContext, Client, CodeChallenge, GrantType, Resource, Scope};
use crate::provider::claims::ClaimsRequest;
use crate::provider::error::AuthorizationError;
use crate::provider::params::Params;
use crate::provider::resources;

/// Every parameter that has a meaning here, if only that of being tolerated (OpenID Connect
/// Core §3.1.2.1 and §15.1). Others are ignored (RFC 6749 §3.1).
pub(crate) const PARAMETERS: [&str; 22] = [
    "client_id",
    "redirect_uri",
    "state",
    "response_type",
    "response_mode",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "display",
    "ui_locales",
    "claims_locales",
    "claims",
    "request",
    "request_uri",
    "registration",
    REPEATABLE,
];

/// The one parameter that may come more than once (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// An authorization request of a known client, checked.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    /// What is asked for and may be granted to the client; never empty.
    pub(crate) scope: Scope,
    /// Where it is to be good; none: at the client's usual audience.
    pub(crate) resources: Vec<Resource>,
    /// What is asked for beside the claims of the scope, and of which user.
    pub(crate) claims: ClaimsRequest,
    /// To be repeated in the ID token, byte by byte.
    pub(crate) nonce: Option<String>,
    /// RFC 7636.
    pub(crate) code_challenge: Option<CodeChallenge>,
    /// What the user is to be asked.
    pub(crate) prompt: Prompt,
    /// How long ago the password may have been checked at most.
    pub(crate) max_age: Option<Duration>,
    /// An ID token of the user expected, not verified yet.
    pub(crate) id_token_hint: Option<String>,
    /// What the user may type as user name.
    pub(crate) login_hint: Option<String>,
}

impl AuthorizationRequest {
    /// Reads the request whose answer goes to `destination`.
    pub(crate) fn parse(
        params: &Params,
        destination: &Destination,
    ) -> Result<Self, AuthorizationError> {
        let client = &*destination.client;
        let mut once = PARAMETERS.into_iter().filter(|name| *name != REPEATABLE);
        once.try_for_each(|name| params.one(name).map(drop))?;
        refuse_unsupported(params)?;
        check_echo(params, "state")?;
        check_response(params, client)?;
        response_mode(params, &destination.redirect_uri)
            .ok_or(AuthorizationError::Invalid("response_mode"))?;
        let text = |name| params.one(name).map(|value| value.map(str::to_owned));
        let scope = parse_scope(params, client)?;
        Ok(Self {
            claims: parse_claims(params, &scope, client)?,
            scope,
            resources: resources::of_grant(params, client)?,
            nonce: check_echo(params, "nonce")?,
            code_challenge: parse_challenge(params, client)?,
            prompt: Prompt::parse(params.one("prompt")?.unwrap_or_default())?,
            max_age: parse_max_age(params)?.or(client.default_max_age),
            id_token_hint: text("id_token_hint")?,
            login_hint: text("login_hint")?,
        })
    }
}

/// OpenID Connect Core §6 and §7: ignoring these would answer another request than was made.
fn refuse_unsupported(params: &Params) -> Result<(), AuthorizationError> {
    for (name, error) in [
        ("request", AuthorizationError::RequestNotSupported),
        ("request_uri", AuthorizationError::RequestUriNotSupported),
        ("registration", AuthorizationError::RegistrationNotSupported),
    ] {
        if params.one(name)?.is_some() {
            return Err(error);
        }
    }
    Ok(())
}

/// What has to come back unchanged is bounded, since it travels in pages and is stored.
fn check_echo(params: &Params, name: &'static str) -> Result<Option<String>, AuthorizationError> {
    match params.one(name)? {
        Some(value) if value.len() > MAX_ECHO_BYTES => Err(AuthorizationError::Invalid(name)),
        value => Ok(value.map(str::to_owned)),
    }
}

/// Only the code flow (RFC 9700 §2.1.2).
fn check_response(params: &Params, client: &Client) -> Result<(), AuthorizationError> {
    match params.one("response_type")? {
        Some("code") => {}
        Some(_) => return Err(AuthorizationError::UnsupportedResponseType),
        None => return Err(AuthorizationError::Missing("response_type")),
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(AuthorizationError::UnauthorizedClient);
    }
    Ok(())
}

/// RFC 6749 §3.3: without a scope the client gets what it was registered for; values that are
/// not its own are left out, and the token response says what was granted.
fn parse_scope(params: &Params, client: &Client) -> Result<Scope, AuthorizationError> {
    let scope = match params.one("scope")? {
        Some(text) => Scope::parse(text)?.intersection(&client.scope),
        None => client.scope.clone(),
    };
    if scope.is_empty() {
        return Err(AuthorizationError::NothingGrantable);
    }
    Ok(scope)
}

/// OpenID Connect Core §5.5. Without `openid` the request is one of OAuth alone, where the
/// parameter has no meaning.
fn parse_claims(
    params: &Params,
    scope: &Scope,
    client: &Client,
) -> Result<ClaimsRequest, AuthorizationError> {
    let text = params.one("claims")?.filter(|_| scope.contains("openid"));
    let Some(text) = text else {
        return Ok(ClaimsRequest::default());
    };
    let claims = ClaimsRequest::parse(text, client)?;
    // Told at once: what nobody here can do no sign-in will bring. `acr_values` needs no such
    // look, being a wish: the ID token says in any case how the user signed in.
    let mut contexts = AuthenticationContext::ALL.into_iter();
    if contexts.any(|context| claims.accepts(context)) {
        Ok(claims)
    } else {
        Err(AuthorizationError::UnmetAuthenticationRequirements)
    }
}

/// RFC 7636 §4.3 and §4.4.1, RFC 9700 §2.1.1.
fn parse_challenge(
    params: &Params,
    client: &Client,
) -> Result<Option<CodeChallenge>, AuthorizationError> {
    let method = params.one("code_challenge_method")?;
    let Some(challenge) = params.one("code_challenge")? else {
        // A method alone is a challenge that got lost: going on without would be a downgrade.
        return match method {
            Some(_) => Err(AuthorizationError::Missing("code_challenge")),
            None if client.must_send_challenge() => Err(AuthorizationError::ChallengeRequired),
            None => Ok(None),
        };
    };
    if method != Some("S256") {
        return Err(AuthorizationError::ChallengeMethod);
    }
    CodeChallenge::parse(challenge)
        .map(Some)
        .ok_or(AuthorizationError::Invalid("code_challenge"))
}

fn parse_max_age(params: &Params) -> Result<Option<Duration>, AuthorizationError> {
    let Some(text) = params.one("max_age")? else {
        return Ok(None);
    };
    // `u64` alone would also read "+5".
    let seconds = text
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten();
    seconds
        .map(|seconds| Some(Duration::from_secs(seconds)))
        .ok_or(AuthorizationError::Invalid("max_age"))
}
