//! Trying out every page once, with something to put in it.

use std::sync::Arc;

use http::StatusCode;

use super::{
    AccountPage, ApplicationRow, ConsentPage, FormAction, FormPostField, FormPostPage, Frame,
    Message, Moment, NewPasswordPage, Notice, OutOfBandPage, Pages, PasswordRow, PasswordsSection,
    ProblemText, RequestedScope, SEND_FORM, SelectAccountPage, SessionRow, SignInPage, SignOutPage,
    SignedOutPage, Texts, View,
};
use crate::model::{Scope, Timestamp};
use crate::provider::TemplateProblem;
use crate::provider::application_passwords::PasswordPlace;
use crate::provider::endpoint::Endpoint;
use crate::provider::settings::ApplicationPasswords;

/// In the form of every page that has one.
const TICKET: &str = "a-ticket";

impl Pages {
    /// Renders every page in every language, and looks for what its form cannot do without.
    /// Where no application `passwords` are offered, an account page of the operator's own need not
    /// have a form for them.
    pub(super) fn try_out(&self, passwords: &ApplicationPasswords) -> Vec<TemplateProblem> {
        let mut problems = Vec::new();
        for texts in self.languages.all() {
            problems.extend(self.try_in(texts, passwords).into_iter().flatten());
        }
        // A template that has no use for a text fails alike in every language.
        problems.sort_by(|one, other| one.name.cmp(&other.name));
        problems.dedup();
        problems
    }

    fn try_in(
        &self,
        texts: &Texts,
        passwords: &ApplicationPasswords,
    ) -> [Option<TemplateProblem>; 10] {
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
        let places = [a_place()];
        let fields_of_account = fields_of_account(passwords);
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
            self.try_one(texts, &account(&places), &fields_of_account),
            self.try_one(
                texts,
                &OutOfBandPage {
                    code: Some("a-code"),
                },
                &["a-code"],
            ),
            self.try_one(
                texts,
                &new_password(),
                &["a-user", "a-password", "a-way-back"],
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

/// What an account page cannot do without.
fn fields_of_account(passwords: &ApplicationPasswords) -> Vec<&'static str> {
    let mut fields = vec![
        TICKET,
        r#"name="end""#,
        r#"name="end-all""#,
        r#"name="withdraw""#,
    ];
    let fields_of_passwords = [
        r#"name="end-password""#,
        r#"name="mint""#,
        r#"name="once" value="a-nonce""#,
        r#"value="a-route""#,
        r#"value="a-scope-of-passwords""#,
    ];
    if !passwords.places.is_empty() {
        fields.extend(fields_of_passwords);
    }
    fields
}

fn a_place() -> Arc<PasswordPlace> {
    Arc::new(PasswordPlace {
        route: "a-route".to_owned(),
        title: "a title".to_owned(),
        scope: Scope::default(),
        audience: Vec::new(),
    })
}

fn sign_in() -> SignInPage<'static> {
    SignInPage {
        client_name: Some("client"),
        username: "user",
        problem: Some(ProblemText {
            name: "denied",
            count: None,
        }),
        elsewhere: Some("https://files.example/login"),
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
fn account(places: &[Arc<PasswordPlace>]) -> AccountPage<'_> {
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
        passwords: Some(PasswordsSection {
            rows: vec![PasswordRow {
                id: "password".to_owned(),
                name: "name".to_owned(),
                places: vec!["place".to_owned()],
                scope: vec!["openid".to_owned()],
                created: moment(),
                last_used: Some(moment()),
                expires: Some(moment()),
            }],
            places,
            scope: vec!["a-scope-of-passwords".to_owned()],
            once: "a-nonce".to_owned(),
        }),
    }
}

fn new_password() -> NewPasswordPage<'static> {
    NewPasswordPage {
        name: "name",
        login: "a-user",
        password: "a-password",
        places: vec!["place"],
        back: "a-way-back".to_owned(),
    }
}
