//! Scope: what a token may be used for (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;

/// A set of scope values; the order they came in carries no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(BTreeSet<String>);

/// Why a text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Something else than `%x21 / %x23-5B / %x5D-7E` between single spaces.
    #[error(
        "a scope is made of printable ASCII words without quotes and backslashes, one space apart"
    )]
    Malformed,
    /// More than 64 values, or more than 2 KiB.
    #[error("a scope has at most 64 values and 2048 characters")]
    TooLong,
}

impl Scope {
    /// Reads the space-separated list of RFC 6749 §3.3. The empty text is the empty set.
    ///
    /// ```
    /// use cellgate::model::Scope;
    ///
    /// let scope = Scope::parse("openid email")?;
    /// assert!(scope.contains("email"));
    /// assert!(scope.includes(&Scope::parse("openid")?));
    /// # Ok::<(), cellgate::model::ScopeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ScopeError`], which is `invalid_scope` on the wire.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > 2048 {
            return Err(ScopeError::TooLong);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut values = BTreeSet::new();
        for value in text.split(' ') {
            if value.is_empty() || !value.bytes().all(is_scope_byte) {
                return Err(ScopeError::Malformed);
            }
            values.insert(value.to_owned());
        }
        if values.len() > 64 {
            return Err(ScopeError::TooLong);
        }
        Ok(Self(values))
    }

    /// Whether `value` is one of the scope's values, compared exactly.
    pub fn contains(&self, value: &str) -> bool {
        self.0.contains(value)
    }

    /// Whether every value of `other` is in here.
    pub fn includes(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Whether at least one value of `other` is in here.
    pub fn intersects(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }

    /// The values in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The values in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The values that are not among `others`.
    #[must_use]
    pub fn without(&self, others: &[&str]) -> Self {
        let rest = self
            .0
            .iter()
            .filter(|value| !others.contains(&value.as_str()));
        Self(rest.cloned().collect())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// `scope-token` of RFC 6749 §3.3.
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, value) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_carry_no_meaning() {
        let scope = Scope::parse("openid email openid").unwrap();

        assert_eq!(scope, Scope::parse("email openid").unwrap());
        assert_eq!(scope.to_string(), "email openid");
    }

    #[test]
    fn values_are_compared_whole() {
        let scope = Scope::parse("reader").unwrap();

        assert!(!scope.contains("read"));
        assert!(!scope.contains("Reader"));
    }

    #[test]
    fn only_the_characters_of_the_rfc_between_single_spaces_are_taken() {
        for text in [
            " ", "a  b", "a ", " a", "a\tb", "a\u{a0}b", "a\"b", "a\\b", "\n",
        ] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Malformed), "{text:?}");
        }
    }
}
