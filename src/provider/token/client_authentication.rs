//! Client authentication (RFC 6749 §2.3): each client by the one method it was registered for.

use std::sync::Arc;

use super::client_refusal::{ClientRefusal, Unproved};
use super::credentials::{Credentials, PresentedMethod};
use super::shared_secret;
use crate::jose::{Assertion, AssertionTerms};
use crate::model::{Client, ClientAuthentication, ClientId, ClientKeys};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::{AttemptedMethod, TokenError};
use crate::provider::params::Params;
use crate::provider::request::Request;
use crate::secret::Digest;

/// Where clients authenticate. What an assertion is made for must be one of them or the issuer.
const ENDPOINTS: [Endpoint; 3] = [
    Endpoint::Token,
    Endpoint::Revocation,
    Endpoint::Introspection,
];

impl Provider {
    /// The client that sent the request.
    ///
    /// A client that does not exist, a wrong secret, a wrong assertion and a wrong method are
    /// refused alike, and each secret that is refused takes the time of a slow check. An address
    /// that failed too often gets nothing checked any more.
    async fn authenticate_client(
        &self,
        form: &Params,
        request: &Request,
    ) -> Result<Arc<Client>, TokenError> {
        let credentials = Credentials::parse(form, request)
            .map_err(|why| self.not_believed(why, None, request))?;
        let is_proof = !matches!(credentials.method, PresentedMethod::None);
        if is_proof {
            let wait = self.client_failures.wait(request.peer, request.now).await;
            if let Some(wait) = wait {
                return Err(TokenError::TooManyFailures { wait });
            }
        }
        let client_id = &*credentials.client_id;
        let found = self.clients.find(client_id, request.now).await?;
        let registered = found.as_ref().map(|client| &client.authentication);
        let credentials = match found.as_ref().and_then(|client| client.of_cells) {
            Some(cells) if cells.may_send_a_secret() => credentials.without_proof(),
            _ => credentials,
        };
        let proved = self.prove(&credentials, registered, request).await;
        if is_proof && matches!(proved, Err(Unproved::Refused(_))) {
            self.client_failures.count(request.peer, request.now).await;
        }
        let id = found.as_ref().map(|client| &client.id);
        proved.map_err(|why| self.not_believed(why, id, request))?;
        found.ok_or_else(|| {
            let why = ClientRefusal::UnknownClient.into();
            self.not_believed(why, None, request)
        })
    }

    /// What the peer is told. The reason is for the audit line, with the client that it says it
    /// is, if there is one.
    fn not_believed(
        &self,
        why: Unproved,
        client: Option<&ClientId>,
        request: &Request,
    ) -> TokenError {
        let refusal = match why {
            Unproved::Refused(refusal) => refusal,
            Unproved::Other(error) => return error,
        };
        self.parts.metrics.client_refused(refusal.reason());
        let labels = (refusal.reason(), refusal.rule());
        audit::client_refused(labels, &refusal, client, request.peer);
        TokenError::ClientAuthentication(AttemptedMethod::of(request))
    }

    /// The form of a request, and the client that sent it.
    pub(crate) async fn read_client_form(
        &self,
        request: &Request,
    ) -> Result<(Params, Arc<Client>), TokenError> {
        let form = request.form()?;
        let client = self.authenticate_client(&form, request).await?;
        Ok((form, client))
    }

    async fn prove(
        &self,
        credentials: &Credentials<'_>,
        registered: Option<&ClientAuthentication>,
        request: &Request,
    ) -> Result<(), Unproved> {
        let otherwise = if registered.is_some() {
            ClientRefusal::Method
        } else {
            ClientRefusal::UnknownClient
        };
        let checks = &self.secret_checks;
        let client_id = &*credentials.client_id;
        match (&credentials.method, registered) {
            (PresentedMethod::None, Some(ClientAuthentication::None)) => Ok(()),
            (PresentedMethod::Basic(secret), Some(ClientAuthentication::SecretBasic(hash)))
            | (PresentedMethod::Post(secret), Some(ClientAuthentication::SecretPost(hash))) => {
                if checks.check(client_id, Some(hash), secret).await? {
                    Ok(())
                } else {
                    Err(ClientRefusal::Secret.into())
                }
            }
            (PresentedMethod::Basic(secret) | PresentedMethod::Post(secret), _) => {
                checks.check(client_id, None, secret).await?;
                Err(otherwise.into())
            }
            (
                PresentedMethod::Assertion(assertion),
                Some(ClientAuthentication::PrivateKeyJwt(keys)),
            ) => self.prove_by_key(assertion, keys, request).await,
            (
                PresentedMethod::Assertion(assertion),
                Some(ClientAuthentication::SecretJwt(secret)),
            ) if self.settings.client_authentication.secret_jwt => {
                self.check_terms(assertion, request)?;
                shared_secret::verify(assertion, secret)?;
                self.spend(assertion).await
            }
            (PresentedMethod::None | PresentedMethod::Assertion(_), _) => Err(otherwise.into()),
        }
    }

    /// `private_key_jwt` (OpenID Connect Core §9, RFC 7523 §3): what the assertion says, who
    /// signed it, and last that it was not used before, so that nobody else can use it up.
    async fn prove_by_key(
        &self,
        assertion: &Assertion<'_>,
        keys: &ClientKeys,
        request: &Request,
    ) -> Result<(), Unproved> {
        self.check_terms(assertion, request)?;
        let reach = self.settings.back_channel_logout.reach_of_registered;
        let sets = &self.parts.clients.keys;
        sets.verify(assertion, keys, reach, request.now).await?;
        self.spend(assertion).await
    }

    fn check_terms(&self, assertion: &Assertion<'_>, request: &Request) -> Result<(), Unproved> {
        let policy = &self.settings.client_authentication;
        let issuer = &self.settings.issuer;
        let mut audience = vec![issuer.as_str().to_owned()];
        if policy.endpoint_audiences {
            audience.extend(ENDPOINTS.map(|endpoint| issuer.endpoint(endpoint.path())));
        }
        let terms = AssertionTerms {
            client_id: assertion.subject(),
            audience: &audience,
            longest: policy.longest_assertion,
            now: request.now,
        };
        Ok(assertion.check(&terms)?)
    }

    /// Uses an assertion up.
    async fn spend(&self, assertion: &Assertion<'_>) -> Result<(), Unproved> {
        // No client id has a zero byte.
        let name = format!("{}\0{}", assertion.subject(), assertion.identifier());
        let digest = Digest::of(name.as_bytes());
        let store = &self.parts.store;
        if store
            .spend_assertion(&digest, assertion.expires_at())
            .await?
        {
            Ok(())
        } else {
            Err(ClientRefusal::Replayed.into())
        }
    }
}
