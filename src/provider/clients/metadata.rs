//! What a client says about itself, in the words of RFC 7591 §2 and OpenID Connect Dynamic Client
//! Registration 1.0 §2.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authentication::AuthenticationMethod;
use super::check::MetadataError;
use super::redirect_uris::parse_registered;
use crate::model::{
    Client, ClientLinks, ClientSigning, ConsentPolicy, GrantType, LoopbackPorts, RedirectUri,
    RegisteredBy, Scope, SigningAlgorithm, WebLink,
};
use crate::store::ClientRecord;

/// The metadata that have an effect here; others are ignored and not echoed, which tells the
/// client so (RFC 7591 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application_type: Option<ApplicationType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint_auth_method: Option<AuthenticationMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint_auth_signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contacts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject_type: Option<SubjectTypeName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sector_identifier_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) userinfo_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backchannel_logout_session_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frontchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frontchannel_logout_session_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initiate_login_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_max_age: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) require_auth_time: Option<bool>,
    /// Not in any RFC: `aud` of its access tokens, which an administrator decides and nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audience: Option<Vec<String>>,
    /// Not in any RFC: whether users are asked, which an administrator decides and nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consent: Option<String>,
}

/// `application_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApplicationType {
    /// On a server, or in a browser.
    #[default]
    Web,
    /// On its user's machine (RFC 8252).
    Native,
}

/// `subject_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectTypeName {
    /// The same `sub` as every other client.
    #[default]
    Public,
    /// A `sub` for its sector alone.
    Pairwise,
}

impl ClientMetadata {
    /// Reads metadata: a JSON object, in which nothing stands twice.
    ///
    /// # Errors
    ///
    /// [`MetadataError::Malformed`] says what is wrong, and where.
    pub(crate) fn parse(json: &str) -> Result<Self, MetadataError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let metadata = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| MetadataError::Malformed(error.to_string()))?;
        deserializer
            .end()
            .map_err(|error| MetadataError::Malformed(error.to_string()))?;
        Ok(metadata)
    }

    /// Whether a JSON object has a `software_statement` (RFC 7591 §2.3).
    pub(crate) fn has_software_statement(json: &str) -> bool {
        #[derive(Deserialize)]
        struct Statement {
            software_statement: Option<serde::de::IgnoredAny>,
        }
        serde_json::from_str::<Statement>(json).is_ok_and(|it| it.software_statement.is_some())
    }

    /// Writes what [`Self::parse`] reads.
    pub(crate) fn to_json(&self) -> String {
        // Texts, numbers and lists of texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The client of `record`, whose metadata these are; `audience` is that of a client without
    /// its own.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] when the record holds what was never checked.
    pub(crate) fn into_client(
        self,
        record: ClientRecord,
        audience: &[String],
    ) -> Result<Client, MetadataError> {
        let links = self.links()?;
        let signing = self.signing()?;
        let logout = self.logout(record.registered_by)?;
        let initiate_login_uri = self.initiate_login_uri()?;
        let subject_type = self.subject_type()?;
        let authentication = self.authentication(&record)?;
        let is_native = self.authentication_method().is_public()
            || self.application_type == Some(ApplicationType::Native);
        let loopback_ports = if is_native && record.registered_by != RegisteredBy::Import {
            LoopbackPorts::Any
        } else {
            // Cells compares what it is given, and lists the ports that its clients use.
            LoopbackPorts::AsRegistered
        };
        // What was stored before the rule was made is held to it, too.
        let mut grant_types = grant_types(self.grant_types)?;
        grant_types.retain(|grant_type| record.registered_by.may_use(*grant_type));
        let client = Client::new(record.id, authentication);
        Ok(Client {
            name: self.client_name.unwrap_or_else(|| client.name.clone()),
            loopback_ports,
            redirect_uris: uris(self.redirect_uris)?,
            post_logout_redirect_uris: uris(self.post_logout_redirect_uris)?,
            scope: Scope::parse(&self.scope.unwrap_or_default())?,
            grant_types,
            audience: self.audience.unwrap_or_else(|| audience.to_vec()),
            consent: consent(self.consent.as_deref())?,
            signing,
            subject_type,
            links,
            logout,
            initiate_login_uri,
            default_max_age: self
                .default_max_age
                .map(|seconds| Duration::from_secs(seconds.into())),
            ..client
        })
    }

    /// What is signed for the client, and how.
    pub(super) fn signing(&self) -> Result<ClientSigning, MetadataError> {
        let (id_token, userinfo) = (
            self.id_token_signed_response_alg.as_deref(),
            self.userinfo_signed_response_alg.as_deref(),
        );
        Ok(ClientSigning {
            id_token: algorithm("id_token_signed_response_alg", id_token)?,
            userinfo: algorithm("userinfo_signed_response_alg", userinfo)?,
        })
    }

    /// What users are shown of the client.
    pub(super) fn links(&self) -> Result<ClientLinks, MetadataError> {
        let link = |name, text: Option<&str>| {
            text.map(WebLink::parse)
                .transpose()
                .map_err(|source| MetadataError::Link(name, source))
        };
        Ok(ClientLinks {
            logo_uri: link("logo_uri", self.logo_uri.as_deref())?,
            client_uri: link("client_uri", self.client_uri.as_deref())?,
            policy_uri: link("policy_uri", self.policy_uri.as_deref())?,
            tos_uri: link("tos_uri", self.tos_uri.as_deref())?,
        })
    }
}

/// A signature algorithm, by the name that the member `member` has.
pub(super) fn algorithm(
    member: &'static str,
    name: Option<&str>,
) -> Result<Option<SigningAlgorithm>, MetadataError> {
    name.map(|name| {
        let unknown = || MetadataError::SignatureAlgorithm(member, name.to_owned());
        SigningAlgorithm::parse(name).ok_or_else(unknown)
    })
    .transpose()
}

fn uris(texts: Option<Vec<String>>) -> Result<Vec<RedirectUri>, MetadataError> {
    let texts = texts.into_iter().flatten();
    texts.map(|text| parse_registered(&text)).collect()
}

/// The grant types; RFC 7591 §2 says what leaving them out means.
pub(super) fn grant_types(names: Option<Vec<String>>) -> Result<Vec<GrantType>, MetadataError> {
    let Some(names) = names else {
        return Ok(vec![GrantType::AuthorizationCode]);
    };
    names
        .into_iter()
        .map(|name| GrantType::parse(&name).ok_or(MetadataError::GrantType(name)))
        .collect()
}

/// The consent policy: that of a client that says nothing, unless an administrator said more.
pub(super) fn consent(name: Option<&str>) -> Result<ConsentPolicy, MetadataError> {
    name.map_or(Ok(ConsentPolicy::default()), |name| {
        ConsentPolicy::parse(name).ok_or(MetadataError::Consent)
    })
}
