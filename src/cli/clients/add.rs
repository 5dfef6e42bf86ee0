//! `cellgate clients add`.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::arguments::{Authentication, NewClient};
use super::{Book, ClientsError};
use crate::cli::error::CliError;
use crate::config;
use crate::entropy;
use crate::model::{ClientId, GrantType, RegisteredBy, Timestamp};
use crate::provider::clients::{
    ApplicationType, AuthenticationMethod, ClientMetadata, keep_secret,
};
use crate::secret::Secret;
use crate::store::ClientRecord;

/// Registers a client and prints what its application must know.
pub(super) async fn add(
    new: &NewClient,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let book = Book::open(&new.config).await?;
    let id = match &new.id {
        Some(id) => ClientId::parse(id),
        None => ClientId::parse(&entropy::identifier()?),
    }
    .map_err(ClientsError::from)?;
    if book.configured(&id).is_some() {
        return Err(ClientsError::Configured(id).into());
    }
    let metadata = metadata(new)?
        .complete(&book.rules(RegisteredBy::CommandLine))
        .map_err(ClientsError::from)?;
    metadata.check_id(&id).map_err(ClientsError::from)?;
    let method = metadata.authentication_method();
    let secret = secret(method)?;
    let mut record = ClientRecord {
        id,
        registered_by: RegisteredBy::CommandLine,
        metadata: metadata.to_json(),
        secret_hash: None,
        shared_secret: None,
        registration_token: None,
        created_at: now,
    };
    keep_secret(&mut record, method, secret.as_ref());
    if !book.store.add_client(&record).await? {
        return Err(ClientsError::Taken(record.id).into());
    }
    announce(&book, &record.id, (method, secret.as_ref()), out)
}

/// A new secret, if a client that authenticates so has one.
pub(super) fn secret(method: AuthenticationMethod) -> Result<Option<Secret>, CliError> {
    let secret = method.has_secret().then(entropy::opaque_token);
    Ok(secret.transpose()?)
}

fn announce(
    book: &Book,
    id: &ClientId,
    (method, secret): (AuthenticationMethod, Option<&Secret>),
    out: &mut impl Write,
) -> Result<(), CliError> {
    let issuer = &book.state.provider.issuer;
    writeln!(out, "client_id:     {id}")?;
    if let Some(secret) = secret {
        writeln!(out, "client_secret: {}", secret.expose())?;
        writeln!(out, "issuer:        {issuer}")?;
        let kept = match method {
            AuthenticationMethod::ClientSecretJwt => "it is kept encrypted, to check assertions by",
            _ => "only its hash is kept",
        };
        writeln!(out, "The secret is shown this once; {kept}.")?;
    } else {
        writeln!(out, "issuer:        {issuer}")?;
        writeln!(out, "{}", without_secret(method))?;
    }
    writeln!(out, "A running Cellgate knows the client within seconds.")?;
    Ok(())
}

/// What the application's side must know that has no secret.
const fn without_secret(method: AuthenticationMethod) -> &'static str {
    if method.is_public() {
        "A public client: it has no secret and must use PKCE."
    } else {
        "It signs its assertions with its own key, for the issuer or the token endpoint (`aud`)."
    }
}

fn metadata(new: &NewClient) -> Result<ClientMetadata, CliError> {
    let method = match new.authentication {
        _ if new.native => AuthenticationMethod::None,
        Authentication::None => AuthenticationMethod::None,
        Authentication::ClientSecretBasic => AuthenticationMethod::ClientSecretBasic,
        Authentication::ClientSecretPost => AuthenticationMethod::ClientSecretPost,
        Authentication::PrivateKeyJwt => AuthenticationMethod::PrivateKeyJwt,
        Authentication::ClientSecretJwt => AuthenticationMethod::ClientSecretJwt,
    };
    let application_type = if new.native {
        ApplicationType::Native
    } else {
        ApplicationType::Web
    };
    let grant_types = some(&new.grant_types).unwrap_or_else(|| {
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
            .map(|grant_type| grant_type.as_str().to_owned())
            .to_vec()
    });
    check_keys(new, method)?;
    Ok(ClientMetadata {
        client_name: new.name.clone(),
        application_type: Some(application_type),
        redirect_uris: some(&new.redirect_uris),
        post_logout_redirect_uris: some(&new.post_logout_redirect_uris),
        token_endpoint_auth_method: Some(method),
        token_endpoint_auth_signing_alg: new.authentication_algorithm.clone(),
        jwks: new.jwks.as_deref().map(jwks).transpose()?,
        jwks_uri: new.jwks_uri.clone(),
        id_token_signed_response_alg: new.id_token_algorithm.clone(),
        userinfo_signed_response_alg: new.userinfo_algorithm.clone(),
        grant_types: Some(grant_types),
        scope: new.scope.clone(),
        contacts: some(&new.contacts),
        audience: some(&new.audience),
        consent: new.consent.clone(),
        ..ClientMetadata::default()
    })
}

/// Refuses keys that would have no effect: whoever gives them expects them to be asked for.
fn check_keys(new: &NewClient, method: AuthenticationMethod) -> Result<(), ClientsError> {
    let has_keys =
        new.jwks.is_some() || new.jwks_uri.is_some() || new.authentication_algorithm.is_some();
    if has_keys && method != AuthenticationMethod::PrivateKeyJwt {
        return Err(ClientsError::KeysWithoutUse);
    }
    Ok(())
}

/// The key set in a file.
fn jwks(path: &Path) -> Result<Value, ClientsError> {
    let text = config::read_text(path).map_err(|error| ClientsError::KeyFile(error.to_string()))?;
    let malformed = || ClientsError::KeyFile(format!("{} is no JSON", path.display()));
    serde_json::from_str(&text).map_err(|_| malformed())
}

fn some(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}
