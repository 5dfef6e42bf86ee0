//! What came back.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Reads a `reqwest` answer to its end.
    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.text().await.expect("the body ends as it should");
        Self {
            status,
            headers,
            body,
        }
    }

    /// The field `name`, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("the field is text"))
    }

    /// `Location`, parsed.
    #[track_caller]
    pub(crate) fn location(&self) -> url::Url {
        let location = self.header("location");
        url::Url::parse(location)
            .unwrap_or_else(|error| panic!("Location {location:?}: {error}; {self:#?}"))
    }

    /// The query parameter `name` of `Location`.
    #[track_caller]
    pub(crate) fn location_parameter(&self, name: &str) -> Option<String> {
        self.location()
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Asserts the status and hands the answer on.
    #[track_caller]
    pub(crate) fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        self
    }

    /// Asserts an OAuth error answer (RFC 6749 §5.2).
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        assert_eq!(self.json()["error"], code, "{self:#?}");
        assert_eq!(self.header("cache-control"), "no-store");
    }

    /// Asserts a refused bearer token (RFC 6750 §3).
    #[track_caller]
    pub(crate) fn assert_challenged(&self, status: u16, error: Option<&str>) {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        let challenge = self
            .headers
            .get(header::WWW_AUTHENTICATE)
            .map_or("", |value| value.to_str().unwrap());
        assert!(challenge.starts_with("Bearer"), "{self:#?}");
        match error {
            Some(error) => assert!(
                challenge.contains(&format!("error=\"{error}\"")),
                "{self:#?}"
            ),
            None => assert!(!challenge.contains("error="), "{self:#?}"),
        }
    }
}
