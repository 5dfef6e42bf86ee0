//! Where the token of the backend stands in a request: where ours stood, if the backend looks there.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::basic::Basic;
use super::signature::{Presigned, Signed};
use super::{FIELD, PARAMETER};
use crate::gateway::authentication::is_parameter;
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::TokenPlaces;
use crate::jose::has_jwt_shape;
use crate::users::UpstreamToken;

/// What the token of the backend becomes in a request.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Placed {
    /// A field to be written.
    pub(in crate::gateway) field: Option<(HeaderName, HeaderValue)>,
    /// Where it stands in the query.
    pub(in crate::gateway) query: PlacedInQuery,
}

/// Where the token of the backend stands in the query.
#[derive(Debug, Default)]
pub(in crate::gateway) enum PlacedInQuery {
    /// Nowhere.
    #[default]
    Nowhere,
    /// In [`PARAMETER`].
    Parameter,
    /// As the key of a signature, in this query.
    Signed(String),
}

impl Placed {
    /// `token` where ours stands in a request, if the backend looks there; else in `Authorization`.
    /// `path` is the one that the backend sees.
    ///
    /// # Errors
    ///
    /// [`Rejection::Signature`] for a presigned URL whose signature is not right.
    pub(in crate::gateway) fn of(
        token: &UpstreamToken,
        places: &TokenPlaces,
        headers: &HeaderMap,
        (canonical, path): (&CanonicalRequest, &str),
    ) -> Result<Self, Rejection> {
        let token = token.expose();
        let query = canonical.query.as_deref();
        let is_named = |parameter: &str| is_parameter(parameter, PARAMETER);
        let presigned = Presigned::find(query).filter(|signed| has_jwt_shape(signed.key()));
        let field = if let Some(presigned) = presigned {
            let query = presigned.with_key(token, (canonical, path), headers)?;
            return Ok(Self {
                field: None,
                query: PlacedInQuery::Signed(query),
            });
        } else if takes_field(places) && headers.contains_key(FIELD) {
            (FIELD, value(token.to_owned())?)
        } else if takes_parameter(places)
            && query.is_some_and(|query| query.split('&').any(is_named))
        {
            return Ok(Self {
                field: None,
                query: PlacedInQuery::Parameter,
            });
        } else if let Some(signed) = Signed::find(headers) {
            (AUTHORIZATION, value(signed.with_key(token))?)
        } else if let Ok(Some(basic)) = Basic::find(headers) {
            (AUTHORIZATION, basic.with_token(token)?)
        } else {
            (AUTHORIZATION, value(["Bearer ", token].concat())?)
        };
        Ok(Self {
            field: Some(field),
            query: PlacedInQuery::Nowhere,
        })
    }
}

/// Whether the route takes tokens from [`FIELD`].
pub(in crate::gateway) fn takes_field(places: &TokenPlaces) -> bool {
    places.header.as_ref() == Some(&FIELD)
}

/// Whether the route takes tokens from [`PARAMETER`].
pub(in crate::gateway) fn takes_parameter(places: &TokenPlaces) -> bool {
    places.query.as_deref() == Some(PARAMETER)
}

fn value(text: String) -> Result<HeaderValue, Rejection> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Rejection::Fault("a token of the backend cannot be written"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The target with `token` in its parameter.
pub(in crate::gateway) fn with_parameter(target: &str, token: &UpstreamToken) -> String {
    let separator = if target.contains('?') { "&" } else { "?" };
    let value: String = form_urlencoded::byte_serialize(token.expose().as_bytes()).collect();
    [target, separator, PARAMETER, "=", &value].concat()
}
