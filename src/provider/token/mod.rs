//! The token endpoint (RFC 6749 §3.2): who asks, for which grant type, and what comes of it.

mod access_token;
mod authorization_code;
mod client_authentication;
mod client_credentials;
mod client_keys;
mod client_refusal;
mod credentials;
mod id_token;
mod in_process;
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

use super::Provider;
use super::audit;
use super::error::TokenError;
use super::params::Params;
use super::reply::Response;
use super::request::Request;
use crate::model::{Client, ClientId, GrantType};
use response::TokenSet;

/// A token request of a client that has proved who it is.
#[derive(Debug)]
struct TokenRequest<'a> {
    client: &'a Client,
    form: &'a Params,
    request: &'a Request,
}

impl Provider {
    /// Answers a token request.
    pub(super) async fn token(&self, request: &Request) -> Response {
        let (form, client) = match self.read_client_form(request).await {
            Ok(read) => read,
            Err(error) => return self.refuse_tokens(error, (None, None), request),
        };
        let client_id = Some(&client.id);
        let grant_type = match grant_type(&form) {
            Ok(grant_type) => grant_type,
            Err(error) => return self.refuse_tokens(error, (client_id, None), request),
        };
        let asked = TokenRequest {
            client: &client,
            form: &form,
            request,
        };
        match self.exchange(grant_type, &asked).await {
            Ok(tokens) => {
                let grant_type = grant_type.as_str();
                self.parts.metrics.grant(grant_type, "issued");
                match &tokens.grant {
                    Some(grant) => audit::tokens_issued(grant, grant_type, request.peer),
                    None => audit::client_token_issued(&client.id, &tokens.scope, request.peer),
                }
                tokens.into_response()
            }
            Err(error) => self.refuse_tokens(error, (client_id, Some(grant_type)), request),
        }
    }

    /// What is known of the request goes into the log and the metric.
    fn refuse_tokens(
        &self,
        error: TokenError,
        (client, grant_type): (Option<&ClientId>, Option<GrantType>),
        request: &Request,
    ) -> Response {
        let (code, _) = error.wire();
        let grant_type = grant_type.map_or("unknown", GrantType::as_str);
        self.parts.metrics.grant(grant_type, code);
        audit::tokens_refused(code, &error, client, request.peer);
        error.into()
    }

    async fn exchange(
        &self,
        grant_type: GrantType,
        request: &TokenRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        if !request.client.may_use(grant_type) {
            return Err(TokenError::UnauthorizedClient);
        }
        match grant_type {
            GrantType::AuthorizationCode => self.exchange_code(request).await,
            GrantType::RefreshToken => self.refresh(request).await,
            GrantType::ClientCredentials => self.issue_to_client(request).await,
        }
    }
}

fn grant_type(form: &Params) -> Result<GrantType, TokenError> {
    let name = form.one("grant_type")?;
    let name = name.ok_or(TokenError::Missing("grant_type"))?;
    GrantType::parse(name).ok_or(TokenError::UnsupportedGrantType)
}
