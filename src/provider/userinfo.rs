//! The userinfo endpoint (OpenID Connect Core §5.3).

use http::{Method, StatusCode, header};
use serde_json::{Map, Value};

use super::Provider;
use super::claims;
use super::error::BearerError;
use super::reply::{self, Response};
use super::request::Request;
use crate::model::{ClientId, SigningAlgorithm, Timestamp};
use crate::secret::Secret;

impl Provider {
    /// Tells what the grant behind an access token allows to be known of its user.
    pub(super) async fn userinfo(&self, request: &Request) -> Response {
        match self.answer_userinfo(request).await {
            Ok(response) => response,
            Err(error) => error.into(),
        }
    }

    async fn answer_userinfo(&self, request: &Request) -> Result<Response, BearerError> {
        let (client_id, claims) = self.claims_for(request).await?;
        let client = self.clients.find(client_id.as_str(), request.now).await?;
        match client.and_then(|client| client.signing.userinfo) {
            None => Ok(reply::json(StatusCode::OK, &claims)),
            Some(algorithm) => {
                let token = self.sign_userinfo(claims, &client_id, algorithm, request.now);
                Ok(reply::with_body(
                    StatusCode::OK,
                    Some("application/jwt"),
                    token.await?.into(),
                ))
            }
        }
    }

    /// The signed form (§5.3.2). It has neither `exp` nor `iat`, which an ID token must have
    /// (§2), so that none is taken for one.
    async fn sign_userinfo(
        &self,
        mut claims: Map<String, Value>,
        client_id: &ClientId,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<String, BearerError> {
        claims.insert("iss".to_owned(), self.settings.issuer.as_str().into());
        claims.insert("aud".to_owned(), client_id.as_str().into());
        let key = self.signing_keys.find(algorithm, now).await?;
        Ok(key.sign_jwt("JWT", &claims)?)
    }

    /// What may be told, and to which client.
    async fn claims_for(
        &self,
        request: &Request,
    ) -> Result<(ClientId, Map<String, Value>), BearerError> {
        let token = access_token(request)?;
        let from = (request.peer, request.now);
        let verified = self.verify_token(token.expose(), from).await??;
        if *verified.issuer != *self.settings.issuer.as_str() {
            return Err(BearerError::ForeignIssuer);
        }
        let revocations = self.parts.store.revocations();
        if revocations.covers(&verified.revocable()) {
            return Err(BearerError::Revoked);
        }
        if !verified.scope.contains("openid") {
            return Err(BearerError::InsufficientScope);
        }
        let grant_id = verified.grant_id.as_ref().ok_or(BearerError::Revoked)?;
        let grant = self.parts.store.find_grant(grant_id).await?;
        let grant = grant.ok_or(BearerError::Revoked)?;
        let client = self
            .clients
            .find(grant.client_id.as_str(), request.now)
            .await?;
        let client = client.ok_or(BearerError::Revoked)?;
        // The scope of the token, not of the grant: a refresh may have narrowed it. What was asked
        // for by name is no scope, and stays.
        let mut claims = claims::for_userinfo(&client, &verified.scope, &grant.claims, &grant.user);
        // What the client calls its user stands in the token.
        claims.insert("sub".to_owned(), verified.subject.as_str().into());
        Ok((grant.client_id, claims))
    }
}

/// The token, from the header (RFC 6750 §2.1) or the form (§2.2), but not from both. The query
/// (§2.3) is not looked at: URLs end up in logs.
fn access_token(request: &Request) -> Result<Secret, BearerError> {
    let in_form = if request.method == Method::POST && request.has_form() {
        let form = request.form()?;
        form.one("access_token")?.map(Secret::new)
    } else {
        None
    };
    if !request.headers.contains_key(header::AUTHORIZATION) {
        return in_form.ok_or(BearerError::Missing);
    }
    if in_form.is_some() {
        return Err(BearerError::BadTransport);
    }
    let header = request
        .header(&header::AUTHORIZATION)
        .ok_or(BearerError::BadTransport)?;
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && is_token68(token) => {
            Ok(Secret::new(token))
        }
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
            Err(BearerError::BadTransport)
        }
        // Credentials of another kind are none of this kind.
        _ => Err(BearerError::Missing),
    }
}

/// `b64token` of RFC 6750 §2.1.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(allowed)
}
