//! Client authentication (RFC 6749 §2.3): each client by the one method it was registered for.

use std::sync::Arc;

use super::credentials::{Credentials, PresentedMethod};
use crate::model::{Client, ClientAuthentication};
use crate::provider::Provider;
use crate::provider::error::TokenError;
use crate::provider::params::Params;
use crate::provider::request::Request;

impl Provider {
    /// The client that sent the request.
    ///
    /// A client that does not exist, a wrong secret and a wrong method are refused alike, and
    /// each secret that is refused takes the time of a slow check.
    pub(crate) async fn authenticate_client(
        &self,
        form: &Params,
        request: &Request,
    ) -> Result<Arc<Client>, TokenError> {
        let Credentials {
            client_id,
            method,
            attempted,
        } = Credentials::parse(form, request)?;
        let client = self.clients.find(&client_id, request.now).await?;
        let registered = client.as_ref().map(|client| &client.authentication);
        let proved = match (&method, registered) {
            (PresentedMethod::None, Some(ClientAuthentication::None)) => true,
            (PresentedMethod::None, _) => false,
            (PresentedMethod::Basic(secret), Some(ClientAuthentication::SecretBasic(hash)))
            | (PresentedMethod::Post(secret), Some(ClientAuthentication::SecretPost(hash))) => {
                let checks = &self.secret_checks;
                checks.check(&client_id, Some(hash), secret).await?
            }
            (PresentedMethod::Basic(secret) | PresentedMethod::Post(secret), _) => {
                let checks = &self.secret_checks;
                checks.check(&client_id, None, secret).await?
            }
        };
        match client {
            Some(client) if proved => Ok(client),
            _ => Err(TokenError::ClientAuthentication(attempted)),
        }
    }
}
