//! Whether the user behind a refresh may still go on: asked of the users' backend each time.

use std::net::IpAddr;

use super::TokenRequest;
use crate::model::{Grant, RefreshToken, Timestamp, UserProfile};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::TokenError;
use crate::users::Standing;

impl Provider {
    /// What the users' backend says of the user of a grant; `None` when it says nothing and that
    /// is no reason to refuse.
    ///
    /// A user who is gone or locked loses the session and all that was granted in it. A backend
    /// that is down says nothing about the user: nobody is signed out for that, but who has not
    /// been confirmed for too long must wait until it answers again.
    pub(super) async fn confirm_user(
        &self,
        token: &RefreshToken,
        request: &TokenRequest<'_>,
    ) -> Result<Option<UserProfile>, TokenError> {
        let from = (request.request.peer, request.request.now);
        self.confirm_user_of(&token.grant, token.user_confirmed_at, from)
            .await
    }

    /// The same of a user who was certain to be there last at `confirmed_at`.
    pub(crate) async fn confirm_user_of(
        &self,
        grant: &Grant,
        confirmed_at: Timestamp,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Option<UserProfile>, TokenError> {
        match self.parts.sign_in.find_standing(&grant.user).await {
            Ok(Standing::Active(user)) if user.subject == grant.user.subject => Ok(Some(user)),
            Ok(Standing::Active(_)) => {
                let reason = "the login belongs to another user by now";
                Err(self.end_user(grant, reason, (peer, now)).await?)
            }
            Ok(Standing::Ended(reason)) => Err(self.end_user(grant, reason, (peer, now)).await?),
            Ok(Standing::Untold) => Ok(None),
            Err(error) => {
                let unconfirmed_for = now.since(confirmed_at);
                if unconfirmed_for > self.settings.refresh_tokens.outage_grace {
                    return Err(TokenError::UsersBackend(error));
                }
                audit::user_unconfirmed(grant, &error, unconfirmed_for, peer);
                Ok(None)
            }
        }
    }

    async fn end_user(
        &self,
        grant: &Grant,
        reason: &'static str,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<TokenError, TokenError> {
        let store = &self.parts.store;
        store.end_session(&grant.session_id, now).await?;
        audit::user_ended(grant, reason, peer);
        Ok(TokenError::UserEnded)
    }

    /// Whether the client is still for its user, whose groups may be others by now. What was
    /// granted to it ends with that.
    pub(super) async fn check_admitted(
        &self,
        grant: &Grant,
        user: &UserProfile,
        request: &TokenRequest<'_>,
    ) -> Result<(), TokenError> {
        if request.client.access.admits(user) {
            return Ok(());
        }
        let request = request.request;
        self.parts
            .store
            .revoke_grant(&grant.id, request.now)
            .await?;
        audit::user_not_admitted(grant, request.peer);
        Err(TokenError::UserNotAdmitted)
    }
}
