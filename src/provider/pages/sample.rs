//! Trying out every page once, with something to put in it.

use serde::Serialize;

use super::templates::unusable;
use super::{Message, Pages, SignInPage, SignOutPage};
use crate::provider::ProviderError;

impl Pages {
    /// Renders every page, and looks for what its form cannot do without.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Template`] names the page that cannot be shown or would not work.
    pub(super) fn try_out(&self) -> Result<(), ProviderError> {
        let sign_in = SignInPage {
            client_name: "client",
            username: "user",
            ticket: "a-ticket",
            problem: Some("problem".to_owned()),
        };
        let fields = ["a-ticket", r#"name="username""#, r#"name="password""#];
        self.try_one("sign_in.html", &sign_in, &fields)?;
        let sign_out = SignOutPage {
            user_name: "user",
            ticket: "a-ticket",
        };
        self.try_one("sign_out.html", &sign_out, &["a-ticket"])?;
        let message = Message {
            title: "title",
            text: "text",
        };
        self.try_one("message.html", &message, &[])
    }

    fn try_one(
        &self,
        name: &str,
        page: &impl Serialize,
        needed: &[&str],
    ) -> Result<(), ProviderError> {
        let html = self
            .render(name, "", page)
            .map_err(|error| unusable(name, &error))?;
        match needed.iter().find(|text| !html.contains(**text)) {
            None => Ok(()),
            Some(text) => Err(ProviderError::Template {
                name: name.to_owned(),
                message: format!("the page would not work: {text} is missing from its form"),
            }),
        }
    }
}
