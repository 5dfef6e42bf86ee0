//! The answer of introspection, in the form that was asked for.

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::Members;
use crate::model::Client;
use crate::provider::Provider;
use crate::provider::error::TokenError;
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;

/// The media type of a signed answer (RFC 9701 §4); its `typ` is what follows the slash.
const SIGNED: &str = "application/token-introspection+jwt";
const SIGNED_TYP: &str = "token-introspection+jwt";

impl Provider {
    /// Says that a token is inactive, or what is known of it; signed when `client` prefers that.
    pub(super) async fn introspection_answer(
        &self,
        members: Option<Members>,
        client: &Client,
        request: &Request,
    ) -> Result<Response, TokenError> {
        let body = match members {
            None => json!({"active": false}),
            Some(mut members) => {
                members.insert("active".to_owned(), true.into());
                Value::Object(members)
            }
        };
        if !asks_for_signed(request) {
            return Ok(reply::json(StatusCode::OK, &body));
        }
        // RFC 9701 §6: RS256 unless registered otherwise, which is what ID tokens have as well.
        // `exp` and `sub` stay inside, so that nobody takes the answer for an access token (§5).
        let algorithm = self.settings.id_token_algorithm;
        let key = self.signing_keys.find(algorithm, request.now).await?;
        let claims = json!({
            "iss": self.settings.issuer.as_str(),
            "aud": client.id.as_str(),
            "iat": request.now.as_secs(),
            "token_introspection": body,
        });
        let token = key.sign_jwt(SIGNED_TYP, &claims)?;
        Ok(reply::with_body(StatusCode::OK, Some(SIGNED), token.into()))
    }
}

/// Whether the signed form is among those that are accepted (RFC 9701 §4). One that is named at
/// all is preferred, since everything else is what whoever never heard of it sends.
fn asks_for_signed(request: &Request) -> bool {
    request
        .headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value: &HeaderValue| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_named = parts
                .next()
                .is_some_and(|essence| essence.eq_ignore_ascii_case(SIGNED));
            let is_refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or(part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|q| q <= 0.0))
            });
            is_named && !is_refused
        })
}
