//! For whom an access token is asked, and for whom it may be (RFC 8707).
//!
//! Each `resource` must be an audience that the client was registered for. Those of the
//! authorization request bound the grant; those of a token request narrow one access token and
//! leave the grant as it is.

use super::params::Params;
use crate::model::{Client, Resource, ResourceError};

/// More than any client asks for; each becomes an audience in a header of every request.
const MAX_RESOURCES: usize = 16;

/// Why a token cannot be for whom it was asked (RFC 8707 §2: `invalid_target`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// Not a resource indicator.
    #[error(transparent)]
    Malformed(#[from] ResourceError),
    /// Too many of them.
    #[error("there are more than {MAX_RESOURCES} resources")]
    TooMany,
    /// The client was not registered for it.
    #[error("the client may not use a token at this resource")]
    NotRegistered,
    /// Not one of those that the user was asked about.
    #[error("the resource exceeds what was granted")]
    ExceedsGrant,
}

/// Reads every `resource` of a request; the same one twice is one.
pub(crate) fn requested(params: &Params) -> Result<Vec<Resource>, TargetError> {
    let mut resources = Vec::new();
    for text in params.all("resource") {
        let resource = Resource::parse(text)?;
        if resources.contains(&resource) {
            continue;
        }
        if resources.len() == MAX_RESOURCES {
            return Err(TargetError::TooMany);
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// The resources of an authorization request; none: the grant is for the client's usual audience.
pub(crate) fn of_grant(params: &Params, client: &Client) -> Result<Vec<Resource>, TargetError> {
    let resources = requested(params)?;
    if resources
        .iter()
        .all(|resource| client.may_reach(resource.as_str()))
    {
        Ok(resources)
    } else {
        Err(TargetError::NotRegistered)
    }
}

/// The audience of an access token that comes of a grant for `granted`, less what the client was
/// deprived of since.
pub(crate) fn audience_of_grant(
    requested: &[Resource],
    granted: &[Resource],
    client: &Client,
) -> Result<Vec<String>, TargetError> {
    let granted: Vec<String> = if granted.is_empty() {
        client.usual_audience()
    } else {
        let texts = granted.iter().map(Resource::as_str);
        texts
            .filter(|text| client.may_reach(text))
            .map(str::to_owned)
            .collect()
    };
    if granted.is_empty() {
        return Err(TargetError::NotRegistered);
    }
    let is_granted = |resource: &Resource| granted.iter().any(|text| text == resource.as_str());
    if !requested.iter().all(is_granted) {
        return Err(TargetError::ExceedsGrant);
    }
    Ok(if requested.is_empty() {
        granted
    } else {
        requested.iter().map(Resource::to_string).collect()
    })
}

/// The audience of an access token that a client gets for itself.
pub(crate) fn audience_of_client(
    requested: &[Resource],
    client: &Client,
) -> Result<Vec<String>, TargetError> {
    if requested.is_empty() {
        return Ok(client.usual_audience());
    }
    let texts: Vec<String> = requested.iter().map(Resource::to_string).collect();
    if texts.iter().all(|text| client.may_reach(text)) {
        Ok(texts)
    } else {
        Err(TargetError::NotRegistered)
    }
}
