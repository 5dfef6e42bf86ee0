use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::model::UserProfile;
use crate::store::Settings;

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A directory that answers as it is told and remembers how often it was asked.
#[derive(Debug)]
struct Scripted {
    answer: Answer,
    n_asked: Mutex<u32>,
    in_flight: Mutex<u32>,
    most_in_flight: Mutex<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    ByPassword,
    Locked,
    StepUp,
    NewPassword,
    Throttled,
    Down,
    Silence,
}

#[async_trait]
impl UserDirectory for Scripted {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        _now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        *self.n_asked.lock().unwrap() += 1;
        self.stay_a_while().await;
        match self.answer {
            Answer::ByPassword if password.expose() == "right" => {
                Ok(UserProfile::named("subject", login.as_str()).into())
            }
            Answer::ByPassword => Err(SignInError::Denied),
            Answer::Locked => Err(SignInError::Locked),
            Answer::StepUp => Err(SignInError::StepUpRequired),
            Answer::NewPassword => Err(SignInError::NewPasswordRequired),
            Answer::Throttled => Err(SignInError::Throttled { until: Some(NOW) }),
            Answer::Down => Err(SignInError::Unavailable("down")),
            Answer::Silence => Err(SignInError::Unanswered("silence")),
        }
    }
}

impl Scripted {
    async fn stay_a_while(&self) {
        {
            let mut in_flight = self.in_flight.lock().unwrap();
            *in_flight += 1;
            let mut most = self.most_in_flight.lock().unwrap();
            *most = (*most).max(*in_flight);
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        *self.in_flight.lock().unwrap() -= 1;
    }
}

async fn sign_in(answer: Answer) -> (SignIn, Arc<Scripted>) {
    sign_in_with(answer, |_| {}).await
}

async fn sign_in_with(
    answer: Answer,
    change: impl FnOnce(&mut SignInLimits),
) -> (SignIn, Arc<Scripted>) {
    let in_memory = Settings::in_memory();
    let store = Store::open(&in_memory);
    let mut limits = SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: 2,
            pause: Duration::from_secs(60),
            ceiling: Some(3),
            reserved_for_known_devices: 0,
        },
        failures_per_address: 10_000,
        address_window: Duration::from_secs(600),
        checks_at_once: 4,
        checks_waiting: 100,
        refusal_step: Duration::ZERO,
    };
    change(&mut limits);
    let directory = Arc::new(Scripted {
        answer,
        n_asked: Mutex::default(),
        in_flight: Mutex::default(),
        most_in_flight: Mutex::default(),
    });
    let sign_in = SignIn::new(Arc::clone(&directory) as _, store.await.unwrap(), limits);
    (sign_in, directory)
}

/// Tries a password at `secs`; what came of it in a word.
async fn attempt(sign_in: &SignIn, login: &str, password: &str, secs: u64) -> &'static str {
    let now = NOW.after(Duration::from_secs(secs));
    let login = Login::parse(login).unwrap();
    let attempt = PasswordAttempt {
        login: &login,
        password: &Secret::new(password),
        address: ADDRESS,
        lane: Lane::Strangers,
    };
    let outcome = sign_in.try_password(&attempt, now).await;
    in_a_word(&outcome)
}

fn in_a_word(outcome: &Result<SignedIn, SignInError>) -> &'static str {
    match outcome {
        Ok(_) => "signed in",
        Err(SignInError::Denied) => "denied",
        Err(SignInError::Locked) => "locked",
        Err(SignInError::StepUpRequired) => "step up",
        Err(SignInError::NewPasswordRequired) => "new password",
        Err(SignInError::Throttled { until: Some(_) }) => "throttled",
        Err(SignInError::Throttled { until: None }) => "exhausted",
        Err(SignInError::AddressThrottled { .. }) => "address throttled",
        Err(SignInError::Busy) => "busy",
        Err(SignInError::Unavailable(_)) => "unavailable",
        Err(SignInError::Unanswered(_)) => "unanswered",
        Err(SignInError::Store(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_pause_refuses_even_the_right_password_without_asking() {
    let (sign_in, directory) = sign_in(Answer::ByPassword).await;

    assert_eq!(attempt(&sign_in, "alice", "wrong", 0).await, "denied");
    assert_eq!(attempt(&sign_in, "Alice", "wrong", 0).await, "denied");
    assert_eq!(attempt(&sign_in, "alice", "right", 0).await, "throttled");
    assert_eq!(attempt(&sign_in, "bob", "right", 0).await, "signed in");

    assert_eq!(*directory.n_asked.lock().unwrap(), 3);
}

#[tokio::test]
async fn a_success_clears_the_count() {
    let (sign_in, _) = sign_in(Answer::ByPassword).await;

    for _ in 0..5 {
        assert_eq!(attempt(&sign_in, "alice", "wrong", 0).await, "denied");
        assert_eq!(attempt(&sign_in, "alice", "right", 0).await, "signed in");
    }
}

#[tokio::test]
async fn the_ceiling_holds_until_somebody_clears_it() {
    let (sign_in, _) = sign_in(Answer::ByPassword).await;
    for secs in [0, 0, 60] {
        assert_eq!(attempt(&sign_in, "alice", "wrong", secs).await, "denied");
    }

    assert_eq!(
        attempt(&sign_in, "alice", "right", 9_999).await,
        "exhausted"
    );
}

#[tokio::test]
async fn what_says_nothing_about_the_password_is_not_counted() {
    for (answer, word) in [
        (Answer::StepUp, "step up"),
        (Answer::NewPassword, "new password"),
        (Answer::Throttled, "throttled"),
        (Answer::Down, "unavailable"),
    ] {
        let (sign_in, directory) = sign_in(answer).await;
        for _ in 0..10 {
            assert_eq!(attempt(&sign_in, "alice", "right", 0).await, word);
        }
        assert_eq!(*directory.n_asked.lock().unwrap(), 10, "{word}");
    }
}

/// The backend may have counted it before it fell silent.
#[tokio::test]
async fn an_attempt_without_an_answer_stays_counted() {
    let (sign_in, directory) = sign_in(Answer::Silence).await;

    for word in ["unanswered", "unanswered", "throttled", "throttled"] {
        assert_eq!(attempt(&sign_in, "alice", "right", 0).await, word);
    }

    assert_eq!(*directory.n_asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_locked_user_stays_counted() {
    let (sign_in, directory) = sign_in(Answer::Locked).await;

    for word in ["locked", "locked", "throttled", "throttled"] {
        assert_eq!(attempt(&sign_in, "alice", "right", 0).await, word);
    }

    assert_eq!(*directory.n_asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn an_empty_or_endless_password_is_counted_but_nobody_is_asked() {
    let endless = "x".repeat(MAX_PASSWORD_BYTES + 1);
    let (sign_in, directory) = sign_in(Answer::ByPassword).await;

    assert_eq!(attempt(&sign_in, "alice", "", 0).await, "denied");
    assert_eq!(attempt(&sign_in, "alice", &endless, 0).await, "denied");
    assert_eq!(attempt(&sign_in, "alice", "right", 0).await, "throttled");

    assert_eq!(*directory.n_asked.lock().unwrap(), 0);
}

/// Otherwise a wrong attempt could fail at the backend after a success has reset its count and
/// before that has cleared ours.
#[tokio::test]
async fn attempts_of_one_login_never_overlap() {
    let (sign_in, directory) = sign_in(Answer::ByPassword).await;

    let attempts =
        [("alice", "wrong"), ("alice", "right"), ("Alice", "wrong")].map(|(login, password)| {
            let sign_in = sign_in.clone();
            tokio::spawn(async move { attempt(&sign_in, login, password, 0).await })
        });

    for attempt in attempts {
        attempt.await.unwrap();
    }
    assert_eq!(*directory.n_asked.lock().unwrap(), 3);
    assert_eq!(*directory.most_in_flight.lock().unwrap(), 1);
}

/// Tries a wrong or right password from `address`, as a known device if `device` names one.
async fn attempt_from(
    sign_in: &SignIn,
    (login, password): (&str, &str),
    address: &str,
    device: Option<&str>,
) -> &'static str {
    let lane = device.map_or(Lane::Strangers, |name| {
        Lane::KnownDevice(Digest::of(name.as_bytes()))
    });
    let attempt = PasswordAttempt {
        login: &Login::parse(login).unwrap(),
        password: &Secret::new(password),
        address: address.parse().unwrap(),
        lane,
    };
    in_a_word(&sign_in.try_password(&attempt, NOW).await)
}

/// However many browsers are known, the backend is never asked more often than the ceiling says.
#[tokio::test]
async fn all_lanes_together_stay_below_the_backends_lock() {
    let (sign_in, directory) = sign_in_with(Answer::ByPassword, |limits| {
        limits.attempts.ceiling = Some(8);
        limits.attempts.failures_before_pause = 8;
        limits.attempts.reserved_for_known_devices = 2;
    })
    .await;

    for device in [None, Some("laptop"), Some("phone"), Some("desktop")] {
        for _ in 0..10 {
            attempt_from(&sign_in, ("alice", "wrong"), "192.0.2.1", device).await;
        }
    }

    assert_eq!(*directory.n_asked.lock().unwrap(), 8);
}

#[tokio::test]
async fn an_attacker_cannot_lock_the_owner_out_of_a_known_browser() {
    let (sign_in, _) = sign_in_with(Answer::ByPassword, |limits| {
        limits.attempts.reserved_for_known_devices = 1;
        limits.failures_per_address = 2;
    })
    .await;
    let right = ("alice", "right");
    for _ in 0..10 {
        attempt_from(&sign_in, ("alice", "wrong"), "192.0.2.1", None).await;
    }

    let elsewhere = attempt_from(&sign_in, right, "198.51.100.1", None).await;
    let known = attempt_from(&sign_in, right, "192.0.2.1", Some("laptop")).await;

    assert_eq!((elsewhere, known), ("exhausted", "signed in"));
    let afterwards = attempt_from(&sign_in, right, "198.51.100.1", None).await;
    assert_eq!(afterwards, "signed in", "a success clears all lanes");
}

/// One password on many logins.
#[tokio::test]
async fn an_address_that_sprays_passwords_has_to_wait() {
    let (sign_in, directory) = sign_in_with(Answer::ByPassword, |limits| {
        limits.failures_per_address = 3;
    })
    .await;
    let spray = async |n: u8, address: &str| {
        let login = format!("user{n}");
        attempt_from(&sign_in, (&login, "summer"), address, None).await
    };
    for n in 0..3 {
        assert_eq!(spray(n, "2001:db8::1").await, "denied");
    }

    assert_eq!(
        spray(3, "2001:db8::2").await,
        "address throttled",
        "same /64"
    );
    assert_eq!(spray(4, "2001:db8:0:1::1").await, "denied", "another");
    let right = attempt_from(&sign_in, ("bob", "right"), "2001:db8::1", None).await;
    assert_eq!(right, "address throttled");
    assert_eq!(*directory.n_asked.lock().unwrap(), 4);
}

#[tokio::test]
async fn an_overload_is_turned_away_before_anything_is_counted() {
    let (sign_in, directory) = sign_in_with(Answer::ByPassword, |limits| {
        limits.checks_at_once = 2;
        limits.checks_waiting = 4;
    })
    .await;

    let attempts: Vec<_> = (0..20)
        .map(|n| {
            let sign_in = sign_in.clone();
            let (login, address) = (format!("user{n}"), format!("192.0.2.{n}"));
            tokio::spawn(
                async move { attempt_from(&sign_in, (&login, "wrong"), &address, None).await },
            )
        })
        .collect();

    let mut n_busy = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            "busy" => n_busy += 1,
            word => assert_eq!(word, "denied"),
        }
    }
    let n_asked = *directory.n_asked.lock().unwrap();
    assert_eq!(n_busy + n_asked, 20);
    assert!(n_asked >= 6 && n_busy >= 1, "{n_asked} were asked");
    assert!(*directory.most_in_flight.lock().unwrap() <= 2);
}

/// Only half of the checks and of the places is for one address.
#[tokio::test]
async fn one_address_does_not_fill_the_queue() {
    let (sign_in, directory) = sign_in_with(Answer::ByPassword, |limits| {
        limits.checks_at_once = 2;
        limits.checks_waiting = 4;
    })
    .await;
    let flood: Vec<_> = (0..20)
        .map(|n| {
            let sign_in = sign_in.clone();
            tokio::spawn(async move {
                let login = format!("user{n}");
                attempt_from(&sign_in, (&login, "wrong"), "192.0.2.1", None).await
            })
        })
        .collect();
    tokio::task::yield_now().await;

    let other = attempt_from(&sign_in, ("bob", "right"), "198.51.100.1", None).await;

    assert_eq!(other, "signed in");
    for attempt in flood {
        attempt.await.unwrap();
    }
    assert!(*directory.most_in_flight.lock().unwrap() <= 2);
}

#[test]
fn refusals_are_sent_at_whole_steps() {
    let began = Instant::now();
    let step = Duration::from_secs(3600);

    assert_eq!(next_step(began, step), began + step);
    assert_eq!(next_step(began, Duration::ZERO), began);
}
