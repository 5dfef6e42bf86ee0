//! One condition of a policy: what it asks, and whether a request meets it.

use std::fmt;
use std::sync::Arc;

use crate::jose::Verified;
use crate::model::{ClientId, Scope};

use super::claims::ClaimCondition;
use super::expression::Expression;
use super::step_up::StepUp;
use super::{Asked, Conditions};
use crate::gateway::rejection::Rejection;

/// One condition of a policy.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) enum Condition<'a> {
    /// The token is of one of these issuers.
    Issuer(&'a [Arc<str>]),
    /// The token is meant for one of these.
    Audience(&'a [String]),
    /// The token has all of one set, and one of the other unless that is empty.
    Scope {
        /// Every one.
        all: &'a Scope,
        /// At least one.
        any: &'a Scope,
    },
    /// The token is of one of these clients.
    Client(&'a [ClientId]),
    /// A claim is as asked.
    Claim(&'a ClaimCondition),
    /// The expression is true; the only one that is asked without a token too.
    Expression(&'a Expression),
    /// The user signed in as asked.
    StepUp(&'a StepUp),
}

impl<'a> Condition<'a> {
    /// Those of `conditions` that ask something.
    pub(super) fn of(conditions: &'a Conditions) -> impl Iterator<Item = Self> {
        let clients = Some(conditions.clients.as_slice()).filter(|clients| !clients.is_empty());
        clients
            .map(Self::Client)
            .into_iter()
            .chain(conditions.claims.iter().map(Self::Claim))
            .chain(conditions.expression.as_ref().map(Self::Expression))
            .chain(conditions.step_up.as_ref().map(Self::StepUp))
    }

    /// Whether it is asked of a request without a token, too.
    pub(in crate::gateway) const fn is_asked_without_token(self) -> bool {
        matches!(self, Self::Expression(_))
    }

    /// Whether the request meets it.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] when it does not.
    pub(in crate::gateway) fn check(self, asked: &Asked<'_>) -> Result<(), Rejection> {
        if let Self::Expression(expression) = self {
            return expression.check(asked);
        }
        match asked.verified {
            Some(verified) => self.check_token(verified, asked),
            None => Ok(()),
        }
    }

    fn check_token(self, verified: &Verified, asked: &Asked<'_>) -> Result<(), Rejection> {
        let (is_met, rejection) = match self {
            Self::Issuer(issuers) => (issuers.contains(&verified.issuer), Rejection::Issuer),
            Self::Audience(audience) => {
                let meant = |one| verified.audience.contains(one);
                (audience.iter().any(meant), Rejection::Audience)
            }
            Self::Scope { all, any } => return check_scope(&verified.scope, all, any),
            Self::Client(clients) => {
                let is_one = |id| clients.contains(id);
                (
                    verified.client_id.as_ref().is_some_and(is_one),
                    Rejection::Client,
                )
            }
            Self::Claim(claim) => (claim.is_met_by(&verified.claims), Rejection::Claim),
            Self::Expression(expression) => return expression.check(asked),
            Self::StepUp(step_up) => return step_up.check(verified, asked.now),
        };
        if is_met { Ok(()) } else { Err(rejection) }
    }
}

fn check_scope(scope: &Scope, all: &Scope, any: &Scope) -> Result<(), Rejection> {
    if scope.includes(all) && (any.is_empty() || scope.intersects(any)) {
        return Ok(());
    }
    // What the challenge asks for: all of one set, and the alternatives.
    let needed: Vec<&str> = all.iter().chain(any.iter()).collect();
    Err(Rejection::Scope {
        needed: needed.join(" "),
    })
}

impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer(issuers) => write!(f, "issuer: {}", issuers.join(" or ")),
            Self::Audience(audience) => write!(f, "audience: {}", audience.join(" or ")),
            Self::Scope { all, any } => {
                let any: Vec<&str> = any.iter().collect();
                match (all.is_empty(), any.is_empty()) {
                    (true, true) => f.write_str("scope: any"),
                    (false, true) => write!(f, "scope: {all}"),
                    (true, false) => write!(f, "scope: one of {}", any.join(", ")),
                    (false, false) => write!(f, "scope: {all}; one of {}", any.join(", ")),
                }
            }
            Self::Client(clients) => {
                let clients: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
                write!(f, "client: {}", clients.join(" or "))
            }
            Self::Claim(claim) => claim.fmt(f),
            Self::Expression(expression) => write!(f, "condition: {expression}"),
            Self::StepUp(step_up) => step_up.fmt(f),
        }
    }
}
