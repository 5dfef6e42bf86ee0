//! What of an application's host is ours.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::Rejection;
use crate::model::Timestamp;

use super::pages::Page;
use super::{Application, SignIns};

/// Everything below this path is ours on the host of an application.
pub const RESERVED: &str = "/.cellgate";

/// Where the provider sends browsers back to.
pub const CALLBACK_PATH: &str = "/.cellgate/callback";

/// Where users end their session.
pub(super) const SIGN_OUT_PATH: &str = "/.cellgate/sign-out";

/// Where browsers come back to that signed out at another issuer.
pub(super) const SIGNED_OUT_PATH: &str = "/.cellgate/signed-out";

/// Where another issuer tells of sessions that ended there.
pub(super) const BACK_CHANNEL_LOGOUT_PATH: &str = "/.cellgate/back-channel-logout";

/// An endpoint on the host of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Endpoint {
    /// [`CALLBACK_PATH`].
    Callback,
    /// [`SIGN_OUT_PATH`].
    SignOut,
    /// [`SIGNED_OUT_PATH`].
    SignedOut,
    /// [`BACK_CHANNEL_LOGOUT_PATH`].
    BackChannelLogout,
}

/// An endpoint that is called.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Called {
    pub(super) endpoint: Endpoint,
    pub(super) application: Arc<Application>,
}

/// A request to one of them, whole.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) request: &'a Request<Bytes>,
    pub(super) canonical: &'a CanonicalRequest,
    pub(super) peer: IpAddr,
    pub(super) now: Timestamp,
    pub(super) request_id: &'a str,
}

impl<'a> Call<'a> {
    /// Who called, for the audit.
    pub(super) const fn told_by(&self) -> (IpAddr, &'a str) {
        (self.peer, self.request_id)
    }
}

impl Called {
    /// Whether its cookies may travel over TLS alone.
    pub(in crate::gateway) fn is_https(&self) -> bool {
        self.application.is_https
    }
}

impl SignIns {
    /// Whether a request is for something of ours, be it there or not.
    pub(in crate::gateway) fn is_reserved(&self, request: &CanonicalRequest) -> bool {
        is_reserved(request.path.as_str()) && self.application(request.authority.host()).is_some()
    }

    /// The endpoint that a request is for; `None` when it is not for one of ours.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when it is for something of ours that is not there, or does not take the
    /// method: an upstream is not asked.
    pub(in crate::gateway) fn called(
        &self,
        request: &CanonicalRequest,
    ) -> Result<Option<Called>, Rejection> {
        let path = request.path.as_str();
        let application = self.application(request.authority.host());
        let Some(application) = application.filter(|_| is_reserved(path)) else {
            return Ok(None);
        };
        let (endpoint, allow) = match path {
            CALLBACK_PATH => (Endpoint::Callback, "GET"),
            SIGN_OUT_PATH => (Endpoint::SignOut, "GET, HEAD, POST"),
            SIGNED_OUT_PATH if application.issuer().is_some() => (Endpoint::SignedOut, "GET, HEAD"),
            BACK_CHANNEL_LOGOUT_PATH if application.issuer().is_some() => {
                (Endpoint::BackChannelLogout, "POST")
            }
            _ => return Err(Rejection::NoRoute),
        };
        if !allow.split(", ").any(|method| request.method == *method) {
            return Err(Rejection::MethodNotAllowed {
                allow: allow.to_owned(),
            });
        }
        Ok(Some(Called {
            endpoint,
            application: Arc::clone(application),
        }))
    }

    /// Answers there.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when that fails, or another site made the browser ask.
    pub(in crate::gateway) async fn answer(
        &self,
        called: &Called,
        (request, canonical): (&Request<Bytes>, &CanonicalRequest),
        (peer, now, request_id): (IpAddr, Timestamp, &str),
    ) -> Result<Response<Bytes>, Rejection> {
        let call = Call {
            request,
            canonical,
            peer,
            now,
            request_id,
        };
        let application = &*called.application;
        match called.endpoint {
            Endpoint::Callback => self.come_back(application, &call).await,
            Endpoint::SignOut if *request.method() == Method::POST => {
                self.sign_out(application, &call).await
            }
            Endpoint::SignOut => self.ask_to_sign_out(application, &call).await,
            Endpoint::SignedOut => Ok(Page::signed_out(&[]).show()),
            Endpoint::BackChannelLogout => self.be_told_of_end(application, &call).await,
        }
    }
}

/// Whether a path in canonical form is below [`RESERVED`]; an encoded slash counts as one, since an
/// upstream could take it for one.
fn is_reserved(path: &str) -> bool {
    path.strip_prefix(RESERVED)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with("%2F"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_reserved_path_is_ours_and_nothing_else() {
        for (path, expected) in [
            ("/.cellgate", true),
            ("/.cellgate/", true),
            ("/.cellgate/callback", true),
            ("/.cellgate/anything/else", true),
            ("/.cellgate%2Fcallback", true),
            ("/.cellgates", false),
            ("/.Cellgate/callback", false),
            ("/x/.cellgate/callback", false),
            ("/", false),
        ] {
            assert_eq!(is_reserved(path), expected, "{path}");
        }
    }
}
