//! The few pages that users see on the way, each of which stands alone. They say what to do; nothing
//! of a request is in them but the address that was asked for, which was checked before.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};

use crate::gateway::rejection::Rejection;

use super::endpoint::SIGN_OUT_PATH;

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    status: StatusCode,
    title: &'static str,
    text: &'static str,
    action: Action<'a>,
    /// What has to be loaded unseen, each with its origin.
    frames: &'a [(String, String)],
    /// Where the form may lead besides here, as browsers check it on the way.
    form_leads_to: Option<String>,
}

/// What the reader can do.
#[derive(Clone, Copy, Debug)]
enum Action<'a> {
    Follow(&'a str, &'static str),
    SignOut,
}

impl<'a> Page<'a> {
    const fn new(status: StatusCode, title: &'static str, text: &'static str) -> Self {
        Self {
            status,
            title,
            text,
            action: Action::Follow("/", "Go to the start page"),
            frames: &[],
            form_leads_to: None,
        }
    }

    const fn with_link(mut self, href: &'a str, label: &'static str) -> Self {
        self.action = Action::Follow(href, label);
        self
    }

    /// The browser came back without the cookie that it was sent away with.
    pub(super) const fn no_cookies() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "The sign-in could not be finished",
            "Your browser did not send back the cookie that this site had set. Allow cookies for this \
             site and try again. If you opened the link in another browser or took very long, begin \
             again here.",
        )
    }

    /// What came back is not what was sent.
    pub(super) const fn foreign() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "The sign-in could not be finished",
            "This answer does not belong to a sign-in that was begun in this browser. Begin again here.",
        )
    }

    /// It took too long.
    pub(super) const fn too_late(here: &'a str) -> Self {
        let text = "The sign-in took too long. Please try again.";
        Self::new(StatusCode::BAD_REQUEST, "Please sign in again", text)
            .with_link(here, "Sign in again")
    }

    /// The answer was used before, or is not good.
    pub(super) const fn not_redeemable(here: &'a str) -> Self {
        let text = "This sign-in was used before, or is no longer good. Please try again.";
        Self::new(StatusCode::BAD_REQUEST, "Please sign in again", text)
            .with_link(here, "Sign in again")
    }

    /// The user said no, or may not.
    pub(super) const fn refused(here: &'a str) -> Self {
        let text = "You did not sign in, or your account may not use this application.";
        Self::new(StatusCode::FORBIDDEN, "You are not signed in", text)
            .with_link(here, "Sign in again")
    }

    /// No sign-in there is would be strong enough.
    pub(super) const fn not_strong_enough(here: &'a str) -> Self {
        let text = "This page asks for a stronger way to sign in than is offered here. Ask whoever \
                    runs this site.";
        Self::new(StatusCode::FORBIDDEN, "A stronger sign-in is needed", text)
            .with_link(here, "Try again")
    }

    /// The provider has a problem.
    pub(super) const fn unavailable(here: &'a str) -> Self {
        let text = "Nobody can sign in at the moment. Please try again later.";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Signing in does not work",
            text,
        )
        .with_link(here, "Try again")
    }

    /// The browser was signed in again and again.
    pub(super) const fn loops(here: &'a str) -> Self {
        let text = "You were signed in several times in a row, and each time it did not last. Check \
                    that your browser keeps the cookies of this site and that the clock of your \
                    computer is right; then try again. If that does not help, tell whoever runs this \
                    site: the clock of the server, or what this page asks of a sign-in, may be wrong.";
        Self::new(StatusCode::BAD_REQUEST, "The sign-in does not last", text)
            .with_link(here, "Try again")
    }

    /// Whether to sign out.
    pub(super) const fn ask_to_sign_out() -> Self {
        let mut page = Self::new(
            StatusCode::OK,
            "Sign out?",
            "You will be signed out here and of everything else that you signed in to on the way.",
        );
        page.action = Action::SignOut;
        page
    }

    /// The same where the form leads on to `origin`, an issuer's.
    pub(super) fn leading_to(mut self, origin: Option<String>) -> Self {
        self.form_leads_to = origin;
        self
    }

    /// Signed out.
    pub(super) const fn signed_out(frames: &'a [(String, String)]) -> Self {
        let mut page =
            Self::new(StatusCode::OK, "You are signed out", "").with_link("/", "Sign in again");
        page.frames = frames;
        page
    }

    /// The answer.
    pub(super) fn show(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.html()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            // Not `no-referrer`: the form would be sent with an `Origin` that says nothing.
            (header::REFERRER_POLICY, "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(policy) = HeaderValue::try_from(self.policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn policy(&self) -> String {
        let form_leads_to = self
            .form_leads_to
            .as_deref()
            .map(|origin| [" ", origin].concat());
        let mut policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'{}; \
             base-uri 'none'; frame-ancestors 'none'",
            form_leads_to.unwrap_or_default()
        );
        if !self.frames.is_empty() {
            policy.push_str("; frame-src");
            for (_, origin) in self.frames {
                // A policy cannot name an IPv6 address: its scheme has to do.
                let source = match origin.split_once("//[") {
                    Some((scheme, _)) => scheme,
                    None => origin,
                };
                policy.push_str(&[" ", source].concat());
            }
        }
        policy
    }

    fn html(&self) -> String {
        let Self { title, text, .. } = self;
        let action = match self.action {
            Action::Follow(href, label) => {
                format!("<p><a href=\"{}\">{label}</a></p>", escape(href))
            }
            Action::SignOut => format!(
                "<form method=\"post\" action=\"{SIGN_OUT_PATH}\"><p><button>Sign out</button></p>\
                 </form>"
            ),
        };
        let frames: String = self
            .frames
            .iter()
            .map(|(src, _)| format!("<iframe hidden src=\"{}\"></iframe>", escape(src)))
            .collect();
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;\
             margin:15vh auto;max-width:32rem;padding:0 1rem}}button{{font:inherit;\
             padding:.5rem 1rem}}</style><h1>{title}</h1><p>{text}</p>{action}{frames}</html>\n"
        )
    }
}

/// Sends the browser on with a GET; nobody keeps where to, and nobody is told where from.
/// Sends a browser on.
pub(in crate::gateway) fn see_other(location: &str) -> Result<Response<Bytes>, Rejection> {
    let location = HeaderValue::try_from(location)
        .map_err(|_| Rejection::Fault("a location is no field value"))?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let no_referrer = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, no_referrer);
    Ok(response)
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L24, L25.
    #[test]
    fn a_page_runs_nothing_and_is_framed_by_nobody() {
        let here = "https://a.test/x?\"><script>'&";
        let response = Page::too_late(here).show();
        let html = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("href=\"https://a.test/x?&quot;&gt;&lt;script&gt;&#39;&amp;\""));
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }

    #[test]
    fn frames_are_loaded_from_their_origins_alone() {
        let frames = [
            (
                "https://b.test/out?sid=1".to_owned(),
                "https://b.test".to_owned(),
            ),
            (
                "http://[::1]:3000/out".to_owned(),
                "http://[::1]:3000".to_owned(),
            ),
        ];
        let response = Page::signed_out(&frames).show();
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(
            policy.ends_with("; frame-src https://b.test http:"),
            "{policy}"
        );
        let html = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(html.contains("<iframe hidden src=\"https://b.test/out?sid=1\">"));
    }
}
