//! Access tokens: JWTs of RFC 9068, known to the verifier from birth.

use serde_json::{Map, Value};

use crate::entropy;
use crate::jose::Verified;
use crate::model::{
    ApplicationPassword, AuthenticationContext, Client, ClientAuthentication, ClientId, Grant,
    Scope, Subject, Timestamp, UserProfile,
};
use crate::provider::Provider;
use crate::provider::application_passwords::PasswordPlace;
use crate::provider::claims;
use crate::provider::error::TokenError;
use crate::secret::Secret;

/// Scope values that grant all claims that there are.
const IDENTITY: &str = "openid profile email address phone groups roles";

/// When a password ends that has no end: with the year 9999, which every calendar has.
const NEVER: Timestamp = Timestamp::from_secs(253_402_300_799);

/// Whose rights an access token carries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    /// Those that a user granted, who is called so to the client.
    User(&'a Grant, &'a Subject),
    /// The client's own.
    Client,
}

/// What an access token is to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessTokenTerms<'a> {
    pub(super) holder: Holder<'a>,
    pub(super) client: &'a Client,
    /// What it is good for.
    pub(super) scope: &'a Scope,
    /// Where it is good; at least one.
    pub(super) audience: &'a [String],
}

impl Provider {
    /// Issues an access token.
    pub(super) async fn issue_access_token(
        &self,
        terms: &AccessTokenTerms<'_>,
        now: Timestamp,
    ) -> Result<Secret, TokenError> {
        let algorithm = self.settings.access_token_algorithm;
        let key = self.signing_keys.find(algorithm, now).await?;
        let claims = self.access_token_claims(terms, now)?;
        let token = key.sign_jwt("at+jwt", &claims)?;
        let verified = self.as_verified(claims)?;
        self.parts.verifier.remember(&token, verified, key.id());
        Ok(Secret::new(token))
    }

    /// What a token for everything that `client` may have would say of the user of `grant`, if it
    /// lived until `expires_at`: for a session that works without one.
    pub(crate) fn claims_of_session(
        &self,
        grant: &Grant,
        (client, subject): (&Client, &Subject),
        expires_at: Timestamp,
    ) -> Result<Verified, TokenError> {
        let audience = client.usual_audience();
        let terms = AccessTokenTerms {
            holder: Holder::User(grant, subject),
            client,
            scope: &client.scope,
            audience: &audience,
        };
        let mut claims = self.access_token_claims(&terms, grant.granted_at)?;
        claims.insert("exp".to_owned(), expires_at.as_secs().into());
        self.as_verified(claims)
    }

    /// What a token would say of the user of `password` at a place where it is good: everything about
    /// the user, from which the operator chooses what upstreams see, but no client, and nothing of
    /// how and when the user signed in, which a password that is kept by a program says nothing of.
    pub(crate) fn claims_of_password(
        &self,
        password: &ApplicationPassword,
        user: Option<&UserProfile>,
        place: &PasswordPlace,
    ) -> Result<Verified, TokenError> {
        let user = user.unwrap_or(&password.user);
        let told = Scope::parse(IDENTITY).unwrap_or_default();
        let nobody = ClientId::parse("application-password").map_err(|_| TokenError::Signing)?;
        let nobody = Client::new(nobody, ClientAuthentication::InProcess);
        let mut claims = claims::for_access_token(&nobody, &told, user);
        let scope = password.scope.intersection(&place.scope);
        let expires_at = password.expires_at.unwrap_or(NEVER);
        let registered: [(&str, Value); 7] = [
            ("iss", self.settings.issuer.as_str().into()),
            ("sub", user.subject.as_str().into()),
            ("aud", audience(&place.audience)),
            ("scope", scope.to_string().into()),
            ("iat", password.created_at.as_secs().into()),
            ("exp", expires_at.as_secs().into()),
            ("grant_id", password.id.as_str().into()),
        ];
        claims.extend(registered.map(|(name, value)| (name.to_owned(), value)));
        self.as_verified(claims)
    }

    fn as_verified(&self, claims: Map<String, Value>) -> Result<Verified, TokenError> {
        let verified = Verified::from_claims(self.settings.issuer.as_str(), claims);
        verified.map_err(|error| {
            tracing::error!(%error, "an access token would not be accepted here");
            TokenError::Signing
        })
    }

    /// What the token says (RFC 9068 §2.2). The claims about the user follow the scope, so that a
    /// resource server need not ask at the userinfo endpoint.
    fn access_token_claims(
        &self,
        terms: &AccessTokenTerms<'_>,
        now: Timestamp,
    ) -> Result<Map<String, Value>, TokenError> {
        let AccessTokenTerms { client, scope, .. } = *terms;
        let expires_at = now.after(self.settings.access_token_lifetime);
        let mut claims = match terms.holder {
            Holder::User(grant, subject) => claims_of_grant(grant, subject, terms),
            Holder::Client => Map::from_iter([("sub".to_owned(), client.id.as_str().into())]),
        };
        let registered: [(&str, Value); 7] = [
            ("iss", self.settings.issuer.as_str().into()),
            ("aud", audience(terms.audience)),
            ("client_id", client.id.as_str().into()),
            ("scope", scope.to_string().into()),
            ("exp", expires_at.as_secs().into()),
            ("iat", now.as_secs().into()),
            ("jti", entropy::identifier()?.into()),
        ];
        claims.extend(registered.map(|(name, value)| (name.to_owned(), value)));
        Ok(claims)
    }
}

fn claims_of_grant(
    grant: &Grant,
    subject: &Subject,
    terms: &AccessTokenTerms<'_>,
) -> Map<String, Value> {
    let mut claims = claims::for_access_token(terms.client, terms.scope, &grant.user);
    let context = AuthenticationContext::default();
    let registered: [(&str, Value); 5] = [
        ("sub", subject.as_str().into()),
        // RFC 9068 §2.2.1: how and when the user signed in, for those who ask for more (RFC 9470).
        ("auth_time", grant.authenticated_at.as_secs().into()),
        ("acr", context.as_str().into()),
        ("amr", context.methods().into()),
        // Ours: lets every token of a grant be refused at once.
        ("grant_id", grant.id.as_str().into()),
    ];
    claims.extend(registered.map(|(name, value)| (name.to_owned(), value)));
    claims
}

/// One audience stands alone (RFC 7519 §4.1.3), which more software understands.
fn audience(audience: &[String]) -> Value {
    match audience {
        [one] => one.as_str().into(),
        many => many.into(),
    }
}
