//! Tokens for a code (OpenID Connect Core §3.1.3) and for a refresh token (§12).

use std::fmt;
use std::time::Duration;

use form_urlencoded::Serializer;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::assertion::{ASSERTION_TYPE, Asserted};
use super::{Party, RelyingParty, RelyingPartyError, SignInAuthentication, SignInMetadata};
use crate::issuers::client_credentials::basic;
use crate::jose::json::{self, Limits};
use crate::jose::{AnswerTo, IdToken, Occasion};
use crate::model::{Scope, Timestamp};
use crate::outbound::Call;
use crate::secret::Secret;

/// A code that a browser brought back, with what it was asked for with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeAnswer<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// Where it came back to.
    pub(crate) redirect_uri: &'a str,
    /// What its challenge was made of (RFC 7636).
    pub(crate) verifier: &'a str,
    /// `nonce` of the request.
    pub(crate) nonce: &'a str,
}

/// A sign-in that is to go on.
#[derive(Clone, Copy)]
pub(crate) struct Refreshing<'a> {
    /// The refresh token.
    pub(crate) refresh_token: &'a Secret,
    /// Whose it must be.
    pub(crate) subject: &'a str,
    /// `nonce` of the request that the user signed in with.
    pub(crate) nonce: &'a str,
}

/// What an issuer gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// Who signed in; `None` where a refresh says nothing of it, which leaves it as it was.
    pub(crate) user: Option<SignedIn>,
    /// What may get the next ones; `None`: what got these, or nothing.
    pub(crate) refresh_token: Option<Secret>,
    /// How long the access token is good, and with it what was said of the user.
    pub(crate) lifetime: Duration,
    /// What was granted; `None`: what was asked for (RFC 6749 §5.1).
    pub(crate) scope: Option<Scope>,
}

/// A user, as the issuer says.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// `sub`.
    pub(crate) subject: String,
    /// `sid`.
    pub(crate) session_id: Option<String>,
    /// Everything that is said.
    pub(crate) claims: Map<String, Value>,
    /// The ID token, for the issuer when its user signs out.
    pub(crate) id_token: Secret,
}

/// An answer of the token endpoint (RFC 6749 §5.1); its tokens are secrets.
struct Answer {
    access_token: Secret,
    id_token: Option<Secret>,
    refresh_token: Option<Secret>,
    lifetime: Option<Duration>,
    scope: Option<Scope>,
}

const LIMITS: Limits = Limits {
    depth: 8,
    values: 256,
};

/// How long an access token counts whose issuer does not say (RFC 6749 §5.1 recommends that it does).
const UNSAID_LIFETIME: Duration = Duration::from_secs(300);

/// Bounds of what is said: no issuer is asked more often than twice a minute for one session, and
/// none less than once a day.
const LIFETIMES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(86_400));

/// The most that an answer may have, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

impl RelyingParty {
    /// Redeems a code: who signed in.
    ///
    /// # Errors
    ///
    /// [`RelyingPartyError`]: the code is not good, what came of it is not, or nobody answers.
    pub(crate) async fn redeem(
        &self,
        code: &CodeAnswer<'_>,
        now: Timestamp,
    ) -> Result<Tokens, RelyingPartyError> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect_uri),
            ("code_verifier", code.verifier),
        ];
        let outcome = async {
            let answer = self.ask(&pairs, now).await?;
            let id_token = answer.id_token.as_ref();
            let id_token = id_token.ok_or(RelyingPartyError::Unreadable)?.clone();
            let occasion = Occasion {
                answer_to: AnswerTo::SignIn,
                nonce: code.nonce,
                access_token: answer.access_token.expose(),
            };
            let user = self
                .user((&id_token, &occasion), Party::Anybody, now)
                .await?;
            Ok(answer.tokens(Some(user)))
        };
        self.counted("code", outcome.await)
    }

    /// Has tokens replaced: whether the user may go on, and what is said of them now.
    ///
    /// # Errors
    ///
    /// [`RelyingPartyError::Refused`] and others that are about the user when the sign-in has ended;
    /// [`RelyingPartyError::is_outage`] tells when nothing is known of it.
    pub(crate) async fn refresh(
        &self,
        refreshing: &Refreshing<'_>,
        now: Timestamp,
    ) -> Result<Tokens, RelyingPartyError> {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refreshing.refresh_token.expose()),
        ];
        let outcome = async {
            let answer = self.ask(&pairs, now).await?;
            let Some(id_token) = answer.id_token.clone() else {
                return Ok(answer.tokens(None));
            };
            let occasion = Occasion {
                answer_to: AnswerTo::Refresh,
                nonce: refreshing.nonce,
                access_token: answer.access_token.expose(),
            };
            let party = Party::Subject(refreshing.subject);
            let user = self.user((&id_token, &occasion), party, now).await?;
            Ok(answer.tokens(Some(user)))
        };
        self.counted("refresh", outcome.await)
    }

    /// Who the user of an answer is, with everything that the issuer says of them.
    async fn user(
        &self,
        (id_token, occasion): (&Secret, &Occasion<'_>),
        party: Party<'_>,
        now: Timestamp,
    ) -> Result<SignedIn, RelyingPartyError> {
        let text = id_token.expose();
        let verified = self
            .verified(text, now, |terms| IdToken::verify(text, occasion, terms))
            .await?;
        if matches!(party, Party::Subject(subject) if subject != verified.subject) {
            return Err(RelyingPartyError::OtherUser);
        }
        let mut claims = verified.claims;
        if self.client.userinfo {
            let told = self.userinfo(occasion.access_token, &verified.subject, now);
            for (name, value) in told.await? {
                // The ID token is signed; what it says stands.
                claims.entry(name).or_insert(value);
            }
        }
        Ok(SignedIn {
            subject: verified.subject,
            session_id: verified.session_id,
            claims,
            id_token: id_token.clone(),
        })
    }

    /// Asks the token endpoint.
    async fn ask(
        &self,
        pairs: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Answer, RelyingPartyError> {
        let metadata = self.metadata(now).await?;
        let (url, reach) = metadata.token_endpoint.clone();
        let (authorization, form) = self.question(pairs, &metadata, now)?;
        let reply = self.issuer.caller.call(Call {
            authorization,
            form: Some(form),
            max_bytes: MAX_ANSWER_BYTES,
            ..Call::get(url, reach)
        });
        let reply = reply.await?;
        if reply.status == StatusCode::OK {
            return Answer::read(&reply.body).ok_or(RelyingPartyError::Unreadable);
        }
        Err(refusal(reply.status, &reply.body))
    }

    /// Who we are, and the form to be posted (RFC 6749 §2.3.1, RFC 7521 §4.2).
    fn question(
        &self,
        pairs: &[(&str, &str)],
        metadata: &SignInMetadata,
        now: Timestamp,
    ) -> Result<(Option<HeaderValue>, String), RelyingPartyError> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(pairs);
        let id = self.client_id();
        let authorization = match &self.client.authentication {
            SignInAuthentication::SecretBasic(secret) => Some(basic(id, secret.expose())),
            SignInAuthentication::SecretPost(secret) => {
                form.append_pair("client_id", id)
                    .append_pair("client_secret", secret.expose());
                None
            }
            SignInAuthentication::PrivateKeyJwt(key) => {
                let asserted = Asserted {
                    client_id: id,
                    issuer: self.issuer(),
                    token_endpoint: &metadata.token_endpoint_as_written,
                };
                let assertion = key.sign(&asserted, now)?;
                form.append_pair("client_id", id)
                    .append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", assertion.expose());
                None
            }
        };
        Ok((authorization, form.finish()))
    }

    fn counted<T>(
        &self,
        request: &'static str,
        outcome: Result<T, RelyingPartyError>,
    ) -> Result<T, RelyingPartyError> {
        let reason = outcome
            .as_ref()
            .map_or_else(RelyingPartyError::reason, |_| "ok");
        let metrics = &self.issuer.metrics;
        metrics.issuer_sign_in(self.issuer(), request, reason);
        if let Err(error) = &outcome
            && error.is_outage()
        {
            tracing::error!(issuer = self.issuer(), request, %error, "an issuer does not give tokens");
        }
        outcome
    }
}

impl Answer {
    /// Reads an answer that says that it is one.
    fn read(body: &[u8]) -> Option<Self> {
        let members = json::parse_object(body, LIMITS).ok()?;
        let text = |name: &str| match members.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text.as_str())),
            _ => None,
        };
        let kind = members.get("token_type").and_then(Value::as_str);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return None;
        }
        let scope = match members.get("scope") {
            Some(Value::String(scope)) => Scope::parse(scope).ok(),
            _ => None,
        };
        Some(Self {
            access_token: text("access_token")?,
            id_token: text("id_token"),
            refresh_token: text("refresh_token"),
            lifetime: lifetime(members.get("expires_in")),
            scope,
        })
    }

    fn tokens(self, user: Option<SignedIn>) -> Tokens {
        let (least, most) = LIFETIMES;
        Tokens {
            user,
            refresh_token: self.refresh_token,
            lifetime: self.lifetime.unwrap_or(UNSAID_LIFETIME).clamp(least, most),
            scope: self.scope,
        }
    }
}

/// `expires_in`, a number, which some issuers write as a text.
fn lifetime(member: Option<&Value>) -> Option<Duration> {
    let seconds = match member? {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    };
    seconds.map(Duration::from_secs)
}

/// What another status than 200 means (RFC 6749 §5.2). What is wrong with us, or with the issuer, says
/// nothing of the user.
fn refusal(status: StatusCode, body: &[u8]) -> RelyingPartyError {
    let members = json::parse_object(body, LIMITS).unwrap_or_default();
    let code = members.get("error").and_then(Value::as_str);
    // It ends up in the log.
    let code =
        code.filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()));
    match (status, code) {
        (StatusCode::UNAUTHORIZED, code) => {
            RelyingPartyError::Client(code.unwrap_or("no error code").to_owned())
        }
        (StatusCode::BAD_REQUEST, Some(code @ ("invalid_client" | "unauthorized_client"))) => {
            RelyingPartyError::Client(code.to_owned())
        }
        (StatusCode::BAD_REQUEST, Some("temporarily_unavailable" | "slow_down")) | (_, None) => {
            RelyingPartyError::Unavailable(format!("status {}", status.as_u16()))
        }
        (StatusCode::BAD_REQUEST, Some(code)) => RelyingPartyError::Refused(code.to_owned()),
        (status, Some(_)) => RelyingPartyError::Unavailable(format!("status {}", status.as_u16())),
    }
}

/// What is said of somebody is personal.
impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").finish_non_exhaustive()
    }
}
