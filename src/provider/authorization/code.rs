//! Issuing an authorization code (RFC 6749 §4.1.2).

use crate::entropy;
use crate::model::{AuthorizationCode, Grant, GrantId, Session};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::AuthorizationError;
use crate::provider::interaction::Interaction;
use crate::provider::reply::Response;
use crate::provider::request::Request;

impl Provider {
    /// Records what the user of `session` grants, and sends the browser back with a code for it.
    pub(super) async fn grant(
        &self,
        interaction: &Interaction,
        session: &Session,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let destination = &interaction.destination;
        let authorization = &interaction.authorization;
        let grant = Grant {
            id: GrantId::new(entropy::identifier()?),
            client_id: destination.client.id.clone(),
            user: session.user.clone(),
            session_id: session.id.clone(),
            scope: authorization.scope.clone(),
            resources: authorization.resources.clone(),
            claims: authorization.claims.told.clone(),
            authenticated_at: session.authenticated_at,
            nonce: authorization.nonce.clone(),
            granted_at: request.now,
        };
        let record = AuthorizationCode {
            grant,
            redirect_uri: destination.redirect_uri.as_str().to_owned(),
            code_challenge: authorization.code_challenge,
            expires_at: request.now.after(self.settings.code_lifetime),
        };
        let code = entropy::opaque_token()?;
        self.parts.store.save_code(&code.digest(), &record).await?;
        audit::granted(&record.grant, request.peer);
        Ok(self.send_back(destination, &[("code", code.expose())]))
    }
}
