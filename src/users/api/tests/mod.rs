//! Sign-ins against an application that a few lines stand for, over real sockets.

mod standing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::model::UserProfile;
use crate::store::{self, AttemptLimits, Lane, Store};
use crate::users::{PasswordAttempt, Settings, SignIn, SignInLimits, UserPointers, directory};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const PASSWORD: &str = "a \"strange\" & p%C3ssword: ü";

/// Answers every request with `answer`, and keeps what came.
struct Application {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Application {
    async fn answering(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/login?v=1", listener.local_addr().unwrap());
        let asked = Arc::default();
        let (answer, seen) = (answer.to_owned(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !is_whole(&request) {
                    match stream.read(&mut buffer).await {
                        Ok(n) if n > 0 => request.extend_from_slice(&buffer[..n]),
                        _ => break,
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let seen: &Mutex<Vec<String>> = &seen;
                seen.lock().unwrap().push(request);
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn pointers() -> UserPointers {
    let at = |pointer: &str| Some(pointer.to_owned());
    UserPointers {
        subject: at("/user/id"),
        login: at("/user/login"),
        name: at("/user/name"),
        email: at("/user/mail/0"),
        email_verified: at("/user/confirmed"),
        groups: at("/user/groups"),
        roles: at("/role"),
    }
}

fn settings(url: &str) -> ApiSettings {
    // The program does this first thing in `main`. Only the first test to come here succeeds.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    ApiSettings {
        url: url.parse().unwrap(),
        host: None,
        ca_pem: None,
        credentials: CredentialsForm::Json {
            login: "username".to_owned(),
            password: "password".to_owned(),
        },
        constants: BTreeMap::from([("kind".to_owned(), "interactive".to_owned())]),
        denied: vec![401, 404],
        locked: vec![423],
        user: pointers(),
        standing: None,
        connect_timeout: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
    }
}

async fn check(settings: &ApiSettings, login: &str) -> Result<UserProfile, SignInError> {
    let login = Login::parse(login).unwrap();
    let directory = ApiDirectory::new(settings).unwrap();
    let password = Secret::new(PASSWORD);
    let checked = directory.check_password(&login, &password, NOW).await;
    checked.map(|signed_in| signed_in.user)
}

const ALICE: &str = r#"{"user": {"id": 42, "login": "Alice", "name": "Alice Ångström",
    "mail": ["a@example.com"], "confirmed": true, "groups": ["staff", 7, {"x": 1}, ""]},
    "role": "admin"}"#;

#[tokio::test]
async fn a_right_password_brings_what_the_pointers_name() {
    let application = Application::answering(&answer("200 OK", ALICE)).await;

    let user = check(&settings(&application.url), "alice").await.unwrap();

    assert_eq!(user.subject.as_str(), "42");
    assert_eq!(user.login, "Alice");
    assert_eq!(user.name.as_deref(), Some("Alice Ångström"));
    assert_eq!(user.email.as_deref(), Some("a@example.com"));
    assert_eq!(user.email_verified, Some(true));
    assert_eq!(user.groups, ["staff", "7"]);
    assert_eq!(user.roles, ["admin"]);
}

#[tokio::test]
async fn credentials_are_written_as_the_operator_says_and_asked_about_once() {
    let form = CredentialsForm::Form {
        login: "user".to_owned(),
        password: "pass".to_owned(),
    };
    let json = settings("http://127.0.0.1/").credentials;
    for (credentials, method, part) in [
        (
            json,
            "POST /api/login?v=1 ",
            r#"{"kind":"interactive","password":"a \"strange\" & p%C3ssword: ü","username":"alice"}"#,
        ),
        (
            form,
            "POST /api/login?v=1 ",
            "kind=interactive&user=alice&pass=a+%22strange%22+%26+p%25C3ssword%3A+%C3%BC",
        ),
        (
            CredentialsForm::Basic,
            "GET /api/login?v=1 ",
            // RFC 7617 §2.1: UTF-8.
            "authorization: Basic YWxpY2U6YSAic3RyYW5nZSIgJiBwJUMzc3N3b3JkOiDDvA==",
        ),
    ] {
        let application = Application::answering(&answer("401 Unauthorized", "")).await;
        let settings = ApiSettings {
            credentials,
            ..settings(&application.url)
        };

        let refused = check(&settings, "alice").await;

        assert!(matches!(refused, Err(SignInError::Denied)), "{refused:?}");
        let asked = application.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].starts_with(method) && asked[0].contains(part),
            "{}",
            asked[0]
        );
    }
}

#[tokio::test]
async fn each_status_means_what_is_written_down_and_no_other_is_a_wrong_password() {
    for (status, expected) in [
        ("401 Unauthorized", "Denied"),
        ("404 Not Found", "Denied"),
        ("423 Locked", "Locked"),
        ("429 Too Many Requests", "Throttled"),
        ("403 Forbidden", "Unavailable"),
        ("302 Found", "Unavailable"),
        ("400 Bad Request", "Unavailable"),
        ("500 Internal Server Error", "Unavailable"),
        ("503 Service Unavailable", "Unavailable"),
    ] {
        let application = Application::answering(&answer(status, ALICE)).await;
        let refused = check(&settings(&application.url), "alice")
            .await
            .unwrap_err();
        assert!(
            format!("{refused:?}").starts_with(expected),
            "{status}: {refused:?}"
        );
    }
}

/// Nobody is signed in by an answer that names nobody.
#[tokio::test]
async fn an_answer_that_is_not_about_a_user_lets_nobody_in() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"{"user": null}"#,
        r#"{"user": {"id": ""}}"#,
        r#"{"user": {"id": {"x": 1}}}"#,
        r#"{"user": {"id": true}}"#,
        r#"{"user": {"id": " 42"}}"#,
        &format!(r#"{{"user": {{"id": "{}"}}}}"#, "4".repeat(2000)),
        r#"{"error": "wrong password"}"#,
    ] {
        let application = Application::answering(&answer("200 OK", body)).await;
        let refused = check(&settings(&application.url), "alice")
            .await
            .unwrap_err();
        assert!(
            matches!(refused, SignInError::Unavailable(_)),
            "{body}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn without_pointers_the_login_is_all_there_is() {
    let application = Application::answering(&answer("204 No Content", "")).await;
    let settings = ApiSettings {
        credentials: CredentialsForm::Basic,
        user: UserPointers::default(),
        ..settings(&application.url)
    };

    let user = check(&settings, "alice").await.unwrap();

    assert_eq!((user.subject.as_str(), &*user.login), ("alice", "alice"));
    assert!(user.name.is_none() && user.groups.is_empty());
}

/// RFC 7617 §2: "a user-id containing a colon character is invalid".
#[tokio::test]
async fn a_login_that_basic_would_read_as_another_is_not_sent() {
    let application = Application::answering(&answer("200 OK", ALICE)).await;
    let settings = ApiSettings {
        credentials: CredentialsForm::Basic,
        ..settings(&application.url)
    };

    let refused = check(&settings, "alice:x").await;

    assert!(matches!(refused, Err(SignInError::Denied)));
    assert!(application.asked().is_empty());
}

#[tokio::test]
async fn an_application_that_is_down_or_silent_is_never_a_wrong_password() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    let silent = ApiSettings {
        timeout: Duration::from_secs(1),
        ..settings(&url)
    };
    let refused = check(&silent, "alice").await.unwrap_err();
    assert!(matches!(refused, SignInError::Unanswered(_)), "{refused:?}");

    drop(nobody);
    let refused = check(&settings(&url), "alice").await.unwrap_err();
    assert!(
        matches!(refused, SignInError::Unavailable(_)),
        "{refused:?}"
    );
}

/// The same counters as for any backend.
#[tokio::test]
async fn wrong_passwords_are_counted_and_an_outage_is_not() {
    let limits = SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: 2,
            pause: Duration::from_secs(300),
            ceiling: None,
            reserved_for_known_devices: 0,
        },
        failures_per_address: 100,
        address_window: Duration::from_secs(600),
        checks_at_once: 4,
        checks_waiting: 4,
        refusal_step: Duration::ZERO,
    };
    let login = Login::parse("alice").unwrap();
    for (status, is_counted) in [("401 Unauthorized", true), ("500 Oh", false)] {
        let application = Application::answering(&answer(status, "")).await;
        let settings = Settings::Api(Box::new(settings(&application.url)));
        let in_memory = store::Settings::in_memory();
        let store = Store::open(&in_memory).await.unwrap();
        let sign_in = SignIn::new(directory(&settings).unwrap(), store, limits);
        let attempt = PasswordAttempt {
            login: &login,
            password: &Secret::new("wrong"),
            address: "192.0.2.1".parse().unwrap(),
            lane: Lane::Strangers,
        };
        for _ in 0..2 {
            drop(sign_in.try_password(&attempt, NOW).await);
        }

        let third = sign_in.try_password(&attempt, NOW).await;

        let is_paused = matches!(third, Err(SignInError::Throttled { .. }));
        assert_eq!(is_paused, is_counted, "{status}: {third:?}");
    }
}
