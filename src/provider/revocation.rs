//! Token revocation (RFC 7009).

use http::StatusCode;

use super::Provider;
use super::audit;
use super::error::TokenError;
use super::params::Params;
use super::reply::{self, Response};
use super::request::Request;
use crate::jose::PresentedError;
use crate::model::{Client, ClientId};
use crate::secret::Digest;

impl Provider {
    /// Answers a revocation request: 200 when the token is dead now, whoever killed it.
    pub(super) async fn revoke(&self, request: &Request) -> Response {
        let (form, client) = match self.read_client_form(request).await {
            Ok(read) => read,
            Err(error) => return refuse(error, None, request),
        };
        match self.revoke_token(&form, &client, request).await {
            Ok(()) => reply::empty(StatusCode::OK),
            Err(error) => refuse(error, Some(&client.id), request),
        }
    }

    /// The hint of §2.1 is not needed: the two kinds of tokens do not look alike.
    async fn revoke_token(
        &self,
        form: &Params,
        client: &Client,
        request: &Request,
    ) -> Result<(), TokenError> {
        let token = form.one("token")?.ok_or(TokenError::Missing("token"))?;
        if token.contains('.') {
            self.revoke_access_token(token, client, request).await
        } else {
            let token = Digest::of(token.as_bytes());
            self.revoke_refresh_token(&token, client, request).await
        }
    }

    /// Revokes one access token. One that no longer opens anything counts as revoked (§2.2).
    async fn revoke_access_token(
        &self,
        token: &str,
        client: &Client,
        request: &Request,
    ) -> Result<(), TokenError> {
        let verifier = &self.parts.verifier;
        let verified = match verifier.verify_from(request.peer, token, request.now) {
            Ok(verified) => verified,
            Err(PresentedError::Token(_)) => return Ok(()),
            // It may be a good one, and the client must not believe that it is dead now.
            Err(PresentedError::TooManyFailures { wait }) => {
                return Err(TokenError::TooManyFailures { wait });
            }
        };
        let Some(token_id) = verified.token_id.as_deref() else {
            return Ok(());
        };
        if *verified.issuer != *self.settings.issuer.as_str() {
            return Ok(());
        }
        check_owner(verified.client_id.as_ref() == Some(&client.id))?;
        let store = &self.parts.store;
        store.revoke_token(token_id, verified.expires_at).await?;
        let grant = verified.grant_id.as_ref();
        audit::revoked("access_token", grant, &client.id, request.peer);
        Ok(())
    }

    /// Revokes a refresh token with all that came of its grant (§2.1).
    async fn revoke_refresh_token(
        &self,
        token: &Digest,
        client: &Client,
        request: &Request,
    ) -> Result<(), TokenError> {
        // Spent or live: a client that refreshes and revokes at once may come here with a token
        // just used, and its successor must not outlive the revocation. Every refresh asks in
        // its own statement whether the grant is revoked, so neither can slip past the other.
        let store = &self.parts.store;
        let Some(found) = store.find_refresh_token(token).await? else {
            return Ok(());
        };
        let grant = found.grant;
        check_owner(grant.client_id == client.id)?;
        store.revoke_grant(&grant.id, request.now).await?;
        audit::revoked("refresh_token", Some(&grant.id), &client.id, request.peer);
        Ok(())
    }
}

fn refuse(error: TokenError, client: Option<&ClientId>, request: &Request) -> Response {
    let (code, _) = error.wire();
    audit::tokens_refused(code, &error, client, request.peer);
    error.into()
}

/// §2.1: the request for a token of another client is refused, and the client is told.
const fn check_owner(is_owner: bool) -> Result<(), TokenError> {
    if is_owner {
        Ok(())
    } else {
        Err(TokenError::TokenOfAnotherClient)
    }
}
