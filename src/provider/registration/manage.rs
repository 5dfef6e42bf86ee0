//! A client reads, replaces or removes what it registered (RFC 7592 §2).

use http::{Method, StatusCode};
use serde::Deserialize;

use super::answer::Registered;
use super::register::new_secret;
use super::{json_of, token_of};
use crate::model::{ClientId, RegisteredBy};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::clients::ClientMetadata;
use crate::provider::clients::{keep_secret, keeps_secret};
use crate::provider::error::RegistrationError;
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;
use crate::secret::Secret;
use crate::store::ClientRecord;

/// What a replacement says beside metadata.
#[derive(Deserialize)]
struct Replacement {
    client_id: Option<String>,
    client_secret: Option<String>,
    registration_access_token: Option<serde::de::IgnoredAny>,
    registration_client_uri: Option<serde::de::IgnoredAny>,
    client_secret_expires_at: Option<serde::de::IgnoredAny>,
    client_id_issued_at: Option<serde::de::IgnoredAny>,
}

impl Provider {
    /// Does what the method says with the client whose token it is.
    pub(super) async fn manage_client(
        &self,
        request: &Request,
    ) -> Result<Response, RegistrationError> {
        let (record, token) = self.managed_client(request).await?;
        match request.method {
            Method::PUT => self.replace(record, token, request).await,
            Method::DELETE => self.remove(&record, request).await,
            _ => {
                let client = Registered {
                    metadata: ClientMetadata::parse(&record.metadata)?,
                    record,
                    secret: None,
                    token,
                };
                Ok(self.client_information(StatusCode::OK, &client))
            }
        }
    }

    /// The client that the query names, if the token is its own. A client that does not exist is
    /// answered like a wrong token (RFC 7592 §2.1), so that ids cannot be tried out.
    async fn managed_client(
        &self,
        request: &Request,
    ) -> Result<(ClientRecord, Secret), RegistrationError> {
        let token = token_of(request).ok_or(RegistrationError::NoToken)?;
        let query = request.query()?;
        let id = query.one("client_id")?.map(ClientId::parse);
        let Some(Ok(id)) = id else {
            return Err(RegistrationError::InvalidToken);
        };
        let record = self.parts.store.find_client(&id).await?;
        let record = record
            .filter(|record| record.registered_by == RegisteredBy::Itself)
            .filter(|record| {
                let kept = record.registration_token.as_ref();
                kept.is_some_and(|kept| kept.matches(&token.digest()))
            })
            .ok_or(RegistrationError::InvalidToken)?;
        Ok((record, token))
    }

    /// Replaces all metadata (§2.2): what is left out is left out from now on.
    async fn replace(
        &self,
        mut record: ClientRecord,
        token: Secret,
        request: &Request,
    ) -> Result<Response, RegistrationError> {
        self.count_registration(request).await?;
        let json = json_of(request)?;
        check_replacement(json, &record)?;
        let metadata = self.metadata_of(json).await?;
        let method = metadata.authentication_method();
        let secret = if keeps_secret(&record, method) {
            None
        } else {
            let secret = new_secret(&metadata)?;
            keep_secret(&mut record, method, secret.as_ref());
            secret
        };
        record.metadata = metadata.to_json();
        if !self.parts.store.replace_client(&record).await? {
            return Err(RegistrationError::InvalidToken);
        }
        self.clients.forget(&record.id);
        audit::registration_changed("replaced", &record.id, request.peer);
        let client = Registered {
            record,
            metadata,
            secret,
            token,
        };
        Ok(self.client_information(StatusCode::OK, &client))
    }

    /// Removes the client with its grants (§2.3).
    async fn remove(
        &self,
        record: &ClientRecord,
        request: &Request,
    ) -> Result<Response, RegistrationError> {
        let store = &self.parts.store;
        if !store.remove_client(&record.id, request.now).await? {
            return Err(RegistrationError::InvalidToken);
        }
        self.clients.forget(&record.id);
        audit::registration_changed("removed", &record.id, request.peer);
        Ok(reply::empty(StatusCode::NO_CONTENT))
    }
}

/// §2.2: the id must be the client's own, a secret too if there is one, and what only the server
/// says must not be there.
fn check_replacement(json: &str, record: &ClientRecord) -> Result<(), RegistrationError> {
    use RegistrationError::Replacement as Refused;
    let said: Replacement = serde_json::from_str(json).map_err(|_| RegistrationError::Body)?;
    if said.client_id.as_deref() != Some(record.id.as_str()) {
        return Err(Refused("client_id must be there and the client's own"));
    }
    if let Some(secret) = said.client_secret {
        let secret = Secret::new(secret);
        let (hash, shared) = (&record.secret_hash, &record.shared_secret);
        // Secrets of such clients are made here, so that checking one is fast.
        let is_own = hash
            .as_ref()
            .is_some_and(|hash| !hash.is_slow() && hash.matches(&secret))
            || shared
                .as_ref()
                .is_some_and(|shared| shared.digest().matches(&secret.digest()));
        if !is_own {
            return Err(Refused("client_secret must be the client's own"));
        }
    }
    let forbidden = [
        &said.registration_access_token,
        &said.registration_client_uri,
        &said.client_secret_expires_at,
        &said.client_id_issued_at,
    ];
    if forbidden.into_iter().any(Option::is_some) {
        return Err(Refused(
            "registration_access_token, registration_client_uri, client_secret_expires_at and \
             client_id_issued_at must not be sent",
        ));
    }
    Ok(())
}
