//! The only reader of the random source.

use std::cell::RefCell;

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
/// grant ids, key ids.
///
/// # Errors
///
/// [`EntropyError`] when the generator cannot be seeded.
pub fn identifier() -> Result<String, EntropyError> {
    random::<16>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// As [`identifier`], for names that are needed at every request: each thread draws the bytes for
/// many of them at once.
///
/// # Errors
///
/// [`EntropyError`] when the generator cannot be seeded.
pub fn frequent_identifier() -> Result<String, EntropyError> {
    SUPPLY.with_borrow_mut(|supply| {
        if supply.is_empty() {
            supply.extend_from_slice(&random::<{ 64 * IDENTIFIER_BYTES }>()?);
        }
        let bytes = supply.split_off(supply.len().saturating_sub(IDENTIFIER_BYTES));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    })
}

const IDENTIFIER_BYTES: usize = 16;

thread_local! {
    /// Random bytes for identifiers, each of which is used once.
    static SUPPLY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn frequent_identifiers_do_not_repeat() {
        let of_a_thread = || (0..1000).map(|_| frequent_identifier().unwrap()).collect();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(of_a_thread)).collect();
        let all: Vec<Vec<String>> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let different: HashSet<&String> = all.iter().flatten().collect();

        assert_eq!(different.len(), 4000);
        assert!(different.iter().all(|name| name.len() == 22));
    }
}
