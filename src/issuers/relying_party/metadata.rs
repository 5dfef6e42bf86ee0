//! Where users sign in, by the metadata of their issuer (OpenID Connect Discovery §3).

use serde_json::{Map, Value};
use url::Url;

use crate::issuers::discovery::{is_private, reachable};
use crate::model::Reach;

/// What an issuer says of its endpoints. One that leads nowhere safe counts as not being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignInMetadata {
    /// `authorization_endpoint`, for browsers.
    pub(super) authorization_endpoint: Url,
    /// `token_endpoint`, and where that may be.
    pub(super) token_endpoint: (Url, Reach),
    /// The same as it is written there, which is compared letter by letter.
    pub(super) token_endpoint_as_written: String,
    /// `token_endpoint_auth_methods_supported`, as far as it is usual text.
    pub(super) auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg_values_supported`, likewise.
    pub(super) auth_algorithms: Option<Vec<String>>,
    /// `userinfo_endpoint`.
    pub(super) userinfo_endpoint: Option<(Url, Reach)>,
    /// `end_session_endpoint`, for browsers.
    pub(super) end_session_endpoint: Option<Url>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3).
    pub(super) sends_issuer: bool,
    /// `claims_parameter_supported`.
    pub(super) takes_claims: bool,
}

impl SignInMetadata {
    /// Reads a document whose issuer was found to be the right one; `None` unless users can sign in
    /// there.
    pub(in crate::issuers) fn read(document: &[u8], shown_at: &Url) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_slice(document).ok()?;
        let url = |name: &str| Url::parse(members.get(name)?.as_str()?).ok();
        let for_browsers = |name: &str| {
            url(name).filter(|url| {
                is_private(url) && url.fragment().is_none() && url.username().is_empty()
            })
        };
        let for_us = |name: &str| {
            let url = url(name)?;
            let reach = reachable(&url, shown_at).ok()?;
            Some((url, reach))
        };
        let says = |name: &str| members.get(name) == Some(&Value::Bool(true));
        Some(Self {
            authorization_endpoint: for_browsers("authorization_endpoint")?,
            token_endpoint: for_us("token_endpoint")?,
            token_endpoint_as_written: members.get("token_endpoint")?.as_str()?.to_owned(),
            auth_methods: list(members.get("token_endpoint_auth_methods_supported")),
            auth_algorithms: list(members.get("token_endpoint_auth_signing_alg_values_supported")),
            userinfo_endpoint: for_us("userinfo_endpoint"),
            end_session_endpoint: for_browsers("end_session_endpoint"),
            sends_issuer: says("authorization_response_iss_parameter_supported"),
            takes_claims: says("claims_parameter_supported"),
        })
    }

    /// The origin that browsers are sent to when they sign out, if they are.
    pub(crate) fn end_session_origin(&self) -> Option<String> {
        let url = self.end_session_endpoint.as_ref()?;
        Some(url.origin().ascii_serialization())
    }
}

/// The texts of a list. It may end up in the log.
fn list(member: Option<&Value>) -> Option<Vec<String>> {
    const MAX: usize = 16;
    let texts = member?.as_array()?.iter().filter_map(Value::as_str);
    let is_usual = |text: &&str| text.len() <= 32 && text.bytes().all(|it| it.is_ascii_graphic());
    let texts = texts.filter(is_usual).take(MAX);
    Some(texts.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SHOWN_AT: &str = "https://op.test/.well-known/openid-configuration";

    fn read(document: &Value) -> Option<SignInMetadata> {
        let shown_at = Url::parse(SHOWN_AT).unwrap();
        SignInMetadata::read(document.to_string().as_bytes(), &shown_at)
    }

    fn whole() -> Value {
        json!({
            "authorization_endpoint": "https://op.test/auth",
            "token_endpoint": "https://op.test/token",
            "userinfo_endpoint": "https://api.op.test/me",
            "end_session_endpoint": "https://op.test/end",
            "authorization_response_iss_parameter_supported": true,
        })
    }

    #[test]
    fn endpoints_are_read_with_where_they_may_be() {
        let found = read(&whole()).unwrap();
        assert_eq!(
            found.token_endpoint.1,
            Reach::Anywhere,
            "beside the document"
        );
        assert_eq!(found.userinfo_endpoint.unwrap().1, Reach::Public);
        assert!(found.sends_issuer && !found.takes_claims);
    }

    /// I02: an issuer cannot have our secret or a code sent to where nobody should look.
    #[test]
    fn i02_endpoints_that_lead_nowhere_safe_count_as_missing() {
        for (name, url) in [
            ("token_endpoint", "http://op.test/token"),
            ("token_endpoint", "file:///etc/passwd"),
            ("token_endpoint", "https://me:pw@op.test/token"),
            ("token_endpoint", "/token"),
            ("authorization_endpoint", "http://op.test/auth"),
            ("authorization_endpoint", "javascript:alert(1)"),
            ("authorization_endpoint", "https://op.test/auth#x"),
        ] {
            let mut document = whole();
            document[name] = url.into();
            assert_eq!(read(&document), None, "{name} {url}");
        }
        let mut document = whole();
        document["end_session_endpoint"] = "http://op.test/end".into();
        document["userinfo_endpoint"] = json!(["https://op.test/me"]);
        document["authorization_response_iss_parameter_supported"] = json!("true");
        let found = read(&document).unwrap();
        assert_eq!(found.end_session_endpoint, None);
        assert_eq!(found.userinfo_endpoint, None);
        assert!(!found.sends_issuer);
    }
}
