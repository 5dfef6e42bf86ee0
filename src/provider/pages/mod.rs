//! The pages that users see: templates, and the headers that keep them safe.
//!
//! Pages are plain HTML with one stylesheet and work without JavaScript; nothing else may load.
//! Their texts are in the templates.
//! Templates escape whatever is put into them. An operator's folder may replace any of them, and
//! every one is parsed and tried out at start, so that a mistake stops the start and no request.

mod account;
mod content;
mod policy;
mod sample;
mod signed_out;
mod templates;

pub(crate) use account::{AccountPage, ApplicationRow, Moment, Notice, SessionRow};
pub(crate) use content::{
    ConsentPage, FormPostField, FormPostPage, Message, RequestedScope, SelectAccountPage,
    SignInPage, SignOutPage,
};
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
use policy::{ContentSecurityPolicy, SEND_FORM};

/// What every page shows, and what it shows by itself.
#[derive(Serialize)]
struct Context<'a, T> {
    display_name: &'a str,
    stylesheet: Value,
    action: Value,
    script: Value,
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
    select_account: String,
    consent: String,
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
            select_account: Endpoint::SelectAccount.local(&settings.issuer),
            consent: Endpoint::Consent.local(&settings.issuer),
            sign_out: Endpoint::SignOut.local(&settings.issuer),
            account: Endpoint::Account.local(&settings.issuer),
            account_sign_in: Endpoint::AccountSignIn.local(&settings.issuer),
        };
        pages.try_out()?;
        Ok(pages)
    }

    /// The sign-in page. `form_action` is where the browser may go after the form was sent: the
    /// policy has to name it, since browsers hold `form-action` against redirections too.
    pub(crate) fn sign_in(
        &self,
        status: StatusCode,
        page: &SignInPage<'_>,
        form_action: &str,
    ) -> Response {
        let html = self.render("sign_in.html", &self.sign_in, page);
        answer(status, html, leading_to(Some(form_action)))
    }

    /// The page that asks which account to go on with.
    pub(crate) fn select_account(
        &self,
        page: &SelectAccountPage<'_>,
        form_action: &str,
    ) -> Response {
        let html = self.render("select_account.html", &self.select_account, page);
        answer(StatusCode::OK, html, leading_to(Some(form_action)))
    }

    /// The page that asks for consent, with an image from the origin `logo`.
    pub(crate) fn consent(
        &self,
        page: &ConsentPage<'_>,
        form_action: &str,
        logo: Option<&str>,
    ) -> Response {
        let html = self.render("consent.html", &self.consent, page);
        let policy = ContentSecurityPolicy {
            image: logo,
            ..leading_to(Some(form_action))
        };
        answer(StatusCode::OK, html, policy)
    }

    /// The page that posts an answer to an application (OAuth 2.0 Form Post Response Mode §2).
    pub(crate) fn form_post(&self, page: &FormPostPage<'_>, form_action: &str) -> Response {
        let html = self.render("form_post.html", "", page);
        let policy = ContentSecurityPolicy {
            sends_form: true,
            ..leading_to(Some(form_action))
        };
        let mut response = answer(StatusCode::OK, html, policy);
        // Without a referrer the browser would say `Origin: null`, by which an application that
        // knows where answers come from could not tell this one from anybody's.
        reply::set_header(&mut response, header::REFERRER_POLICY, "strict-origin");
        response
    }

    /// The page that asks before it signs out.
    pub(crate) fn sign_out(&self, page: &SignOutPage<'_>, form_action: Option<&str>) -> Response {
        let html = self.render("sign_out.html", &self.sign_out, page);
        answer(StatusCode::OK, html, leading_to(form_action))
    }

    /// A page with nothing to do on it.
    pub(crate) fn message(&self, status: StatusCode, message: &Message) -> Response {
        let html = self.render("message.html", "", message);
        answer(status, html, leading_to(None))
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
            script: Value::from_safe_string(SEND_FORM.to_owned()),
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

/// The policy of a page whose form may lead to `form_action`.
fn leading_to(form_action: Option<&str>) -> ContentSecurityPolicy<'_> {
    ContentSecurityPolicy {
        form_action,
        ..ContentSecurityPolicy::default()
    }
}

/// Puts a page into an answer.
///
/// There is no `Cross-Origin-Opener-Policy`: an application in a browser may open any of these
/// pages in a popup and wait for it to come back to one of its own, and every policy would take
/// the popup from it for good. Nobody learns anything by holding one: the pages keep nothing in
/// their windows, and cannot be framed.
fn answer(
    status: StatusCode,
    html: Result<String, minijinja::Error>,
    policy: ContentSecurityPolicy<'_>,
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
    let policy = policy.to_string();
    reply::set_header(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    response.headers_mut().insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}
