//! Tokens for a client that is a part of this process: it proves nothing and is told the reason.

use http::StatusCode;

use super::TokenRequest;
use crate::model::{Client, ClientAuthentication, GrantType};
use crate::provider::error::TokenError;
use crate::provider::interface::{InterfaceError, InterfaceTokens};
use crate::provider::params::Params;
use crate::provider::request::Request;
use crate::provider::{Provider, audit};

impl Provider {
    /// Exchanges what the gateway holds for the interface of the users' backend.
    pub(in crate::provider) async fn exchange_in_process(
        &self,
        (client, grant_type): (&Client, GrantType),
        form: &Params,
        request: &Request,
    ) -> Result<InterfaceTokens, InterfaceError> {
        if !matches!(client.authentication, ClientAuthentication::InProcess) {
            return Err(InterfaceError::SignInAgain);
        }
        let asked = TokenRequest {
            client,
            form,
            request,
        };
        match self.exchange(grant_type, &asked).await {
            Ok(tokens) => {
                self.parts.metrics.grant(grant_type.as_str(), "issued");
                if let Some(grant) = &tokens.grant {
                    audit::tokens_issued(grant, grant_type.as_str(), request.peer);
                }
                Ok(InterfaceTokens {
                    expires_at: request.now.after(tokens.expires_in),
                    access_token: tokens.access_token,
                    id_token: tokens.id_token,
                    renewal: tokens.refresh_token,
                })
            }
            Err(error) => Err(self.refuse_in_process(&error, (client, grant_type), request)),
        }
    }

    fn refuse_in_process(
        &self,
        error: &TokenError,
        (client, grant_type): (&Client, GrantType),
        request: &Request,
    ) -> InterfaceError {
        let (code, status) = error.wire();
        self.parts.metrics.grant(grant_type.as_str(), code);
        audit::tokens_refused(code, error, Some(&client.id), request.peer);
        let is_ours = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        match is_ours {
            true => InterfaceError::Unavailable,
            false => InterfaceError::SignInAgain,
        }
    }
}
