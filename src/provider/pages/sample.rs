//! Trying out every page once, with something to put in it.

use serde::Serialize;

use super::templates::unusable;
use super::{
    AccountPage, ApplicationRow, ConsentPage, FormPostField, FormPostPage, Frame, Message, Moment,
    Notice, Pages, RequestedScope, SEND_FORM, SelectAccountPage, SessionRow, SignInPage,
    SignOutPage, SignedOutPage,
};
use crate::model::Timestamp;
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
        self.try_asking()?;
        let form_post = FormPostPage {
            client_name: "client",
            redirect_uri: "https:",
            fields: vec![FormPostField {
                name: "a-name",
                value: "a-value",
            }],
        };
        let fields = [r#"name="a-name""#, r#"value="a-value""#, SEND_FORM];
        self.try_one("form_post.html", &form_post, &fields)?;
        let sign_out = SignOutPage {
            user_name: "user",
            ticket: "a-ticket",
        };
        self.try_one("sign_out.html", &sign_out, &["a-ticket"])?;
        let signed_out = SignedOutPage {
            frames: vec![Frame {
                src: "a-frame".to_owned(),
                origin: String::new(),
            }],
            next: Some("next-page".to_owned()),
        };
        let needed = ["a-frame", "next-page"];
        self.try_one("signed_out.html", &signed_out, &needed)?;
        let needed = [
            "a-ticket",
            r#"name="end""#,
            r#"name="end-all""#,
            r#"name="withdraw""#,
        ];
        self.try_one("account.html", &account(), &needed)?;
        let message = Message {
            title: "title",
            text: "text",
        };
        self.try_one("message.html", &message, &[])
    }

    fn try_asking(&self) -> Result<(), ProviderError> {
        let select_account = SelectAccountPage {
            client_name: "client",
            user_name: Some("user"),
            login: "a-login",
            ticket: "a-ticket",
        };
        let fields = ["a-ticket", "a-login", r#"value="another""#];
        self.try_one("select_account.html", &select_account, &fields)?;
        let link = Some("https:");
        let consent = ConsentPage {
            client_name: "client",
            user_name: "user",
            scopes: vec![
                RequestedScope {
                    value: "a-scope-value",
                    description: None,
                },
                RequestedScope {
                    value: "described",
                    description: Some("a-description"),
                },
            ],
            logo_uri: link,
            client_uri: link,
            policy_uri: link,
            tos_uri: link,
            ticket: "a-ticket",
        };
        let fields = [
            "a-ticket",
            "a-scope-value",
            "a-description",
            r#"value="allow""#,
        ];
        self.try_one("consent.html", &consent, &fields)
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

/// An account page with one of everything.
fn account() -> AccountPage<'static> {
    let moment = || Moment::new(Timestamp::from_secs(0), Timestamp::from_secs(100));
    AccountPage {
        user_name: "user",
        ticket: "a-ticket",
        notice: Some(Notice::SessionEnded),
        sessions: vec![SessionRow {
            id: "session".to_owned(),
            is_current: true,
            browser: None,
            system: Some("system"),
            address: Some("address".to_owned()),
            signed_in: moment(),
            last_seen: moment(),
        }],
        applications: vec![ApplicationRow {
            client_id: "client".to_owned(),
            name: "name".to_owned(),
            open_uri: Some("uri".to_owned()),
            since: moment(),
            scope: vec!["openid".to_owned(), "other".to_owned()],
        }],
    }
}
