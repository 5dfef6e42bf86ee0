//! The pages that users see: templates, and the headers that keep them safe.
//!
//! A page is a template, a [`View`] (what it shows, where its form goes, what it may load) and a
//! language: its words are [`Texts`].
//! Pages are plain HTML with one stylesheet and work without JavaScript; nothing else may load.
//! Templates escape whatever is put into them. An operator's folder may replace any of them, and
//! every one is parsed and tried out at start, so that a mistake stops the start and no request.

mod account;
mod interaction;
mod message;
mod out_of_band;
mod policy;
mod sample;
mod sign_out;
mod templates;
mod texts;
mod view;

pub(crate) use account::{
    AccountPage, ApplicationRow, Moment, NewPasswordPage, Notice, PasswordRow, PasswordsSection,
    SessionRow,
};
pub(crate) use interaction::{
    ConsentPage, FormAction, FormPostField, FormPostPage, ProblemText, RequestedScope,
    SelectAccountPage, SignInPage,
};
pub(crate) use message::Message;
pub(crate) use out_of_band::OutOfBandPage;
pub(crate) use sign_out::{Frame, SignOutPage, SignedOutPage};
pub(crate) use texts::Texts;
pub(crate) use view::View;

pub use texts::built_in_languages;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::TemplateProblem;
use super::endpoint::Endpoint;
use super::reply::{self, Response};
use super::settings::Settings;
use crate::model::{Issuer, Language};
use crate::secret::Digest;
use policy::SEND_FORM;
use texts::{Functions, Languages};

/// What every page shows, and what it shows by itself.
#[derive(Serialize)]
struct Context<'a, T> {
    language: LanguageOfPage<'a>,
    #[serde(flatten)]
    functions: &'a Functions,
    display_name: &'a str,
    stylesheet: Value,
    action: Value,
    ticket: &'a str,
    script: Value,
    page: &'a T,
}

/// What a page says of its language, as HTML has it.
#[derive(Serialize)]
struct LanguageOfPage<'a> {
    tag: &'a str,
    direction: &'static str,
}

/// All pages, ready to be shown.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Environment<'static>,
    languages: Languages,
    style: Bytes,
    display_name: String,
    stylesheet: String,
    issuer: Issuer,
}

impl Pages {
    /// Reads, parses and tries out all templates and texts.
    ///
    /// # Errors
    ///
    /// All that cannot be used.
    pub(crate) fn load(settings: &Settings) -> Result<Self, Vec<TemplateProblem>> {
        let mut problems = Vec::new();
        let folder = settings.templates.as_deref();
        let (templates, style) = templates::load(folder, &mut problems);
        let languages = Languages::load(folder, &settings.language, &mut problems);
        let Some(languages) = languages else {
            return Err(problems);
        };
        let path = Endpoint::Stylesheet.local(&settings.issuer);
        // Browsers keep the style for long; another style has another address.
        let version: String = Digest::of(style.as_bytes())
            .to_base64url()
            .chars()
            .take(8)
            .collect();
        let pages = Self {
            templates,
            languages,
            style: Bytes::from(style),
            display_name: settings.display_name.clone(),
            stylesheet: format!("{path}?v={version}"),
            issuer: settings.issuer.clone(),
        };
        problems.extend(pages.try_out(&settings.application_passwords));
        if problems.is_empty() {
            Ok(pages)
        } else {
            Err(problems)
        }
    }

    /// The languages that pages can be in, by their tags.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &Language> {
        self.languages.all().iter().map(|texts| &texts.language)
    }

    /// The texts for a reader whose client asks for `ui_locales` and whose browser prefers
    /// `accepted`.
    pub(crate) fn texts(&self, ui_locales: Option<&str>, accepted: Option<&str>) -> Arc<Texts> {
        self.languages.choose(ui_locales, accepted)
    }

    /// A page without a form of ours.
    pub(crate) fn show<V: View>(&self, texts: &Texts, view: &V) -> Response {
        self.show_with_ticket(texts, view, "")
    }

    /// A page whose form comes back with `ticket`.
    ///
    /// There is no `Cross-Origin-Opener-Policy` unless the view has one: an application in a
    /// browser may open these pages in a popup and wait for it to come back to one of its own, and
    /// every policy would take the popup from it for good. Nobody learns anything by holding one:
    /// the pages keep nothing in their windows, and cannot be framed.
    pub(crate) fn show_with_ticket<V: View>(
        &self,
        texts: &Texts,
        view: &V,
        ticket: &str,
    ) -> Response {
        let html = match self.render(texts, view, ticket) {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page cannot be rendered");
                return reply::internal_error();
            }
        };
        let html = Bytes::from(html);
        let mut response = reply::with_body(view.status(), Some("text/html; charset=utf-8"), html);
        let policy = view.policy().to_string();
        reply::set_header(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
        let language = texts.language.as_str();
        reply::set_header(&mut response, header::CONTENT_LANGUAGE, language);
        let headers = response.headers_mut();
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        );
        view.add_headers(headers);
        response
    }

    /// The style of all pages.
    pub(crate) fn stylesheet(&self) -> Response {
        let body = self.style.clone();
        let mut response = reply::with_body(StatusCode::OK, Some("text/css; charset=utf-8"), body);
        reply::cache(&mut response, "public, max-age=31536000, immutable");
        response
    }

    fn render<V: View>(
        &self,
        texts: &Texts,
        view: &V,
        ticket: &str,
    ) -> Result<String, minijinja::Error> {
        let action = view.action().map(|action| action.local(&self.issuer));
        let context = Context {
            language: LanguageOfPage {
                tag: texts.language.as_str(),
                direction: texts.direction().as_str(),
            },
            functions: &texts.functions,
            display_name: &self.display_name,
            stylesheet: attribute(&self.stylesheet),
            action: attribute(&action.unwrap_or_default()),
            ticket,
            script: Value::from_safe_string(SEND_FORM.to_owned()),
            page: view,
        };
        self.templates
            .get_template(V::TEMPLATE)?
            .render(Serde(&context))
    }
}

/// A path of ours as the value of an attribute. It is part of a normalized URL, which has no
/// quotes and no brackets; the templates' own escaping would hide every slash in it from
/// whoever reads the page with simple means.
fn attribute(path: &str) -> Value {
    Value::from_safe_string(path.replace('&', "&amp;"))
}
