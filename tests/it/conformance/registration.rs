//! Clients that register themselves, as every module does in the suite's variant
//! `client_registration=dynamic_client`.

use reqwest::Method;
use serde_json::{Value, json};

use super::suite::FIRST;
use super::{RelyingParty, Suite};
use crate::support::Answer;

/// A client that registered itself.
#[derive(Debug)]
pub(super) struct Registered {
    /// What the provider said.
    pub(super) information: Value,
    /// The client that it comes to.
    pub(super) client: RelyingParty,
}

impl Registered {
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{answer:#?}");
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json")
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let information = answer.json();
        // Clients are named by constants elsewhere; these live until the test's process ends.
        let text =
            |value: &Value| -> &'static str { value.as_str().expect("text").to_owned().leak() };
        let authentication = text(&information["token_endpoint_auth_method"]);
        let signs = authentication == "private_key_jwt";
        assert_eq!(
            information["client_secret"].is_null(),
            signs,
            "{information}"
        );
        let client = RelyingParty {
            id: text(&information["client_id"]),
            secret: if signs {
                ""
            } else {
                text(&information["client_secret"])
            },
            authentication,
            redirect_uri: text(&information["redirect_uris"][0]),
            ..FIRST
        };
        assert!(signs || client.secret.len() >= 32, "{information}");
        for name in ["registration_client_uri", "registration_access_token"] {
            assert!(information[name].is_string(), "{name}: {information}");
        }
        Self {
            information,
            client,
        }
    }

    fn member(&self, name: &str) -> &str {
        self.information[name].as_str().expect("text")
    }
}

impl Suite {
    /// POST of `metadata` to the registration endpoint.
    pub(super) async fn register(&self, metadata: &Value) -> Answer {
        let endpoint = self.endpoint("registration_endpoint");
        let request = self.edge().http.post(endpoint).json(metadata);
        self.edge().send(request).await
    }

    /// A client with the metadata that the suite sends, or those of `more` in their place.
    pub(super) async fn registered(&self, more: &Value) -> Registered {
        Registered::of(&self.register(&metadata(more)).await)
    }

    /// What the client configuration endpoint says of the client.
    pub(super) async fn configuration_of(&self, registered: &Registered) -> Answer {
        self.manage(registered, Method::GET).await
    }

    /// Removes the client, as the suite does at the end of each module.
    pub(super) async fn unregister(&self, registered: &Registered) {
        let answer = self.manage(registered, Method::DELETE).await;
        answer.assert_status(204);
    }

    async fn manage(&self, registered: &Registered, method: Method) -> Answer {
        let uri = registered.member("registration_client_uri");
        let token = registered.member("registration_access_token");
        let request = self.edge().http.request(method, uri);
        self.edge().send(request.bearer_auth(token)).await
    }
}

/// What the suite registers, or the members of `more` in its place.
pub(super) fn metadata(more: &Value) -> Value {
    let mut metadata = json!({
        "client_name": "Cellgate's conformance tests",
        "application_type": "web",
        "redirect_uris": [FIRST.redirect_uri],
        "contacts": ["certification@example.com"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    metadata
}
