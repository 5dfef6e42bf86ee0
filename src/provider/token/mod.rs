//! The token endpoint (RFC 6749 §3.2): who asks, for which grant type, and what comes of it.

mod access_token;
mod authorization_code;
mod client_authentication;
mod client_credentials;
mod client_keys;
mod client_refusal;
mod credentials;
mod id_token;
mod issue;
mod refresh_token;
mod remote_keys;
mod response;
mod secret_checks;
mod shared_secret;
mod standing;

pub(crate) use client_keys::ClientKeySets;
pub(crate) use id_token::SessionClaims;
pub(crate) use secret_checks::SecretChecks;

use std::sync::Arc;

use super::Provider;
use super::audit;
use super::error::TokenError;
use super::params::Params;
use super::reply::Response;
use super::request::Request;
use crate::model::{Client, GrantType};
use response::TokenSet;

/// A token request of a client that has proved who it is.
#[derive(Debug)]
struct TokenRequest<'a> {
    client: &'a Client,
    form: &'a Params,
    request: &'a Request,
}

/// What is known of a request so far, for the log and the metric.
#[derive(Debug, Default)]
struct Progress {
    client: Option<Arc<Client>>,
    grant_type: Option<GrantType>,
}

impl Provider {
    /// Answers a token request.
    pub(super) async fn token(&self, request: &Request) -> Response {
        let mut progress = Progress::default();
        let result = self.exchange(request, &mut progress).await;
        let grant_type = progress.grant_type.map_or("unknown", GrantType::as_str);
        match result {
            Ok(tokens) => {
                self.parts.metrics.grant(grant_type, "issued");
                match (&tokens.grant, &progress.client) {
                    (Some(grant), _) => audit::tokens_issued(grant, grant_type, request.peer),
                    (None, client) => {
                        let client = client.as_ref().map(|client| &client.id);
                        audit::client_token_issued(client, &tokens.scope, request.peer);
                    }
                }
                tokens.into_response()
            }
            Err(error) => {
                let (code, _) = error.wire();
                self.parts.metrics.grant(grant_type, code);
                let client = progress.client.as_ref().map(|client| &client.id);
                audit::tokens_refused(code, &error, client, request.peer);
                error.into()
            }
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        progress: &mut Progress,
    ) -> Result<TokenSet, TokenError> {
        let form = request.form()?;
        let client = self.authenticate_client(&form, request).await?;
        progress.client = Some(Arc::clone(&client));
        let grant_type = form
            .one("grant_type")?
            .ok_or(TokenError::Missing("grant_type"))?;
        let grant_type = GrantType::parse(grant_type).ok_or(TokenError::UnsupportedGrantType)?;
        progress.grant_type = Some(grant_type);
        if !client.may_use(grant_type) {
            return Err(TokenError::UnauthorizedClient);
        }
        let request = TokenRequest {
            client: &client,
            form: &form,
            request,
        };
        match grant_type {
            GrantType::AuthorizationCode => self.exchange_code(&request).await,
            GrantType::RefreshToken => self.refresh(&request).await,
            GrantType::ClientCredentials => self.issue_to_client(&request).await,
        }
    }
}
