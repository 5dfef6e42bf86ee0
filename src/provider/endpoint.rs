//! The endpoints: where they are, which methods they take, and who may call them from where.

use http::{HeaderValue, Method};

use crate::model::Issuer;

/// An endpoint of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// OpenID Connect Discovery §4, RFC 8414 §3.
    Discovery,
    /// RFC 7517 §5.
    Jwks,
    /// RFC 6749 §3.1.
    Authorization,
    /// RFC 6749 §3.2.
    Token,
    /// OpenID Connect Core §5.3.
    UserInfo,
    /// RFC 7009.
    Revocation,
    /// RFC 7662.
    Introspection,
    /// RFC 7591 §3, RFC 7592 §2.
    Registration,
    /// OpenID Connect RP-Initiated Logout.
    EndSession,
    /// Where the sign-in page sends its form.
    SignIn,
    /// Where the page sends its form that asks which account to use.
    SelectAccount,
    /// Where the consent page sends its form.
    Consent,
    /// Where the page is that follows a form.
    Continue,
    /// Where the sign-out page sends its form.
    SignOut,
    /// Where users see their sessions and applications, and where that page sends its form.
    Account,
    /// Where the sign-in page on the way to it sends its form.
    AccountSignIn,
    /// The style of all pages.
    Stylesheet,
    /// Where a code is copied from (`out_of_band.rs`). It is not below the issuer, and only there for
    /// one client.
    OutOfBand,
}

/// Which methods an endpoint takes. HEAD goes wherever GET does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Methods {
    Get,
    Post,
    GetAndPost,
    /// Clients make, read, replace and remove what they registered.
    Everything,
}

/// Whose scripts may read the answers of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// Public documents.
    Anybodys,
    /// Those of applications that are registered here.
    Applications,
    /// None but ours.
    OurOwn,
}

/// Which endpoint a path and a method name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This one.
    Endpoint(Endpoint),
    /// This one, but it does not take the method.
    WrongMethod(Endpoint),
    /// None.
    Nothing,
}

impl Endpoint {
    /// Those below the issuer.
    pub(crate) const ALL: [Self; 17] = [
        Self::Discovery,
        Self::Jwks,
        Self::Authorization,
        Self::Token,
        Self::UserInfo,
        Self::Revocation,
        Self::Introspection,
        Self::Registration,
        Self::EndSession,
        Self::SignIn,
        Self::SelectAccount,
        Self::Consent,
        Self::Continue,
        Self::SignOut,
        Self::Account,
        Self::AccountSignIn,
        Self::Stylesheet,
    ];

    /// The path under the issuer, but for [`Self::OutOfBand`]. Those of the protocol are the ones that Pydio Cells uses:
    /// some of its clients have them built in.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Discovery => ".well-known/openid-configuration",
            Self::Jwks => ".well-known/jwks.json",
            Self::Authorization => "oauth2/auth",
            Self::Token => "oauth2/token",
            Self::UserInfo => "userinfo",
            Self::Revocation => "oauth2/revoke",
            Self::Introspection => "oauth2/introspect",
            Self::Registration => "oauth2/register",
            Self::EndSession => "oauth2/sessions/logout",
            Self::SignIn => "sign-in",
            Self::SelectAccount => "select-account",
            Self::Consent => "consent",
            Self::Continue => "continue",
            Self::SignOut => "sign-out",
            Self::Account => "account",
            Self::AccountSignIn => "account/sign-in",
            Self::Stylesheet => "assets/style.css",
            Self::OutOfBand => "oauth2/oob",
        }
    }

    const fn methods(self) -> Methods {
        match self {
            Self::Discovery | Self::Jwks | Self::Continue | Self::Stylesheet | Self::OutOfBand => {
                Methods::Get
            }
            Self::Token
            | Self::Revocation
            | Self::Introspection
            | Self::SignOut
            | Self::AccountSignIn => Methods::Post,
            Self::Authorization
            | Self::UserInfo
            | Self::EndSession
            | Self::SignIn
            | Self::SelectAccount
            | Self::Consent
            | Self::Account => Methods::GetAndPost,
            Self::Registration => Methods::Everything,
        }
    }

    /// Whose scripts may read its answers. Safe only where no cookie is looked at, and never right
    /// where a user is asked something (RFC 9700 §2.6). Introspection is for resource servers,
    /// which are no scripts; a page that registers clients would give its visitors the secrets.
    pub(crate) const fn audience(self) -> Scripts {
        match self {
            Self::Discovery | Self::Jwks => Scripts::Anybodys,
            Self::Token | Self::UserInfo | Self::Revocation => Scripts::Applications,
            Self::Authorization
            | Self::Introspection
            | Self::Registration
            | Self::EndSession
            | Self::SignIn
            | Self::SelectAccount
            | Self::Consent
            | Self::Continue
            | Self::SignOut
            | Self::Account
            | Self::AccountSignIn
            | Self::Stylesheet
            | Self::OutOfBand => Scripts::OurOwn,
        }
    }

    const fn is_cross_origin(self) -> bool {
        !matches!(self.audience(), Scripts::OurOwn)
    }

    /// The value of `Allow`.
    pub(crate) const fn allow(self) -> HeaderValue {
        HeaderValue::from_static(match (self.methods(), self.is_cross_origin()) {
            (Methods::Get, false) => "GET, HEAD",
            (Methods::Get, true) => "GET, HEAD, OPTIONS",
            (Methods::Post, false) => "POST",
            (Methods::Post, true) => "POST, OPTIONS",
            (Methods::Everything, _) => "GET, HEAD, POST, PUT, DELETE",
            (Methods::GetAndPost, false) => "GET, HEAD, POST",
            (Methods::GetAndPost, true) => "GET, HEAD, POST, OPTIONS",
        })
    }

    /// The methods that a preflight may ask for.
    pub(crate) const fn cross_origin_methods(self) -> &'static [&'static str] {
        match self.methods() {
            Methods::Get => &["GET", "HEAD"],
            Methods::Post => &["POST"],
            Methods::GetAndPost => &["GET", "HEAD", "POST"],
            Methods::Everything => &["GET", "HEAD", "POST", "PUT", "DELETE"],
        }
    }

    fn takes(self, method: &Method) -> bool {
        let reads = *method == Method::GET || *method == Method::HEAD;
        let writes = *method == Method::POST;
        let asks = *method == Method::OPTIONS && self.is_cross_origin();
        asks || match self.methods() {
            Methods::Get => reads,
            Methods::Post => writes,
            Methods::GetAndPost => reads || writes,
            Methods::Everything => {
                reads || writes || *method == Method::PUT || *method == Method::DELETE
            }
        }
    }

    /// The absolute path of the endpoint, for links and forms of our own pages.
    pub(crate) fn local(self, issuer: &Issuer) -> String {
        format!("{}/{}", issuer.path(), self.path())
    }

    /// Finds the endpoint of `issuer` at a canonical path.
    pub(crate) fn find(issuer: &Issuer, path: &str, method: &Method) -> Found {
        let endpoint = if is_rfc_8414_location(issuer, path) {
            Some(Self::Discovery)
        } else {
            below(issuer, path).and_then(|rest| {
                Self::ALL
                    .into_iter()
                    .find(|endpoint| endpoint.path() == rest)
            })
        };
        endpoint.map_or(Found::Nothing, |endpoint| endpoint.found(method))
    }

    /// This endpoint, as `method` finds it.
    pub(crate) fn found(self, method: &Method) -> Found {
        if self.takes(method) {
            Found::Endpoint(self)
        } else {
            Found::WrongMethod(self)
        }
    }

    /// Whether `path` belongs to the provider of `issuer`: everything below the issuer, or, for
    /// an issuer that is a bare origin, the endpoints alone, since the rest is the application's.
    pub(crate) fn covers(issuer: &Issuer, path: &str) -> bool {
        if is_rfc_8414_location(issuer, path) {
            return true;
        }
        match below(issuer, path) {
            Some(rest) if issuer.path().is_empty() => {
                Self::ALL.iter().any(|endpoint| endpoint.path() == rest)
            }
            Some(_) => true,
            None => !issuer.path().is_empty() && path == issuer.path(),
        }
    }
}

/// What follows the issuer's path and a slash.
fn below<'a>(issuer: &Issuer, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(issuer.path())?.strip_prefix('/')
}

/// RFC 8414 §3: the well-known name goes between host and path, without the issuer's trailing
/// slash. Clients that leave it there mean the same document.
fn is_rfc_8414_location(issuer: &Issuer, path: &str) -> bool {
    path.strip_prefix("/.well-known/oauth-authorization-server")
        .and_then(|rest| rest.strip_prefix(issuer.path()))
        .is_some_and(|rest| rest.is_empty() || rest == "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    #[test]
    fn every_endpoint_is_found_at_its_path_below_the_issuer() {
        for base in [
            "https://op.example/oidc/",
            "https://op.example/oidc",
            "https://op.example",
        ] {
            let issuer = issuer(base);
            for endpoint in Endpoint::ALL {
                let path = endpoint.local(&issuer);
                let found = Endpoint::find(&issuer, &path, &Method::PATCH);
                assert_eq!(found, Found::WrongMethod(endpoint), "{path}");
                assert!(Endpoint::covers(&issuer, &path), "{path}");
            }
        }
    }

    /// RFC 8414 §3.
    #[test]
    fn the_metadata_is_at_both_spellings_of_its_second_place() {
        for (base, paths) in [
            (
                "https://op.example/oidc/",
                [
                    "/.well-known/oauth-authorization-server/oidc",
                    "/.well-known/oauth-authorization-server/oidc/",
                ],
            ),
            (
                "https://op.example",
                [
                    "/.well-known/oauth-authorization-server",
                    "/.well-known/oauth-authorization-server/",
                ],
            ),
        ] {
            for path in paths {
                let found = Endpoint::find(&issuer(base), path, &Method::GET);
                assert_eq!(found, Found::Endpoint(Endpoint::Discovery), "{path}");
            }
        }
    }

    #[test]
    fn only_what_lies_below_the_issuer_is_ours() {
        let cells = issuer("https://op.example/oidc/");
        for (path, ours) in [
            ("/oidc", true),
            ("/oidc/", true),
            ("/oidc/unknown", true),
            ("/oidcx/oauth2/token", false),
            ("/", false),
            ("/oauth2/token", false),
            ("/.well-known/oauth-authorization-server", false),
            ("/.well-known/oauth-authorization-server/oidcx", false),
        ] {
            assert_eq!(Endpoint::covers(&cells, path), ours, "{path}");
        }
        let bare = issuer("https://op.example/");
        assert!(Endpoint::covers(&bare, "/userinfo"));
        assert!(!Endpoint::covers(&bare, "/"));
        assert!(!Endpoint::covers(&bare, "/files"));
    }
}
