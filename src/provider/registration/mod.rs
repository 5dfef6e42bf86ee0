//! Clients that register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0) and
//! manage what they registered (RFC 7592).
//!
//! Off unless the configuration says otherwise: there is then no such endpoint. A client that
//! registers itself may ask for no more than the configured scope, gets no token without a user,
//! says nothing about audiences and consent, has a name that is no other's, and its users are
//! asked.

mod answer;
mod manage;
mod register;
mod sector;

use http::{Method, header};

use super::Provider;
use super::audit;
use super::clients::{ClientMetadata, MetadataError, Rules};
use super::error::{PageError, RegistrationError};
use super::reply::Response;
use super::request::Request;
use super::settings::RegistrationAccess;
use crate::model::RegisteredBy;
use crate::secret::Secret;

impl Provider {
    /// Answers at the registration endpoint, which is the client configuration endpoint too.
    pub(super) async fn register(&self, request: &Request) -> Response {
        if self.settings.registration.access == RegistrationAccess::Off {
            return self.error_page(&PageError::NotFound, request);
        }
        let (action, answered) = match request.method {
            Method::POST => ("register", self.register_client(request).await),
            Method::PUT => ("replace", self.manage_client(request).await),
            Method::DELETE => ("remove", self.manage_client(request).await),
            _ => ("read", self.manage_client(request).await),
        };
        let metrics = &self.parts.metrics;
        match answered {
            Ok(response) => {
                metrics.registration(action, "success");
                response
            }
            Err(error) => {
                let (code, _) = error.wire();
                metrics.registration(action, code);
                audit::registration_refused(code, &error, request.peer);
                error.into()
            }
        }
    }

    /// Counts a request that writes metadata, unless its address had enough in this hour: each may
    /// have us store something, and fetch something.
    async fn count_registration(&self, request: &Request) -> Result<(), RegistrationError> {
        if let Some(wait) = self.registrations.wait(request.peer, request.now).await {
            return Err(RegistrationError::TooOften { wait });
        }
        self.registrations.count(request.peer, request.now).await;
        Ok(())
    }

    /// The metadata in a body, checked and completed.
    async fn metadata_of(&self, json: &str) -> Result<ClientMetadata, RegistrationError> {
        // RFC 7591 §2.3: who trusts no statements must say so, lest the client think they count.
        if ClientMetadata::has_software_statement(json) {
            return Err(RegistrationError::SoftwareStatement);
        }
        let metadata = ClientMetadata::parse(json)?.complete(&self.registration_rules())?;
        let name = metadata.client_name.as_deref();
        if name.is_some_and(|name| self.clients.is_name_of_another(name)) {
            return Err(MetadataError::NameOfAnother.into());
        }
        self.check_sector(&metadata).await?;
        Ok(metadata)
    }

    /// What a client must keep to that registers itself.
    const fn registration_rules(&self) -> Rules<'_> {
        Rules {
            registered_by: RegisteredBy::Itself,
            scope: &self.settings.registration.scope,
            id_token_algorithm: self.settings.id_token_algorithm,
            authentication: &self.settings.client_authentication,
        }
    }
}

/// The body as text, if it says that it is JSON.
fn json_of(request: &Request) -> Result<&str, RegistrationError> {
    let media_type = request.header(&header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(RegistrationError::Body);
    }
    let text = std::str::from_utf8(request.body()).map_err(|_| RegistrationError::Body)?;
    // The members of a structure can be read from an array too.
    if !text.trim_start().starts_with('{') {
        return Err(RegistrationError::Body);
    }
    Ok(text)
}

/// The bearer token of a request; a header of another form is none.
fn token_of(request: &Request) -> Option<Secret> {
    let value = request.header(&header::AUTHORIZATION)?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty();
    is_bearer.then(|| Secret::new(token.trim()))
}
