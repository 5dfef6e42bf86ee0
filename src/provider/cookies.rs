//! The cookies of the provider, and how a browser must keep them.

use std::time::Duration;

use cookie::{Cookie, SameSite};
use http::{HeaderValue, header};

use super::reply::Response;
use crate::model::Issuer;
use crate::secret::Secret;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// Names the session of a signed-in browser.
    Session,
    /// Tells one browser from another before anybody signed in; pages are bound to it.
    Browser,
    /// Says as whom a browser has signed in before, long after its session.
    KnownDevice,
}

impl CookieKind {
    /// The cookie's name.
    ///
    /// With `__Host-` a browser takes it only from this very host over TLS, so no sibling
    /// domain can plant one. It needs `Secure`, which plain HTTP on a loopback address lacks.
    pub(crate) const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-cellgate-session",
            (Self::Session, false) => "cellgate-session",
            (Self::Browser, true) => "__Host-cellgate-browser",
            (Self::Browser, false) => "cellgate-browser",
            (Self::KnownDevice, true) => "__Host-cellgate-device",
            (Self::KnownDevice, false) => "cellgate-device",
        }
    }
}

/// Gives the browser `value` to keep until it closes; the server knows when it really ends.
pub(crate) fn set(response: &mut Response, kind: CookieKind, issuer: &Issuer, value: &Secret) {
    let cookie = attributes(kind, issuer, value.expose());
    append(response, &cookie.build());
}

/// Gives the browser a value to keep for a length of time.
pub(crate) fn set_for(
    response: &mut Response,
    kind: CookieKind,
    issuer: &Issuer,
    (value, lifetime): (&Secret, Duration),
) {
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let cookie = attributes(kind, issuer, value.expose());
    let cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
    append(response, &cookie.build());
}

/// Makes the browser forget.
pub(crate) fn clear(response: &mut Response, kind: CookieKind, issuer: &Issuer) {
    let cookie = attributes(kind, issuer, "").max_age(cookie::time::Duration::ZERO);
    append(response, &cookie.build());
}

fn attributes<'a>(kind: CookieKind, issuer: &Issuer, value: &'a str) -> cookie::CookieBuilder<'a> {
    let secure = issuer.is_https();
    let builder = Cookie::build((kind.name(secure), value))
        .path("/")
        .http_only(true)
        // Lax, not Strict: a sign-in begins with a navigation from the client's site.
        .same_site(SameSite::Lax);
    if secure {
        builder.secure(true)
    } else {
        builder
    }
}

fn append(response: &mut Response, cookie: &Cookie<'_>) {
    // Names are constants and values base64url, so the conversion cannot fail.
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn set_cookie(issuer: &str) -> String {
        let mut response = Response::new(Bytes::new());
        let issuer = Issuer::parse(issuer).unwrap();
        set(
            &mut response,
            CookieKind::Session,
            &issuer,
            &Secret::new("abc"),
        );
        let value = &response.headers()[header::SET_COOKIE];
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_stays_with_this_host_and_out_of_scripts() {
        assert_eq!(
            set_cookie("https://op.example/oidc/"),
            "__Host-cellgate-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/"
        );
    }

    /// A browser refuses `__Host-` and `Secure` over plain HTTP.
    #[test]
    fn on_plain_loopback_the_cookie_is_one_a_browser_takes() {
        assert_eq!(
            set_cookie("http://127.0.0.1:9480/oidc/"),
            "cellgate-session=abc; HttpOnly; SameSite=Lax; Path=/"
        );
    }
}
