//! What is answered to those who validate a name over plain HTTP (RFC 8555 §8.3).
//!
//! Only while names are proven this way, only on connections without TLS, and only for tokens of
//! orders that are under way; anything else under that path is refused, whatever the routes say: what
//! could be put there by somebody else would prove our name for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::header::{self, HeaderValue};
use http::{Method, Response};

use super::canonical::CanonicalRequest;

/// Where it is asked for.
const PATH: &str = "/.well-known/acme-challenge/";

/// The challenges that wait to be asked for.
#[derive(Debug, Default)]
pub struct AcmeChallenges {
    /// Whether names are proven over plain HTTP at all.
    is_on: AtomicBool,
    /// Key authorizations by token.
    waiting: RwLock<HashMap<String, String>>,
}

/// A challenge that is answered until this is dropped.
#[derive(Debug)]
pub struct PlacedToken {
    challenges: Arc<AcmeChallenges>,
    token: String,
}

impl AcmeChallenges {
    /// Whether the path belongs to us from now on.
    pub fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// Answers with `key_authorization` where `token` is asked for.
    pub fn place(self: &Arc<Self>, token: &str, key_authorization: &str) -> PlacedToken {
        let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(token.to_owned(), key_authorization.to_owned());
        PlacedToken {
            challenges: Arc::clone(self),
            token: token.to_owned(),
        }
    }

    /// Whether `request`, which came without TLS, is for a challenge, known or not.
    pub fn is_asked(&self, request: &CanonicalRequest) -> bool {
        self.is_on.load(Ordering::Relaxed) && request.path.as_str().starts_with(PATH)
    }

    /// The key authorization that is asked for; `None` where there is none.
    pub fn find(&self, request: &CanonicalRequest) -> Option<String> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return None;
        }
        let token = request.path.as_str().strip_prefix(PATH)?;
        let waiting = self.waiting.read().unwrap_or_else(PoisonError::into_inner);
        waiting.get(token).cloned()
    }
}

impl Drop for PlacedToken {
    fn drop(&mut self) {
        let waiting = self.challenges.waiting.write();
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.token);
    }
}

/// The answer with a key authorization.
pub fn challenge_response<B: From<Vec<u8>>>(key_authorization: String) -> Response<B> {
    let mut response = Response::new(key_authorization.into_bytes().into());
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::tests::support::request;
    use super::*;

    #[test]
    fn only_a_challenge_that_waits_is_answered() {
        let challenges = Arc::<AcmeChallenges>::default();
        challenges.switch(true);
        let placed = challenges.place("abc", "abc.thumbprint");
        let find = |method, path| challenges.find(&request(method, path));

        let path = "/.well-known/acme-challenge/abc";
        assert_eq!(find("GET", path).as_deref(), Some("abc.thumbprint"));
        assert_eq!(find("POST", path), None);
        for other in [
            "/.well-known/acme-challenge/",
            "/.well-known/acme-challenge/ab",
            "/.well-known/acme-challenge/abc/",
            "/x/.well-known/acme-challenge/abc",
        ] {
            assert_eq!(find("GET", other), None, "{other}");
        }
        drop(placed);
        assert_eq!(find("GET", path), None);
    }

    #[test]
    fn the_path_is_ours_only_while_names_are_proven_so() {
        let challenges = Arc::<AcmeChallenges>::default();
        let asked = request("GET", "/.well-known/acme-challenge/abc");

        assert!(!challenges.is_asked(&asked));
        challenges.switch(true);
        assert!(challenges.is_asked(&asked));
        assert!(!challenges.is_asked(&request("GET", "/.well-known/acme-challenge")));
        challenges.switch(false);
        assert!(!challenges.is_asked(&asked));
    }
}
