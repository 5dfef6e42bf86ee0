//! Whether the user behind a refresh may still go on: asked of the users' backend each time.

use super::TokenRequest;
use crate::model::{Grant, RefreshToken, UserProfile};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::TokenError;
use crate::users::{BackendError, Standing};

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
        let grant = &token.grant;
        match self.parts.sign_in.find_standing(&grant.user).await {
            Ok(Standing::Active(user)) if user.subject == grant.user.subject => Ok(Some(user)),
            Ok(Standing::Active(_)) => {
                let reason = "the login belongs to another user by now";
                Err(self.end_user(grant, reason, request).await?)
            }
            Ok(Standing::Ended(reason)) => Err(self.end_user(grant, reason, request).await?),
            Ok(Standing::Untold) => Ok(None),
            Err(error) => self.tolerate(token, error, request).map(|()| None),
        }
    }

    async fn end_user(
        &self,
        grant: &Grant,
        reason: &'static str,
        request: &TokenRequest<'_>,
    ) -> Result<TokenError, TokenError> {
        let request = request.request;
        let store = &self.parts.store;
        store.end_session(&grant.session_id, request.now).await?;
        audit::user_ended(grant, reason, request.peer);
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

    fn tolerate(
        &self,
        token: &RefreshToken,
        error: BackendError,
        request: &TokenRequest<'_>,
    ) -> Result<(), TokenError> {
        let unconfirmed_for = request.request.now.since(token.user_confirmed_at);
        if unconfirmed_for > self.settings.refresh_tokens.outage_grace {
            return Err(TokenError::UsersBackend(error));
        }
        audit::user_unconfirmed(&token.grant, &error, unconfirmed_for, request.request.peer);
        Ok(())
    }
}
