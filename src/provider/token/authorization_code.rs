//! The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6).

use super::TokenRequest;
use super::issue::Extent;
use super::response::TokenSet;
use crate::entropy;
use crate::model::{AuthorizationCode, Client, Grant, GrantType, Scope, Timestamp};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::TokenError;
use crate::provider::resources;
use crate::secret::{Digest, Secret};
use crate::store::Redemption;

impl Provider {
    /// Exchanges a code for tokens.
    ///
    /// The code is used up first and looked at then: whatever is wrong with the request, nobody
    /// gets a second try with it (RFC 9700 §4.5).
    pub(super) async fn exchange_code(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        let form = request.form;
        let code = form.one("code")?.ok_or(TokenError::Missing("code"))?;
        let redirect_uri = form
            .one("redirect_uri")?
            .ok_or(TokenError::Missing("redirect_uri"))?;
        let verifier = form.one("code_verifier")?;

        let code = self
            .redeem_code(&Digest::of(code.as_bytes()), request)
            .await?;
        if code.grant.client_id != request.client.id {
            return Err(TokenError::CodeNotRedeemable);
        }
        if code.redirect_uri != redirect_uri {
            return Err(TokenError::RedirectUriMismatch);
        }
        check_verifier(&code, verifier)?;
        let asked = resources::requested(form)?;
        let audience = resources::audience_of_grant(&asked, &code.grant.resources, request.client)?;
        self.issue_first_tokens(code.grant, audience, request).await
    }

    async fn redeem_code(
        &self,
        code: &Digest,
        request: &TokenRequest<'_>,
    ) -> Result<AuthorizationCode, TokenError> {
        let (client, now, peer) = (request.client, request.request.now, request.request.peer);
        match self.parts.store.redeem_code(code, now).await? {
            Redemption::Fresh(code) => Ok(code),
            Redemption::Replayed(grant) => {
                // We cannot tell the thief from the client, and the thief may have come first:
                // the tokens already out go too (RFC 6749 §4.1.2).
                self.parts.store.revoke_grant(&grant, now).await?;
                audit::replayed("authorization_code", &grant, &client.id, peer);
                Err(TokenError::CodeNotRedeemable)
            }
            Redemption::Unknown => Err(TokenError::CodeNotRedeemable),
        }
    }

    async fn issue_first_tokens(
        &self,
        grant: Grant,
        audience: Vec<String>,
        request: &TokenRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        let now = request.request.now;
        let scope = grant.scope.clone();
        let refresh_token = if is_refreshable(&scope, request.client) {
            self.issue_refresh_token(&grant, now).await?
        } else {
            None
        };
        let extent = Extent { scope, audience };
        self.issue(grant, extent, refresh_token, request).await
    }

    /// The first refresh token of a grant; `None` when the sign-in is too long ago for one.
    async fn issue_refresh_token(
        &self,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Option<Secret>, TokenError> {
        let expires_at = self.refreshable_until(grant, now);
        if expires_at <= now {
            return Ok(None);
        }
        let token = entropy::opaque_token()?;
        self.parts
            .store
            .save_refresh_token(&token.digest(), &grant.id, expires_at)
            .await?;
        Ok(Some(token))
    }
}

/// A verifier without a challenge is refused as is a challenge without a verifier: either way
/// the one who redeems the code is not the one who asked for it (RFC 9700 §2.1.1).
fn check_verifier(code: &AuthorizationCode, verifier: Option<&str>) -> Result<(), TokenError> {
    match (code.code_challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(()),
        _ => Err(TokenError::VerifierMismatch),
    }
}

/// Whether a grant comes with a refresh token: `offline_access` (OpenID Connect Core §11), or
/// `offline` as Cells' own clients spell it.
fn is_refreshable(scope: &Scope, client: &Client) -> bool {
    let offline = scope.contains("offline_access") || scope.contains("offline");
    offline && client.may_use(GrantType::RefreshToken)
}
