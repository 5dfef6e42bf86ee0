//! The messages by which pages of Cells say who they are: `{"@type":"subscribe","jwt":"…"}`.
//!
//! A browser sends no `Authorization` with a WebSocket, so Cells takes the token from a message. On
//! routes that say so, a token of ours in there is judged like that of any request on the route and
//! one of the backend takes its place; the tunnel then ends when ours does. What the backend may have
//! given itself goes on as it came, and so does every message without a token. Nothing that comes from
//! the backend is looked at.
//!
//! *Invariant:* a message with a token of ours goes on with one of the backend, or the tunnel ends.

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::messages::{self, Messages, Text, Violation};
use super::places::{Place, Places};
use crate::gateway::audit;
use crate::gateway::authentication::{Presented, Principal, Who};
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::client_certificate::{ClientCertificate, check_binding};
use crate::gateway::lifetime::{Basis, Watch};
use crate::gateway::policy::Asked;
use crate::gateway::rejection::{Challenge, Rejection};
use crate::gateway::serving::Gateway;
use crate::gateway::settings::{OtherTokens, Route, TokenUse};
use crate::gateway::snapshot::Snapshot;
use crate::gateway::swap;
use crate::jose::json::{self, JsonError, Limits};
use crate::model::Timestamp;

/// The longest message that Cells 2 takes. What is longer it does not read to its end.
const MESSAGE_BYTES: usize = 2048;

/// A message has two members. More is not sent by anybody.
const LIMITS: Limits = Limits {
    depth: 8,
    values: 64,
};

/// The member with the token. Cells takes it in any case of letters.
const TOKEN: &str = "jwt";

/// Who opened the tunnel, where, and on which route.
pub(in crate::gateway) struct Opener<'a> {
    pub(in crate::gateway) gateway: &'a Gateway,
    pub(super) places: &'a Places,
    pub(in crate::gateway) route: &'a Arc<Route>,
    pub(in crate::gateway) canonical: &'a CanonicalRequest,
    pub(in crate::gateway) certificate: Option<&'a ClientCertificate>,
    pub(in crate::gateway) peer: IpAddr,
    pub(in crate::gateway) request_id: &'a str,
}

/// What a client says in a tunnel, and who it says that it is.
pub(super) struct Subscriptions<'a> {
    opener: Opener<'a>,
    messages: Messages,
    /// Where the end of a token is looked out for.
    watches: mpsc::Sender<Watch>,
    subscriber: Option<Subscriber>,
}

/// Who a client has said that it is.
struct Subscriber {
    principal: Principal,
    /// Among the tunnels of its subject.
    _place: Place,
}

/// Why a tunnel is closed for what a client said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// For the close frames (RFC 6455 §7.4.1).
    pub(super) status: u16,
    /// What the client is told besides, 123 bytes at most.
    pub(super) told: &'static str,
    /// For the log.
    pub(super) reason: &'static str,
}

impl<'a> Subscriptions<'a> {
    /// Of a tunnel that `opener` has opened.
    pub(super) fn new(opener: Opener<'a>, watches: mpsc::Sender<Watch>) -> Self {
        Self {
            opener,
            messages: Messages::default(),
            watches,
            subscriber: None,
        }
    }

    /// Reads of `bytes`, as [`Messages::take`].
    pub(super) fn take(
        &mut self,
        bytes: &mut &[u8],
        through: &mut Vec<u8>,
    ) -> Result<Option<Text>, Refused> {
        Ok(self.messages.take(bytes, through)?)
    }

    /// The frames that go on for `text`.
    ///
    /// # Errors
    ///
    /// [`Refused`]: it has a token that is not good, and nothing of it goes on.
    pub(super) async fn judge(&mut self, text: Text) -> Result<Vec<u8>, Refused> {
        let judged = self.swap(&text.payload).await;
        match judged
            .inspect_err(|rejection| audit::subscription_refused(rejection, &self.opener))?
        {
            None => Ok(text.frames),
            Some(message) if message.len() > MESSAGE_BYTES => Err(Violation::TooLong.into()),
            Some(message) => {
                let mask = crate::entropy::random()
                    .map_err(|_| Rejection::Fault("no randomness for a mask"))?;
                Ok(messages::text(&message, mask))
            }
        }
    }

    /// Who the client said last that it is.
    pub(super) fn into_principal(self) -> Option<Principal> {
        self.subscriber.map(|subscriber| subscriber.principal)
    }

    /// The message that goes on in the place of `message`; `None`: itself.
    async fn swap(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, Rejection> {
        let passes_others = self.opener.route.token_use == TokenUse::Swap(OtherTokens::Pass);
        let mut members = match json::parse_object(message, LIMITS) {
            Ok(members) => members,
            // Cells does not read it either, so there is no token in it.
            Err(JsonError::Malformed) if passes_others => return Ok(None),
            Err(_) => return Err(Rejection::MalformedCredential),
        };
        let Some((name, token)) = token(&members)? else {
            return Ok(None);
        };
        if swap::passes(self.opener.route, token.as_bytes()) {
            return Ok(None);
        }
        let (name, token) = (name.to_owned(), token.to_owned());
        let snapshot = self.opener.gateway.snapshot();
        let now = self.opener.gateway.now();
        let principal = self.opener.principal(&snapshot, &token, now).await?;
        let upstream_token = swap::token_of(&snapshot, &principal, now).await?;
        self.watch(snapshot, principal, now).await?;
        members.insert(name, Value::String(upstream_token.expose().to_owned()));
        let message = serde_json::to_vec(&members);
        message
            .map(Some)
            .map_err(|_| Rejection::Fault("a message cannot be written"))
    }

    /// Has the tunnel end when the token of `principal` does, and no more that of who was here before.
    async fn watch(
        &mut self,
        snapshot: Arc<Snapshot>,
        principal: Principal,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let limit = snapshot.limits.tunnels.per_subject;
        // Given back first: who subscribes anew has the one tunnel.
        self.subscriber = None;
        let place = self.opener.places.take(&principal, limit);
        let place = place.ok_or(Rejection::TooManyTunnels)?;
        let watch = self.opener.gateway.open_exchanges().watch(Basis {
            snapshot,
            principal: principal.clone(),
            route: Arc::clone(self.opener.route),
            admitted_at: now,
        });
        audit::subscribed(&principal, &self.opener);
        self.subscriber = Some(Subscriber {
            principal,
            _place: place,
        });
        // Whoever would look out is gone only with the tunnel.
        self.watches
            .send(watch)
            .await
            .map_err(|_| Rejection::Fault("a tunnel that is looked after by nobody"))
    }
}

impl Opener<'_> {
    /// Whose token it is, if it is good for the route.
    async fn principal(
        &self,
        snapshot: &Snapshot,
        token: &str,
        now: Timestamp,
    ) -> Result<Principal, Rejection> {
        let peer = self.peer;
        let presented = Presented { peer, now };
        let authenticator = &snapshot.authenticator;
        let principal = match authenticator.holder(self.route, token, presented)? {
            Who::Known(principal) => principal,
            Who::Unsaid(unsaid) => authenticator.ask(unsaid, presented).await?,
            Who::Nobody => return Err(Rejection::OtherScheme),
        };
        check_binding(principal.verified(), self.certificate, now)?;
        self.route.policy.check(&Asked {
            verified: Some(principal.verified()),
            request: self.canonical,
            source: peer,
            now,
        })?;
        Ok(principal)
    }
}

/// The token of a message, and under which name it stands; `None` if there is none, or nothing in it.
fn token(members: &Map<String, Value>) -> Result<Option<(&str, &str)>, Rejection> {
    let mut named = members
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(TOKEN));
    let Some((name, value)) = named.next() else {
        return Ok(None);
    };
    match value {
        _ if named.next().is_some() => Err(Rejection::MalformedCredential),
        Value::String(token) => Ok((!token.is_empty()).then_some((name, token))),
        Value::Null => Ok(None),
        _ => Err(Rejection::MalformedCredential),
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        let wire = rejection.wire();
        let (status, told) = match (wire.status, wire.challenge) {
            (_, Challenge::Error(code, _)) => (1008, code),
            (StatusCode::INTERNAL_SERVER_ERROR, _) => (1011, "server_error"),
            (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS, _) => {
                (1013, "try_again_later")
            }
            _ => (1008, "access_denied"),
        };
        Self {
            status,
            told,
            reason: rejection.reason(),
        }
    }
}

impl From<Violation> for Refused {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Frame => Self {
                status: 1002,
                told: "",
                reason: "websocket_frame",
            },
            Violation::TooLong => Self {
                status: 1009,
                told: "",
                reason: "websocket_message_too_long",
            },
        }
    }
}
