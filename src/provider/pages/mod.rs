//! The pages that users see: templates, and the headers that keep them safe.
//!
//! Pages are plain HTML with one stylesheet and work without JavaScript; nothing else may load.
//! Templates escape whatever is put into them. An operator's folder may replace any of them, and
//! every one is parsed and tried out at start, so that a mistake stops the start and no request.

mod account;
mod sample;
mod signed_out;
mod templates;

pub(crate) use account::{AccountPage, ApplicationRow, Moment, Notice, SessionRow};
pub(crate) use signed_out::{Frame, SignedOutPage};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::ProviderError;
use super::endpoint::Endpoint;
use super::reply::{self, Response};
use super::settings::Settings;
use crate::secret::Digest;

/// What the sign-in page shows.
#[derive(Debug, Serialize)]
pub(crate) struct SignInPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) username: &'a str,
    pub(crate) ticket: &'a str,
    pub(crate) problem: Option<String>,
}

/// What the page shows that asks before it signs out.
#[derive(Debug, Serialize)]
pub(crate) struct SignOutPage<'a> {
    pub(crate) user_name: &'a str,
    pub(crate) ticket: &'a str,
}

/// A page with nothing to do on it.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

/// What every page shows, and what it shows by itself.
#[derive(Serialize)]
struct Context<'a, T> {
    display_name: &'a str,
    stylesheet: Value,
    action: Value,
    page: &'a T,
}

/// All pages, ready to be shown.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Environment<'static>,
    style: Bytes,
    display_name: String,
    stylesheet: String,
    sign_in: String,
    sign_out: String,
    account: String,
    account_sign_in: String,
}

impl Pages {
    /// Reads, parses and tries out all templates.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Template`] names the one that cannot be used.
    pub(crate) fn load(settings: &Settings) -> Result<Self, ProviderError> {
        let (templates, style) = templates::load(settings.templates.as_deref())?;
        let path = Endpoint::Stylesheet.local(&settings.issuer);
        // Browsers keep the style for long; another style has another address.
        let version: String = Digest::of(style.as_bytes())
            .to_base64url()
            .chars()
            .take(8)
            .collect();
        let pages = Self {
            templates,
            style: Bytes::from(style),
            display_name: settings.display_name.clone(),
            stylesheet: format!("{path}?v={version}"),
            sign_in: Endpoint::SignIn.local(&settings.issuer),
            sign_out: Endpoint::SignOut.local(&settings.issuer),
            account: Endpoint::Account.local(&settings.issuer),
            account_sign_in: Endpoint::AccountSignIn.local(&settings.issuer),
        };
        pages.try_out()?;
        Ok(pages)
    }

    /// The sign-in page. `destination` is where the browser goes after the form was sent: the
    /// policy has to name it, since browsers hold `form-action` against redirections too.
    pub(crate) fn sign_in(
        &self,
        status: StatusCode,
        page: &SignInPage<'_>,
        destination: &str,
    ) -> Response {
        let html = self.render("sign_in.html", &self.sign_in, page);
        answer(status, html, Some(destination))
    }

    /// The page that asks before it signs out.
    pub(crate) fn sign_out(&self, page: &SignOutPage<'_>, destination: Option<&str>) -> Response {
        let html = self.render("sign_out.html", &self.sign_out, page);
        answer(StatusCode::OK, html, destination)
    }

    /// A page with nothing to do on it.
    pub(crate) fn message(&self, status: StatusCode, message: &Message) -> Response {
        answer(status, self.render("message.html", "", message), None)
    }

    /// The style of all pages.
    pub(crate) fn stylesheet(&self) -> Response {
        let body = self.style.clone();
        let mut response = reply::with_body(StatusCode::OK, Some("text/css; charset=utf-8"), body);
        reply::cache(&mut response, "public, max-age=31536000, immutable");
        response
    }

    fn render(
        &self,
        template: &str,
        action: &str,
        page: &impl Serialize,
    ) -> Result<String, minijinja::Error> {
        let context = Context {
            display_name: &self.display_name,
            stylesheet: attribute(&self.stylesheet),
            action: attribute(action),
            page,
        };
        self.templates
            .get_template(template)?
            .render(Serde(&context))
    }
}

/// A path of ours as the value of an attribute. It is part of a normalized URL, which has no
/// quotes and no brackets; the templates' own escaping would hide every slash in it from
/// whoever reads the page with simple means.
fn attribute(path: &str) -> Value {
    Value::from_safe_string(path.replace('&', "&amp;"))
}

/// Puts a page into an answer.
fn answer(
    status: StatusCode,
    html: Result<String, minijinja::Error>,
    destination: Option<&str>,
) -> Response {
    let html = match html {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            return reply::internal_error();
        }
    };
    let mut response =
        reply::with_body(status, Some("text/html; charset=utf-8"), Bytes::from(html));
    reply::set_header(
        &mut response,
        header::CONTENT_SECURITY_POLICY,
        &content_security_policy(destination),
    );
    let headers = response.headers_mut();
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let name = HeaderName::from_static(name);
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What a page may load, send and be framed by: its style, its form, and nobody.
fn content_security_policy(destination: Option<&str>) -> String {
    let form_action = match destination {
        // A policy cannot name an IPv6 address: its scheme has to do.
        Some(source) if source.contains('[') => {
            source.split_once("//").map_or("", |(scheme, _)| scheme)
        }
        Some(source) => source,
        None => "",
    };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' \
         {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_where_the_form_may_lead() {
        for (destination, form_action) in [
            (None, "form-action 'self' ;"),
            (
                Some("https://app.example"),
                "form-action 'self' https://app.example;",
            ),
            (Some("cellsauth:"), "form-action 'self' cellsauth:;"),
            (Some("http://[::1]:8080"), "form-action 'self' http:;"),
        ] {
            let policy = content_security_policy(destination);
            assert!(policy.contains(form_action), "{policy}");
        }
    }
}
