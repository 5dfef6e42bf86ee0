//! The only reader of the random source.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::Secret;

/// The operating system could not give random bytes; nothing secret can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random source of the operating system failed")]
pub struct EntropyError;

/// `N` random bytes from the cryptographic generator.
///
/// # Errors
///
/// [`EntropyError`] when the generator cannot be seeded.
pub fn random<const N: usize>() -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| EntropyError)?;
    Ok(bytes)
}

/// An opaque secret of 256 random bits, 43 characters of base64url: codes, refresh tokens,
/// session ids, CSRF tokens, generated client secrets.
///
/// # Errors
///
/// [`EntropyError`] when the generator cannot be seeded.
pub fn opaque_token() -> Result<Secret, EntropyError> {
    random::<32>().map(|bytes| Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// A name of 128 random bits that need not stay secret, 22 characters of base64url: `jti`,
/// grant ids, key ids, request ids.
///
/// # Errors
///
/// [`EntropyError`] when the generator cannot be seeded.
pub fn identifier() -> Result<String, EntropyError> {
    random::<16>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}
