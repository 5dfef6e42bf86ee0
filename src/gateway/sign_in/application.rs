//! An application whose users sign in here.

use std::sync::Arc;

use crate::issuers::RelyingParty;
use crate::model::Issuer;

use super::CALLBACK_PATH;

/// An application, as the provider and browsers know it.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Application {
    /// Its host, in canonical form.
    pub(super) host: String,
    /// How browsers reach it: as they reach the provider, at another host. What a request says of
    /// its own scheme and port does not matter, since TLS may end in front of us.
    pub(super) origin: String,
    /// Whether its cookies may be `Secure`.
    pub(super) is_https: bool,
    /// Where answers come back to.
    pub(super) callback: String,
    /// Who signs its users in.
    pub(super) signs_in_at: SignsInAt,
}

/// Who signs the users of an application in.
#[derive(Clone, Debug)]
pub(super) enum SignsInAt {
    /// The provider in this process.
    Provider,
    /// Another issuer.
    Issuer(Arc<Elsewhere>),
}

/// Another issuer that signs the users of an application in.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// What we are there.
    pub(super) party: RelyingParty,
    /// `aud` of what sessions are good for, besides our name there.
    pub(super) audience: Vec<String>,
    /// What a sign-in is sealed for: nobody else's answer finishes it, also after a reload.
    sealed_for: String,
}

impl Application {
    /// The application at `host`, whose users `issuer` signs in.
    pub(in crate::gateway) fn new(host: &str, issuer: &Issuer) -> Self {
        let origin = issuer.origin_beside(host);
        Self {
            host: host.to_owned(),
            callback: [&origin, CALLBACK_PATH].concat(),
            is_https: issuer.is_https(),
            origin,
            signs_in_at: SignsInAt::Provider,
        }
    }

    /// The same application, whose users `party` signs in.
    pub(super) fn elsewhere(self, party: RelyingParty, audience: &[String]) -> Self {
        let sealed_for = [&self.host, party.issuer(), party.client_id()].join(" ");
        Self {
            signs_in_at: SignsInAt::Issuer(Arc::new(Elsewhere {
                party,
                audience: audience.to_vec(),
                sealed_for,
            })),
            ..self
        }
    }

    /// The issuer that signs its users in, if that is another one.
    pub(super) const fn issuer(&self) -> Option<&Arc<Elsewhere>> {
        match &self.signs_in_at {
            SignsInAt::Provider => None,
            SignsInAt::Issuer(elsewhere) => Some(elsewhere),
        }
    }

    /// What a sign-in to it is sealed for.
    pub(super) fn sealed_for(&self) -> &str {
        match &self.signs_in_at {
            SignsInAt::Provider => &self.host,
            SignsInAt::Issuer(elsewhere) => &elsewhere.sealed_for,
        }
    }

    /// Its `client_id`.
    pub(super) fn client_id(&self) -> &str {
        &self.origin
    }

    /// Its host, in canonical form.
    pub(in crate::gateway) fn host(&self) -> &str {
        &self.host
    }

    /// Whether its cookies may be `Secure`.
    pub(in crate::gateway) const fn is_https(&self) -> bool {
        self.is_https
    }

    /// The URL of a target on its host. `None` for what is no path there: a browser takes `//evil`
    /// and `/\evil` for another host.
    pub(in crate::gateway) fn url(&self, target: &str) -> Option<String> {
        let is_plain = target.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let is_path = target.starts_with('/') && !target.starts_with("//");
        (is_plain && is_path).then(|| [&self.origin, target].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> Application {
        let issuer = Issuer::parse("https://op.test:8443/oidc/").unwrap();
        Application::new("a.test", &issuer)
    }

    #[test]
    fn it_is_reached_as_the_provider_is() {
        let application = application();
        assert_eq!(application.client_id(), "https://a.test:8443");
        assert_eq!(
            application.callback,
            "https://a.test:8443/.cellgate/callback"
        );
        assert!(application.is_https);
    }

    /// L01: whatever becomes of a target, it stays on the host.
    #[test]
    fn l01_only_a_path_of_the_host_has_a_url() {
        let application = application();
        let url = application.url("/x/%2F?next=//evil.test");
        assert_eq!(
            url.as_deref(),
            Some("https://a.test:8443/x/%2F?next=//evil.test")
        );
        for target in [
            "",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/x\\y",
            "https:evil.test",
            "https:///evil.test",
            "https://a.test@evil.test",
            "javascript:1",
            "data:,x",
            " https://evil.test",
            "/x y",
            "/\t/evil.test",
            "/x\r\nset-cookie: a=b",
            "@evil.test",
            ".evil.test",
            "/\u{ff0f}evil.test",
        ] {
            assert_eq!(application.url(target), None, "{target:?}");
        }
    }
}
