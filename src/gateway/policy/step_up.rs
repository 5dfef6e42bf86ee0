//! How and how long ago the user signed in (RFC 9470).

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::gateway::rejection::Rejection;
use crate::jose::Verified;
use crate::model::Timestamp;

/// What a route asks of the sign-in behind a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// How long ago it may be at most.
    pub max_age: Option<Duration>,
    /// Ways to sign in (`acr`) of which it must have been one, unless empty.
    pub acr: Vec<String>,
}

impl StepUp {
    /// Whether the sign-in behind the token was as asked.
    ///
    /// # Errors
    ///
    /// [`Rejection::StepUp`] with everything that the route asks, so that one more sign-in is
    /// enough. A token that does not say when or how its user signed in is refused as well.
    pub(super) fn check(&self, verified: &Verified, now: Timestamp) -> Result<(), Rejection> {
        let is_recent = self.max_age.is_none_or(|max_age| {
            signed_in_at(verified).is_some_and(|at| now.since(at) <= max_age)
        });
        let acr = verified.claims.get("acr").and_then(Value::as_str);
        let is_strong =
            self.acr.is_empty() || acr.is_some_and(|acr| self.acr.iter().any(|one| one == acr));
        if is_recent && is_strong {
            return Ok(());
        }
        Err(Rejection::StepUp {
            max_age: self.max_age,
            acr_values: self.acr.join(" "),
        })
    }
}

impl fmt::Display for StepUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sign-in")?;
        if let Some(max_age) = self.max_age {
            write!(f, " at most {} s ago", max_age.as_secs())?;
        }
        if !self.acr.is_empty() {
            write!(f, " by {}", self.acr.join(" or "))?;
        }
        Ok(())
    }
}

/// `auth_time` (RFC 9068 §2.2.1). One later than the token itself says nothing.
fn signed_in_at(verified: &Verified) -> Option<Timestamp> {
    let at = verified.claims.get("auth_time")?.as_u64()?;
    Some(Timestamp::from_secs(at)).filter(|at| *at <= verified.issued_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::tests::support::verified;
    use super::*;

    /// The token of the fixture was issued at 1000.
    const NOW: Timestamp = Timestamp::from_secs(1300);

    fn passes(step_up: &StepUp, claims: &Value) -> bool {
        let token = Verified {
            claims: claims.as_object().unwrap().clone(),
            ..verified()
        };
        step_up.check(&token, NOW).is_ok()
    }

    /// OpenID Connect Core §3.1.2.1: `max_age` itself is not too old.
    #[test]
    fn a_sign_in_may_be_as_old_as_asked_and_no_older() {
        let step_up = StepUp {
            max_age: Some(Duration::from_secs(400)),
            acr: vec![],
        };
        for (row, claims, expected) in [
            ("as old as asked", json!({"auth_time": 900}), true),
            ("a second older", json!({"auth_time": 899}), false),
            ("the token's own second", json!({"auth_time": 1000}), true),
            ("after the token", json!({"auth_time": 1001}), false),
            ("absent", json!({}), false),
            ("a text", json!({"auth_time": "1000"}), false),
            ("a fraction", json!({"auth_time": 999.5}), false),
            ("negative", json!({"auth_time": -1}), false),
            ("null", json!({"auth_time": null}), false),
        ] {
            assert_eq!(passes(&step_up, &claims), expected, "{row}");
        }
    }

    #[test]
    fn the_way_to_sign_in_is_one_of_those_asked_for() {
        let step_up = StepUp {
            max_age: None,
            acr: vec!["mfa".to_owned(), "hwk".to_owned()],
        };
        for (row, claims, expected) in [
            ("one of them", json!({"acr": "hwk"}), true),
            ("another", json!({"acr": "pwd"}), false),
            ("both in one text", json!({"acr": "mfa hwk"}), false),
            ("a list", json!({"acr": ["mfa"]}), false),
            ("another case", json!({"acr": "MFA"}), false),
            ("absent", json!({}), false),
        ] {
            assert_eq!(passes(&step_up, &claims), expected, "{row}");
        }
    }

    /// RFC 9470 §4: one new sign-in has to be enough.
    #[test]
    fn the_refusal_names_all_that_is_asked() {
        let step_up = StepUp {
            max_age: Some(Duration::from_secs(300)),
            acr: vec!["mfa".to_owned(), "hwk".to_owned()],
        };
        let Err(Rejection::StepUp {
            max_age,
            acr_values,
        }) = step_up.check(&verified(), NOW)
        else {
            panic!("must be refused");
        };

        assert_eq!(max_age, Some(Duration::from_secs(300)));
        assert_eq!(acr_values, "mfa hwk");
    }
}
