//! The tokens of a grant, whichever way it was presented.

use super::TokenRequest;
use super::access_token::{AccessTokenTerms, Holder};
use super::id_token::IdTokenTerms;
use super::response::TokenSet;
use crate::model::{Grant, Scope};
use crate::provider::Provider;
use crate::provider::error::TokenError;
use crate::secret::Secret;

/// How far an access token reaches; within its grant.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) scope: Scope,
    /// At least one.
    pub(super) audience: Vec<String>,
}

impl Provider {
    /// Issues an access token that reaches so far, and an ID token if its scope has `openid`.
    pub(super) async fn issue(
        &self,
        grant: Grant,
        extent: Extent,
        refresh_token: Option<Secret>,
        request: &TokenRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        let now = request.request.now;
        let naming = self.naming(request.client).await?;
        let subject = naming.name(&grant.user.subject);
        let terms = AccessTokenTerms {
            holder: Holder::User(&grant, &subject),
            client: request.client,
            scope: &extent.scope,
            audience: &extent.audience,
        };
        let access_token = self.issue_access_token(&terms, now).await?;
        // The applications of Cells take over whatever a refresh brings, so one that asks for less
        // of the scope would be left without.
        let told = match request.client.of_cells {
            Some(_) => &grant.scope,
            None => &extent.scope,
        };
        let id_token = if told.contains("openid") {
            let terms = IdTokenTerms {
                grant: &grant,
                client: request.client,
                subject: &subject,
                scope: told,
            };
            Some(self.issue_id_token(&terms, &access_token, now).await?)
        } else {
            None
        };
        Ok(TokenSet {
            grant: Some(grant),
            scope: extent.scope,
            access_token,
            expires_in: self.settings.access_token_lifetime,
            refresh_token,
            id_token,
        })
    }
}
