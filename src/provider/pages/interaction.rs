//! The pages between a request of an application and its answer.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::policy::ContentSecurityPolicy;
use super::view::View;
use crate::provider::endpoint::Endpoint;

/// Where a form may lead beside ourselves, as the policy of its page names it: browsers hold
/// `form-action` against redirections too.
#[derive(Debug, Default)]
pub(crate) struct FormAction(pub(crate) Option<String>);

impl FormAction {
    pub(super) fn policy(&self) -> ContentSecurityPolicy<'_> {
        ContentSecurityPolicy {
            form_action: self.0.as_deref(),
            ..ContentSecurityPolicy::default()
        }
    }
}

/// What the sign-in page shows.
#[derive(Debug, Serialize)]
pub(crate) struct SignInPage<'a> {
    /// Nobody's on the way to the account page.
    pub(crate) client_name: Option<&'a str>,
    pub(crate) username: &'a str,
    pub(crate) problem: Option<ProblemText>,
    /// Where the users' backend has a sign-in page of its own, if that helps.
    pub(crate) elsewhere: Option<&'a str>,
    #[serde(skip)]
    pub(crate) status: StatusCode,
    #[serde(skip)]
    pub(crate) retry_after_s: Option<u64>,
    #[serde(skip)]
    pub(crate) action: Endpoint,
    #[serde(skip)]
    pub(crate) form_action: FormAction,
}

/// Why the sign-in page is shown again: the text `problem-NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ProblemText {
    pub(crate) name: &'static str,
    /// How many of the unit in the name.
    pub(crate) count: Option<u64>,
}

impl View for SignInPage<'_> {
    const TEMPLATE: &'static str = "sign_in.html";

    fn status(&self) -> StatusCode {
        self.status
    }

    fn action(&self) -> Option<Endpoint> {
        Some(self.action)
    }

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        self.form_action.policy()
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// What the page shows that asks which account to go on with.
#[derive(Debug, Serialize)]
pub(crate) struct SelectAccountPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) user_name: Option<&'a str>,
    pub(crate) login: &'a str,
    #[serde(skip)]
    pub(crate) form_action: FormAction,
}

impl View for SelectAccountPage<'_> {
    const TEMPLATE: &'static str = "select_account.html";

    fn action(&self) -> Option<Endpoint> {
        Some(Endpoint::SelectAccount)
    }

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        self.form_action.policy()
    }
}

/// What the consent page shows.
#[derive(Debug, Serialize)]
pub(crate) struct ConsentPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) user_name: &'a str,
    pub(crate) scopes: Vec<RequestedScope<'a>>,
    /// The names of claims asked for one by one; there are texts for all there are.
    pub(crate) claims: Vec<&'a str>,
    pub(crate) logo_uri: Option<&'a str>,
    pub(crate) client_uri: Option<&'a str>,
    pub(crate) policy_uri: Option<&'a str>,
    pub(crate) tos_uri: Option<&'a str>,
    #[serde(skip)]
    pub(crate) form_action: FormAction,
    /// The origin of the logo.
    #[serde(skip)]
    pub(crate) logo_origin: Option<String>,
}

/// One thing an application asks for.
#[derive(Debug, Serialize)]
pub(crate) struct RequestedScope<'a> {
    /// Its name in requests.
    pub(crate) value: &'a str,
    /// The operator's words for it; there are texts for the usual ones.
    pub(crate) description: Option<&'a str>,
}

impl View for ConsentPage<'_> {
    const TEMPLATE: &'static str = "consent.html";

    fn action(&self) -> Option<Endpoint> {
        Some(Endpoint::Consent)
    }

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        ContentSecurityPolicy {
            image: self.logo_origin.as_deref(),
            ..self.form_action.policy()
        }
    }
}

/// What the page holds that posts an answer to an application (OAuth 2.0 Form Post Response
/// Mode §2).
#[derive(Debug, Serialize)]
pub(crate) struct FormPostPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) fields: Vec<FormPostField<'a>>,
    #[serde(skip)]
    pub(crate) form_action: FormAction,
}

/// One parameter of such an answer.
#[derive(Debug, Serialize)]
pub(crate) struct FormPostField<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

impl View for FormPostPage<'_> {
    const TEMPLATE: &'static str = "form_post.html";

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        ContentSecurityPolicy {
            sends_form: true,
            ..self.form_action.policy()
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        // Without a referrer the browser would say `Origin: null`, by which an application that
        // knows where answers come from could not tell this one from anybody's.
        let origin_only = HeaderValue::from_static("strict-origin");
        headers.insert(header::REFERRER_POLICY, origin_only);
    }
}
