//! Which users may use a client, asked at authorization and at every refresh.

use super::support::{Authorize, TestProvider, Tokens, profile};
use crate::model::{ClientAccess, ConsentPolicy, UserProfile};
use crate::users::Standing;

const OFFLINE: &str = "openid offline_access";

/// A provider whose public client `app` has these rules; alice is in `/staff` and has `ADMINS`.
async fn provider(access: ClientAccess) -> TestProvider {
    TestProvider::start_with(|settings| settings.clients[0].access = access).await
}

fn names(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn only_users_that_the_rules_admit_get_a_code() {
    let open = ClientAccess::default;
    for (row, access, admitted) in [
        ("no rule", open(), true),
        (
            "a group of hers",
            ClientAccess {
                allowed_groups: names(&["/ops", "/staff"]),
                ..open()
            },
            true,
        ),
        (
            "a role of hers",
            ClientAccess {
                allowed_groups: names(&["/ops"]),
                allowed_roles: names(&["ADMINS"]),
                ..open()
            },
            true,
        ),
        (
            "another group",
            ClientAccess {
                allowed_groups: names(&["/ops"]),
                ..open()
            },
            false,
        ),
        (
            "a denied role",
            ClientAccess {
                allowed_groups: names(&["/staff"]),
                denied_roles: names(&["ADMINS"]),
                ..open()
            },
            false,
        ),
    ] {
        let op = provider(access).await;
        let mut browser = op.browser();
        let page = browser.get(&Authorize::app().target()).await;

        let answer = browser.sign_in(&page, "alice").await;

        let is_admitted = answer.params().contains_key("code");
        assert_eq!(is_admitted, admitted, "{row}");
        if !admitted {
            answer.assert_sent_back("access_denied");
            let text = &answer.params()["error_description"];
            assert!(text.contains("may not use"), "{row}: {text}");
        }
    }
}

/// Nobody is asked to allow what they do not get.
#[tokio::test]
async fn a_user_who_is_not_admitted_is_not_asked_for_consent() {
    let op = TestProvider::start_with(|settings| {
        let client = &mut settings.clients[0];
        client.access.denied_groups = names(&["/staff"]);
        client.consent = ConsentPolicy::Required;
    })
    .await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;

    let answer = browser.sign_in(&page, "alice").await;
    answer.assert_sent_back("access_denied");
    let request = Authorize::app().with("prompt", "none");
    let answer = browser.get(&request.target()).await;
    answer.assert_sent_back("access_denied");
}

/// Who is signed in already gets no code either, and is not asked for a password for nothing.
#[tokio::test]
async fn a_session_of_a_user_who_is_not_admitted_is_no_way_in() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].access.denied_groups = names(&["/staff"]);
        settings.clients[1].access.denied_groups = names(&["/guests"]);
    })
    .await;
    let mut browser = op.browser();
    Authorize::service().code_in(&mut browser, "alice").await;

    for prompt in ["", "none"] {
        let request = Authorize::app().with("prompt", prompt);
        let answer = browser.get(&request.target()).await;
        answer.assert_sent_back("access_denied");
    }
}

#[tokio::test]
async fn who_leaves_the_group_keeps_nothing_past_the_next_refresh() {
    let op = provider(ClientAccess {
        allowed_groups: names(&["/staff"]),
        ..ClientAccess::default()
    })
    .await;
    let first = op.tokens("alice", OFFLINE).await;
    let second = Tokens::of(&op.refresh(first.refresh_token()).await);
    let left = UserProfile {
        groups: names(&["/alumni"]),
        ..profile("alice")
    };
    op.users.say(Some(Ok(Standing::Active(left))));

    let answer = op.refresh(second.refresh_token()).await;

    answer.assert_refused(400, "invalid_grant");
    let userinfo = op.userinfo(second.access_token()).await;
    userinfo.assert_challenged(401, Some("invalid_token"));
    op.users.say(None);
    let again = op.refresh(second.refresh_token()).await;
    again.assert_refused(400, "invalid_grant");
}
