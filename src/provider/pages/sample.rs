//! Trying out every page once, with something to put in it.

use http::StatusCode;

use super::{
    AccountPage, ApplicationRow, ConsentPage, FormAction, FormPostField, FormPostPage, Frame,
    Message, Moment, Notice, OutOfBandPage, Pages, ProblemText, RequestedScope, SEND_FORM,
    SelectAccountPage, SessionRow, SignInPage, SignOutPage, SignedOutPage, Texts, View,
};
use crate::model::Timestamp;
use crate::provider::TemplateProblem;
use crate::provider::endpoint::Endpoint;

/// In the form of every page that has one.
const TICKET: &str = "a-ticket";

impl Pages {
    /// Renders every page in every language, and looks for what its form cannot do without.
    pub(super) fn try_out(&self) -> Vec<TemplateProblem> {
        let mut problems = Vec::new();
        for texts in self.languages.all() {
            problems.extend(self.try_in(texts).into_iter().flatten());
        }
        // A template that has no use for a text fails alike in every language.
        problems.sort_by(|one, other| one.name.cmp(&other.name));
        problems.dedup();
        problems
    }

    fn try_in(&self, texts: &Texts) -> [Option<TemplateProblem>; 9] {
        let sign_out = SignOutPage {
            user_name: "user",
            form_action: FormAction::default(),
        };
        let fields_of_sign_in = [TICKET, r#"name="username""#, r#"name="password""#];
        let fields_of_consent = [
            TICKET,
            "a-scope-value",
            "a-description",
            "a-claim",
            r#"value="allow""#,
        ];
        let fields_of_form_post = [r#"name="a-name""#, r#"value="a-value""#, SEND_FORM];
        let fields_of_account = [
            TICKET,
            r#"name="end""#,
            r#"name="end-all""#,
            r#"name="withdraw""#,
        ];
        [
            self.try_one(texts, &sign_in(), &fields_of_sign_in),
            self.try_one(
                texts,
                &select_account(),
                &[TICKET, "a-login", r#"value="another""#],
            ),
            self.try_one(texts, &consent(), &fields_of_consent),
            self.try_one(texts, &form_post(), &fields_of_form_post),
            self.try_one(texts, &sign_out, &[TICKET]),
            self.try_one(texts, &signed_out(), &["a-frame", "next-page"]),
            self.try_one(texts, &account(), &fields_of_account),
            self.try_one(
                texts,
                &OutOfBandPage {
                    code: Some("a-code"),
                },
                &["a-code"],
            ),
            self.try_one(texts, &Message::NotFound, &[]),
        ]
    }

    fn try_one<V: View>(
        &self,
        texts: &Texts,
        view: &V,
        needed: &[&str],
    ) -> Option<TemplateProblem> {
        let html = match self.render(texts, view, "a-ticket") {
            Ok(html) => html,
            Err(error) => return Some(TemplateProblem::new(V::TEMPLATE, &error)),
        };
        let missing = needed.iter().find(|text| !html.contains(**text))?;
        let message = format!("the page would not work: {missing} is missing from its form");
        Some(TemplateProblem::new(V::TEMPLATE, &message))
    }
}

fn sign_in() -> SignInPage<'static> {
    SignInPage {
        client_name: Some("client"),
        username: "user",
        problem: Some(ProblemText {
            name: "denied",
            count: None,
        }),
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
