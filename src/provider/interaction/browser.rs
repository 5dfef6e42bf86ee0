//! One browser told from another, before anybody signed in.

use crate::entropy::{self, EntropyError};
use crate::model::Issuer;
use crate::provider::cookies::CookieKind;
use crate::provider::request::Request;
use crate::secret::{Digest, Secret};

/// A browser, known by a random cookie.
#[derive(Debug)]
pub(crate) struct Browser {
    secret: Secret,
    is_new: bool,
}

impl Browser {
    /// The browser that sent `request`; a new one if it did not say.
    pub(crate) fn of(request: &Request, issuer: &Issuer) -> Result<Self, EntropyError> {
        match Self::known(request, issuer) {
            Some(browser) => Ok(browser),
            None => Ok(Self {
                secret: entropy::opaque_token()?,
                is_new: true,
            }),
        }
    }

    /// The browser that sent `request`, if it was here before.
    pub(crate) fn known(request: &Request, issuer: &Issuer) -> Option<Self> {
        let secret = request.cookie(CookieKind::Browser.name(issuer.is_https()))?;
        // Ours are the text form of 32 bytes; nothing else is handed on.
        Digest::from_base64url(secret.expose())?;
        Some(Self {
            secret,
            is_new: false,
        })
    }

    /// The secret to hand out, if the browser does not have it yet.
    pub(super) const fn unknown_before(&self) -> Option<&Secret> {
        if self.is_new {
            Some(&self.secret)
        } else {
            None
        }
    }

    /// What tickets are bound to.
    pub(super) fn binding(&self) -> Digest {
        self.secret.digest()
    }
}
