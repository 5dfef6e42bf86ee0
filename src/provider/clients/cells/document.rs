//! The JSON in which Cells keeps its clients.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use crate::provider::clients::check::MetadataError;

/// A client as Cells writes it.
#[derive(Deserialize)]
pub(super) struct StaticClient {
    pub(super) client_id: String,
    pub(super) client_name: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) token_endpoint_auth_method: Option<String>,
    pub(super) token_endpoint_auth_signing_alg: Option<String>,
    pub(super) jwks: Option<Value>,
    pub(super) jwks_uri: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) grant_types: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) response_types: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) redirect_uris: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) post_logout_redirect_uris: Vec<String>,
    pub(super) scope: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) audience: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) contacts: Vec<String>,
    pub(super) logo_uri: Option<String>,
    pub(super) client_uri: Option<String>,
    pub(super) policy_uri: Option<String>,
    pub(super) tos_uri: Option<String>,
    pub(super) backchannel_logout_uri: Option<String>,
    pub(super) backchannel_logout_session_required: Option<bool>,
    pub(super) userinfo_signed_response_alg: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub(super) others: BTreeMap<String, Value>,
}

/// Where the list may stand: by itself, as the configuration API of Cells answers, or in its
/// `pydio.json`.
enum Place {
    List(Value),
    Answer(String),
}

/// The clients in a document of Cells.
///
/// # Errors
///
/// [`MetadataError::Malformed`] when there are none in it, or not in this form.
pub(super) fn read(json: &str) -> Result<Vec<StaticClient>, MetadataError> {
    let malformed = |error: serde_json::Error| MetadataError::Malformed(error.to_string());
    let list = match find(serde_json::from_str(json).map_err(malformed)?) {
        Some(Place::List(list)) => list,
        Some(Place::Answer(text)) => serde_json::from_str(&text).map_err(malformed)?,
        None => {
            return Err(MetadataError::Malformed(
                "this is not the `staticClients` of Cells: neither a JSON array of clients, nor \
                 the answer of /a/config/services/pydio.web.oauth/staticClients, nor a whole \
                 pydio.json"
                    .to_owned(),
            ));
        }
    };
    serde_path_to_error::deserialize(list)
        .map_err(|error| MetadataError::Malformed(error.to_string()))
}

fn find(document: Value) -> Option<Place> {
    let mut object = match document {
        Value::Array(_) => return Some(Place::List(document)),
        Value::Object(object) => object,
        _ => return None,
    };
    if let Some(Value::String(text)) = object.remove("Data") {
        return Some(Place::Answer(text));
    }
    if let Some(list) = object.remove("staticClients") {
        return Some(Place::List(list));
    }
    let mut service = object.remove("services")?;
    let list = service
        .get_mut("pydio.web.oauth")?
        .get_mut("staticClients")?;
    Some(Place::List(list.take()))
}

/// Whether leaving this member out changes anything.
pub(super) fn says_something(name: &str, value: &Value) -> bool {
    /// Bookkeeping, and what is the same in every client that is here.
    const OF_NO_EFFECT: [&str; 6] = [
        "client_secret_expires_at",
        "created_at",
        "updated_at",
        "owner",
        "metadata",
        "skip_consent",
    ];
    let is_empty = match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty() || (name == "subject_type" && text == "public"),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    };
    !is_empty && !OF_NO_EFFECT.contains(&name)
}

/// A list, for which Cells also writes `null`.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Option::<Vec<String>>::deserialize(deserializer)?;
    Ok(list.unwrap_or_default())
}
