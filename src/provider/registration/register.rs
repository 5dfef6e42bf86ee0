//! A client registers itself (RFC 7591 §3).

use http::StatusCode;

use super::answer::Registered;
use super::{json_of, token_of};
use crate::entropy;
use crate::model::{ClientId, RegisteredBy};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::clients::{ClientMetadata, keep_secret};
use crate::provider::error::RegistrationError;
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::provider::settings::RegistrationAccess;
use crate::secret::{Digest, Secret};
use crate::store::{Admission, ClientRecord, StoreError};

/// By what a client may register itself.
enum Permission {
    /// No token is needed, or it is the one of the configuration.
    Standing,
    /// A token of the store, of which a use is to be spent.
    Token {
        /// Its digest.
        digest: Digest,
        /// What administrators call it.
        id: String,
    },
}

impl Permission {
    /// The token of which a use is to be spent.
    const fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Standing => None,
            Self::Token { digest, .. } => Some(digest),
        }
    }

    /// The id of that token.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Standing => None,
            Self::Token { id, .. } => Some(id),
        }
    }
}

impl Provider {
    /// Registers a client: how often, who may, what, in this order.
    pub(super) async fn register_client(
        &self,
        request: &Request,
    ) -> Result<Response, RegistrationError> {
        self.count_registration(request).await?;
        let permission = self.permission(request).await?;
        let registration = &self.settings.registration;
        let metadata = self.metadata_of(json_of(request)?).await?;
        let client = new_client(metadata, request)?;
        let admission = Admission {
            token: permission.digest(),
            max_clients: registration.max_clients,
            now: request.now,
        };
        let store = &self.parts.store;
        if !store.admit_client(&client.record, &admission).await? {
            return Err(self.refusal(permission.digest(), request).await?);
        }
        self.clients.forget(&client.record.id);
        audit::registered(&client.record.id, permission.id(), request.peer);
        Ok(self.client_information(StatusCode::CREATED, &client))
    }

    /// Whether the sender may register a client, and by what.
    async fn permission(&self, request: &Request) -> Result<Permission, RegistrationError> {
        let RegistrationAccess::InitialAccessToken(configured) = &self.settings.registration.access
        else {
            return Ok(Permission::Standing);
        };
        let token = token_of(request).ok_or(RegistrationError::NoToken)?;
        let digest = token.digest();
        if configured.is_some_and(|configured| configured.matches(&digest)) {
            return Ok(Permission::Standing);
        }
        let store = &self.parts.store;
        let found = store.find_initial_token(&digest, request.now).await?;
        found
            .map(|id| Permission::Token { digest, id })
            .ok_or(RegistrationError::InvalidToken)
    }

    /// Why the store did not admit a client: its token was used up meanwhile, or it is full.
    async fn refusal(
        &self,
        token: Option<&Digest>,
        request: &Request,
    ) -> Result<RegistrationError, StoreError> {
        let is_good = match token {
            None => true,
            Some(token) => {
                let store = &self.parts.store;
                let found = store.find_initial_token(token, request.now).await?;
                found.is_some()
            }
        };
        Ok(if is_good {
            RegistrationError::Full
        } else {
            RegistrationError::InvalidToken
        })
    }
}

fn new_client(
    metadata: ClientMetadata,
    request: &Request,
) -> Result<Registered, RegistrationError> {
    let secret = new_secret(&metadata)?;
    let token = entropy::opaque_token()?;
    // 22 characters of base64url can always be an identifier.
    let id = ClientId::parse(&entropy::identifier()?).map_err(|_| entropy::EntropyError)?;
    let mut record = ClientRecord {
        id,
        registered_by: RegisteredBy::Itself,
        metadata: metadata.to_json(),
        secret_hash: None,
        shared_secret: None,
        registration_token: Some(token.digest()),
        created_at: request.now,
    };
    keep_secret(
        &mut record,
        metadata.authentication_method(),
        secret.as_ref(),
    );
    Ok(Registered {
        record,
        metadata,
        secret,
        token,
    })
}

/// A new secret, if a client that authenticates so has one.
pub(super) fn new_secret(metadata: &ClientMetadata) -> Result<Option<Secret>, RegistrationError> {
    let has_secret = metadata.authentication_method().has_secret();
    Ok(has_secret.then(entropy::opaque_token).transpose()?)
}
