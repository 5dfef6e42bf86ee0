//! Application passwords: made and revoked at the account page, recognized with requests.

use std::net::IpAddr;
use std::sync::Arc;

use super::support::{Answer, Authorize, Browser, TestProvider, profile};
use crate::jose::Verified;
use crate::model::{Scope, Timestamp};
use crate::provider::{
    ApplicationPasswordError, ApplicationPasswords, PasswordPlace, PresentedPassword,
    RecalledPassword,
};
use crate::secret::Secret;
use crate::users::{BackendError, Standing};

const ACCOUNT: &str = "/oidc/account";
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

pub(crate) fn place(route: &str, scope: &str) -> Arc<PasswordPlace> {
    Arc::new(PasswordPlace {
        route: route.to_owned(),
        title: format!("The place {route}"),
        scope: Scope::parse(scope).unwrap(),
        audience: vec!["api".to_owned()],
    })
}

async fn provider_with(change: impl FnOnce(&mut ApplicationPasswords)) -> TestProvider {
    TestProvider::start_with(|settings| {
        let passwords = &mut settings.application_passwords;
        passwords.places = vec![
            place("dav", "files.read files.write"),
            place("mail", "mail.read"),
        ];
        change(passwords);
    })
    .await
}

async fn provider() -> TestProvider {
    provider_with(|_| {}).await
}

/// A browser in which `login` is signed in.
pub(crate) async fn signed_in<'a>(op: &'a TestProvider, login: &str) -> Browser<'a> {
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, login).await;
    browser
}

/// The value of the first field called `name`.
fn value(page: &Answer, name: &str) -> String {
    let marker = format!(r#"name="{name}" value=""#);
    let (_, rest) = page.body.split_once(&marker).expect("a field");
    rest.split('"').next().unwrap().to_owned()
}

async fn send(browser: &mut Browser<'_>, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let (ticket, once) = (page.ticket(), value(page, "once"));
    let mut form = vec![
        ("ticket", ticket.as_str()),
        ("once", once.as_str()),
        ("mint", "1"),
    ];
    form.extend(fields);
    browser.post(ACCOUNT, &form).await
}

/// The password on the page that shows it.
fn shown(page: &Answer) -> String {
    let marker = r#"<code id="password">"#;
    let (_, rest) = page.body.split_once(marker).expect("a password");
    rest.split('<').next().unwrap().to_owned()
}

/// Has a password made for these fields.
pub(crate) async fn mint(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let page = browser.get(ACCOUNT).await;
    let made = send(browser, &page, fields).await;
    assert_eq!(made.status, 200, "{made:?}");
    shown(&made)
}

const DAV: [(&str, &str); 4] = [
    ("name", "phone"),
    ("route", "dav"),
    ("scope", "files.read"),
    ("scope", "files.write"),
];

fn presented(place: &Arc<PasswordPlace>, login: &str, password: &str) -> PresentedPassword {
    PresentedPassword::new(place, login, &Secret::new(password))
}

async fn read(
    op: &TestProvider,
    place: &Arc<PasswordPlace>,
    pair: (&str, &str),
) -> Result<Arc<Verified>, ApplicationPasswordError> {
    let presented = presented(place, pair.0, pair.1);
    let from = (PEER, Timestamp::from_secs(op.now()));
    op.provider
        .read_application_password(&presented, from)
        .await
}

fn is_wrong(read: &Result<Arc<Verified>, ApplicationPasswordError>) -> bool {
    matches!(read, Err(ApplicationPasswordError::Wrong))
}

#[tokio::test]
async fn none_are_offered_where_no_route_takes_any() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op, "alice").await;

    let page = browser.get(ACCOUNT).await;

    assert_eq!(page.status, 200);
    assert!(!page.body.contains(r#"id="mint""#), "{page:?}");
}

#[tokio::test]
async fn a_password_is_shown_once_listed_without_it_and_revoked() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let dav = place("dav", "files.read files.write");

    let page = browser.get(ACCOUNT).await;
    page.assert_page(200, "The place dav");
    page.assert_page(200, "The place mail");
    let made = send(&mut browser, &page, &DAV).await;
    made.assert_page(200, "The place dav");
    let caching = made.header("cache-control").unwrap();
    assert!(caching.contains("no-store"), "{caching}");
    let password = shown(&made);
    assert!(!is_wrong(&read(&op, &dav, ("alice", &password)).await));

    op.advance_s(120);
    let page = browser.get(ACCOUNT).await;
    page.assert_page(200, "phone");
    assert!(!page.body.contains(&password));
    assert!(page.body.contains("Last used"), "{page:?}");
    let (ticket, id) = (page.ticket(), value(&page, "end-password"));
    let form = [("ticket", ticket.as_str()), ("end-password", id.as_str())];
    let done = browser.post(ACCOUNT, &form).await;

    assert!(done.location().as_str().ends_with("?done=password-ended"));
    assert!(op.store.revocations().covers_grant(&id));
    assert!(is_wrong(&read(&op, &dav, ("alice", &password)).await));
    let page = browser.get(ACCOUNT).await;
    assert!(!page.body.contains("end-password"), "{page:?}");
}

#[tokio::test]
async fn a_form_without_name_or_place_makes_nothing() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let long = "x".repeat(65);
    for (row, fields) in [
        ("no name", &[("route", "dav")][..]),
        ("a name of spaces", &[("name", "  "), ("route", "dav")]),
        ("a long name", &[("name", &long), ("route", "dav")]),
        ("a name of two lines", &[("name", "a\nb"), ("route", "dav")]),
        ("no place", &[("name", "phone")]),
        ("another place", &[("name", "phone"), ("route", "admin")]),
    ] {
        let page = browser.get(ACCOUNT).await;
        let done = send(&mut browser, &page, fields).await;
        let end = "?done=password-incomplete";
        assert!(done.location().as_str().ends_with(end), "{row}");
    }
    let subject = profile("alice").subject;
    let now = Timestamp::from_secs(op.now());
    let made = op.store.application_passwords_of(&subject, now).await;
    assert!(made.unwrap().is_empty());
}

/// L: what is on the page of one browser is worth nothing in another, or from another site.
#[tokio::test]
async fn nobody_elses_page_makes_or_ends_a_password() {
    let op = provider().await;
    let mut alice = signed_in(&op, "alice").await;
    let mut bob = signed_in(&op, "bob").await;
    mint(&mut alice, &DAV).await;
    let page = alice.get(ACCOUNT).await;
    let id = value(&page, "end-password");
    let (ticket, once) = (page.ticket(), value(&page, "once"));
    let form = [
        ("ticket", ticket.as_str()),
        ("once", once.as_str()),
        ("mint", "1"),
        ("name", "x"),
        ("route", "dav"),
    ];

    let cross_site = [("sec-fetch-site", "cross-site")];
    let refused = alice.post_from(ACCOUNT, &form, &cross_site).await;
    refused.assert_page(403, "does not belong to this browser");
    let foreign = bob.post(ACCOUNT, &form).await;
    foreign.assert_page(403, "does not belong to this browser");
    let own = bob.get(ACCOUNT).await.ticket();
    let end = [("ticket", own.as_str()), ("end-password", id.as_str())];
    bob.post(ACCOUNT, &end).await;

    let now = Timestamp::from_secs(op.now());
    let subject = profile("alice").subject;
    let left = op.store.application_passwords_of(&subject, now).await;
    assert_eq!(left.unwrap().len(), 1);
    assert!(!op.store.revocations().covers_grant(&id));
}

#[tokio::test]
async fn a_form_that_is_sent_again_makes_no_second_password() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let page = browser.get(ACCOUNT).await;
    let first = shown(&send(&mut browser, &page, &DAV).await);

    let again = send(&mut browser, &page, &DAV).await;

    assert_eq!(again.location().as_str(), "https://op.example/oidc/account");
    let dav = place("dav", "files.read");
    assert!(!is_wrong(&read(&op, &dav, ("alice", &first)).await));
    let page = browser.get(ACCOUNT).await;
    assert_eq!(page.body.matches(r#"name="end-password""#).count(), 1);
}

#[tokio::test]
async fn a_user_has_no_more_than_configured() {
    let op = provider_with(|passwords| passwords.max_per_user = 2).await;
    let mut browser = signed_in(&op, "alice").await;
    mint(&mut browser, &DAV).await;
    mint(&mut browser, &DAV).await;

    let page = browser.get(ACCOUNT).await;
    let full = send(&mut browser, &page, &DAV).await;

    assert!(full.location().as_str().ends_with("?done=passwords-full"));
    let mut other = signed_in(&op, "bob").await;
    mint(&mut other, &DAV).await;
}

#[tokio::test]
async fn a_password_says_who_its_user_is_and_no_more_than_was_chosen() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let fields = [
        ("name", "phone"),
        ("route", "dav"),
        ("scope", "files.read"),
        ("scope", "admin"),
    ];
    let password = mint(&mut browser, &fields).await;
    let dav = place("dav", "files.read files.write");

    let verified = read(&op, &dav, ("alice", &password)).await.unwrap();

    assert_eq!(verified.subject.as_str(), "uuid-of-alice");
    assert_eq!(verified.scope.to_string(), "files.read");
    assert_eq!(verified.audience, ["api"]);
    assert!(verified.is_own && verified.client_id.is_none());
    assert!(!verified.is_of_client());
    assert_eq!(verified.claims["preferred_username"], "alice");
    assert_eq!(verified.claims["groups"][0], "/staff");
    for absent in ["auth_time", "acr", "amr", "client_id", "sid"] {
        assert!(!verified.claims.contains_key(absent), "{absent}");
    }
    // The operator took something back since.
    let narrower = place("dav", "files.write");
    let verified = read(&op, &narrower, ("alice", &password)).await.unwrap();
    assert!(verified.scope.is_empty());
}

#[tokio::test]
async fn everything_else_is_wrong_and_nothing_says_why() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let password = mint(&mut browser, &DAV).await;
    let dav = place("dav", "files.read");
    let other = "cgap-01234-56789-abcde-fghjk-mnpqr-stvwx";
    for (row, place, login, password) in [
        ("another login", dav.clone(), "bob", password.as_str()),
        ("no login", dav.clone(), "", &password),
        (
            "another route",
            place("mail", "mail.read"),
            "alice",
            &password,
        ),
        ("an unknown one", dav.clone(), "alice", other),
        (
            "the user's own password",
            dav.clone(),
            "alice",
            super::support::PASSWORD,
        ),
        ("nothing", dav.clone(), "alice", ""),
    ] {
        let read = read(&op, &place, (login, password)).await;
        assert!(is_wrong(&read), "{row}: {read:?}");
        let presented = presented(&place, login, password);
        let now = Timestamp::from_secs(op.now());
        let recalled = op.provider.recall_application_password(&presented, now);
        assert!(matches!(recalled, RecalledPassword::Wrong), "{row}");
    }
    let spelled = read(&op, &dav, (" ALICE", &password)).await;
    assert!(!is_wrong(&spelled), "as at the sign-in page");
}

/// Each request would cost a look into the database otherwise.
#[tokio::test]
async fn what_was_read_is_believed_for_a_minute() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let password = mint(&mut browser, &DAV).await;
    let dav = place("dav", "files.read");
    let presented = presented(&dav, "alice", &password);
    let recall = || {
        let now = Timestamp::from_secs(op.now());
        op.provider.recall_application_password(&presented, now)
    };

    assert!(matches!(recall(), RecalledPassword::Unread));
    read(&op, &dav, ("alice", &password)).await.unwrap();
    op.advance_s(59);
    assert!(matches!(recall(), RecalledPassword::Good(_)));
    op.advance_s(1);
    assert!(matches!(recall(), RecalledPassword::Unread));
}

#[tokio::test]
async fn one_with_a_lifetime_ends_with_it() {
    let day = std::time::Duration::from_secs(86_400);
    let op = provider_with(|passwords| passwords.lifetime = Some(day)).await;
    let mut browser = signed_in(&op, "alice").await;
    let password = mint(&mut browser, &DAV).await;
    let dav = place("dav", "files.read");
    browser.get(ACCOUNT).await.assert_page(200, "Ends on");

    op.advance_s(86_399);
    let verified = read(&op, &dav, ("alice", &password)).await.unwrap();
    op.advance_s(1);

    let now = Timestamp::from_secs(op.now());
    assert_eq!(verified.expires_at, now);
    let presented = presented(&dav, "alice", &password);
    let recalled = op.provider.recall_application_password(&presented, now);
    assert!(matches!(recalled, RecalledPassword::Unread));
    assert!(is_wrong(&read(&op, &dav, ("alice", &password)).await));
}

#[tokio::test]
async fn a_user_who_is_gone_loses_all_passwords() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let passwords = [
        mint(&mut browser, &DAV).await,
        mint(&mut browser, &DAV).await,
    ];
    let dav = place("dav", "files.read");
    op.users.say(Some(Ok(Standing::Ended("it is locked"))));

    // As long as an access token would be good without asking.
    assert!(!is_wrong(&read(&op, &dav, ("alice", &passwords[0])).await));
    op.advance_s(600);
    assert!(is_wrong(&read(&op, &dav, ("alice", &passwords[0])).await));

    op.users.say(None);
    assert!(is_wrong(&read(&op, &dav, ("alice", &passwords[1])).await));
}

#[tokio::test]
async fn a_backend_that_is_down_says_nothing_of_users_for_a_day() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let password = mint(&mut browser, &DAV).await;
    let dav = place("dav", "files.read");
    op.users.say(Some(Err(BackendError("connection refused"))));

    op.advance_s(86_400);
    assert!(!is_wrong(&read(&op, &dav, ("alice", &password)).await));
    op.advance_s(1);
    let late = read(&op, &dav, ("alice", &password)).await;
    assert!(
        matches!(late, Err(ApplicationPasswordError::Unconfirmed)),
        "{late:?}"
    );

    op.users.say(None);
    let renewed = read(&op, &dav, ("alice", &password)).await.unwrap();
    assert_eq!(renewed.claims["name"], "The user alice");
}

/// Counted by login, whatever the addresses; and nobody is kept from working by it.
#[tokio::test]
async fn whoever_guesses_waits_and_who_was_let_in_before_does_not() {
    let op = provider().await;
    let mut browser = signed_in(&op, "alice").await;
    let password = mint(&mut browser, &DAV).await;
    let dav = place("dav", "files.read");
    read(&op, &dav, ("alice", &password)).await.unwrap();
    let now = Timestamp::from_secs(op.now());
    let guess = |n: u32, login: &'static str, peer: IpAddr| {
        let presented = presented(&dav, login, &format!("guess {n}"));
        let (op, from) = (&op, (peer, now));
        async move {
            op.provider
                .read_application_password(&presented, from)
                .await
        }
    };
    for n in 0..10_000_u32 {
        let peer = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        assert!(is_wrong(&guess(n, "alice", peer).await), "{n}");
    }

    let elsewhere = IpAddr::from([198, 51, 100, 1]);
    let throttled = guess(10_000, "ALICE", elsewhere).await;
    assert!(
        matches!(throttled, Err(ApplicationPasswordError::Throttled { wait }) if !wait.is_zero()),
        "{throttled:?}"
    );
    assert!(is_wrong(&guess(10_001, "bob", elsewhere).await));
    op.advance_s(60);
    assert!(!is_wrong(&read(&op, &dav, ("alice", &password)).await));
    // None of that stands in the way at the sign-in page.
    signed_in(&op, "alice").await;
}

/// A client that repeats what is wrong makes no new guess.
#[tokio::test]
async fn one_wrong_password_is_one_guess_a_minute() {
    let op = provider().await;
    let dav = place("dav", "files.read");
    let presented = presented(&dav, "alice", "wrong");
    let now = Timestamp::from_secs(op.now());
    assert!(is_wrong(&read(&op, &dav, ("alice", "wrong")).await));

    let recall = |at| op.provider.recall_application_password(&presented, at);

    let minute = std::time::Duration::from_secs(60);
    let just_before = now.after(minute).before(std::time::Duration::from_secs(1));
    assert!(matches!(recall(just_before), RecalledPassword::Wrong));
    assert!(matches!(
        recall(now.after(minute)),
        RecalledPassword::Unread
    ));
}
