//! The provider's metadata (OpenID Connect Discovery §3, RFC 8414 §2).
//!
//! It says what is true under this configuration and nothing else: what it lists comes from the
//! tables that the endpoints themselves work by.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::StatusCode;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, AuthenticationContextClass, EndSessionUrl,
    IntrospectionUrl, IssuerUrl, JsonWebKeySetUrl, LanguageTag, ProviderMetadata, RegistrationUrl,
    ResponseTypes, RevocationUrl, Scope, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};

use super::Provider;
use super::authorization::{PromptValue, ResponseMode};
use super::claims::CLAIMS_BY_SCOPE;
use super::clients::AuthenticationMethod;
use super::endpoint::Endpoint;
use super::reply::{self, Response};
use super::settings::{RegistrationAccess, Settings};
use crate::model::{AuthenticationContext, GrantType, Language, SigningAlgorithm};

/// Why the document cannot be written; a checked configuration never leads here.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// An endpoint below the issuer is not a URL.
    #[error(transparent)]
    Url(#[from] url::ParseError),
    /// The document is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The members that OpenID Connect Discovery does not have.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the specifications have one flag for each ability"
)]
struct Additional {
    /// RFC 8414 §2.
    revocation_endpoint: RevocationUrl,
    /// RFC 8414 §2.
    revocation_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 8414 §2: by which an assertion may be signed.
    revocation_endpoint_auth_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
    /// RFC 8414 §2.
    introspection_endpoint: IntrospectionUrl,
    /// RFC 8414 §2.
    introspection_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 8414 §2: by which an assertion may be signed.
    introspection_endpoint_auth_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
    /// RFC 9701 §7.
    introspection_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
    /// OpenID Connect RP-Initiated Logout §2.1.
    end_session_endpoint: EndSessionUrl,
    /// OpenID Connect Back-Channel Logout §2.1.
    backchannel_logout_supported: bool,
    /// OpenID Connect Back-Channel Logout §2.1: logout tokens name the session.
    backchannel_logout_session_supported: bool,
    /// OpenID Connect Front-Channel Logout §3.
    frontchannel_logout_supported: bool,
    /// OpenID Connect Front-Channel Logout §3: `iss` and `sid` can be sent.
    frontchannel_logout_session_supported: bool,
    /// RFC 8414 §2.
    code_challenge_methods_supported: Vec<String>,
    /// Initiating User Registration via OpenID Connect §4.
    prompt_values_supported: Vec<String>,
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Additional {}

type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

impl Provider {
    /// Answers with the metadata. Kept by others for a few minutes, as the keys are.
    pub(super) fn describe(&self) -> Response {
        let body = self.discovery.clone();
        let mut response = reply::with_body(StatusCode::OK, Some("application/json"), body);
        reply::cache(&mut response, "public, max-age=300");
        response
    }
}

/// Writes the document, once, at start.
pub(super) fn document<'a>(
    settings: &Settings,
    languages: impl Iterator<Item = &'a Language>,
) -> Result<Bytes, DiscoveryError> {
    let url = |endpoint: Endpoint| settings.issuer.endpoint(endpoint.path());
    let additional = Additional {
        revocation_endpoint: RevocationUrl::new(url(Endpoint::Revocation))?,
        revocation_endpoint_auth_methods_supported: authentication_methods(settings).collect(),
        revocation_endpoint_auth_signing_alg_values_supported: assertion_algorithms(settings),
        introspection_endpoint: IntrospectionUrl::new(url(Endpoint::Introspection))?,
        introspection_endpoint_auth_signing_alg_values_supported: assertion_algorithms(settings),
        introspection_endpoint_auth_methods_supported: authentication_methods(settings)
            .filter(|method| *method != CoreClientAuthMethod::None)
            .collect(),
        introspection_signing_alg_values_supported: vec![settings.id_token_algorithm.into()],
        end_session_endpoint: EndSessionUrl::new(url(Endpoint::EndSession))?,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
        code_challenge_methods_supported: vec!["S256".to_owned()],
        prompt_values_supported: prompt_values(),
        authorization_response_iss_parameter_supported: true,
    };
    let metadata = Metadata::new(
        IssuerUrl::new(settings.issuer.as_str().to_owned())?,
        AuthUrl::new(url(Endpoint::Authorization))?,
        JsonWebKeySetUrl::new(url(Endpoint::Jwks))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![
            CoreSubjectIdentifierType::Public,
            CoreSubjectIdentifierType::Pairwise,
        ],
        signing_algorithms(),
        additional,
    )
    .set_registration_endpoint(registration_endpoint(settings)?)
    .set_token_endpoint(Some(TokenUrl::new(url(Endpoint::Token))?))
    .set_userinfo_signing_alg_values_supported(Some(signing_algorithms()))
    .set_userinfo_endpoint(Some(UserInfoUrl::new(url(Endpoint::UserInfo))?))
    .set_scopes_supported(Some(scopes(settings)))
    .set_response_modes_supported(Some(ResponseMode::ALL.map(response_mode).to_vec()))
    .set_grant_types_supported(Some(GrantType::ALL.map(grant_type).to_vec()))
    .set_token_endpoint_auth_methods_supported(Some(authentication_methods(settings).collect()))
    .set_token_endpoint_auth_signing_alg_values_supported(Some(assertion_algorithms(settings)))
    .set_acr_values_supported(Some(AuthenticationContext::ALL.map(acr_value).to_vec()))
    .set_claim_types_supported(Some(vec![CoreClaimType::Normal]))
    .set_claims_supported(Some(claims(settings)))
    .set_ui_locales_supported(Some(
        languages
            .map(|language| LanguageTag::new(language.to_string()))
            .collect(),
    ))
    .set_claims_parameter_supported(Some(true))
    .set_request_parameter_supported(Some(false))
    // Left out, this one would mean true.
    .set_request_uri_parameter_supported(Some(false));
    Ok(serde_json::to_vec(&metadata)?.into())
}

/// Where clients register themselves, if they may.
fn registration_endpoint(settings: &Settings) -> Result<Option<RegistrationUrl>, DiscoveryError> {
    if settings.registration.access == RegistrationAccess::Off {
        return Ok(None);
    }
    let endpoint = settings.issuer.endpoint(Endpoint::Registration.path());
    Ok(Some(RegistrationUrl::new(endpoint)?))
}

/// Every scope value that a client of the configuration may use, or one that registers itself, and
/// `openid`. What an administrator gave to a client of the store beyond that is not listed (OpenID
/// Connect Discovery §3: the server "MAY choose not to advertise some"): the document is written
/// once, and those clients come and go.
fn scopes(settings: &Settings) -> Vec<Scope> {
    let registered = settings
        .clients
        .iter()
        .flat_map(|client| client.scope.iter());
    let values: BTreeSet<&str> = registered
        .chain(self_registered(settings))
        .chain(["openid"])
        .collect();
    values
        .into_iter()
        .map(|value| Scope::new(value.to_owned()))
        .collect()
}

/// What a client may ask for that registers itself.
fn self_registered(settings: &Settings) -> impl Iterator<Item = &str> {
    let registration = &settings.registration;
    let is_on = registration.access != RegistrationAccess::Off;
    registration.scope.iter().filter(move |_| is_on)
}

/// The claims of ID tokens, and those about users that a client may be told which has a scope of
/// [`scopes`], or by a rule of the configuration.
fn claims(settings: &Settings) -> Vec<CoreClaimName> {
    let is_used = |value: &str| {
        let mut clients = settings.clients.iter();
        clients.any(|client| client.scope.contains(value))
            || self_registered(settings).any(|of_scope| of_scope == value)
    };
    let about_users = CLAIMS_BY_SCOPE
        .iter()
        .filter(|(value, _)| is_used(value))
        .flat_map(|(_, claims)| claims.iter())
        .map(|claim| claim.as_str());
    let by_rules = settings.clients.iter().flat_map(|client| &client.claims);
    let names: BTreeSet<&str> = about_users
        .chain(by_rules.map(|rule| rule.name.as_str()))
        .collect();
    [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "at_hash",
        "acr",
        "amr",
        "sid",
    ]
    .into_iter()
    .chain(names)
    .map(|name| CoreClaimName::new(name.to_owned()))
    .collect()
}

fn prompt_values() -> Vec<String> {
    let values = PromptValue::ALL.into_iter();
    values.map(|value| value.as_str().to_owned()).collect()
}

fn acr_value(context: AuthenticationContext) -> AuthenticationContextClass {
    AuthenticationContextClass::new(context.as_str().to_owned())
}

/// What a client may have its ID tokens and its userinfo signed with, and may sign its assertions
/// with: each is a value that it can be registered with.
fn signing_algorithms() -> Vec<CoreJwsSigningAlgorithm> {
    SigningAlgorithm::ALL.map(Into::into).to_vec()
}

/// What an assertion may be signed with, or be under a MAC with.
fn assertion_algorithms(settings: &Settings) -> Vec<CoreJwsSigningAlgorithm> {
    let shared = AuthenticationMethod::ClientSecretJwt;
    let has_shared = shared.is_offered(&settings.client_authentication);
    let mac = has_shared.then_some(CoreJwsSigningAlgorithm::HmacSha256);
    signing_algorithms().into_iter().chain(mac).collect()
}

fn authentication_methods(settings: &Settings) -> impl Iterator<Item = CoreClientAuthMethod> {
    let policy = &settings.client_authentication;
    let offered = AuthenticationMethod::ALL
        .into_iter()
        .filter(|method| method.is_offered(policy));
    offered.map(|method| match method {
        AuthenticationMethod::ClientSecretBasic => CoreClientAuthMethod::ClientSecretBasic,
        AuthenticationMethod::ClientSecretPost => CoreClientAuthMethod::ClientSecretPost,
        AuthenticationMethod::PrivateKeyJwt => CoreClientAuthMethod::PrivateKeyJwt,
        AuthenticationMethod::ClientSecretJwt => CoreClientAuthMethod::ClientSecretJwt,
        AuthenticationMethod::None => CoreClientAuthMethod::None,
    })
}

const fn grant_type(grant_type: GrantType) -> CoreGrantType {
    match grant_type {
        GrantType::AuthorizationCode => CoreGrantType::AuthorizationCode,
        GrantType::RefreshToken => CoreGrantType::RefreshToken,
        GrantType::ClientCredentials => CoreGrantType::ClientCredentials,
    }
}

const fn response_mode(mode: ResponseMode) -> CoreResponseMode {
    match mode {
        ResponseMode::Query => CoreResponseMode::Query,
        ResponseMode::Fragment => CoreResponseMode::Fragment,
        ResponseMode::FormPost => CoreResponseMode::FormPost,
    }
}
