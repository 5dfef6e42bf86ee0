//! Another path for the upstream than the one that was asked for.
//!
//! The change is made after everything was decided, to the one form of the path, and comes to that
//! form again: what was judged as one path cannot reach an upstream as several readings of another.

use super::canonical::CanonicalPath;
use super::rejection::Rejection;

/// The beginning of paths that is taken off, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// Whole segments without a slash at the end; empty: the beginning of every path.
    from: String,
    /// The same; empty: nothing takes its place.
    to: String,
}

impl PathChange {
    /// `from` and `to` are canonical paths; a slash at their end does not matter.
    pub fn new(from: &str, to: &str) -> Self {
        let segments = |path: &str| path.strip_suffix('/').unwrap_or(path).to_owned();
        Self {
            from: segments(from),
            to: segments(to),
        }
    }

    /// Whether every path at or below `path` can be changed.
    pub fn covers(&self, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        rest_of(path, &self.from).is_some()
    }

    /// Whether nothing changes.
    pub fn is_void(&self) -> bool {
        self.from == self.to
    }

    /// What applications need to know to write links of their own: what was taken off, where nothing
    /// took its place.
    pub(super) fn stripped(&self) -> Option<&str> {
        self.to.is_empty().then_some(&*self.from)
    }

    /// The path that goes upstream.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when it would not be canonical, or not be below `to`.
    pub(super) fn apply(&self, path: &CanonicalPath) -> Result<CanonicalPath, Rejection> {
        let rest = rest_of(path.as_str(), &self.from)
            .ok_or(Rejection::Fault("a route's path is not below its change"))?;
        let changed = match [self.to.as_str(), rest].concat() {
            empty if empty.is_empty() => "/".to_owned(),
            changed => changed,
        };
        let canonical = CanonicalPath::parse(changed.as_bytes())
            .map_err(|error| Rejection::Canonical(error.into()))?;
        let is_below = rest_of(canonical.as_str(), &self.to).is_some();
        if canonical.as_str() != changed || !is_below {
            return Err(Rejection::Fault("a changed path is not canonical"));
        }
        Ok(canonical)
    }
}

/// What of `path` comes after `prefix`, if that ends where a segment does.
fn rest_of<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn changed(from: &str, to: &str, path: &str) -> String {
        let path = CanonicalPath::parse(path.as_bytes()).unwrap();
        let changed = PathChange::new(from, to).apply(&path).unwrap();
        changed.as_str().to_owned()
    }

    #[test]
    fn whole_segments_are_changed() {
        for (from, to, path, expected) in [
            ("/notes", "", "/notes", "/"),
            ("/notes", "", "/notes/", "/"),
            ("/notes", "", "/notes/a/b", "/a/b"),
            ("/notes/", "/", "/notes/a", "/a"),
            ("/notes", "", "/notes/notes/a", "/notes/a"),
            ("/notes", "/in/v2", "/notes", "/in/v2"),
            ("/notes/", "/in/v2/", "/notes/", "/in/v2/"),
            ("/notes", "/in/v2", "/notes/a", "/in/v2/a"),
            ("/", "/in", "/", "/in/"),
            ("/", "/in", "/a;b=1/c%2Fd%20e", "/in/a;b=1/c%2Fd%20e"),
            ("/", "/in", "/%C3%A9", "/in/%C3%A9"),
        ] {
            assert_eq!(changed(from, to, path), expected, "{from} {to} {path}");
        }
    }

    #[test]
    fn a_beginning_that_is_not_a_segment_is_none() {
        let change = PathChange::new("/notes", "");
        assert!(change.covers("/notes") && change.covers("/notes/") && change.covers("/notes/a"));
        assert!(!change.covers("/") && !change.covers("/notesx") && !change.covers("/not"));
        assert!(PathChange::new("/", "/in").covers("/"));
        let path = CanonicalPath::parse(b"/notesx").unwrap();
        assert!(matches!(change.apply(&path), Err(Rejection::Fault(_))));
    }

    proptest! {
        /// Whatever has a canonical form has one after the change, below what takes the place.
        #[test]
        fn nothing_comes_out_that_is_not_canonical(
            tail in r"(/([a-z.;%:@~]|%2[ef5F]|%5c|%00|\\|\.\.|//){0,6}){0,4}",
            from in prop::sample::select(vec!["/", "/a", "/a/b/"]),
            to in prop::sample::select(vec!["", "/in", "/in/v2/"]),
        ) {
            let change = PathChange::new(from, to);
            let path = [change.from.as_str(), &tail].concat();
            let Ok(canonical) = CanonicalPath::parse(path.as_bytes()) else { return Ok(()) };
            let Ok(changed) = change.apply(&canonical) else { return Ok(()) };
            let text = changed.as_str();
            let again = CanonicalPath::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(again.as_str(), text);
            let below = to.strip_suffix('/').unwrap_or(to);
            prop_assert!(text == below || text.starts_with(&format!("{below}/")), "{}", text);
            prop_assert!(!text.starts_with("//"), "{}", text);
        }
    }
}
