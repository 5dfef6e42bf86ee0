//! Showing an issuer by a signature that we are its client (RFC 7523 §2.2, OpenID Connect Core §9).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{RelyingPartyError, SignInAuthentication, SignInMetadata};
use crate::entropy;
use crate::jose::SigningKey;
use crate::model::Timestamp;
use crate::secret::Secret;

/// What the form says that an assertion is.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What metadata call it.
const METHOD: &str = "private_key_jwt";

/// Issuers need not remember a `jti` for longer, and clocks do not differ by more.
const LIFETIME: Duration = Duration::from_secs(60);

/// The key by which an issuer knows us.
#[derive(Clone, Debug)]
pub struct AssertionKey {
    /// Its public half is registered there.
    pub key: Arc<SigningKey>,
    /// `aud` of what it signs.
    pub audience: AssertionAudience,
}

/// What an assertion names the issuer by. Either is good for the one issuer alone: `iss` is what the
/// operator wrote, and the token endpoint is where the assertion goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AssertionAudience {
    /// Its `iss` (FAPI 2.0 §5.3.3.1, and what replaces RFC 7523 in this).
    #[default]
    Issuer,
    /// The address of its token endpoint (OpenID Connect Core §9).
    TokenEndpoint,
}

/// What an assertion says.
pub(super) struct Asserted<'a> {
    /// What the issuer calls us.
    pub(super) client_id: &'a str,
    /// Its `iss`.
    pub(super) issuer: &'a str,
    /// Its token endpoint.
    pub(super) token_endpoint: &'a str,
}

impl AssertionKey {
    /// Signs a new assertion, which is good once.
    pub(super) fn sign(
        &self,
        asserted: &Asserted<'_>,
        now: Timestamp,
    ) -> Result<Secret, RelyingPartyError> {
        let audience = match self.audience {
            AssertionAudience::Issuer => asserted.issuer,
            AssertionAudience::TokenEndpoint => asserted.token_endpoint,
        };
        let id = entropy::identifier();
        let claims = json!({
            "iss": asserted.client_id,
            "sub": asserted.client_id,
            "aud": audience,
            "jti": id.map_err(|error| RelyingPartyError::Unsigned(error.to_string()))?,
            "iat": now.as_secs(),
            "exp": now.after(LIFETIME).as_secs(),
        });
        let signed = self.key.sign_jwt("JWT", &claims);
        let signed = signed.map_err(|error| RelyingPartyError::Unsigned(error.to_string()))?;
        Ok(Secret::new(signed))
    }
}

impl SignInMetadata {
    /// Refuses an issuer that says that it takes no assertion of ours. One that does not say what it
    /// takes is tried, and so are secrets: lists have fewer of those than are taken.
    pub(super) fn check_method(
        &self,
        authentication: &SignInAuthentication,
    ) -> Result<(), RelyingPartyError> {
        let SignInAuthentication::PrivateKeyJwt(key) = authentication else {
            return Ok(());
        };
        let algorithm = key.key.algorithm().as_str();
        for (listed, ours) in [
            (&self.auth_methods, METHOD),
            (&self.auth_algorithms, algorithm),
        ] {
            let Some(listed) = listed else { continue };
            if !listed.iter().any(|it| it == ours) {
                return Err(RelyingPartyError::Method {
                    ours,
                    listed: listed.join(", "),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use url::Url;

    use super::*;
    use crate::jose::SigningAlgorithm;

    fn check(lists: &Value, authentication: &SignInAuthentication) -> Option<String> {
        let mut document = json!({
            "authorization_endpoint": "https://op.test/auth",
            "token_endpoint": "https://op.test/token",
        });
        for (name, list) in lists.as_object().unwrap() {
            document[name] = list.clone();
        }
        let shown_at = Url::parse("https://op.test/.well-known/openid-configuration").unwrap();
        let metadata = SignInMetadata::read(document.to_string().as_bytes(), &shown_at).unwrap();
        let outcome = metadata.check_method(authentication);
        outcome.err().map(|error| error.to_string())
    }

    #[test]
    fn an_issuer_that_says_that_it_takes_no_assertion_is_not_asked() {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let ours = SignInAuthentication::PrivateKeyJwt(AssertionKey {
            key: Arc::new(key),
            audience: AssertionAudience::Issuer,
        });
        let methods = "token_endpoint_auth_methods_supported";
        let algorithms = "token_endpoint_auth_signing_alg_values_supported";
        for (row, lists, refused) in [
            ("says nothing", json!({}), None),
            ("a list that is none", json!({methods: "none"}), None),
            (
                "takes it",
                json!({methods: ["none", "private_key_jwt"], algorithms: ["RS256", "ES256"]}),
                None,
            ),
            (
                "secrets alone",
                json!({methods: ["client_secret_basic", "client_secret_post"]}),
                Some("private_key_jwt, but client_secret_basic, client_secret_post"),
            ),
            (
                "nothing at all",
                json!({methods: []}),
                Some("private_key_jwt"),
            ),
            (
                "another algorithm",
                json!({methods: ["private_key_jwt"], algorithms: ["PS256"]}),
                Some("ES256, but PS256"),
            ),
        ] {
            let said = check(&lists, &ours);
            match (refused, &said) {
                (None, None) => {}
                (Some(part), Some(said)) if said.contains(part) => {}
                _ => panic!("{row}: {said:?}"),
            }
        }
        let secret = SignInAuthentication::SecretBasic(Secret::new("s"));
        assert_eq!(check(&json!({methods: ["private_key_jwt"]}), &secret), None);
    }

    #[test]
    fn what_a_list_says_ends_up_in_the_log_in_one_short_line() {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let ours = SignInAuthentication::PrivateKeyJwt(AssertionKey {
            key: Arc::new(key),
            audience: AssertionAudience::Issuer,
        });
        let mut list = vec![json!("a\nb"), json!("x".repeat(65)), json!(7)];
        list.extend((0..100).map(|n| json!(format!("method-{n}"))));

        let lists = json!({"token_endpoint_auth_methods_supported": list});
        let said = check(&lists, &ours).unwrap();

        assert!(!said.contains('\n') && said.len() < 500, "{said}");
        assert!(said.contains("method-0, method-1"), "{said}");
    }
}
