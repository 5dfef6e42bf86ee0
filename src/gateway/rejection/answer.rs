//! The one place where a [`Rejection`] becomes HTTP.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use crate::gateway::headers::X_REQUEST_ID;
use crate::gateway::tunnel::HandshakeError;

use super::{Challenge, PasswordError, Rejection};

/// What the answer depends on besides the reason.
pub(in crate::gateway) struct Asked<'a> {
    /// `Accept` decides between a page and problem details.
    pub(in crate::gateway) accept: Option<&'a HeaderValue>,
    /// Repeated, so that a caller can name the request to the operator.
    pub(in crate::gateway) request_id: &'a str,
    /// Where the metadata of the resource are that was asked for (RFC 9728 §5.1).
    pub(in crate::gateway) resource_metadata: Option<&'a str>,
    /// Whether a user name and a password would do as well (RFC 7617), for whoever is no page in a
    /// browser: that would ask its user for them.
    pub(in crate::gateway) takes_passwords: bool,
}

/// The answer: status, challenge (RFC 6750 §3), and a body that says no more than the status and
/// what only the peer can mend, as a page for browsers and as problem details (RFC 9457) for everybody else.
pub(in crate::gateway) fn answer(rejection: &Rejection, asked: &Asked<'_>) -> Response<Bytes> {
    let wire = rejection.wire();
    let status = wire.status;
    let (content_type, body) = if prefers_html(asked.accept) {
        let explanation = rejection.detail().unwrap_or(explanation(status));
        let page = page(status, explanation, asked.request_id);
        ("text/html; charset=utf-8", page)
    } else {
        (
            "application/problem+json",
            problem(status, rejection.detail(), asked.request_id),
        )
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    );
    if let Ok(id) = HeaderValue::from_str(asked.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(mut text) = challenge(rejection, wire.challenge) {
        if let Some(url) = asked.resource_metadata.filter(|_| !text.starts_with(BASIC)) {
            parameter(&mut text, "resource_metadata", url);
        }
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        if asked.takes_passwords && wire.challenge == Challenge::Bare {
            let basic = HeaderValue::from_static(BASIC);
            headers.append(header::WWW_AUTHENTICATE, basic);
        }
    }
    add_hints(headers, rejection);
    response
}

/// What asks for a login and a password.
const BASIC: &str = "Basic realm=\"cellgate\", charset=\"UTF-8\"";

/// `WWW-Authenticate` (RFC 6750 §3). The texts are ours and printable; scopes have no quotes.
fn challenge(rejection: &Rejection, challenge: Challenge) -> Option<String> {
    let mut text = String::from("Bearer realm=\"cellgate\"");
    match challenge {
        Challenge::Absent => return None,
        Challenge::Basic => return Some(BASIC.to_owned()),
        Challenge::Bare => {}
        Challenge::Error(code, description) => {
            parameter(&mut text, "error", code);
            parameter(&mut text, "error_description", description);
        }
    }
    match rejection {
        Rejection::Scope { needed } => parameter(&mut text, "scope", needed),
        // RFC 9470 §3.
        Rejection::StepUp {
            max_age,
            acr_values,
        } => {
            if !acr_values.is_empty() {
                parameter(&mut text, "acr_values", acr_values);
            }
            if let Some(max_age) = max_age {
                parameter(&mut text, "max_age", &max_age.as_secs().to_string());
            }
        }
        _ => {}
    }
    Some(text)
}

/// Adds a parameter whose value has neither quotes nor backslashes.
fn parameter(challenge: &mut String, name: &str, value: &str) {
    challenge.push_str(&[", ", name, "=\"", value, "\""].concat());
}

/// `Allow` (RFC 9110 §15.5.6) and `Retry-After` (§10.2.3).
fn add_hints(headers: &mut HeaderMap, rejection: &Rejection) {
    match rejection {
        Rejection::MethodNotAllowed { allow } => {
            if let Ok(allow) = HeaderValue::from_str(allow) {
                headers.insert(header::ALLOW, allow);
            }
        }
        // The method exists nowhere here, so the list is that of the methods that may exist.
        Rejection::Canonical(_) if rejection.wire().status == StatusCode::METHOD_NOT_ALLOWED => {
            let common = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
            headers.insert(header::ALLOW, HeaderValue::from_static(common));
        }
        Rejection::TooManyFailures { wait }
        | Rejection::Password(
            PasswordError::Throttled { wait } | PasswordError::Unchecked { wait },
        )
        | Rejection::IssuerUnavailable { wait }
        | Rejection::UpstreamSessionAway { wait } => {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_secs().max(1)),
            );
        }
        Rejection::Exceeded(exceeded) => {
            // Rounded up: a second too early would be refused again.
            let wait = exceeded.wait().as_millis().div_ceil(1000).max(1);
            let wait = u64::try_from(wait).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        // What would be understood (RFC 6455 §4.4).
        Rejection::Handshake(HandshakeError::Version) => {
            let version = HeaderValue::from_static("13");
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        Rejection::UpstreamFull => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Rejection::NoServer | Rejection::StateUnavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
}

/// Whether `Accept` names `text/html` and no JSON before it, as browsers' navigation does.
pub(in crate::gateway) fn prefers_html(accept: Option<&HeaderValue>) -> bool {
    let Some(accept) = accept.and_then(|accept| accept.to_str().ok()) else {
        return false;
    };
    accept
        .split(',')
        .filter_map(|range| range.split(';').next())
        .map(str::trim)
        .find_map(|range| match range {
            "text/html" | "application/xhtml+xml" => Some(true),
            "application/json" | "application/problem+json" => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// Problem details (RFC 9457 §3); `about:blank` says that the status is all there is.
fn problem(status: StatusCode, detail: Option<&str>, request_id: &str) -> String {
    let mut problem = serde_json::json!({
        "type": "about:blank",
        "title": title(status),
        "status": status.as_u16(),
        "request_id": request_id,
    });
    if let (Some(detail), Some(members)) = (detail, problem.as_object_mut()) {
        members.insert("detail".to_owned(), detail.into());
    }
    problem.to_string()
}

/// A page that stands alone. Nothing of the request is in it but our own id.
fn page(status: StatusCode, explanation: &str, request_id: &str) -> String {
    let title = title(status);
    let code = status.as_u16();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;\
         margin:15vh auto;max-width:32rem;padding:0 1rem}}small{{opacity:.7}}</style>\
         <h1>{title}</h1><p>{explanation}</p><p><small>{code} · {request_id}</small></p></html>\n"
    )
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// One sentence that helps whoever sees it.
fn explanation(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "You need to sign in to see this page.",
        StatusCode::FORBIDDEN => "You are signed in, but you may not see this page.",
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::TOO_MANY_REQUESTS => {
            "Too many requests came from here. Please wait a little and try again."
        }
        status if status.is_server_error() => {
            "The service cannot answer at the moment. Please try again later."
        }
        _ => "The request could not be understood.",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gateway::canonical::CanonicalError;

    fn answered(rejection: &Rejection, accept: Option<&'static str>) -> Response<Bytes> {
        let accept = accept.map(HeaderValue::from_static);
        let asked = Asked {
            accept: accept.as_ref(),
            request_id: "id-1",
            resource_metadata: None,
            takes_passwords: false,
        };
        answer(rejection, &asked)
    }

    /// RFC 9728 §5.1; and nothing about a resource where there is no challenge.
    #[test]
    fn a_challenge_says_where_to_read_whom_to_ask() {
        let url = "https://a.test/.well-known/oauth-protected-resource";
        let asked = Asked {
            accept: None,
            request_id: "id-1",
            resource_metadata: Some(url),
            takes_passwords: false,
        };
        let challenge = |rejection: &Rejection| {
            let response = answer(rejection, &asked);
            field(&response, "www-authenticate").map(str::to_owned)
        };

        let expected = format!("Bearer realm=\"cellgate\", resource_metadata=\"{url}\"");
        assert_eq!(challenge(&Rejection::NoCredential), Some(expected));
        assert!(challenge(&Rejection::Revoked).unwrap().contains(url));
        assert_eq!(challenge(&Rejection::Claim), None);
    }

    fn field<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    /// RFC 6750 §3.1, RFC 9470 §3.
    #[test]
    fn the_challenge_says_what_was_wrong_with_the_credential() {
        let scope = Rejection::Scope {
            needed: "read list".to_owned(),
        };
        let step_up = Rejection::StepUp {
            max_age: Some(Duration::from_secs(300)),
            acr_values: "mfa hwk".to_owned(),
        };
        for (rejection, status, challenge) in [
            (
                step_up,
                401,
                "Bearer realm=\"cellgate\", error=\"insufficient_user_authentication\", \
                 error_description=\"A more recent or stronger sign-in is needed\", \
                 acr_values=\"mfa hwk\", max_age=\"300\"",
            ),
            (Rejection::NoCredential, 401, "Bearer realm=\"cellgate\""),
            (Rejection::OtherScheme, 401, "Bearer realm=\"cellgate\""),
            (
                Rejection::MalformedCredential,
                400,
                "Bearer realm=\"cellgate\", error=\"invalid_request\", \
                 error_description=\"Exactly one bearer token is expected\"",
            ),
            (
                Rejection::Revoked,
                401,
                "Bearer realm=\"cellgate\", error=\"invalid_token\", error_description=\"The \
                 access token is expired, revoked, malformed or not for this resource\"",
            ),
            (
                scope,
                403,
                "Bearer realm=\"cellgate\", error=\"insufficient_scope\", error_description=\"The \
                 access token lacks a needed scope\", scope=\"read list\"",
            ),
        ] {
            let response = answered(&rejection, None);
            assert_eq!(response.status(), status, "{rejection}");
            assert_eq!(
                field(&response, "www-authenticate"),
                Some(challenge),
                "{rejection}"
            );
            assert_eq!(field(&response, "cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn refusals_that_are_not_about_a_credential_have_no_challenge() {
        for rejection in [
            Rejection::NoRoute,
            Rejection::NoServer,
            Rejection::Fault("x"),
        ] {
            assert_eq!(field(&answered(&rejection, None), "www-authenticate"), None);
        }
    }

    #[test]
    fn hints_go_with_the_statuses_that_call_for_them() {
        let method = Rejection::MethodNotAllowed {
            allow: "GET, HEAD".to_owned(),
        };
        assert_eq!(field(&answered(&method, None), "allow"), Some("GET, HEAD"));
        let trace = Rejection::Canonical(CanonicalError::Method);
        assert!(field(&answered(&trace, None), "allow").is_some());
        let limited = Rejection::TooManyFailures {
            wait: Duration::from_secs(17),
        };
        assert_eq!(field(&answered(&limited, None), "retry-after"), Some("17"));
    }

    #[test]
    fn browsers_get_a_page_and_programs_problem_details() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, html) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("application/json, text/html"), false),
            (Some(browser), true),
        ] {
            let response = answered(&Rejection::NoCredential, accept);
            let is_html = field(&response, "content-type")
                .unwrap()
                .starts_with("text/html");
            assert_eq!(is_html, html, "{accept:?}");
        }
        let body = answered(&Rejection::Fault("disk on fire"), None).into_body();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["status"], 500);
        assert!(!String::from_utf8_lossy(&body).contains("fire"));
    }
}
