//! A set of field names that is asked for every field of every message.

use std::collections::HashSet;

use http::HeaderName;

/// Field names. Most names are told apart by their first letter, before anything is hashed.
#[derive(Debug)]
pub(in crate::gateway) struct NameSet {
    names: HashSet<HeaderName>,
    initials: [bool; 256],
}

impl NameSet {
    /// Whether `name` is in the set.
    pub(in crate::gateway) fn contains(&self, name: &HeaderName) -> bool {
        let initial = name.as_str().as_bytes().first().copied();
        initial.is_some_and(|initial| self.has_initial(initial)) && self.names.contains(name)
    }

    fn has_initial(&self, initial: u8) -> bool {
        self.initials
            .get(usize::from(initial))
            .copied()
            .unwrap_or_default()
    }
}

impl FromIterator<HeaderName> for NameSet {
    fn from_iter<I: IntoIterator<Item = HeaderName>>(names: I) -> Self {
        let names: HashSet<_> = names.into_iter().collect();
        let mut initials = [false; 256];
        for name in &names {
            let initial = name.as_str().bytes().next().map(usize::from);
            if let Some(known) = initial.and_then(|initial| initials.get_mut(initial)) {
                *known = true;
            }
        }
        Self { names, initials }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_was_put_in_and_nothing_else() {
        let set: NameSet = ["forwarded", "x-auth-user"]
            .map(HeaderName::from_static)
            .into_iter()
            .collect();

        for (name, is_in) in [
            ("forwarded", true),
            ("x-auth-user", true),
            ("from", false),
            ("x-auth-users", false),
            ("accept", false),
        ] {
            assert_eq!(
                set.contains(&HeaderName::from_static(name)),
                is_in,
                "{name}"
            );
        }
    }
}
