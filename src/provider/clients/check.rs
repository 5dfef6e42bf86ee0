//! Which metadata may be registered.

use super::metadata::{self, ClientMetadata};
use super::redirect_uris;
use crate::jose::{JwkSetError, SigningAlgorithm};
use crate::model::{
    ClientEndpointError, ClientId, GrantType, RedirectUriError, RegisteredBy, Scope, ScopeError,
    SectorError, WebLinkError,
};
use crate::provider::settings::ClientAuthenticationPolicy;

/// Why metadata are refused. The text is for whoever sent them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataError {
    /// Not a JSON object, or a member of another type or with a value nobody knows.
    #[error("the metadata cannot be read: {0}")]
    Malformed(String),
    /// A URI that cannot be registered.
    #[error("{uri:?} cannot be a redirect URI: it {reason}")]
    RedirectUri {
        /// Which one.
        uri: String,
        /// Why.
        reason: RedirectUriError,
    },
    /// Nowhere to send an answer.
    #[error("redirect_uris is missing, and with authorization_code answers must go somewhere")]
    NoRedirectUri,
    /// More of something than anybody needs.
    #[error("there are more than {1} {0}")]
    TooMany(&'static str, usize),
    /// Longer than anybody needs.
    #[error("{0} is longer than {1} characters, or empty")]
    TooLong(&'static str, usize),
    /// Text that would not be shown as it is.
    #[error("{0} has characters that cannot be shown")]
    Unprintable(&'static str),
    /// A grant type nobody speaks here.
    #[error("the grant type {0:?} is not supported")]
    GrantType(String),
    /// A grant type for clients that an administrator knows.
    #[error("the grant type {0} is for clients that an administrator registers")]
    GrantTypeOfOthers(&'static str),
    /// Only grant types that begin with a token the client cannot get.
    #[error("grant_types has none by which the client could get its first token")]
    NoFirstToken,
    /// RFC 6749 §4.4: "MUST only be used by confidential clients".
    #[error("a public client may not use the grant type client_credentials")]
    PublicClientCredentials,
    /// The client would be the subject of its tokens.
    #[error("client_credentials needs an id without spaces around it, which can be a subject")]
    IdIsNoSubject,
    /// What users would take for another client, or for this place.
    #[error("client_name is the name of another client, or of this provider")]
    NameOfAnother,
    /// A response type nobody speaks here.
    #[error("the response type {0:?} is not supported: only \"code\" is")]
    ResponseType(String),
    /// RFC 7591 §2.1.
    #[error("response_types must be [\"code\"] with the grant type authorization_code, else empty")]
    Inconsistent,
    /// RFC 6749 §3.3.
    #[error("scope: {0}")]
    Scope(#[from] ScopeError),
    /// Nothing of what was asked for may be had.
    #[error("scope has no value that a client may register here")]
    NoScope,
    /// A link that cannot be shown.
    #[error("{0} {1}")]
    Link(&'static str, WebLinkError),
    /// An address that cannot be called.
    #[error("{0} {1}")]
    Endpoint(&'static str, ClientEndpointError),
    /// OpenID Connect Front-Channel Logout §2.
    #[error("frontchannel_logout_uri has not the scheme, host and port of one of redirect_uris")]
    FrontChannelOrigin,
    /// OpenID Connect Core §4: browsers are led there from outside.
    #[error("{0} must begin with https://")]
    NotHttps(&'static str),
    /// OpenID Connect Core §8.1: who shares its users' names with whom must be plain.
    #[error("subject_type \"pairwise\": {0}")]
    Sector(#[from] SectorError),
    /// The reason is for the log only: it would tell what is where in a network that the sender
    /// cannot see.
    #[error("what stands at sector_identifier_uri cannot be fetched, or is no JSON array of URIs")]
    SectorList,
    /// OpenID Connect Registration §5.
    #[error("a redirect URI is not in the list at sector_identifier_uri")]
    OutsideSector,
    /// Nothing is signed so.
    #[error("{0} cannot be {1:?}; the metadata of this provider list what it can be")]
    SignatureAlgorithm(&'static str, String),
    /// Not one of the policies.
    #[error("consent can only be \"required\", \"remembered\" or \"implicit\"")]
    Consent,
    /// A method that the configuration turns off.
    #[error("token_endpoint_auth_method cannot be {0}, which is turned off here")]
    NotOffered(&'static str),
    /// `private_key_jwt` without keys.
    #[error("private_key_jwt needs jwks or jwks_uri")]
    NoKeys,
    /// RFC 7591 §2: "MUST NOT both be present".
    #[error("jwks and jwks_uri exclude each other")]
    TwoKeySets,
    /// Keys that cannot be used.
    #[error("jwks: {0}")]
    KeySet(#[source] JwkSetError),
    /// In the store only: a secret without a method, or the other way round.
    #[error("the secret does not go with token_endpoint_auth_method")]
    Secret,
}

/// What a registration is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// Who registers.
    pub(crate) registered_by: RegisteredBy,
    /// What a client that registers itself may ask for at most.
    pub(crate) scope: &'a Scope,
    /// What signs the ID tokens of a client that does not say.
    pub(crate) id_token_algorithm: SigningAlgorithm,
    /// Which methods of authentication are offered.
    pub(crate) authentication: &'a ClientAuthenticationPolicy,
}

impl ClientMetadata {
    /// Checks metadata and fills in what was left out, so that what is stored and echoed is what
    /// holds (RFC 7591 §3.2.1).
    ///
    /// # Errors
    ///
    /// [`MetadataError`]: the first rule that is broken.
    pub(crate) fn complete(mut self, rules: &Rules<'_>) -> Result<Self, MetadataError> {
        let application_type = *self.application_type.get_or_insert_default();
        self.complete_authentication(rules)?;
        self.check_texts()?;
        self.links()?;
        let uris = self.redirect_uris.as_deref().unwrap_or_default();
        redirect_uris::check(uris, application_type, rules.registered_by)?;
        let afterwards = self.post_logout_redirect_uris.as_deref();
        let afterwards = afterwards.unwrap_or_default();
        redirect_uris::check(afterwards, application_type, rules.registered_by)?;
        self.logout(rules.registered_by)?;
        self.initiate_login_uri()?;
        self.complete_grant_types(rules.registered_by)?;
        self.complete_scope(rules)?;
        self.subject_type.get_or_insert_default();
        self.subject_type()?;
        self.sector_list()?;
        self.signing()?;
        let by_default = rules.id_token_algorithm.as_str();
        self.id_token_signed_response_alg
            .get_or_insert(by_default.to_owned());
        if rules.registered_by == RegisteredBy::Itself {
            // Not the client's to say, hence unknown here, hence ignored.
            self.audience = None;
            self.consent = None;
        }
        metadata::consent(self.consent.as_deref())?;
        Ok(self)
    }

    /// Checks what holds for the metadata of a client under `id`.
    ///
    /// # Errors
    ///
    /// [`MetadataError::IdIsNoSubject`].
    pub(crate) fn check_id(&self, id: &ClientId) -> Result<(), MetadataError> {
        let grant_types = metadata::grant_types(self.grant_types.clone())?;
        if grant_types.contains(&GrantType::ClientCredentials) && !id.may_be_subject() {
            return Err(MetadataError::IdIsNoSubject);
        }
        Ok(())
    }

    /// Grant types and response types go together (RFC 7591 §2.1).
    fn complete_grant_types(&mut self, registered_by: RegisteredBy) -> Result<(), MetadataError> {
        let mut grant_types = metadata::grant_types(self.grant_types.take())?;
        if let Some(other) = grant_types.iter().find(|it| !registered_by.may_use(**it)) {
            return Err(MetadataError::GrantTypeOfOthers(other.as_str()));
        }
        let mut seen = Vec::new();
        grant_types.retain(|grant_type| {
            let is_new = !seen.contains(grant_type);
            seen.push(*grant_type);
            is_new
        });
        let has_code = grant_types.contains(&GrantType::AuthorizationCode);
        if grant_types.iter().all(|it| *it == GrantType::RefreshToken) {
            return Err(MetadataError::NoFirstToken);
        }
        let is_public = self.authentication_method().is_public();
        if is_public && grant_types.contains(&GrantType::ClientCredentials) {
            return Err(MetadataError::PublicClientCredentials);
        }
        let response_types = self.response_types.get_or_insert_with(|| {
            let code = has_code.then(|| "code".to_owned());
            code.into_iter().collect()
        });
        if let Some(other) = response_types.iter().find(|name| *name != "code") {
            return Err(MetadataError::ResponseType(other.clone()));
        }
        response_types.dedup();
        if has_code == response_types.is_empty() {
            return Err(MetadataError::Inconsistent);
        }
        if has_code && self.redirect_uris.as_ref().is_none_or(Vec::is_empty) {
            return Err(MetadataError::NoRedirectUri);
        }
        let names = grant_types.iter().map(|it| it.as_str().to_owned());
        self.grant_types = Some(names.collect());
        Ok(())
    }

    /// What a client that registers itself asks for beyond the configured scope it does not get,
    /// and the answer says so; an administrator gets what is asked for. `offline_access` is of no
    /// use without refresh tokens.
    fn complete_scope(&mut self, rules: &Rules<'_>) -> Result<(), MetadataError> {
        let scope = match (self.scope.as_deref(), rules.registered_by) {
            (None, _) => rules.scope.clone(),
            (Some(text), RegisteredBy::Itself) => Scope::parse(text)?.intersection(rules.scope),
            (Some(text), _) => Scope::parse(text)?,
        };
        let refresh_token = GrantType::RefreshToken.as_str();
        let grant_types = self.grant_types.as_deref().unwrap_or_default();
        let may_refresh = grant_types.iter().any(|name| name == refresh_token);
        let values: Vec<&str> = scope
            .iter()
            .filter(|value| may_refresh || !matches!(*value, "offline_access" | "offline"))
            .collect();
        if values.is_empty() {
            return Err(MetadataError::NoScope);
        }
        self.scope = Some(values.join(" "));
        Ok(())
    }

    /// Users and administrators read these.
    fn check_texts(&self) -> Result<(), MetadataError> {
        const MAX_NAME: usize = 80;
        const MAX_CONTACTS: usize = 10;
        const MAX_CONTACT: usize = 254;
        if let Some(name) = &self.client_name {
            check_text("client_name", name, MAX_NAME)?;
        }
        let contacts = self.contacts.as_deref().unwrap_or_default();
        if contacts.len() > MAX_CONTACTS {
            return Err(MetadataError::TooMany("contacts", MAX_CONTACTS));
        }
        contacts
            .iter()
            .try_for_each(|contact| check_text("a contact", contact, MAX_CONTACT))
    }
}

/// Refuses what is too long, and what changes how the text around it is shown: a name that runs
/// from right to left could turn the sentence it stands in.
fn check_text(what: &'static str, text: &str, max: usize) -> Result<(), MetadataError> {
    if text.trim().is_empty() || text.chars().count() > max {
        return Err(MetadataError::TooLong(what, max));
    }
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if text.chars().any(is_hidden) {
        return Err(MetadataError::Unprintable(what));
    }
    Ok(())
}
