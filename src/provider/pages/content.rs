//! What each page shows.

use serde::Serialize;

/// What the sign-in page shows.
#[derive(Debug, Serialize)]
pub(crate) struct SignInPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) username: &'a str,
    pub(crate) ticket: &'a str,
    pub(crate) problem: Option<String>,
}

/// What the page shows that asks which account to go on with.
#[derive(Debug, Serialize)]
pub(crate) struct SelectAccountPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) user_name: Option<&'a str>,
    pub(crate) login: &'a str,
    pub(crate) ticket: &'a str,
}

/// What the consent page shows.
#[derive(Debug, Serialize)]
pub(crate) struct ConsentPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) user_name: &'a str,
    pub(crate) scopes: Vec<RequestedScope<'a>>,
    pub(crate) logo_uri: Option<&'a str>,
    pub(crate) client_uri: Option<&'a str>,
    pub(crate) policy_uri: Option<&'a str>,
    pub(crate) tos_uri: Option<&'a str>,
    pub(crate) ticket: &'a str,
}

/// One thing an application asks for.
#[derive(Debug, Serialize)]
pub(crate) struct RequestedScope<'a> {
    /// Its name in requests.
    pub(crate) value: &'a str,
    /// The operator's words for it; the template has some for the usual ones.
    pub(crate) description: Option<&'a str>,
}

/// What the page holds that posts an answer to an application.
#[derive(Debug, Serialize)]
pub(crate) struct FormPostPage<'a> {
    pub(crate) client_name: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) fields: Vec<FormPostField<'a>>,
}

/// One parameter of such an answer.
#[derive(Debug, Serialize)]
pub(crate) struct FormPostField<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
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
