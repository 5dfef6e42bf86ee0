//! The client information response (RFC 7591 §3.2.1, RFC 7592 §3).

use http::StatusCode;
use serde::Serialize;

use crate::provider::Provider;
use crate::provider::clients::ClientMetadata;
use crate::provider::endpoint::Endpoint;
use crate::provider::reply::{self, Response};
use crate::secret::Secret;
use crate::store::ClientRecord;

/// Everything that is registered of a client.
#[derive(Serialize)]
struct ClientInformation<'a> {
    client_id: &'a str,
    client_id_issued_at: u64,
    /// Only when it was made for this answer. What is kept is a hash, or with `client_secret_jwt`
    /// the secret itself, encrypted; neither is shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// Zero: it does not expire. There when the client has a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    registration_access_token: &'a str,
    registration_client_uri: String,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
}

/// A client, with the secrets that are known at the moment.
pub(super) struct Registered {
    pub(super) record: ClientRecord,
    pub(super) metadata: ClientMetadata,
    /// If it was made just now.
    pub(super) secret: Option<Secret>,
    pub(super) token: Secret,
}

impl Provider {
    /// Tells a client what is registered of it.
    pub(super) fn client_information(&self, status: StatusCode, client: &Registered) -> Response {
        let record = &client.record;
        let method = client.metadata.authentication_method();
        let information = ClientInformation {
            client_id: record.id.as_str(),
            client_id_issued_at: record.created_at.as_secs(),
            client_secret: client.secret.as_ref().map(Secret::expose),
            client_secret_expires_at: method.has_secret().then_some(0),
            registration_access_token: client.token.expose(),
            registration_client_uri: self.registration_client_uri(record),
            metadata: &client.metadata,
        };
        reply::json(status, &information)
    }

    /// Where the client is managed: RFC 7592 leaves the form of the URL to us.
    fn registration_client_uri(&self, record: &ClientRecord) -> String {
        let endpoint = self.settings.issuer.endpoint(Endpoint::Registration.path());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", record.id.as_str())
            .finish();
        format!("{endpoint}?{query}")
    }
}
