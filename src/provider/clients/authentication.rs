//! The methods by which clients prove who they are, and what metadata say of a client's own.

use serde::{Deserialize, Serialize};

use super::check::{MetadataError, Rules};
use super::metadata::{self, ClientMetadata};
use crate::jose::{JwkSetError, KeySet};
use crate::model::{
    ClientAuthentication, ClientEndpoint, ClientKeys, KeySource, RegisteredBy, SecretHash,
};
use crate::provider::settings::ClientAuthenticationPolicy;
use crate::secret::Secret;
use crate::store::ClientRecord;

/// `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthenticationMethod {
    /// RFC 7591 §2: the default.
    #[default]
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
    /// By an assertion that its key signed.
    PrivateKeyJwt,
    /// By an assertion under a MAC with its secret; only where the configuration allows it.
    ClientSecretJwt,
    /// A public client.
    None,
}

impl AuthenticationMethod {
    /// All of them, in the order the discovery document lists them.
    pub(crate) const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::ClientSecretJwt,
        Self::None,
    ];

    /// The method of a registered client.
    pub(crate) const fn of(authentication: &ClientAuthentication) -> Self {
        match authentication {
            // Of the second kind there is nothing to be sent either, though it is not enough.
            ClientAuthentication::None | ClientAuthentication::InProcess => Self::None,
            ClientAuthentication::SecretBasic(_) => Self::ClientSecretBasic,
            ClientAuthentication::SecretPost(_) => Self::ClientSecretPost,
            ClientAuthentication::PrivateKeyJwt(_) => Self::PrivateKeyJwt,
            ClientAuthentication::SecretJwt(_) => Self::ClientSecretJwt,
        }
    }

    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretJwt => "client_secret_jwt",
        }
    }

    /// Whether a client that authenticates so has a secret.
    pub(crate) const fn has_secret(self) -> bool {
        match self {
            Self::None | Self::PrivateKeyJwt => false,
            Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt => true,
        }
    }

    /// Whether a client may be registered for it under `policy`, and is served if it is.
    pub(crate) const fn is_offered(self, policy: &ClientAuthenticationPolicy) -> bool {
        match self {
            Self::ClientSecretJwt => policy.secret_jwt,
            Self::None | Self::ClientSecretBasic | Self::ClientSecretPost | Self::PrivateKeyJwt => {
                true
            }
        }
    }

    /// Whether such a client cannot prove who it is.
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::None)
    }
}

/// Keeps in `record` what the method needs of a secret that was made here: a MAC can only be
/// checked by who knows the secret, everything else by its hash.
pub(crate) fn keep_secret(
    record: &mut ClientRecord,
    method: AuthenticationMethod,
    secret: Option<&Secret>,
) {
    let is_shared = method == AuthenticationMethod::ClientSecretJwt;
    let (shared, hashed) = if is_shared {
        (secret, None)
    } else {
        (None, secret)
    };
    record.shared_secret = shared.cloned();
    record.secret_hash = hashed.map(|secret| SecretHash::Sha256(secret.digest()));
}

/// Whether `record` keeps what the method needs: nothing, or a secret in the form it needs it.
pub(crate) const fn keeps_secret(record: &ClientRecord, method: AuthenticationMethod) -> bool {
    let is_shared = matches!(method, AuthenticationMethod::ClientSecretJwt);
    record.shared_secret.is_some() == is_shared
        && record.secret_hash.is_some() == (method.has_secret() && !is_shared)
}

impl ClientMetadata {
    /// How the client authenticates.
    pub(crate) fn authentication_method(&self) -> AuthenticationMethod {
        self.token_endpoint_auth_method.unwrap_or_default()
    }

    /// Checks the keys, and drops what the method has no use for.
    pub(super) fn complete_authentication(
        &mut self,
        rules: &Rules<'_>,
    ) -> Result<(), MetadataError> {
        let method = *self.token_endpoint_auth_method.get_or_insert_default();
        if !method.is_offered(rules.authentication) {
            return Err(MetadataError::NotOffered(method.as_str()));
        }
        if method == AuthenticationMethod::PrivateKeyJwt {
            let keys = self.keys(rules.registered_by)?;
            return check_inline(&keys).map_err(MetadataError::KeySet);
        }
        self.jwks = None;
        self.jwks_uri = None;
        self.token_endpoint_auth_signing_alg = None;
        Ok(())
    }

    /// How the client of a record authenticates.
    pub(super) fn authentication(
        &self,
        record: &ClientRecord,
    ) -> Result<ClientAuthentication, MetadataError> {
        let method = self.authentication_method();
        if !keeps_secret(record, method) {
            return Err(MetadataError::Secret);
        }
        let hash = || record.secret_hash.clone().ok_or(MetadataError::Secret);
        Ok(match method {
            AuthenticationMethod::None => ClientAuthentication::None,
            AuthenticationMethod::ClientSecretBasic => ClientAuthentication::SecretBasic(hash()?),
            AuthenticationMethod::ClientSecretPost => ClientAuthentication::SecretPost(hash()?),
            AuthenticationMethod::PrivateKeyJwt => {
                ClientAuthentication::PrivateKeyJwt(self.keys(record.registered_by)?)
            }
            AuthenticationMethod::ClientSecretJwt => {
                let secret = record.shared_secret.clone();
                ClientAuthentication::SecretJwt(secret.ok_or(MetadataError::Secret)?)
            }
        })
    }

    /// RFC 7591 §2: `jwks` or `jwks_uri`.
    fn keys(&self, registered_by: RegisteredBy) -> Result<ClientKeys, MetadataError> {
        let source = match (&self.jwks, &self.jwks_uri) {
            (Some(jwks), None) => KeySource::Inline(jwks.to_string()),
            (None, Some(uri)) => {
                let uri = ClientEndpoint::register(uri)
                    .map_err(|source| MetadataError::Endpoint("jwks_uri", source))?;
                KeySource::Uri(uri, registered_by.reach())
            }
            (None, None) => return Err(MetadataError::NoKeys),
            (Some(_), Some(_)) => return Err(MetadataError::TwoKeySets),
        };
        let name = self.token_endpoint_auth_signing_alg.as_deref();
        Ok(ClientKeys {
            source,
            algorithm: metadata::algorithm("token_endpoint_auth_signing_alg", name)?,
        })
    }
}

/// Checks keys that are handed in for registration; those at a `jwks_uri` are read when needed.
///
/// # Errors
///
/// [`JwkSetError`] says why none of them could ever verify an assertion, or why all would be
/// lost.
pub(crate) fn check_inline(keys: &ClientKeys) -> Result<(), JwkSetError> {
    match &keys.source {
        KeySource::Inline(text) => {
            let algorithms = keys.algorithms().iter();
            let algorithms: Vec<_> = algorithms.map(|it| it.verification()).collect();
            KeySet::register(text, &algorithms).map(drop)
        }
        KeySource::Uri(..) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_one_name_everywhere() {
        for method in AuthenticationMethod::ALL {
            let name = serde_json::to_value(method).unwrap();
            assert_eq!(name, method.as_str());
        }
    }
}
