//! Which redirection URIs may be registered, by whom (RFC 8252 §7, RFC 9700 §2.1).

use super::check::MetadataError;
use super::metadata::ApplicationType;
use crate::model::{RedirectUri, RedirectUriError, RegisteredBy};

/// How many a client may have of each kind.
const MAX_URIS: usize = 50;

/// How long one may be.
const MAX_BYTES: usize = 2048;

/// Reads a URI of a client in the store, which has been checked before.
pub(super) fn parse_registered(text: &str) -> Result<RedirectUri, MetadataError> {
    RedirectUri::register_ports(text).map_err(|reason| MetadataError::RedirectUri {
        uri: text.to_owned(),
        reason,
    })
}

/// Checks the URIs that a client of this type may register.
pub(super) fn check(
    uris: &[String],
    application_type: ApplicationType,
    registered_by: RegisteredBy,
) -> Result<(), MetadataError> {
    if uris.len() > MAX_URIS {
        return Err(MetadataError::TooMany("redirect URIs", MAX_URIS));
    }
    for text in uris {
        if text.len() > MAX_BYTES {
            return Err(MetadataError::TooLong("a redirect URI", MAX_BYTES));
        }
        let checked = match registered_by {
            RegisteredBy::Import => RedirectUri::register_ports(text),
            RegisteredBy::CommandLine | RegisteredBy::Itself => RedirectUri::register(text),
        };
        let uri = checked.map_err(|reason| MetadataError::RedirectUri {
            uri: text.clone(),
            reason,
        })?;
        check_scheme(&uri, application_type, registered_by)?;
    }
    Ok(())
}

/// A scheme of its own is for an application that is installed (RFC 8252 §7.1). Beyond the letter
/// of OpenID Connect, such an application may also claim `https` addresses (RFC 8252 §7.2).
///
/// A client that registers itself needs a dot in its scheme, as the reversed name of a domain has:
/// one without may be anybody's. An administrator who registers `cellsauth://` knows whose it is.
fn check_scheme(
    uri: &RedirectUri,
    application_type: ApplicationType,
    registered_by: RegisteredBy,
) -> Result<(), MetadataError> {
    let Some(scheme) = uri.private_scheme() else {
        return Ok(());
    };
    let is_allowed = match registered_by {
        RegisteredBy::CommandLine | RegisteredBy::Import => true,
        RegisteredBy::Itself => application_type == ApplicationType::Native && scheme.contains('.'),
    };
    if is_allowed {
        return Ok(());
    }
    Err(MetadataError::RedirectUri {
        uri: uri.as_str().to_owned(),
        reason: RedirectUriError::PrivateScheme,
    })
}
