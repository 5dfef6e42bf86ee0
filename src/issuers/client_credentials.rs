//! How we show an issuer who we are (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use http::HeaderValue;

use super::settings::{ClientAuthentication, IntrospectionEndpoint};
use crate::model::Reach;
use crate::outbound::Call;

/// The request that asks what `token` is (RFC 7662 §2.1).
pub(super) fn question(endpoint: &IntrospectionEndpoint, token: &str) -> Call {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token)
        .append_pair("token_type_hint", "access_token");
    let secret = endpoint.client_secret.expose();
    let authorization = match endpoint.authentication {
        ClientAuthentication::SecretBasic => Some(basic(&endpoint.client_id, secret)),
        ClientAuthentication::SecretPost => {
            form.append_pair("client_id", &endpoint.client_id)
                .append_pair("client_secret", secret);
            None
        }
    };
    Call {
        authorization,
        form: Some(form.finish()),
        ..Call::get(endpoint.url.clone(), Reach::Anywhere)
    }
}

/// Id and secret are form-encoded before they are joined, so that a colon in one is not taken for
/// the one between them.
pub(super) fn basic(id: &str, secret: &str) -> HeaderValue {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id), encoded(secret));
    let text = format!("Basic {}", STANDARD.encode(pair));
    // Base64 is always a field's value; an empty one would only be refused there.
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::secret::Secret;

    fn asked(authentication: ClientAuthentication) -> Call {
        let endpoint = IntrospectionEndpoint {
            url: Url::parse("https://op.test/introspect").unwrap(),
            client_id: "our:app".to_owned(),
            client_secret: Secret::new("s&c r%"),
            authentication,
            audience: Vec::new(),
            remember: Duration::ZERO,
            remember_inactive: Duration::ZERO,
        };
        question(&endpoint, "a+b/c=")
    }

    #[test]
    fn the_secret_is_in_the_field_or_in_the_form_and_nowhere_else() {
        let basic = asked(ClientAuthentication::SecretBasic);
        let pair = STANDARD.encode("our%3Aapp:s%26c+r%25");
        assert_eq!(basic.authorization.unwrap(), format!("Basic {pair}"));
        assert_eq!(
            basic.form.unwrap(),
            "token=a%2Bb%2Fc%3D&token_type_hint=access_token"
        );

        let post = asked(ClientAuthentication::SecretPost);
        assert_eq!(post.authorization, None);
        assert_eq!(
            post.form.unwrap(),
            "token=a%2Bb%2Fc%3D&token_type_hint=access_token&client_id=our%3Aapp&client_secret=s%26c+r%25"
        );
        let shown = format!("{:?}", asked(ClientAuthentication::SecretPost));
        assert!(
            !shown.contains("s%26c") && !shown.contains("a%2Bb"),
            "{shown}"
        );
    }
}
