//! The cookies of an application's host that are ours.

use std::time::Duration;

use bytes::Bytes;
use cookie::{Cookie, SameSite};
use http::header::{self, HeaderMap};
use http::{HeaderValue, Response};

use crate::gateway::authentication::cookies_named;
use crate::secret::{Digest, Secret};

use super::Application;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Kind {
    /// Names the session of a browser that is signed in.
    Session,
    /// Tells one browser from another while somebody signs in: any number of sign-ins of one browser
    /// may be under way.
    Browser,
    /// How often in a row a browser came back signed in and was not, a moment later.
    Returned,
    /// What the token of Cells' interface is renewed with.
    Interface,
    /// Tells one browser from another while somebody signs in to that.
    InterfaceBrowser,
    /// A browser that was just let into it.
    InterfaceEntered,
}

impl Kind {
    /// The cookie's name. With `__Host-` a browser takes it only from this very host over TLS, so no
    /// sibling domain can plant one. It needs `Secure`, which plain HTTP on a loopback address lacks.
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-cellgate-app",
            (Self::Session, false) => "cellgate-app",
            (Self::Browser, true) => "__Host-cellgate-signing-in",
            (Self::Browser, false) => "cellgate-signing-in",
            (Self::Returned, true) => "__Host-cellgate-returned",
            (Self::Returned, false) => "cellgate-returned",
            (Self::Interface, true) => "__Host-cellgate-interface",
            (Self::Interface, false) => "cellgate-interface",
            (Self::InterfaceBrowser, true) => "__Host-cellgate-entering",
            (Self::InterfaceBrowser, false) => "cellgate-entering",
            (Self::InterfaceEntered, true) => "__Host-cellgate-entered",
            (Self::InterfaceEntered, false) => "cellgate-entered",
        }
    }

    /// Whether it comes along when another site leads here. The first have to, when the provider sends
    /// the browser back; the others are for calls of pages that are here already.
    const fn same_site(self) -> SameSite {
        match self {
            Self::Session | Self::Browser | Self::Returned => SameSite::Lax,
            Self::Interface | Self::InterfaceBrowser | Self::InterfaceEntered => SameSite::Strict,
        }
    }
}

/// The cookie that names a session, if the request has exactly one that could.
pub(in crate::gateway) fn session_cookie(
    headers: &HeaderMap,
    application: &Application,
) -> Option<Digest> {
    opaque(headers, Kind::Session, application).map(|cookie| cookie.digest())
}

/// The value of an opaque cookie of ours. Two of one name mean that somebody else planted one, and
/// nothing says which: neither is taken.
pub(in crate::gateway) fn opaque(
    headers: &HeaderMap,
    kind: Kind,
    application: &Application,
) -> Option<Secret> {
    let value = single(headers, kind, application)?;
    // Ours are the text form of 32 bytes; nothing else is looked up.
    Digest::from_base64url(value)?;
    Some(Secret::new(value))
}

/// A cookie of ours that is a small number.
pub(super) fn number(headers: &HeaderMap, kind: Kind, application: &Application) -> Option<u8> {
    single(headers, kind, application)?.parse().ok()
}

fn single<'r>(headers: &'r HeaderMap, kind: Kind, application: &Application) -> Option<&'r str> {
    let mut found = cookies_named(headers, kind.name(application.is_https));
    match (found.next(), found.next()) {
        (Some(value), None) => str::from_utf8(value).ok(),
        _ => None,
    }
}

/// Gives the browser `value`: to keep for a time, or until it closes.
pub(in crate::gateway) fn set(
    response: &mut Response<Bytes>,
    (kind, application): (Kind, &Application),
    value: &str,
    lifetime: Option<Duration>,
) {
    let secure = application.is_https;
    let mut cookie = Cookie::build((kind.name(secure), value))
        .path("/")
        .http_only(true)
        .same_site(kind.same_site());
    if secure {
        cookie = cookie.secure(true);
    }
    if let Some(lifetime) = lifetime {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
    }
    // Names are constants and values base64url or digits, so the conversion cannot fail.
    if let Ok(value) = HeaderValue::try_from(cookie.build().to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Makes the browser forget.
pub(in crate::gateway) fn clear(
    response: &mut Response<Bytes>,
    kind: Kind,
    application: &Application,
) {
    set(response, (kind, application), "", Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Issuer;

    fn application(issuer: &str) -> Application {
        Application::new("a.test", &Issuer::parse(issuer).unwrap())
    }

    #[test]
    fn a_cookie_stays_with_this_host_and_out_of_scripts() {
        for (issuer, expected) in [
            (
                "https://op.test/",
                "__Host-cellgate-app=v; HttpOnly; SameSite=Lax; Secure; Path=/",
            ),
            (
                "http://127.0.0.1:9480/",
                "cellgate-app=v; HttpOnly; SameSite=Lax; Path=/",
            ),
        ] {
            let mut response = Response::new(Bytes::new());
            set(
                &mut response,
                (Kind::Session, &application(issuer)),
                "v",
                None,
            );
            assert_eq!(response.headers()[header::SET_COOKIE], expected);
        }
    }

    /// L09, L10.
    #[test]
    fn only_one_well_formed_cookie_is_taken() {
        let application = application("https://op.test/");
        let good = Digest::of(b"x").to_base64url();
        for (row, cookie, is_taken) in [
            ("alone", format!("__Host-cellgate-app={good}"), true),
            (
                "among others",
                format!("a=1; __Host-cellgate-app={good}; b=2"),
                true,
            ),
            (
                "planted beside it",
                format!("__Host-cellgate-app={good}; __Host-cellgate-app={good}"),
                false,
            ),
            ("of a plain host", format!("cellgate-app={good}"), false),
            ("another case", format!("__host-cellgate-app={good}"), false),
            (
                "cut short",
                format!("__Host-cellgate-app={}", good.get(..42).unwrap()),
                false,
            ),
            ("longer", format!("__Host-cellgate-app={good}A"), false),
            ("empty", "__Host-cellgate-app=".to_owned(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            let taken = session_cookie(&headers, &application);
            assert_eq!(taken.is_some(), is_taken, "{row}");
        }
    }
}
