//! A client as the command line shows it, wherever it is registered.

use std::io::Write;

use serde::Serialize;

use super::ClientsError;
use crate::cli::error::CliError;
use crate::model::{
    Client, ClientAuthentication, GrantType, KeySource, RedirectUri, SigningAlgorithm,
};
use crate::provider::clients::{AuthenticationMethod, ClientMetadata};
use crate::store::ClientRecord;

/// Everything about a client but its secret.
#[derive(Debug, Serialize)]
pub(super) struct ClientView {
    pub(super) client_id: String,
    pub(super) client_name: String,
    /// `configuration`, or by whom it was registered while running.
    pub(super) registered: &'static str,
    /// Seconds since the Unix epoch; unknown of a client of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<u64>,
    pub(super) token_endpoint_auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_endpoint_auth_signing_alg: Option<&'static str>,
    /// Where its keys are, unless they are kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token_signed_response_alg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) userinfo_signed_response_alg: Option<&'static str>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) post_logout_redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<&'static str>,
    pub(super) scope: String,
    pub(super) audience: Vec<String>,
    pub(super) consent: &'static str,
    pub(super) contacts: Vec<String>,
}

impl ClientView {
    /// A client of the configuration.
    pub(super) fn of_configuration(client: &Client) -> Self {
        Self::of(client, "configuration", None, Vec::new())
    }

    /// A client of the state; `audience` is that of one without its own.
    ///
    /// # Errors
    ///
    /// [`ClientsError`] when a later version of Cellgate registered it.
    pub(super) fn of_record(
        record: ClientRecord,
        audience: &[String],
    ) -> Result<Self, ClientsError> {
        let registered = record.registered_by.as_str();
        let created_at = record.created_at.as_secs();
        let metadata = ClientMetadata::parse(&record.metadata)?;
        let contacts = metadata.contacts.clone().unwrap_or_default();
        let client = metadata.into_client(record, audience)?;
        Ok(Self::of(&client, registered, Some(created_at), contacts))
    }

    fn of(
        client: &Client,
        registered: &'static str,
        created_at: Option<u64>,
        contacts: Vec<String>,
    ) -> Self {
        let keys = match &client.authentication {
            ClientAuthentication::PrivateKeyJwt(keys) => Some(keys),
            ClientAuthentication::None
            | ClientAuthentication::InProcess
            | ClientAuthentication::SecretBasic(_)
            | ClientAuthentication::SecretPost(_)
            | ClientAuthentication::SecretJwt(_) => None,
        };
        Self {
            client_id: client.id.to_string(),
            client_name: client.name.clone(),
            registered,
            created_at,
            token_endpoint_auth_method: AuthenticationMethod::of(&client.authentication).as_str(),
            token_endpoint_auth_signing_alg: keys
                .and_then(|keys| keys.algorithm)
                .map(SigningAlgorithm::as_str),
            jwks_uri: keys.and_then(|keys| match &keys.source {
                KeySource::Uri(uri, _) => Some(uri.as_str().to_owned()),
                KeySource::Inline(_) => None,
            }),
            id_token_signed_response_alg: client.signing.id_token.map(SigningAlgorithm::as_str),
            userinfo_signed_response_alg: client.signing.userinfo.map(SigningAlgorithm::as_str),
            redirect_uris: texts(&client.redirect_uris),
            post_logout_redirect_uris: texts(&client.post_logout_redirect_uris),
            grant_types: client
                .grant_types
                .iter()
                .map(|it| GrantType::as_str(*it))
                .collect(),
            scope: client.scope.to_string(),
            audience: client.audience.clone(),
            consent: client.consent.as_str(),
            contacts,
        }
    }

    /// Writes it as lines of name and value.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<(), CliError> {
        let mut line = |name: &str, value: &str| match value {
            "" => Ok(()),
            _ => writeln!(out, "{name:<33}{value}"),
        };
        line("client_id", &self.client_id)?;
        line("client_name", &self.client_name)?;
        line("registered", self.registered)?;
        line(
            "token_endpoint_auth_method",
            self.token_endpoint_auth_method,
        )?;
        for (name, value) in [
            (
                "token_endpoint_auth_signing_alg",
                self.token_endpoint_auth_signing_alg,
            ),
            ("jwks_uri", self.jwks_uri.as_deref()),
            (
                "id_token_signed_response_alg",
                self.id_token_signed_response_alg,
            ),
            (
                "userinfo_signed_response_alg",
                self.userinfo_signed_response_alg,
            ),
        ] {
            line(name, value.unwrap_or_default())?;
        }
        for uri in &self.redirect_uris {
            line("redirect_uri", uri)?;
        }
        for uri in &self.post_logout_redirect_uris {
            line("post_logout_redirect_uri", uri)?;
        }
        line("grant_types", &self.grant_types.join(" "))?;
        line("scope", &self.scope)?;
        line("audience", &self.audience.join(" "))?;
        line("consent", self.consent)?;
        line("contacts", &self.contacts.join(", "))?;
        Ok(())
    }
}

fn texts(uris: &[RedirectUri]) -> Vec<String> {
    uris.iter().map(|uri| uri.as_str().to_owned()).collect()
}
