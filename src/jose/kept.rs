//! What a reader of a token's claims made of them, kept with them.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// A place for one thing that is made of a token's claims, so that it is made once for all the
/// requests that bring the token.
///
/// It is forgotten when the claims are, is no part of what they are, and a copy begins empty. Who
/// keeps something here says in it what it was made for, and looks at that before using it.
#[derive(Default)]
pub struct Kept(OnceLock<Box<dyn Any + Send + Sync>>);

impl Kept {
    /// What was made here first; `None` if that is something else than a `T`.
    pub fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_made_once_and_not_copied() {
        let kept = Kept::default();

        assert_eq!(kept.get_or_make(|| 1_u8), Some(&1));
        assert_eq!(kept.get_or_make(|| 2_u8), Some(&1));
        assert_eq!(kept.get_or_make(|| "another kind"), None);
        let copy = kept.clone();
        assert_eq!(copy.get_or_make(|| 3_u8), Some(&3));
        assert_eq!(kept.get_or_make(|| 4_u8), Some(&1));
    }
}
