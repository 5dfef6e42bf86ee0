//! An answer of the provider, and what can be asserted about it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::Value;
use url::Url;

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(super) fn of(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Where the browser is sent.
    #[track_caller]
    pub(crate) fn location(&self) -> Url {
        assert_eq!(self.status, 303, "no redirection: {self:?}");
        Url::parse(self.header("location").unwrap()).unwrap()
    }

    /// The page of ours that follows a form, if the browser is sent to one.
    pub(crate) fn next_page(&self) -> Option<String> {
        let location = self.header("location")?;
        let target = location.strip_prefix("https://op.example")?;
        target
            .starts_with("/oidc/continue?")
            .then(|| target.to_owned())
    }

    /// The query of where the browser is sent; every parameter is there once.
    #[track_caller]
    pub(crate) fn params(&self) -> BTreeMap<String, String> {
        let location = self.location();
        let mut params = BTreeMap::new();
        for (name, value) in location.query_pairs() {
            let before = params.insert(name.to_string(), value.to_string());
            assert_eq!(before, None, "{name} is repeated in {location}");
        }
        params
    }

    /// The fragment of where the browser is sent.
    #[track_caller]
    pub(crate) fn fragment(&self) -> BTreeMap<String, String> {
        let location = self.location();
        let fragment = location.fragment().expect("a fragment").as_bytes();
        form_urlencoded::parse(fragment).into_owned().collect()
    }

    /// What the browser posts to the client from the page it was given.
    #[track_caller]
    pub(crate) fn posted(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, 200, "{self:?}");
        let fields = self.body.split(r#"<input type="hidden" name=""#).skip(1);
        fields
            .map(|field| {
                let mut parts = field.split('"');
                let name = parts.next().unwrap();
                let value = parts.nth(1).unwrap();
                (unescape(name), unescape(value))
            })
            .collect()
    }

    /// Where the form of a page goes.
    #[track_caller]
    pub(crate) fn form_action(&self) -> String {
        let (_, rest) = self.body.split_once(r#"action=""#).expect("a form");
        unescape(rest.split('"').next().unwrap())
    }

    /// The ticket in the form of a page.
    #[track_caller]
    pub(crate) fn ticket(&self) -> String {
        let marker = r#"name="ticket" value=""#;
        let (_, rest) = self
            .body
            .split_once(marker)
            .unwrap_or_else(|| panic!("no form: {self:?}"));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The answer is the sign-in page.
    #[track_caller]
    pub(crate) fn assert_sign_in_page(&self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.body.contains(r#"id="sign-in""#), "{self:?}");
    }

    /// The answer is the page that asks for consent.
    #[track_caller]
    pub(crate) fn assert_consent_page(&self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.body.contains(r#"id="allow""#), "{self:?}");
    }

    /// The answer is the page that asks which account to go on with.
    #[track_caller]
    pub(crate) fn assert_account_page(&self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.body.contains(r#"id="another""#), "{self:?}");
    }

    /// The answer is a page, and the browser is sent nowhere.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("location"), None, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
    }

    /// The answer is the JSON error of RFC 6749 §5.2.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert_eq!(body["error"], code, "{body}");
        assert_eq!(body["status_code"], status, "{body}");
        assert!(body["error_description"].is_string(), "{body}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// The answer is the challenge of RFC 6750 §3.
    #[track_caller]
    pub(crate) fn assert_challenged(&self, status: u16, error: Option<&str>) {
        assert_eq!(self.status, status, "{self:?}");
        let challenge = self.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        match error {
            Some(error) => {
                assert!(
                    challenge.contains(&format!(r#"error="{error}""#)),
                    "{challenge}"
                );
            }
            None => assert!(!challenge.contains("error"), "{challenge}"),
        }
    }

    /// The answer sends an error back to the client (RFC 6749 §4.1.2.1).
    #[track_caller]
    pub(crate) fn assert_sent_back(&self, code: &str) {
        let params = self.params();
        assert_eq!(
            params.get("error").map(String::as_str),
            Some(code),
            "{params:?}"
        );
        assert_eq!(params.get("iss").map(String::as_str), Some(super::ISSUER));
        let allowed = ["error", "error_description", "state", "iss", "tenant"];
        for name in params.keys() {
            assert!(allowed.contains(&name.as_str()), "{name} beside an error");
        }
    }

    /// The values of `Set-Cookie`.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

/// Undoes the escaping of templates.
fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
