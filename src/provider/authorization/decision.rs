//! Whose session answers a request, and what the user must do first.

use super::hint::ExpectedUser;
use super::request::AuthorizationRequest;
use crate::model::{Session, Timestamp};
use crate::provider::authorization::prompt::Prompt;
use crate::provider::error::AuthorizationError;

/// How far the user has come with a request; each stage includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// It has just arrived.
    Begun,
    /// The user said which account to go on with.
    AccountChosen,
    /// The user has signed in for this very request, which chooses an account as well.
    SignedIn,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Begun, Self::AccountChosen, Self::SignedIn];

    /// As it is sealed into a page or an address.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::AccountChosen => "account-chosen",
            Self::SignedIn => "signed-in",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// A request at one stage.
#[derive(Debug)]
pub(super) struct Decision<'a> {
    pub(super) authorization: &'a AuthorizationRequest,
    pub(super) expected: ExpectedUser,
    pub(super) stage: Stage,
    pub(super) now: Timestamp,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// The session will do.
    Authorize(Session),
    /// The user has to say whether to go on with the account of this session.
    ChooseAccount(Session),
    /// The user has to sign in, perhaps with this login.
    SignIn(Option<String>),
}

impl Decision<'_> {
    /// Decides upon the request of a browser with `session` (OpenID Connect Core §3.1.2.3).
    pub(super) fn decide(&self, session: Option<Session>) -> Result<Next, AuthorizationError> {
        let prompt = self.authorization.prompt;
        let login = session
            .as_ref()
            .filter(|session| self.expected.is(&session.user.subject))
            .map(|session| session.user.login.clone());
        match session.filter(|session| self.is_answered_by(session)) {
            Some(session) if prompt.wanted().account && self.stage < Stage::AccountChosen => {
                Ok(Next::ChooseAccount(session))
            }
            Some(session) => Ok(Next::Authorize(session)),
            // Somebody else than the client expects has just signed in: asking again and again
            // would help nobody.
            None if prompt == Prompt::Never || self.stage >= Stage::SignedIn => {
                Err(AuthorizationError::LoginRequired)
            }
            None => Ok(Next::SignIn(login)),
        }
    }

    /// Whether the request can be answered out of `session` without asking for a password. Once
    /// the user has signed in for this very request, it is recent however long the pages that
    /// follow were looked at.
    fn is_answered_by(&self, session: &Session) -> bool {
        // Times are whole seconds: an age of exactly `max_age` may be up to a second more, and an
        // allowed age of zero asks for a new sign-in whatever the clock says.
        let recent = self
            .authorization
            .max_age
            .is_none_or(|max_age| self.now.since(session.authenticated_at) < max_age);
        let wanted = self.authorization.prompt.wanted();
        self.expected.is(&session.user.subject)
            && (self.stage >= Stage::SignedIn || recent && !wanted.sign_in)
    }
}
