//! Token introspection (RFC 7662), with signed answers (RFC 9701) for who asks for them.
//!
//! A client that has proved who it is asks about a token of this provider. Whatever is not valid,
//! not there any more, or none of its business is `{"active":false}` and nothing else (§2.2): the
//! answer must not tell a guess from a token that is somebody else's.
//!
//! The truth is the store's: revocation and refresh write there before they answer, so what they
//! did is seen by the next question, whichever process it goes to.

mod answer;

use serde_json::{Map, Value};

use super::Provider;
use super::audit;
use super::claims;
use super::error::{AttemptedMethod, TokenError};
use super::params::Params;
use super::reply::Response;
use super::request::Request;
use crate::jose::PresentedError;
use crate::model::{Client, ClientId, RefreshToken, Scope, UserProfile};
use crate::secret::Digest;

/// What is said of an active token, beside that it is active.
type Members = Map<String, Value>;

impl Provider {
    /// Answers an introspection request.
    pub(super) async fn introspect(&self, request: &Request) -> Response {
        let (form, client) = match self.read_client_form(request).await {
            Ok(read) => read,
            Err(error) => return self.refuse_introspection(error, None, request),
        };
        let answer = self.introspect_token(&form, &client, request).await;
        answer.unwrap_or_else(|error| self.refuse_introspection(error, Some(&client.id), request))
    }

    fn refuse_introspection(
        &self,
        error: TokenError,
        client: Option<&ClientId>,
        request: &Request,
    ) -> Response {
        let (code, _) = error.wire();
        self.parts.metrics.introspection(code);
        audit::tokens_refused(code, &error, client, request.peer);
        error.into()
    }

    /// The hint of §2.1 is not needed: the two kinds of tokens do not look alike.
    async fn introspect_token(
        &self,
        form: &Params,
        client: &Client,
        request: &Request,
    ) -> Result<Response, TokenError> {
        if client.is_public() {
            // §2.1: anybody could ask in its name, and scan for tokens.
            return Err(TokenError::ClientAuthentication(AttemptedMethod::of(
                request,
            )));
        }
        let token = form.one("token")?.ok_or(TokenError::Missing("token"))?;
        let members = if token.contains('.') {
            self.describe_access_token(token, client, request).await?
        } else {
            self.describe_refresh_token(token, client, request).await?
        };
        let outcome = if members.is_some() {
            "active"
        } else {
            "inactive"
        };
        self.parts.metrics.introspection(outcome);
        audit::introspected(outcome, &client.id, request.peer);
        self.introspection_answer(members, client, request).await
    }

    async fn describe_access_token(
        &self,
        token: &str,
        client: &Client,
        request: &Request,
    ) -> Result<Option<Members>, TokenError> {
        let from = (request.peer, request.now);
        let verified = match self.verify_token(token, from).await? {
            Ok(verified) => verified,
            Err(PresentedError::Token(_)) => return Ok(None),
            Err(PresentedError::TooManyFailures { wait }) => {
                return Err(TokenError::TooManyFailures { wait });
            }
        };
        let is_own = verified.client_id.as_ref() == Some(&client.id);
        let is_ours = *verified.issuer == *self.settings.issuer.as_str();
        if !is_ours || !(is_own || client.introspection.covers(&verified.audience)) {
            return Ok(None);
        }
        let revocations = self.parts.store.revocations();
        if revocations.covers(&verified.revocable()) {
            return Ok(None);
        }
        let mut members = Members::new();
        if let Some(id) = &verified.grant_id {
            let Some(grant) = self.parts.store.find_grant(id).await? else {
                return Ok(None);
            };
            members.extend(username(&verified.scope, &grant.user));
        }
        members.insert("token_type".to_owned(), "Bearer".into());
        for name in [
            "scope",
            "client_id",
            "exp",
            "iat",
            "nbf",
            "sub",
            "aud",
            "iss",
            "jti",
        ] {
            if let Some(value) = verified.claims.get(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        Ok(Some(members))
    }

    /// A refresh token is shown to its own client only, whatever that may see of access tokens:
    /// anybody else could take it for one.
    async fn describe_refresh_token(
        &self,
        token: &str,
        client: &Client,
        request: &Request,
    ) -> Result<Option<Members>, TokenError> {
        let token = Digest::of(token.as_bytes());
        let store = &self.parts.store;
        let is_to_tell = |found: &RefreshToken| {
            found.grant.client_id == client.id
                && found.is_live(request.now)
                && request.now < self.refreshable_until(&found.grant, request.now)
        };
        let found = store.find_refresh_token(&token).await?;
        let Some(found) = found.filter(is_to_tell) else {
            return Ok(None);
        };
        let grant = &found.grant;
        let subject = self.naming(client).await?.name(&grant.user.subject);
        let mut members = Members::new();
        members.extend(username(&grant.scope, &grant.user));
        let known: [(&str, Value); 6] = [
            ("token_type", "refresh_token".into()),
            ("scope", grant.scope.to_string().into()),
            ("client_id", grant.client_id.as_str().into()),
            ("exp", found.expires_at.as_secs().into()),
            ("sub", subject.as_str().into()),
            ("iss", self.settings.issuer.as_str().into()),
        ];
        members.extend(known.map(|(name, value)| (name.to_owned(), value)));
        Ok(Some(members))
    }
}

/// `username`, where the scope grants the claim that says the same.
fn username(scope: &Scope, user: &UserProfile) -> Option<(String, Value)> {
    Some(("username".to_owned(), claims::username(scope, user)?))
}
