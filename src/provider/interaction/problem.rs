//! What the sign-in page says when signing in did not work.
//!
//! Unknown, disabled and locked users and wrong passwords are one and the same problem to the
//! reader: the page must not tell who has an account here.

use http::StatusCode;

use crate::model::Timestamp;
use crate::provider::endpoint::Endpoint;
use crate::provider::pages::{FormAction, ProblemText, SignInPage};
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
    /// The backend wants a new password, which is chosen there.
    NewPasswordRequired,
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
            SignInError::NewPasswordRequired => Self::NewPasswordRequired,
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
            Self::Denied | Self::StepUpRequired | Self::NewPasswordRequired => {
                StatusCode::FORBIDDEN
            }
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Expired => StatusCode::BAD_REQUEST,
        }
    }

    /// What the user reads at `now`.
    fn text(&self, now: Timestamp) -> ProblemText {
        let (name, count) = match self {
            Self::Denied => ("denied", None),
            Self::Throttled(Some(until)) => in_words(until.since(now).as_secs()),
            Self::Throttled(None) => ("throttled", None),
            Self::StepUpRequired => ("step-up", None),
            Self::NewPasswordRequired => ("new-password", None),
            Self::Busy => ("busy", None),
            Self::Unavailable => ("unavailable", None),
            Self::Expired => ("expired", None),
        };
        ProblemText { name, count }
    }

    /// `Retry-After`, in seconds.
    fn retry_after_s(&self, now: Timestamp) -> Option<u64> {
        match self {
            Self::Throttled(until) => until.map(|until| until.since(now).as_secs().max(1)),
            Self::Busy => Some(5),
            Self::Unavailable => Some(60),
            Self::Denied | Self::StepUpRequired | Self::NewPasswordRequired | Self::Expired => None,
        }
    }

    /// Whether it is solved at the backend's own page.
    const fn is_solved_elsewhere(&self) -> bool {
        matches!(self, Self::StepUpRequired | Self::NewPasswordRequired)
    }
}

impl<'a> SignInPage<'a> {
    /// The page with a user name in it, at first or because of `problem`.
    pub(super) fn again(username: &'a str, problem: Option<&Problem>, now: Timestamp) -> Self {
        Self {
            client_name: None,
            username,
            problem: problem.map(|problem| problem.text(now)),
            status: problem.map(Problem::status).unwrap_or_default(),
            retry_after_s: problem.and_then(|problem| problem.retry_after_s(now)),
            action: Endpoint::SignIn,
            form_action: FormAction::default(),
            elsewhere: None,
        }
    }

    /// The same with a link to the backend's own page, if `problem` is solved there.
    pub(super) fn linking(mut self, page: Option<&'a str>, problem: Option<&Problem>) -> Self {
        let is_of_use = problem.is_some_and(Problem::is_solved_elsewhere);
        self.elsewhere = page.filter(|_| is_of_use);
        self
    }
}

/// A pause as a person says how long it is: rounded up, in the unit of its text.
fn in_words(seconds: u64) -> (&'static str, Option<u64>) {
    match seconds {
        0..=90 => ("throttled-seconds", Some(seconds.max(1))),
        91..=5400 => ("throttled-minutes", Some(seconds.div_ceil(60))),
        _ => ("throttled-hours", Some(seconds.div_ceil(3600))),
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
        for (seconds, unit, count) in [
            (0, "seconds", 1),
            (30, "seconds", 30),
            (91, "minutes", 2),
            (900, "minutes", 15),
            (7200, "hours", 2),
        ] {
            let until = now.after(Duration::from_secs(seconds));
            let text = Problem::Throttled(Some(until)).text(now);
            assert_eq!(text.name, format!("throttled-{unit}"));
            assert_eq!(text.count, Some(count));
        }
    }
}
