//! Passwords that come with each request (`Authorization: Basic`, RFC 7617), as DAV clients send them.
//!
//! Each would be tried at the backend by a way of its own, which counts no failures and asks no login
//! policy. So the first is tried here like that of a form, and what it brought at the backend is what
//! requests go on with, until it ends and the password is tried again. In the place of a password there
//! may be a token that the backend gave itself, which it is asked about first; what can be none is not
//! shown to it as one.
//!
//! A wrong password that comes again is no other guess: a client that has an old one would use up the
//! attempts of its user within seconds. It is refused for a while without being tried.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::turnstile::Turnstile;
use super::{PasswordAttempt, SignIn, SignInError, UserDirectory};
use crate::model::{Login, Timestamp};
use crate::secret::{Digest, Secret};
use crate::store::Lane;

/// How many logins with their passwords are remembered, as digests.
const MAX_REMEMBERED: u64 = 10_000;
/// What nobody asked for is forgotten after this.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// How long a wrong password is refused without being tried.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// How long the backend's word about a token of its own counts.
const TOKEN_CONFIRMED_FOR: Duration = Duration::from_secs(30);
/// Requests that wait for the first with the same password: all that a client sends at once.
const WAITING: usize = 64;
/// Before a token of the backend ends, so that it does not end on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// No token of the backend is shorter.
const SHORTEST_TOKEN: usize = 32;

/// What a request with a login and a password goes on with.
#[derive(Clone, Debug)]
pub enum Recognized {
    /// A token that the backend gave for the password.
    Token(Secret),
    /// What came: it is a token that the backend gave itself.
    OwnToken,
}

/// Tries passwords that come with each request, and remembers what came of them.
#[derive(Clone, Debug)]
pub struct BasicSignIn(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sign_in: SignIn,
    directory: Arc<dyn UserDirectory>,
    known: Cache<Digest, Known>,
    turns: Turnstile,
}

#[derive(Clone, Debug)]
enum Known {
    Good(Recognized, Timestamp),
    Refused(Timestamp),
}

impl BasicSignIn {
    /// Nothing is known yet.
    pub(super) fn new(sign_in: SignIn, directory: Arc<dyn UserDirectory>) -> Self {
        Self(Arc::new(Shared {
            sign_in,
            directory,
            known: Cache::builder()
                .max_capacity(MAX_REMEMBERED)
                .time_to_idle(REMEMBERED)
                .build(),
            turns: Turnstile::new(1),
        }))
    }

    /// Says what the backend makes of a login and a password, which are tried unless that is known.
    ///
    /// # Errors
    ///
    /// [`SignInError`] when they are not right, or it cannot be told.
    pub async fn recognize(
        &self,
        (login, password): (&Login, &Secret),
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Recognized, SignInError> {
        let shared = &self.0;
        let key = [login.as_str(), password.expose()].join("\0");
        let key = Digest::of(key.as_bytes());
        if let Some(known) = shared.known(&key, now) {
            return known;
        }
        let turn = shared.turns.pass(&key, WAITING).await;
        let _turn = turn.ok_or(SignInError::Busy)?;
        if let Some(known) = shared.known(&key, now) {
            return known;
        }
        let outcome = Box::pin(shared.ask(login, password, address, now)).await;
        let known = match &outcome {
            Ok((recognized, until)) => Known::Good(recognized.clone(), *until),
            Err(
                SignInError::Denied
                | SignInError::Locked
                | SignInError::StepUpRequired
                | SignInError::NewPasswordRequired,
            ) => Known::Refused(now.after(REFUSED_FOR)),
            Err(_) => return outcome.map(|(recognized, _)| recognized),
        };
        shared.known.insert(key, known);
        outcome.map(|(recognized, _)| recognized)
    }
}

impl Shared {
    fn known(&self, key: &Digest, now: Timestamp) -> Option<Result<Recognized, SignInError>> {
        match self.known.get(key)? {
            Known::Good(recognized, until) => (now < until).then_some(Ok(recognized)),
            Known::Refused(until) => (now < until).then_some(Err(SignInError::Denied)),
        }
    }

    async fn ask(
        &self,
        login: &Login,
        password: &Secret,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(Recognized, Timestamp), SignInError> {
        let attempt = PasswordAttempt {
            login,
            password,
            address,
            lane: Lane::Strangers,
        };
        // Whoever guesses too much is not to have tokens looked up either.
        self.sign_in.check_address(&attempt, now).await?;
        if may_be_token(password.expose()) {
            let holder = self.directory.find_holder(password).await;
            let holder = holder.map_err(|error| SignInError::Unavailable(error.0))?;
            if let Some(holder) = holder {
                // Cells lets it in under no other name.
                return if holder == login.as_str() {
                    Ok((Recognized::OwnToken, now.after(TOKEN_CONFIRMED_FOR)))
                } else {
                    Err(SignInError::Denied)
                };
            }
        }
        let signed_in = self.sign_in.try_password(&attempt, now).await?;
        let upstream = signed_in.upstream;
        let upstream = upstream.ok_or(SignInError::Unavailable("it opened no session"))?;
        let until = upstream.token_expires_at.before(MARGIN);
        Ok((Recognized::Token(upstream.access_token), until))
    }
}

/// Whether `text` may be an opaque token: long, and in the characters of those (RFC 6750 §2.1).
fn may_be_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    text.len() >= SHORTEST_TOKEN && text.bytes().all(is_of_token)
}
