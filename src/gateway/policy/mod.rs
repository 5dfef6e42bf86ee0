//! Who may pass a route.
//!
//! Evaluated on every request, against what verification established about its token; a cached
//! verification never carries a decision with it. A policy is a list of conditions in a fixed
//! order, and who explains a decision walks down the same list as who makes it.

mod claims;
mod condition;
mod expression;
mod step_up;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::jose::Verified;
use crate::model::{ClientId, Timestamp};

use super::canonical::CanonicalRequest;
use super::rejection::Rejection;
use super::settings::{Authentication, Policy};

pub use claims::{ClaimCondition, ClaimPath, ClaimPathError, ClaimValue};
pub(super) use condition::Condition;
pub use expression::{Expression, ExpressionError};
pub use step_up::StepUp;

/// What a policy asks beside issuer, audience and scope. Every member that is empty asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Addresses of which the peer must have one.
    pub networks: Vec<IpNet>,
    /// Clients of which the token must be one's.
    pub clients: Vec<ClientId>,
    /// What the claims must be.
    pub claims: Vec<ClaimCondition>,
    /// A condition of the operator's own.
    pub expression: Option<Expression>,
    /// How and when the user must have signed in.
    pub step_up: Option<StepUp>,
}

/// Whose request is judged.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What its token says; `None` where there is none.
    pub verified: Option<&'a Verified>,
    /// The request.
    pub request: &'a CanonicalRequest,
    /// Where the request began: the connection's other end, or what a trusted proxy there says.
    pub source: IpAddr,
    /// The request's present.
    pub now: Timestamp,
}

impl Policy {
    /// Whether a request may come from `source`. Asked before its credential is looked at, so that
    /// others cannot even have signatures checked.
    ///
    /// # Errors
    ///
    /// [`Rejection::Network`] when it may not.
    pub fn check_source(&self, source: IpAddr) -> Result<(), Rejection> {
        let Some(conditions) = &self.conditions else {
            return Ok(());
        };
        let networks = &conditions.networks;
        if networks.is_empty() || networks.iter().any(|network| network.contains(&source)) {
            return Ok(());
        }
        Err(Rejection::Network)
    }

    /// Whether the request may pass.
    ///
    /// What is asked of a token is asked of those who have one; a route with optional
    /// authentication lets others pass by its expression alone.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] of the first condition that is not met. In this order: a token that is
    /// not for this route (401: another one is needed), one that may too little (403), and last a
    /// sign-in that is not good enough (401), so that nobody signs in again for nothing.
    pub fn check(&self, asked: &Asked<'_>) -> Result<(), Rejection> {
        if asked.verified.is_none() && self.authentication.needs_somebody() {
            return Err(Rejection::NoCredential);
        }
        self.conditions()
            .try_for_each(|condition| condition.check(asked))
    }

    /// What is asked beside issuer, audience and scope, each in a few words for the operator.
    pub fn further_conditions(&self) -> impl Iterator<Item = String> {
        let conditions = self.conditions.as_deref().into_iter();
        conditions.flat_map(|conditions| {
            let networks: Vec<String> = conditions.networks.iter().map(IpNet::to_string).collect();
            let networks = Some(networks).filter(|networks| !networks.is_empty());
            let networks = networks.map(|networks| format!("network: {}", networks.join(" or ")));
            let others = Condition::of(conditions).map(|condition| condition.to_string());
            networks.into_iter().chain(others)
        })
    }

    /// Everything that is asked, each in a few words for the operator.
    pub fn described(&self) -> impl Iterator<Item = String> {
        let is_anonymous = self.authentication == Authentication::Anonymous;
        let of_every_token = self.conditions().take(if is_anonymous { 0 } else { 3 });
        let of_every_token: Vec<String> = of_every_token.map(|it| it.to_string()).collect();
        of_every_token.into_iter().chain(self.further_conditions())
    }

    /// What is asked, in order; without the network, which is asked before.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        let of_every_token = [
            Condition::Issuer(&self.issuers),
            Condition::Audience(&self.audience),
            Condition::Scope {
                all: &self.all_scopes,
                any: &self.any_scope,
            },
        ];
        let further = self.conditions.as_deref().into_iter();
        of_every_token
            .into_iter()
            .chain(further.flat_map(Condition::of))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::support::{ISSUER, asked, policy, request, verified};
    use super::*;
    use crate::model::Scope;

    fn reason(policy: &Policy, verified: &Verified) -> &'static str {
        outcome(policy.check(&asked(&request("GET", "/"), Some(verified))))
    }

    fn outcome(checked: Result<(), Rejection>) -> &'static str {
        checked
            .err()
            .map_or("passes", |rejection| rejection.reason())
    }

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn a_token_for_the_route_with_the_scopes_passes() {
        let policy = Policy {
            all_scopes: scope("read list"),
            any_scope: scope("team-a team-b"),
            ..policy()
        };
        let token = |text| Verified {
            scope: scope(text),
            ..verified()
        };

        assert_eq!(reason(&policy, &token("read list team-b other")), "passes");
        assert_eq!(reason(&policy, &token("read team-b")), "insufficient_scope");
        assert_eq!(reason(&policy, &token("read list")), "insufficient_scope");
        assert_eq!(
            reason(&policy, &token("reader list team-a")),
            "insufficient_scope",
            "H22"
        );
    }

    #[test]
    fn issuer_and_audience_are_compared_byte_by_byte() {
        let wrong_issuer = Verified {
            issuer: Arc::from(format!("{ISSUER}/")),
            ..verified()
        };
        assert_eq!(reason(&policy(), &wrong_issuer), "issuer", "H19");
        for audience in [&["b"][..], &["API"], &["api "], &[]] {
            let token = Verified {
                audience: audience.iter().map(ToString::to_string).collect(),
                ..verified()
            };
            assert_eq!(
                reason(&policy(), &token),
                "audience",
                "H18/H21 {audience:?}"
            );
        }
        let nobody_is_meant = Policy {
            audience: vec![],
            ..policy()
        };
        assert_eq!(reason(&nobody_is_meant, &verified()), "audience");
        let among_others = Verified {
            audience: vec!["b".to_owned(), "api".to_owned()],
            ..verified()
        };
        assert_eq!(reason(&policy(), &among_others), "passes");
    }

    #[test]
    fn the_challenge_names_every_scope_the_route_knows() {
        let policy = Policy {
            all_scopes: scope("read"),
            any_scope: scope("a b"),
            ..policy()
        };
        let Err(Rejection::Scope { needed }) =
            policy.check(&asked(&request("GET", "/"), Some(&verified())))
        else {
            panic!("must be refused");
        };

        assert_eq!(needed, "read a b");
    }

    fn with(conditions: Conditions) -> Policy {
        Policy {
            conditions: Some(Arc::new(conditions)),
            ..policy()
        }
    }

    fn further(policy: &mut Policy) -> &mut Conditions {
        Arc::make_mut(policy.conditions.as_mut().unwrap())
    }

    #[test]
    fn only_the_networks_of_the_route_reach_it() {
        let inside = with(Conditions {
            networks: vec![
                "10.0.0.0/8".parse().unwrap(),
                "2001:db8::/32".parse().unwrap(),
            ],
            ..Conditions::default()
        });
        for (source, expected) in [
            ("10.255.0.1", "passes"),
            ("11.0.0.1", "network"),
            ("2001:db8::1", "passes"),
            ("2001:db9::1", "network"),
            ("::1", "network"),
        ] {
            let checked = inside.check_source(source.parse().unwrap());
            assert_eq!(outcome(checked), expected, "{source}");
        }
        assert!(policy().check_source("11.0.0.1".parse().unwrap()).is_ok());
    }

    #[test]
    fn only_the_clients_of_the_route_pass() {
        let policy = with(Conditions {
            clients: vec![ClientId::parse("app").unwrap()],
            ..Conditions::default()
        });
        let of = |client_id| Verified {
            client_id,
            ..verified()
        };

        assert_eq!(reason(&policy, &of(ClientId::parse("app").ok())), "passes");
        assert_eq!(reason(&policy, &of(ClientId::parse("APP").ok())), "client");
        assert_eq!(reason(&policy, &of(None)), "client");
    }

    /// Nobody is asked to sign in again who would be refused then as well.
    #[test]
    fn the_conditions_are_asked_in_their_order() {
        let everything = || Conditions {
            clients: vec![ClientId::parse("other").unwrap()],
            claims: vec![ClaimCondition {
                claim: ClaimPath::parse("groups").unwrap(),
                any: vec![ClaimValue::Text("admins".to_owned())],
                all: vec![],
                none: vec![],
            }],
            expression: Some(Expression::parse("1 == 2").unwrap()),
            step_up: Some(StepUp {
                max_age: None,
                acr: vec!["mfa".to_owned()],
            }),
            ..Conditions::default()
        };
        let mut policy = Policy {
            issuers: vec![],
            audience: vec![],
            all_scopes: Scope::parse("write").unwrap(),
            ..with(everything())
        };
        let mut order = Vec::new();
        let mends: [fn(&mut Policy); 7] = [
            |policy| policy.issuers = vec![Arc::from(ISSUER)],
            |policy| policy.audience = vec!["api".to_owned()],
            |policy| policy.all_scopes = Scope::default(),
            |policy| further(policy).clients.clear(),
            |policy| further(policy).claims.clear(),
            |policy| further(policy).expression = None,
            |policy| further(policy).step_up = None,
        ];
        for mend in mends {
            order.push(reason(&policy, &verified()));
            mend(&mut policy);
        }
        order.push(reason(&policy, &verified()));

        assert_eq!(
            order,
            [
                "issuer",
                "audience",
                "insufficient_scope",
                "client",
                "claim",
                "condition",
                "insufficient_user_authentication",
                "passes"
            ]
        );
    }

    #[test]
    fn without_a_token_only_the_expression_is_asked() {
        let policy = Policy {
            authentication: Authentication::Optional,
            ..with(Conditions {
                clients: vec![ClientId::parse("other").unwrap()],
                expression: Some(Expression::parse("request.method == 'GET'").unwrap()),
                ..Conditions::default()
            })
        };
        let without = |method| outcome(policy.check(&asked(&request(method, "/"), None)));

        assert_eq!(without("GET"), "passes");
        assert_eq!(without("POST"), "condition");
        assert_eq!(reason(&policy, &verified()), "client");
    }

    /// R07, and whatever goes wrong before: no token is not a token that meets everything.
    #[test]
    fn a_policy_that_wants_a_token_refuses_whoever_has_none() {
        let checked = policy().check(&asked(&request("GET", "/"), None));

        assert_eq!(outcome(checked), "no_credential");
    }
}
