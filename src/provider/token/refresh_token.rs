//! The refresh token grant (RFC 6749 §6, OpenID Connect Core §12), with rotation.

use super::TokenRequest;
use super::response::TokenSet;
use crate::entropy;
use crate::model::{RefreshToken, Scope};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::TokenError;
use crate::secret::{Digest, Secret};
use crate::store::Redemption;

impl Provider {
    /// Exchanges a refresh token for new tokens and its successor.
    ///
    /// A request that another client makes, or that asks for more than was granted, is refused
    /// without using the token: its owner did nothing wrong.
    pub(super) async fn refresh(&self, request: &TokenRequest<'_>) -> Result<TokenSet, TokenError> {
        let token = request
            .form
            .one("refresh_token")?
            .ok_or(TokenError::Missing("refresh_token"))?;
        let token = Digest::of(token.as_bytes());
        let requested = request.form.one("scope")?.map(Scope::parse).transpose()?;

        let now = request.request.now;
        if let Some(found) = self.parts.store.find_refresh_token(&token, now).await? {
            scope_of(&found, requested.as_ref(), request)?;
        }
        let (record, successor) = self.rotate(&token, request).await?;
        let scope = scope_of(&record, requested.as_ref(), request)?;
        self.issue(record.grant, &scope, Some(successor), request)
    }

    /// Uses the token and puts another in its place, as one step (RFC 9700 §4.14.2).
    async fn rotate(
        &self,
        token: &Digest,
        request: &TokenRequest<'_>,
    ) -> Result<(RefreshToken, Secret), TokenError> {
        let (client, now, peer) = (request.client, request.request.now, request.request.peer);
        let successor = entropy::opaque_token()?;
        let expires_at = now.after(self.settings.refresh_token_lifetime);
        let redemption = self
            .parts
            .store
            .rotate_refresh_token(token, &successor.digest(), expires_at, now)
            .await?;
        match redemption {
            Redemption::Fresh(record) => Ok((record, successor)),
            Redemption::Replayed(grant) => {
                // The thief or the client has the successor; nobody knows who.
                self.parts.store.revoke_grant(&grant, now).await?;
                audit::replayed("refresh_token", &grant, &client.id, peer);
                Err(TokenError::RefreshTokenNotUsable)
            }
            Redemption::Unknown => Err(TokenError::RefreshTokenNotUsable),
        }
    }
}

/// What the new access token may be good for: what was granted, less what the client was
/// deprived of since, and of that as much as the request asks for.
fn scope_of(
    token: &RefreshToken,
    requested: Option<&Scope>,
    request: &TokenRequest<'_>,
) -> Result<Scope, TokenError> {
    if token.grant.client_id != request.client.id {
        return Err(TokenError::RefreshTokenNotUsable);
    }
    let granted = token.grant.scope.intersection(&request.client.scope);
    match requested {
        None => Ok(granted),
        Some(requested) if granted.includes(requested) => Ok(requested.clone()),
        Some(_) => Err(TokenError::ScopeExceedsGrant),
    }
}
