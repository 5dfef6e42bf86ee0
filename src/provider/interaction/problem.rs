//! What the sign-in page says when signing in did not work.
//!
//! Unknown, disabled and locked users and wrong passwords are one and the same problem to the
//! reader: the page must not tell who has an account here.

use http::StatusCode;

use crate::model::Timestamp;
use crate::provider::endpoint::Endpoint;
use crate::provider::pages::{FormAction, SignInPage};
use crate::users::SignInError;

/// Why the page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The user name or the password is wrong, or the user may not sign in.
    Denied,
    /// Too many wrong passwords; `None`: until an administrator acts.
    Throttled(Option<Timestamp>),
    /// The backend wants a second factor, which cannot be asked for here.
    StepUpRequired,
    /// Too many sign-ins at once; the password was not looked at.
    Busy,
    /// The backend or our store cannot answer; nothing is said about the password.
    Unavailable,
    /// The page was open for too long.
    Expired,
}

impl Problem {
    /// What the user is told about `error`.
    pub(super) const fn of(error: &SignInError) -> Self {
        match error {
            SignInError::Denied | SignInError::Locked => Self::Denied,
            SignInError::StepUpRequired => Self::StepUpRequired,
            SignInError::Throttled { until } => Self::Throttled(*until),
            SignInError::AddressThrottled { until } => Self::Throttled(Some(*until)),
            SignInError::Busy => Self::Busy,
            SignInError::Unavailable(_) | SignInError::Unanswered(_) | SignInError::Store(_) => {
                Self::Unavailable
            }
        }
    }

    /// A 4xx also keeps password managers from offering to save a wrong password.
    const fn status(&self) -> StatusCode {
        match self {
            Self::Denied | Self::StepUpRequired => StatusCode::FORBIDDEN,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Expired => StatusCode::BAD_REQUEST,
        }
    }

    /// What the user reads at `now`.
    fn text(&self, now: Timestamp) -> String {
        match self {
            Self::Denied => "The user name or the password is wrong.".to_owned(),
            Self::Throttled(Some(until)) => format!(
                "There were too many attempts. Try again in {}.",
                in_words(until.since(now).as_secs())
            ),
            Self::Throttled(None) => {
                "There were too many attempts. Ask your administrator to let you in again."
                    .to_owned()
            }
            Self::StepUpRequired => "Your account asks for a second step, which is not possible on this page. Sign in to Cells directly instead.".to_owned(),
            Self::Busy => "Many people are signing in at the moment, and your password was not checked. Please try again in a few seconds.".to_owned(),
            Self::Unavailable => "Signing in is not possible at the moment, whatever the password. Please try again in a minute.".to_owned(),
            Self::Expired => {
                "This page was open for too long. Please sign in again.".to_owned()
            }
        }
    }

    /// `Retry-After`, in seconds.
    fn retry_after_s(&self, now: Timestamp) -> Option<u64> {
        match self {
            Self::Throttled(until) => until.map(|until| until.since(now).as_secs().max(1)),
            Self::Busy => Some(5),
            Self::Unavailable => Some(60),
            Self::Denied | Self::StepUpRequired | Self::Expired => None,
        }
    }
}

impl<'a> SignInPage<'a> {
    /// The page with a user name in it, at first or because of `problem`.
    pub(super) fn again(username: &'a str, problem: Option<&Problem>, now: Timestamp) -> Self {
        Self {
            client_name: "",
            username,
            problem: problem.map(|problem| problem.text(now)),
            status: problem.map(Problem::status).unwrap_or_default(),
            retry_after_s: problem.and_then(|problem| problem.retry_after_s(now)),
            action: Endpoint::SignIn,
            form_action: FormAction::default(),
        }
    }
}

/// A length of time as a person says it, rounded up.
fn in_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        91..=5400 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_locked_user_cannot_be_told_from_a_wrong_password() {
        assert_eq!(
            Problem::of(&SignInError::Locked),
            Problem::of(&SignInError::Denied)
        );
    }

    #[test]
    fn a_throttled_user_is_told_when_to_come_back() {
        let now = Timestamp::from_secs(1000);
        for (seconds, words) in [
            (0, "in a second"),
            (30, "in 30 seconds"),
            (91, "in 2 minutes"),
            (900, "in 15 minutes"),
            (7200, "in 2 hours"),
        ] {
            let until = now.after(Duration::from_secs(seconds));
            let text = Problem::Throttled(Some(until)).text(now);
            assert!(text.contains(words), "{text}");
        }
    }
}
