//! Sign-ins against the stand-in, over real sockets.

mod challenge;
mod renewal;
#[path = "../../../../examples/cells_stand_in/stand_in.rs"]
#[expect(dead_code, reason = "other users of the file ask it for more")]
mod stand_in;
mod standing;
mod tls;

use std::time::Duration;

use tokio::net::TcpListener;

use self::stand_in::{ProfileSwitch, SessionSwitch, StandIn, Switches, Version};
use super::CellsDirectory;
use crate::model::{Login, Timestamp, UserProfile};
use crate::secret::Secret;
use crate::store::{self, AttemptLimits, Lane, Store};
use crate::users::Settings;
use crate::users::{
    CellsSettings, PasswordAttempt, SignIn, SignInError, SignInLimits, UserDirectory as _,
    directory,
};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const PASSWORD: &str = "cells-demo-password";

/// Long enough for a loaded machine where an answer is expected.
const PATIENT: Duration = Duration::from_secs(20);
/// Short where none is.
const IMPATIENT: Duration = Duration::from_secs(1);

fn settings(url: &str, timeout: Duration) -> CellsSettings {
    // The program does this first thing in `main`. Only the first test to come here succeeds.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    CellsSettings {
        url: url.parse().unwrap(),
        host: None,
        ca_pem: None,
        service_token: None,
        client: None,
        connect_timeout: timeout,
        timeout,
    }
}

fn version(version: Version) -> Switches {
    Switches {
        version,
        ..Switches::default()
    }
}

fn session(session: SessionSwitch) -> Switches {
    Switches {
        session,
        ..Switches::default()
    }
}

fn profile(profile: ProfileSwitch) -> Switches {
    Switches {
        profile,
        ..Switches::default()
    }
}

async fn check(cells: &StandIn, login: &str, password: &str) -> Result<UserProfile, SignInError> {
    check_within(cells, login, password, PATIENT).await
}

async fn check_within(
    cells: &StandIn,
    login: &str,
    password: &str,
    timeout: Duration,
) -> Result<UserProfile, SignInError> {
    CellsDirectory::new(&settings(&cells.url(), timeout))
        .unwrap()
        .check_password(&Login::parse(login).unwrap(), &Secret::new(password), NOW)
        .await
        .map(|signed_in| signed_in.user)
}

/// The outcome of right credentials under `switches`.
async fn outcome(switches: Switches) -> Result<UserProfile, SignInError> {
    let cells = StandIn::start(switches).await.unwrap();
    check(&cells, "alice", PASSWORD).await
}

#[tokio::test]
async fn a_right_password_brings_the_whole_profile() {
    for switches in [Version::V2, Version::V4, Version::V5].map(version) {
        let alice = outcome(switches).await.unwrap();

        assert_eq!(
            alice.subject.as_str(),
            "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a01"
        );
        assert_eq!(alice.login, "alice");
        assert_eq!(alice.name.unwrap(), "Alice Ångström");
        assert_eq!(alice.email.unwrap(), "alice@example.com");
        assert_eq!(alice.email_verified, None);
        assert_eq!(alice.groups, ["/staff", "/staff/ops"]);
        assert_eq!(alice.roles, ["Administrators"]);
    }
}

#[tokio::test]
async fn a_user_without_attributes_is_named_by_its_login() {
    let cells = StandIn::start(Switches::default()).await.unwrap();

    let bob = check(&cells, "bob", PASSWORD).await.unwrap();

    assert_eq!(bob.name.unwrap(), "bob");
    assert_eq!(bob.email, None);
    assert!(bob.groups.is_empty());
}

#[tokio::test]
async fn a_login_of_any_characters_finds_its_own_profile() {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    for login in ["carol@example.com", "dept/dave", "zoë müller"] {
        let user = check(&cells, login, PASSWORD).await.unwrap();

        assert_eq!(user.login, login);
        // What only the profile tells.
        assert_eq!(user.groups, ["/guests"], "{login}");
    }
}

#[tokio::test]
async fn wrong_password_unknown_and_hidden_user_are_all_denied() {
    for v in [Version::V2, Version::V4, Version::V5] {
        let mut switches = version(v);
        switches.hidden_users = vec!["bob".to_owned()];
        let cells = StandIn::start(switches).await.unwrap();
        for (login, password) in [
            ("alice", "wrong"),
            ("mallory", PASSWORD),
            ("bob", PASSWORD),
            ("..", PASSWORD),
            ("%2e%2e", PASSWORD),
        ] {
            let refused = check(&cells, login, password).await;

            assert!(matches!(refused, Err(SignInError::Denied)), "{v:?} {login}");
        }
        assert_eq!(cells.failures("alice"), 1, "sent once, not again");
    }
}

#[tokio::test]
async fn a_lock_is_told_apart_where_cells_has_an_identifier_for_it() {
    for (v, is_told) in [
        (Version::V2, true),
        (Version::V4, false),
        (Version::V5, true),
    ] {
        let cells = StandIn::start(version(v)).await.unwrap();
        for _ in 0..10 {
            check(&cells, "alice", "wrong").await.unwrap_err();
        }
        assert!(cells.is_locked("alice"));

        let refused = check(&cells, "alice", PASSWORD).await;

        match refused {
            Err(SignInError::Locked) => assert!(is_told, "{v:?}"),
            Err(SignInError::Denied) => assert!(!is_told, "{v:?}"),
            other => panic!("{v:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_further_step_is_no_sign_in() {
    let trigger = outcome(session(SessionSwitch::Trigger)).await;
    let new_password = outcome(Switches {
        pass_change_users: vec!["alice".to_owned()],
        ..Switches::default()
    })
    .await;

    assert!(matches!(trigger, Err(SignInError::StepUpRequired)));
    assert!(matches!(
        new_password,
        Err(SignInError::NewPasswordRequired)
    ));
}

#[tokio::test]
async fn success_without_a_token_is_none() {
    for switch in [SessionSwitch::ErrorField, SessionSwitch::Empty] {
        let refused = outcome(session(switch)).await;

        assert!(matches!(refused, Err(SignInError::Denied)), "{switch:?}");
    }
}

#[tokio::test]
async fn a_token_under_its_old_name_is_a_token() {
    for switch in [SessionSwitch::JwtOnly, SessionSwitch::WithoutIdToken] {
        let alice = outcome(session(switch)).await.unwrap();

        assert_eq!(alice.groups, ["/staff", "/staff/ops"], "{switch:?}");
    }
}

#[tokio::test]
async fn a_backend_that_cannot_answer_is_never_a_wrong_password() {
    for switch in [
        SessionSwitch::Down,
        SessionSwitch::Unavailable,
        SessionSwitch::Garbage,
        SessionSwitch::NotCells,
        SessionSwitch::Redirect,
    ] {
        let failed = outcome(session(switch)).await;

        assert!(
            matches!(failed, Err(SignInError::Unavailable(_))),
            "{switch:?}: {failed:?}"
        );
    }
}

#[tokio::test]
async fn a_backend_that_hangs_is_waited_for_only_so_long() {
    let cells = StandIn::start(session(SessionSwitch::Hang)).await.unwrap();

    let failed = check_within(&cells, "alice", PASSWORD, IMPATIENT).await;

    assert!(matches!(
        failed,
        Err(SignInError::Unanswered("no answer in time"))
    ));
}

#[tokio::test]
async fn an_answer_without_end_is_none() {
    let failed = outcome(session(SessionSwitch::Endless)).await;

    assert!(
        matches!(failed, Err(SignInError::Unanswered(_))),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_unavailable() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let directory = CellsDirectory::new(&settings(&format!("http://{address}/"), PATIENT));

    let failed = directory
        .unwrap()
        .check_password(&Login::parse("alice").unwrap(), &Secret::new(PASSWORD), NOW)
        .await;

    assert!(matches!(
        failed,
        Err(SignInError::Unavailable("no connection"))
    ));
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let throttled = outcome(session(SessionSwitch::RateLimited)).await;

    let Err(SignInError::Throttled { until: Some(until) }) = throttled else {
        panic!("{throttled:?}");
    };
    assert_eq!(until, NOW.after(Duration::from_secs(7)));
}

/// Only the profile tells that a user must choose a new password first.
#[tokio::test]
async fn without_a_profile_nobody_is_signed_in() {
    for switch in [ProfileSwitch::Down, ProfileSwitch::Garbage] {
        for pass_change_users in [vec![], vec!["alice".to_owned()]] {
            let switches = Switches {
                pass_change_users,
                ..profile(switch)
            };

            let failed = outcome(switches).await;

            assert!(
                matches!(failed, Err(SignInError::Unavailable(_))),
                "{switch:?}: {failed:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_profile_that_does_not_come_in_time_signs_nobody_in() {
    let cells = StandIn::start(profile(ProfileSwitch::Hang)).await.unwrap();

    let failed = check_within(&cells, "alice", PASSWORD, IMPATIENT).await;

    assert!(matches!(failed, Err(SignInError::Unavailable(_))));
}

#[tokio::test]
async fn an_email_that_the_profile_hides_is_taken_from_the_id_token() {
    let alice = outcome(profile(ProfileSwitch::PublicOnly)).await.unwrap();

    assert_eq!(alice.email.as_deref(), Some("alice@example.com"));
    assert_eq!(alice.name.as_deref(), Some("Alice Ångström"));
}

#[tokio::test]
async fn another_users_profile_signs_nobody_in() {
    for switch in [SessionSwitch::Works, SessionSwitch::JwtOnly] {
        let mut switches = profile(ProfileSwitch::Another);
        switches.session = switch;

        let failed = outcome(switches).await;

        assert!(
            matches!(failed, Err(SignInError::Unavailable(_))),
            "{switch:?}"
        );
    }
}

#[tokio::test]
async fn the_host_that_cells_chooses_its_site_by_can_be_set() {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    let mut settings = settings(&cells.url(), PATIENT);
    settings.host = Some("cells.example".to_owned());
    let directory = CellsDirectory::new(&settings).unwrap();
    let (alice, password) = (Login::parse("alice").unwrap(), Secret::new(PASSWORD));

    directory
        .check_password(&alice, &password, NOW)
        .await
        .unwrap();

    assert_eq!(cells.last_host(), "cells.example");
}

#[test]
fn a_ca_file_without_a_certificate_is_refused_at_start() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        let mut settings = settings("https://cells.example/", PATIENT);
        settings.ca_pem = Some(pem.as_bytes().to_vec());

        assert!(directory(&Settings::Cells(settings)).is_err(), "{pem}");
    }
}

/// The count is ours, under one canonical login, and ends before Cells locks for good.
#[tokio::test]
async fn wrong_passwords_never_reach_the_lock_of_cells() {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    let sign_in = sign_in(&cells).await;

    for n in 0..100_u64 {
        let login = Login::parse(["alice", "ALICE", " Alice "][usize::try_from(n % 3).unwrap()]);
        let now = NOW.after(Duration::from_secs(n * 3600));
        let login = login.unwrap();
        let refused = attempt(&sign_in, &login, &Secret::new("wrong"), now).await;
        refused.unwrap_err();
    }

    assert_eq!(cells.n_sign_ins(), 8, "the ceiling, whatever the spelling");
    assert!(!cells.is_locked("alice"));
}

#[tokio::test]
async fn an_outage_costs_no_attempts() {
    let cells = StandIn::start(session(SessionSwitch::Down)).await.unwrap();
    let sign_in = sign_in(&cells).await;
    let (alice, password) = (Login::parse("alice").unwrap(), Secret::new(PASSWORD));
    for _ in 0..30 {
        let failed = attempt(&sign_in, &alice, &password, NOW).await;
        assert!(matches!(failed, Err(SignInError::Unavailable(_))));
    }

    cells.set(Switches::default());

    let signed_in = attempt(&sign_in, &alice, &password, NOW).await;
    assert!(signed_in.is_ok());
}

async fn sign_in(cells: &StandIn) -> SignIn {
    let in_memory = store::Settings::in_memory();
    let store = Store::open(&in_memory);
    let limits = SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: 5,
            pause: Duration::from_secs(60),
            ceiling: Some(8),
            reserved_for_known_devices: 0,
        },
        failures_per_address: 10_000,
        address_window: Duration::from_secs(600),
        checks_at_once: 4,
        checks_waiting: 100,
        refusal_step: Duration::ZERO,
    };
    let settings = Settings::Cells(settings(&cells.url(), PATIENT));
    SignIn::new(directory(&settings).unwrap(), store.await.unwrap(), limits)
}

async fn attempt(
    sign_in: &SignIn,
    login: &Login,
    password: &Secret,
    now: Timestamp,
) -> Result<UserProfile, SignInError> {
    let attempt = PasswordAttempt {
        login,
        password,
        address: [192, 0, 2, 1].into(),
        lane: Lane::Strangers,
    };
    let signed_in = sign_in.try_password(&attempt, now).await;
    signed_in.map(|signed_in| signed_in.user)
}
