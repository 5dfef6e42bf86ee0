use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::model::Subject;
use crate::store::{Settings, Synchronous};

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
    ) -> Result<UserProfile, SignInError> {
        *self.n_asked.lock().unwrap() += 1;
        self.stay_a_while().await;
        match self.answer {
            Answer::ByPassword if password.expose() == "right" => Ok(UserProfile {
                subject: Subject::parse("subject").unwrap(),
                login: login.as_str().to_owned(),
                name: None,
                email: None,
                email_verified: None,
                groups: vec![],
                roles: vec![],
            }),
            Answer::ByPassword => Err(SignInError::Denied),
            Answer::Locked => Err(SignInError::Locked),
            Answer::StepUp => Err(SignInError::StepUpRequired),
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
    let store = Store::open(&Settings {
        path: None,
        key_file: None,
        synchronous: Synchronous::Normal,
    });
    let limits = AttemptLimits {
        failures_before_pause: 2,
        pause: Duration::from_secs(60),
        ceiling: Some(3),
    };
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
    match sign_in
        .try_password(&login, &Secret::new(password), now)
        .await
    {
        Ok(_) => "signed in",
        Err(SignInError::Denied) => "denied",
        Err(SignInError::Locked) => "locked",
        Err(SignInError::StepUpRequired) => "step up",
        Err(SignInError::Throttled { until: Some(_) }) => "throttled",
        Err(SignInError::Throttled { until: None }) => "exhausted",
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
