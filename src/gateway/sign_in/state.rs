//! `state`: what a sign-in that is under way has to remember, in the hands of its browser.

use std::time::Duration;

use crate::model::Timestamp;
use crate::secret::{Digest, Secret};

use super::seal::{Companions, Place, Seal, Sealed};
use super::{Application, SignInFault};

/// The longest target that is sealed, so that the state is echoed and the URLs it is in are taken
/// everywhere. Whoever came for a longer one is sent to its path.
const MAX_TARGET_BYTES: usize = 1200;

/// A sign-in that came back.
#[derive(Debug)]
pub(super) struct State {
    /// When it began.
    pub(super) begun_at: Timestamp,
    /// Where the browser wanted to go.
    pub(super) target: String,
    /// What was asked with it.
    pub(super) companions: Companions,
    /// What it is remembered by once it was used.
    pub(super) digest: Digest,
}

impl State {
    /// Seals a sign-in that begins now.
    pub(super) fn seal(
        seal: &Seal,
        (browser, application): (&Secret, &Application),
        target: &str,
        now: Timestamp,
    ) -> Result<Sealed, SignInFault> {
        let target = shortened(target);
        let content = [&now.as_secs().to_be_bytes(), target.as_bytes()].concat();
        let browser = browser.digest();
        seal.seal(place(&browser, application), &content)
    }

    /// Opens it; `None` for what was not sealed here for this browser and this application.
    pub(super) fn open(
        seal: &Seal,
        (browser, application): (&Secret, &Application),
        text: &str,
    ) -> Option<Self> {
        let browser = browser.digest();
        let (content, companions) = seal.open(place(&browser, application), text)?;
        let (begun_at, target) = content.split_first_chunk::<8>()?;
        Some(Self {
            begun_at: Timestamp::from_secs(u64::from_be_bytes(*begun_at)),
            target: String::from_utf8(target.to_vec()).ok()?,
            companions,
            digest: Digest::of(text.as_bytes()),
        })
    }

    /// From when on it is too late.
    pub(super) const fn expires_at(&self, lifetime: Duration) -> Timestamp {
        self.begun_at.after(lifetime)
    }
}

fn place<'a>(browser: &'a Digest, application: &'a Application) -> Place<'a> {
    Place {
        browser,
        host: application.sealed_for(),
    }
}

fn shortened(target: &str) -> &str {
    if target.len() <= MAX_TARGET_BYTES {
        return target;
    }
    let path = target.split('?').next().unwrap_or_default();
    if path.len() <= MAX_TARGET_BYTES {
        path
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_too_long_for_a_url_in_a_url_is_cut_to_its_path() {
        let long = "x".repeat(MAX_TARGET_BYTES);
        assert_eq!(shortened("/a?b=c"), "/a?b=c");
        assert_eq!(shortened(&format!("/a?{long}")), "/a");
        assert_eq!(shortened(&format!("/{long}?a")), "/");
    }
}
