//! Encryption of what must not lie in the database in the clear.
//!
//! AES-256-GCM with a random 96-bit nonce in front. The context (what the value is, and its
//! name) is authenticated with it, so a sealed value cannot be moved to another row.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::StoreError;
use crate::entropy;

/// The key of the key file.
pub(crate) struct SealingKey(LessSafeKey);

impl SealingKey {
    /// Takes the key's 32 bytes.
    pub(crate) fn new(bytes: &[u8; 32]) -> Result<Self, StoreError> {
        UnboundKey::new(&AES_256_GCM, bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| StoreError::Sealing)
    }

    /// Encrypts `plain`.
    pub(crate) fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = entropy::random::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(plain.to_vec());
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut text,
            )
            .map_err(|_| StoreError::Sealing)?;
        Ok([nonce.as_slice(), &text, tag.as_ref()].concat())
    }

    /// Decrypts what [`Self::seal`] made under the same key and context; `None` for anything
    /// else.
    pub(crate) fn unseal(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let key = SealingKey::new(&[1; 32]).unwrap();
        let sealed = key.seal("secret:csrf", b"plain").unwrap();

        assert_eq!(**key.unseal("secret:csrf", &sealed).unwrap(), *b"plain");
        assert!(key.unseal("secret:other", &sealed).is_none());
        assert!(
            SealingKey::new(&[2; 32])
                .unwrap()
                .unseal("secret:csrf", &sealed)
                .is_none()
        );
    }

    #[test]
    fn a_changed_byte_or_a_cut_is_noticed() {
        let key = SealingKey::new(&[1; 32]).unwrap();
        let sealed = key.seal("x", b"plain").unwrap();

        for n in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[n] ^= 1;
            assert!(key.unseal("x", &changed).is_none(), "byte {n}");
            assert!(key.unseal("x", &sealed[..n]).is_none(), "cut at {n}");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_to_the_same_bytes() {
        let key = SealingKey::new(&[1; 32]).unwrap();

        assert_ne!(key.seal("x", b"p").unwrap(), key.seal("x", b"p").unwrap());
    }
}
