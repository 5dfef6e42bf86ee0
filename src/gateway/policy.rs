//! Who may pass a route.
//!
//! Evaluated on every request, against what verification established about its token; a cached
//! verification never carries a decision with it.

use crate::jose::Verified;

use super::rejection::Rejection;
use super::settings::Policy;

impl Policy {
    /// Whether the holder of a token that says `verified` may pass.
    ///
    /// # Errors
    ///
    /// [`Rejection::Issuer`] or [`Rejection::Audience`] for a token that is not for this route
    /// (401: another one is needed), [`Rejection::Scope`] for one that may too little (403).
    pub fn check(&self, verified: &Verified) -> Result<(), Rejection> {
        if !self.issuers.contains(&verified.issuer) {
            return Err(Rejection::Issuer);
        }
        let meant = |audience| verified.audience.contains(audience);
        if !self.audience.iter().any(meant) {
            return Err(Rejection::Audience);
        }
        let all = verified.scope.includes(&self.all_scopes);
        let any = self.any_scope.is_empty() || verified.scope.intersects(&self.any_scope);
        if !all || !any {
            return Err(Rejection::Scope {
                needed: self.needed_scope(),
            });
        }
        Ok(())
    }

    /// What the challenge asks for: all of `all_scopes`, and the alternatives.
    fn needed_scope(&self) -> String {
        let values: Vec<&str> = self
            .all_scopes
            .iter()
            .chain(self.any_scope.iter())
            .collect();
        values.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::support::{ISSUER, policy, verified};
    use super::*;
    use crate::model::Scope;

    fn reason(policy: &Policy, verified: &Verified) -> &'static str {
        policy
            .check(verified)
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
        let Err(Rejection::Scope { needed }) = policy.check(&verified()) else {
            panic!("must be refused");
        };

        assert_eq!(needed, "read a b");
    }
}
