//! The clients of Pydio Cells, as its own configuration writes them (`staticClients`).
//!
//! A client is carried over as far as it can be registered here, under the same rules as every
//! other. What cannot is said in words for the administrator, and nothing is dropped in silence.

mod document;
mod sites;

#[cfg(test)]
mod tests;

pub(crate) use sites::Sites;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Value;

use super::AuthenticationMethod;
use super::ClientMetadata;
use super::check::MetadataError;
use crate::model::{ClientEndpoint, ClientId, GrantType, RedirectUri, SigningAlgorithm, WebLink};
use crate::secret::Secret;
use document::StaticClient;

/// A client of Cells, in our words.
#[derive(Debug)]
pub(crate) struct CellsClient {
    pub(crate) id: ClientId,
    pub(crate) metadata: ClientMetadata,
    pub(crate) secret: Option<Secret>,
    /// What could not be carried over, and why.
    pub(crate) notes: Vec<String>,
}

/// Reads the clients of Cells.
///
/// # Errors
///
/// [`MetadataError::Malformed`] when the text holds no such list, or a client that cannot be named.
pub(crate) fn parse(json: &str, sites: &Sites) -> Result<Vec<CellsClient>, MetadataError> {
    let translate = |client| translate(client, sites);
    document::read(json)?.into_iter().map(translate).collect()
}

fn translate(client: StaticClient, sites: &Sites) -> Result<CellsClient, MetadataError> {
    let id = ClientId::parse(&client.client_id)
        .map_err(|error| MetadataError::Malformed(format!("{:?}: {error}", client.client_id)))?;
    let mut notes = Notes(Vec::new());
    let secret = filled(client.client_secret);
    let method = method(
        secret.is_some(),
        filled(client.token_endpoint_auth_method).as_deref(),
        &mut notes,
    );
    let keys = client
        .jwks
        .filter(|keys| document::says_something("jwks", keys));
    let keys_uri = filled(client.jwks_uri);
    let has_keys = keys.is_some() || keys_uri.is_some();
    notes.unused(method, secret.is_some(), has_keys);
    let metadata = ClientMetadata {
        client_name: filled(client.client_name),
        redirect_uris: Some(uris(&client.redirect_uris, sites, &mut notes)),
        post_logout_redirect_uris: some(uris(&client.post_logout_redirect_uris, sites, &mut notes)),
        token_endpoint_auth_method: Some(method),
        token_endpoint_auth_signing_alg: filled(client.token_endpoint_auth_signing_alg),
        jwks: keys,
        jwks_uri: keys_uri,
        grant_types: some(grant_types(client.grant_types, &mut notes)),
        scope: filled(client.scope),
        audience: some(client.audience),
        contacts: some(client.contacts),
        logo_uri: notes.kept("logo_uri", client.logo_uri, WebLink::parse),
        client_uri: notes.kept("client_uri", client.client_uri, WebLink::parse),
        policy_uri: notes.kept("policy_uri", client.policy_uri, WebLink::parse),
        tos_uri: notes.kept("tos_uri", client.tos_uri, WebLink::parse),
        backchannel_logout_uri: notes.kept(
            "backchannel_logout_uri",
            client.backchannel_logout_uri,
            ClientEndpoint::register,
        ),
        backchannel_logout_session_required: client.backchannel_logout_session_required,
        userinfo_signed_response_alg: notes.kept(
            "userinfo_signed_response_alg",
            client
                .userinfo_signed_response_alg
                .filter(|alg| alg != "none"),
            |name| SigningAlgorithm::parse(name).ok_or("nothing is signed with it here"),
        ),
        // As in Cells, whose administrator said yes for everybody.
        consent: Some("implicit".to_owned()),
        ..ClientMetadata::default()
    };
    response_types(&client.response_types, &mut notes);
    notes.others(&client.others);
    Ok(CellsClient {
        id,
        metadata,
        secret: secret.filter(|_| method.has_secret()).map(Secret::new),
        notes: notes.0,
    })
}

/// What could not be carried over.
struct Notes(Vec<String>);

impl Notes {
    fn left_out(&mut self, name: &str, value: &dyn Display, reason: &str) {
        self.0.push(format!("left out {name} {value}: {reason}"));
    }

    /// Says which credentials the client has no use for.
    fn unused(&mut self, method: AuthenticationMethod, has_secret: bool, has_keys: bool) {
        for (name, is_unused) in [
            ("secret", has_secret && !method.has_secret()),
            (
                "keys",
                has_keys && method != AuthenticationMethod::PrivateKeyJwt,
            ),
        ] {
            if is_unused {
                let note = format!("left out its {name}: it does not authenticate so");
                self.0.push(note);
            }
        }
    }

    /// Names the members that nothing here reads; not what they say, which may be a credential.
    fn others(&mut self, members: &BTreeMap<String, Value>) {
        for (name, value) in members {
            if document::says_something(name, value) {
                let note = format!("left out {name}: it has no meaning here");
                self.0.push(note);
            }
        }
    }

    /// The value, if there is one that passes `check`.
    fn kept<T, E: Display>(
        &mut self,
        name: &str,
        value: Option<String>,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<String> {
        let value = filled(value)?;
        match check(&value) {
            Ok(_) => Some(value),
            Err(error) => {
                self.left_out(name, &value, &format!("it {error}"));
                None
            }
        }
    }
}

/// How the client authenticates. In Cells, one that has neither a secret nor keys does not,
/// whatever it says.
fn method(has_secret: bool, written: Option<&str>, notes: &mut Notes) -> AuthenticationMethod {
    match (has_secret, written) {
        (_, Some("private_key_jwt")) => AuthenticationMethod::PrivateKeyJwt,
        (false, _) => AuthenticationMethod::None,
        (true, None | Some("client_secret_basic")) => AuthenticationMethod::ClientSecretBasic,
        (true, Some("client_secret_post")) => AuthenticationMethod::ClientSecretPost,
        (true, Some(other)) => {
            let reason = "it has a secret, so it authenticates by client_secret_basic";
            notes.left_out("token_endpoint_auth_method", &other, reason);
            AuthenticationMethod::ClientSecretBasic
        }
    }
}

/// The grant types that are spoken here.
fn grant_types(names: Vec<String>, notes: &mut Notes) -> Vec<String> {
    let (known, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| GrantType::parse(name).is_some());
    for other in others {
        notes.left_out("the grant type", &other, "it is not supported");
    }
    known
}

/// `code` is answered whatever the client says; tokens are never answered through the browser.
fn response_types(names: &[String], notes: &mut Notes) {
    for name in names.iter().filter(|name| *name != "code") {
        notes.left_out("the response type", name, "only code is supported");
    }
}

/// The URIs that can be registered.
fn uris(templates: &[String], sites: &Sites, notes: &mut Notes) -> Vec<String> {
    let mut uris = Vec::new();
    for template in templates {
        let expanded = sites.expand(template);
        if expanded.is_empty() {
            let reason = "it stands for the addresses of Cells without TLS, of which there is none";
            notes.left_out("the redirect URI", template, reason);
        }
        for uri in expanded {
            match RedirectUri::register_ports(&uri) {
                Ok(_) if uris.contains(&uri) => {}
                Ok(_) => uris.push(uri),
                Err(error) => notes.left_out("the redirect URI", &uri, &format!("it {error}")),
            }
        }
    }
    uris
}

/// Cells writes empty texts for what is not there.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn some(texts: Vec<String>) -> Option<Vec<String>> {
    (!texts.is_empty()).then_some(texts)
}
