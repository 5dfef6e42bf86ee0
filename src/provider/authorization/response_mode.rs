//! `response_mode`: how an answer travels back (OAuth 2.0 Multiple Response Type Encoding
//! Practices §2.1, OAuth 2.0 Form Post Response Mode §2).

use super::Destination;
use crate::provider::Provider;
use crate::provider::pages::{FormAction, FormPostField, FormPostPage};
use crate::provider::reply::{self, Response};

/// The ways there are; the discovery document lists them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// In the query of the redirection URI; what a request without the parameter gets.
    #[default]
    Query,
    /// In its fragment, which no server sees.
    Fragment,
    /// In a form that the browser posts to it.
    FormPost,
}

impl ResponseMode {
    /// All of them, in the order the discovery document lists them.
    pub(crate) const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The value of `response_mode`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// Reads a value; `None` when this provider has no such mode.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

impl Provider {
    /// Sends `answer` to where the client waits, with its state and with who answers
    /// (RFC 9207 §2), in the mode that its request asked for. An error travels as a code does.
    pub(crate) fn send_back(
        &self,
        destination: &Destination,
        answer: &[(&'static str, &str)],
    ) -> Response {
        let params = destination.params(answer, &self.settings.issuer);
        let uri = &destination.redirect_uri;
        match destination.response_mode {
            ResponseMode::Query => reply::see_other(&uri.with_query(&params)),
            ResponseMode::Fragment => reply::see_other(&uri.with_fragment(&params)),
            ResponseMode::FormPost => {
                let fields = params
                    .into_iter()
                    .map(|(name, value)| FormPostField { name, value });
                let page = FormPostPage {
                    client_name: &destination.client.name,
                    redirect_uri: uri.as_str(),
                    fields: fields.collect(),
                    form_action: FormAction(Some(uri.form_action())),
                };
                self.pages.show(&destination.texts, &page)
            }
        }
    }
}
