//! The language that a reader gets.

use std::sync::Arc;

use http::header;

use super::Provider;
use super::pages::Texts;
use super::params::Params;
use super::request::Request;

impl Provider {
    /// The texts of the pages that answer `request`: in the language that its parameters ask for
    /// (`ui_locales`, OpenID Connect Core §3.1.2.1), else in one that its browser prefers.
    pub(super) fn texts_of(&self, request: &Request) -> Arc<Texts> {
        // Parameters that cannot be read ask for nothing; the page will say what is wrong.
        self.texts(&request.params().unwrap_or_default(), request)
    }

    /// The same for `params`, which may be those of a request that waited.
    pub(super) fn texts(&self, params: &Params, request: &Request) -> Arc<Texts> {
        let ui_locales = params.one(UI_LOCALES).ok().flatten();
        let accepted = request.header(&header::ACCEPT_LANGUAGE);
        self.pages.texts(ui_locales, accepted)
    }
}

/// The parameter that asks for a language.
pub(super) const UI_LOCALES: &str = "ui_locales";
