//! The refresh token grant (RFC 6749 §6, OpenID Connect Core §12, RFC 9700 §4.14).
//!
//! Nobody is signed out by accident: a public client whose answer got lost, or that refreshes
//! twice at once, gets the very same successor again for a short while. No thief stays: a spent
//! token that comes later, or after its successor was used, ends the grant, since two parties
//! have held it and nobody can tell which of them is the client.
//!
//! A confidential client keeps its token, and gets it in each answer: whoever stole the token
//! cannot use it without the client's secret, so that rotation would only add ways to lose it
//! (RFC 9700 §4.14.2 asks for rotation or sender-constraint where there is no such secret).

use super::TokenRequest;
use super::issue::Extent;
use super::response::TokenSet;
use crate::model::{Grant, GrantId, RefreshToken, Scope, Timestamp};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::TokenError;
use crate::provider::request::Request;
use crate::provider::resources;
use crate::secret::Secret;
use crate::store::{RefreshTerms, Rotation};

impl Provider {
    /// Exchanges a refresh token for new tokens.
    ///
    /// A request that another client makes, or that asks for more than was granted, is refused
    /// without using the token: its owner did nothing wrong. A replay is told first of all, so
    /// that nothing else about the request can hide it.
    pub(super) async fn refresh(&self, request: &TokenRequest<'_>) -> Result<TokenSet, TokenError> {
        let presented = request
            .form
            .one("refresh_token")?
            .ok_or(TokenError::Missing("refresh_token"))?;
        let presented = Secret::new(presented);
        let requested = request.form.one("scope")?.map(Scope::parse).transpose()?;

        let now = request.request.now;
        let found = self.usable(&presented, request).await?;
        let asked = resources::requested(request.form)?;
        let extent = Extent {
            scope: scope_of(&found.grant, requested.as_ref(), request)?,
            audience: resources::audience_of_grant(&asked, &found.grant.resources, request.client)?,
        };
        let confirmed = self.confirm_user(&found, request).await?;
        let user = confirmed.as_ref().unwrap_or(&found.grant.user);
        self.check_admitted(&found.grant, user, request).await?;
        let terms = RefreshTerms {
            expires_at: self.refreshable_until(&found.grant, now),
            reuse_window: self.settings.refresh_tokens.reuse_window,
            confirmed: confirmed.as_ref(),
        };
        let next = if rotates(&found, request) {
            self.rotate(&presented, &terms, request).await?
        } else {
            self.keep(presented, &terms, request).await?
        };
        let grant = Grant {
            user: confirmed.unwrap_or(found.grant.user),
            ..found.grant
        };
        self.issue(grant, extent, Some(next), request).await
    }

    /// When a refresh token of `grant` that is used at `now` ends: by idleness, but never later
    /// than the sign-in allows.
    pub(crate) fn refreshable_until(&self, grant: &Grant, now: Timestamp) -> Timestamp {
        let policy = &self.settings.refresh_tokens;
        let idle = now.after(policy.idle_lifetime);
        idle.min(grant.authenticated_at.after(policy.absolute_lifetime))
    }

    /// The record of a token that the client may use.
    async fn usable(
        &self,
        presented: &Secret,
        request: &TokenRequest<'_>,
    ) -> Result<RefreshToken, TokenError> {
        let now = request.request.now;
        let found = self
            .parts
            .store
            .find_refresh_token(&presented.digest())
            .await?
            .filter(|found| found.grant.client_id == request.client.id)
            .ok_or(TokenError::RefreshTokenNotUsable)?;
        if found.is_replay(self.settings.refresh_tokens.reuse_window, now) {
            return Err(self.end_family(&found.grant.id, request).await?);
        }
        // The bound by the sign-in is looked at anew: the operator may have lowered it.
        let is_over = found.spent.is_none() && found.expires_at <= now;
        if is_over || self.refreshable_until(&found.grant, now) <= now {
            return Err(TokenError::RefreshTokenNotUsable);
        }
        Ok(found)
    }

    /// Uses the token and puts its successor in its place, as one step.
    async fn rotate(
        &self,
        presented: &Secret,
        terms: &RefreshTerms<'_>,
        request: &TokenRequest<'_>,
    ) -> Result<Secret, TokenError> {
        let (store, now) = (&self.parts.store, request.request.now);
        match store.rotate_refresh_token(presented, terms, now).await? {
            Rotation::Fresh(successor) => Ok(successor),
            Rotation::Repeated(successor) => {
                audit::refresh_repeated(&request.client.id, request.request.peer);
                Ok(successor)
            }
            // Somebody else used the successor since we looked.
            Rotation::Replayed(grant) => Err(self.end_family(&grant, request).await?),
            Rotation::Unknown => Err(TokenError::RefreshTokenNotUsable),
        }
    }

    /// Revokes a grant of which a spent token came again, and says how to refuse.
    async fn end_family(
        &self,
        grant: &GrantId,
        request: &TokenRequest<'_>,
    ) -> Result<TokenError, TokenError> {
        let Request { now, peer, .. } = request.request;
        self.parts.store.revoke_grant(grant, *now).await?;
        audit::replayed("refresh_token", grant, &request.client.id, *peer);
        Ok(TokenError::RefreshTokenNotUsable)
    }

    /// Uses a token that stays the client's.
    async fn keep(
        &self,
        presented: Secret,
        terms: &RefreshTerms<'_>,
        request: &TokenRequest<'_>,
    ) -> Result<Secret, TokenError> {
        let (store, now) = (&self.parts.store, request.request.now);
        let digest = presented.digest();
        if store.keep_refresh_token(&digest, terms, now).await? {
            Ok(presented)
        } else {
            Err(TokenError::RefreshTokenNotUsable)
        }
    }
}

/// Whether the token is exchanged for a successor. A client that was public once may still hold
/// a token that was spent then; its successor is what it is good for.
const fn rotates(found: &RefreshToken, request: &TokenRequest<'_>) -> bool {
    request.client.is_public() || found.spent.is_some()
}

/// What the new access token may be good for: what was granted, less what the client was
/// deprived of since, and of that as much as the request asks for.
fn scope_of(
    grant: &Grant,
    requested: Option<&Scope>,
    request: &TokenRequest<'_>,
) -> Result<Scope, TokenError> {
    let granted = grant.scope.intersection(&request.client.scope);
    match requested {
        None => Ok(granted),
        Some(requested) if granted.includes(requested) => Ok(requested.clone()),
        Some(_) => Err(TokenError::ScopeExceedsGrant),
    }
}
