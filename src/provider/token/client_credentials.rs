//! The client credentials grant (RFC 6749 §4.4): a client that asks for itself.

use super::TokenRequest;
use super::access_token::{AccessTokenTerms, Holder};
use super::response::TokenSet;
use crate::model::{Client, Scope};
use crate::provider::Provider;
use crate::provider::error::TokenError;
use crate::provider::resources;

/// Scope values that are about a user, or about a refresh token (§4.4.3: none should be given),
/// so that no client has them by itself.
const ABOUT_USERS: [&str; 9] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "groups",
    "roles",
    "offline",
    "offline_access",
];

impl Provider {
    /// Issues an access token of which the client itself is the subject (RFC 9068 §2.2). There is
    /// no grant and no refresh token: the client can always ask again.
    pub(super) async fn issue_to_client(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        let client = request.client;
        // §4.4: "MUST only be used by confidential clients".
        if client.is_public() {
            return Err(TokenError::UnauthorizedClient);
        }
        let requested = request.form.one("scope")?.map(Scope::parse).transpose()?;
        let scope = scope_of(client, requested.as_ref())?;
        let resources = resources::requested(request.form)?;
        let terms = AccessTokenTerms {
            holder: Holder::Client,
            client,
            scope: &scope,
            audience: &resources::audience_of_client(&resources, client)?,
        };
        let access_token = self.issue_access_token(&terms, request.request.now).await?;
        Ok(TokenSet {
            grant: None,
            access_token,
            expires_in: self.settings.access_token_lifetime,
            refresh_token: None,
            id_token: None,
            scope,
        })
    }
}

/// What the client was registered for without a user, and of that as much as it asks for.
fn scope_of(client: &Client, requested: Option<&Scope>) -> Result<Scope, TokenError> {
    let own = client.scope.without(&ABOUT_USERS);
    match requested {
        None => Ok(own),
        Some(requested) if own.includes(requested) => Ok(requested.clone()),
        Some(_) => Err(TokenError::ScopeNotOfClient),
    }
}
