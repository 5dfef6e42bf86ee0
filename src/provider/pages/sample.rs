//! Trying out every page once, with something to put in it.

use http::StatusCode;

use super::templates::unusable;
use super::{
    AccountPage, ApplicationRow, ConsentPage, FormAction, FormPostField, FormPostPage, Frame,
    Message, Moment, Notice, Pages, RequestedScope, SEND_FORM, SelectAccountPage, SessionRow,
    SignInPage, SignOutPage, SignedOutPage, View,
};
use crate::model::Timestamp;
use crate::provider::ProviderError;
use crate::provider::endpoint::Endpoint;

/// In the form of every page that has one.
const TICKET: &str = "a-ticket";

impl Pages {
    /// Renders every page, and looks for what its form cannot do without.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Template`] names the page that cannot be shown or would not work.
    pub(super) fn try_out(&self) -> Result<(), ProviderError> {
        let fields = [TICKET, r#"name="username""#, r#"name="password""#];
        self.try_one(&sign_in(), &fields)?;
        let fields = [TICKET, "a-login", r#"value="another""#];
        self.try_one(&select_account(), &fields)?;
        let fields = [
            TICKET,
            "a-scope-value",
            "a-description",
            "a-claim",
            r#"value="allow""#,
        ];
        self.try_one(&consent(), &fields)?;
        let fields = [r#"name="a-name""#, r#"value="a-value""#, SEND_FORM];
        self.try_one(&form_post(), &fields)?;
        let sign_out = SignOutPage {
            user_name: "user",
            form_action: FormAction::default(),
        };
        self.try_one(&sign_out, &[TICKET])?;
        self.try_one(&signed_out(), &["a-frame", "next-page"])?;
        let fields = [
            TICKET,
            r#"name="end""#,
            r#"name="end-all""#,
            r#"name="withdraw""#,
        ];
        self.try_one(&account(), &fields)?;
        let message = Message {
            title: "title",
            text: "text",
            status: StatusCode::OK,
        };
        self.try_one(&message, &[])
    }

    fn try_one<V: View>(&self, view: &V, needed: &[&str]) -> Result<(), ProviderError> {
        let html = self
            .render(view, "a-ticket")
            .map_err(|error| unusable(V::TEMPLATE, &error))?;
        match needed.iter().find(|text| !html.contains(**text)) {
            None => Ok(()),
            Some(text) => Err(ProviderError::Template {
                name: V::TEMPLATE.to_owned(),
                message: format!("the page would not work: {text} is missing from its form"),
            }),
        }
    }
}

fn sign_in() -> SignInPage<'static> {
    SignInPage {
        client_name: "client",
        username: "user",
        problem: Some("problem".to_owned()),
        status: StatusCode::OK,
        retry_after_s: None,
        action: Endpoint::SignIn,
        form_action: FormAction::default(),
    }
}

fn select_account() -> SelectAccountPage<'static> {
    SelectAccountPage {
        client_name: "client",
        user_name: Some("user"),
        login: "a-login",
        form_action: FormAction::default(),
    }
}

fn consent() -> ConsentPage<'static> {
    let link = Some("https:");
    ConsentPage {
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
        claims: vec!["a-claim"],
        logo_uri: link,
        client_uri: link,
        policy_uri: link,
        tos_uri: link,
        form_action: FormAction::default(),
        logo_origin: None,
    }
}

fn form_post() -> FormPostPage<'static> {
    FormPostPage {
        client_name: "client",
        redirect_uri: "https:",
        fields: vec![FormPostField {
            name: "a-name",
            value: "a-value",
        }],
        form_action: FormAction::default(),
    }
}

fn signed_out() -> SignedOutPage {
    SignedOutPage {
        frames: vec![Frame {
            src: "a-frame".to_owned(),
            origin: String::new(),
        }],
        next: Some("next-page".to_owned()),
    }
}

/// An account page with one of everything.
fn account() -> AccountPage<'static> {
    let moment = || Moment::new(Timestamp::from_secs(0), Timestamp::from_secs(100));
    AccountPage {
        user_name: "user",
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
            claims: vec!["a-claim"],
        }],
    }
}
