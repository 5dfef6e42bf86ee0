//! Sealing: what a browser carries for us to the provider and back.
//!
//! AES-256-GCM under a key that is derived anew for each text from a random salt, so that no key is
//! used twice however many strangers come. The key depends on the browser and on the host as well:
//! elsewhere the text does not open, and nobody can tell why.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy;
use crate::secret::{Digest, Secret};

use super::SignInFault;

const SALT_BYTES: usize = 32;

/// Seals for one browser at one host, and opens.
pub(super) struct Seal(hmac::Key);

/// Where a sealed text is good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The digest of the browser's cookie.
    pub(super) browser: &'a Digest,
    /// The application's host, and who signs its users in where that is another issuer.
    pub(super) host: &'a str,
}

/// A text that was sealed, and the secrets that go with it and nowhere along with it.
#[derive(Debug)]
pub(super) struct Sealed {
    /// The text.
    pub(super) text: String,
    /// What is derived with it.
    pub(super) companions: Companions,
}

/// What goes with one sealed text: derived from it, the browser and our key, so that it need not be
/// kept anywhere.
#[derive(Debug)]
pub(super) struct Companions {
    /// `code_verifier` (RFC 7636 §4.1): 43 characters.
    pub(super) verifier: Secret,
    /// `nonce`.
    pub(super) nonce: String,
}

impl Seal {
    pub(super) fn new(secret: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Self(key)
    }

    /// Seals `content`.
    pub(super) fn seal(&self, place: Place<'_>, content: &[u8]) -> Result<Sealed, SignInFault> {
        let salt = entropy::random::<SALT_BYTES>()?;
        let mut text = content.to_vec();
        let tag = self
            .key(place, &salt)?
            .seal_in_place_separate_tag(once(), Aad::empty(), &mut text)
            .map_err(|_| SignInFault::Sealing)?;
        Ok(Sealed {
            text: URL_SAFE_NO_PAD.encode([salt.as_slice(), &text, tag.as_ref()].concat()),
            companions: self.companions(place, &salt),
        })
    }

    /// Opens what was sealed in the same place; `None` for anything else.
    pub(super) fn open(&self, place: Place<'_>, text: &str) -> Option<(Vec<u8>, Companions)> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (salt, sealed) = bytes.split_first_chunk::<SALT_BYTES>()?;
        let mut sealed = sealed.to_vec();
        let length = self
            .key(place, salt)
            .ok()?
            .open_in_place(once(), Aad::empty(), &mut sealed)
            .ok()?
            .len();
        sealed.truncate(length);
        Some((sealed, self.companions(place, salt)))
    }

    fn companions(&self, place: Place<'_>, salt: &[u8; SALT_BYTES]) -> Companions {
        let text = |label| URL_SAFE_NO_PAD.encode(self.derive(label, place, salt));
        Companions {
            verifier: Secret::new(text(b"code verifier\0")),
            nonce: text(b"nonce\0"),
        }
    }

    fn key(&self, place: Place<'_>, salt: &[u8; SALT_BYTES]) -> Result<LessSafeKey, SignInFault> {
        let key = self.derive(b"state\0", place, salt);
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| SignInFault::Sealing)?;
        Ok(LessSafeKey::new(key))
    }

    /// The label ends with a zero byte and the next two parts have a fixed length, so no two
    /// different quadruples give the same bytes.
    fn derive(&self, label: &[u8], place: Place<'_>, salt: &[u8; SALT_BYTES]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in [label, salt, place.browser.as_bytes(), place.host.as_bytes()] {
            mac.update(part);
        }
        mac.sign()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

/// Every key is used once.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::new(&Secret::new("a key of this test"))
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_companions() {
        let browser = Digest::of(b"browser");
        let place = Place {
            browser: &browser,
            host: "a.test",
        };
        let sealed = seal().seal(place, b"content").unwrap();
        let (content, companions) = seal().open(place, &sealed.text).unwrap();

        assert_eq!(content, b"content");
        assert_eq!(companions.nonce, sealed.companions.nonce);
        let verifier = companions.verifier.expose();
        assert_eq!(verifier, sealed.companions.verifier.expose());
        assert_eq!(verifier.len(), 43);
        assert_ne!(verifier, companions.nonce);
        let again = seal().seal(place, b"content").unwrap();
        assert_ne!(again.text, sealed.text);
        assert_ne!(again.companions.nonce, sealed.companions.nonce);
    }

    #[test]
    fn it_opens_nowhere_else() {
        let (browser, other) = (Digest::of(b"browser"), Digest::of(b"another"));
        let place = |browser, host| Place { browser, host };
        let text = seal().seal(place(&browser, "a.test"), b"x").unwrap().text;
        let elsewhere = Seal::new(&Secret::new("another key"));

        assert!(seal().open(place(&browser, "a.test"), &text).is_some());
        assert!(seal().open(place(&other, "a.test"), &text).is_none());
        assert!(seal().open(place(&browser, "b.test"), &text).is_none());
        assert!(elsewhere.open(place(&browser, "a.test"), &text).is_none());
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let browser = Digest::of(b"browser");
        let place = Place {
            browser: &browser,
            host: "a.test",
        };
        let text = seal().seal(place, b"/x?y").unwrap().text;
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(seal().open(place, &altered).is_none(), "character {at}");
            let cut = text.get(..at).unwrap();
            assert!(seal().open(place, cut).is_none(), "cut at {at}");
        }
    }
}
