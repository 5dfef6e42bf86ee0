//! The methods by which clients prove who they are, and what metadata say of a client's own.

use serde::{Deserialize, Serialize};

use super::check::MetadataError;
use super::metadata::{self, ClientMetadata};
use crate::jose::{JwkSetError, KeySet};
use crate::model::{
    ClientAuthentication, ClientEndpoint, ClientKeys, KeySource, Reach, RegisteredBy, SecretHash,
};

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
    /// A public client.
    None,
}

impl AuthenticationMethod {
    /// All of them, in the order the discovery document lists them.
    pub(crate) const ALL: [Self; 4] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    /// The method of a registered client.
    pub(crate) const fn of(authentication: &ClientAuthentication) -> Self {
        match authentication {
            ClientAuthentication::None => Self::None,
            ClientAuthentication::SecretBasic(_) => Self::ClientSecretBasic,
            ClientAuthentication::SecretPost(_) => Self::ClientSecretPost,
            ClientAuthentication::PrivateKeyJwt(_) => Self::PrivateKeyJwt,
        }
    }

    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether a client that authenticates so has a secret.
    pub(crate) const fn has_secret(self) -> bool {
        match self {
            Self::None | Self::PrivateKeyJwt => false,
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
        }
    }

    /// Whether such a client cannot prove who it is.
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::None)
    }
}

impl ClientMetadata {
    /// How the client authenticates.
    pub(crate) fn authentication_method(&self) -> AuthenticationMethod {
        self.token_endpoint_auth_method.unwrap_or_default()
    }

    /// Checks the keys, and drops what the method has no use for.
    pub(super) fn complete_authentication(
        &mut self,
        registered_by: RegisteredBy,
    ) -> Result<(), MetadataError> {
        let method = *self.token_endpoint_auth_method.get_or_insert_default();
        if method == AuthenticationMethod::PrivateKeyJwt {
            let keys = self.keys(registered_by)?;
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
        secret: Option<SecretHash>,
        registered_by: RegisteredBy,
    ) -> Result<ClientAuthentication, MetadataError> {
        match (self.authentication_method(), secret) {
            (AuthenticationMethod::None, None) => Ok(ClientAuthentication::None),
            (AuthenticationMethod::ClientSecretBasic, Some(hash)) => {
                Ok(ClientAuthentication::SecretBasic(hash))
            }
            (AuthenticationMethod::ClientSecretPost, Some(hash)) => {
                Ok(ClientAuthentication::SecretPost(hash))
            }
            (AuthenticationMethod::PrivateKeyJwt, None) => Ok(ClientAuthentication::PrivateKeyJwt(
                self.keys(registered_by)?,
            )),
            _ => Err(MetadataError::Secret),
        }
    }

    /// RFC 7591 §2: `jwks` or `jwks_uri`.
    fn keys(&self, registered_by: RegisteredBy) -> Result<ClientKeys, MetadataError> {
        let source = match (&self.jwks, &self.jwks_uri) {
            (Some(jwks), None) => KeySource::Inline(jwks.to_string()),
            (None, Some(uri)) => {
                let uri = ClientEndpoint::register(uri)
                    .map_err(|source| MetadataError::Endpoint("jwks_uri", source))?;
                let reach = match registered_by {
                    RegisteredBy::Itself => Reach::Public,
                    RegisteredBy::CommandLine | RegisteredBy::Import => Reach::Anywhere,
                };
                KeySource::Uri(uri, reach)
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
