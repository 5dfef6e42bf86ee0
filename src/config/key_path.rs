//! Where in the file something stands: `routes[2].upstream`.

use std::fmt;

/// The path from the top of the file to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct KeyPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Item(usize),
}

impl KeyPath {
    /// The file as a whole.
    pub(crate) const fn root() -> Self {
        Self(Vec::new())
    }

    /// The value of `key` in the mapping here.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    /// The item `n`, from zero, of the list here.
    pub(crate) fn item(&self, n: usize) -> Self {
        self.with(Step::Item(n))
    }

    /// The mapping or list that this is in; `None` at the top.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.to_vec()))
    }

    /// Whether this is `other` or somewhere in it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if n == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_the_operator_would_write_it() {
        let path = KeyPath::root().key("routes").item(2).key("upstream");

        assert_eq!(path.to_string(), "routes[2].upstream");
        assert!(path.is_within(&KeyPath::root().key("routes")));
        assert!(!path.is_within(&KeyPath::root().key("routes").item(1)));
    }
}
