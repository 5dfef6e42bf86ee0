//! `cellgate hash-secret`.

use std::io::{BufRead, Write};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, SaltString};
use zeroize::Zeroizing;

use super::arguments::HashKind;
use super::error::CliError;
use crate::entropy;
use crate::secret::Secret;

/// Prints the hash of the first line of `input`.
pub(super) fn hash_line(
    input: &mut impl BufRead,
    out: &mut impl Write,
    kind: Option<HashKind>,
) -> Result<(), CliError> {
    let secret = read_secret(input)?;
    writeln!(
        out,
        "{}",
        hash(&secret, kind.unwrap_or(HashKind::Argon2id))?
    )?;
    Ok(())
}

/// Makes a secret; prints it and its hash.
pub(super) fn generate(out: &mut impl Write, kind: Option<HashKind>) -> Result<(), CliError> {
    let secret = entropy::opaque_token()?;
    let hash = hash(&secret, kind.unwrap_or(HashKind::Sha256))?;
    writeln!(out, "secret:      {}", secret.expose())?;
    writeln!(out, "secret_hash: {hash}")?;
    Ok(())
}

fn read_secret(input: &mut impl BufRead) -> Result<Secret, CliError> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(CliError::NoSecret);
    }
    Ok(Secret::new(text))
}

/// The hash as the configuration writes it.
pub(super) fn hash(secret: &Secret, kind: HashKind) -> Result<String, CliError> {
    match kind {
        HashKind::Sha256 => Ok(format!("sha256:{}", secret.digest().to_base64url())),
        HashKind::Argon2id => {
            let salt = SaltString::encode_b64(&entropy::random::<16>()?).map_err(CliError::Hash)?;
            Argon2::default()
                .hash_password(secret.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(CliError::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecretHash;

    fn hashed(input: &str) -> Result<String, CliError> {
        let mut out = Vec::new();
        hash_line(&mut input.as_bytes(), &mut out, None)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_password_is_hashed_with_argon2id_and_a_salt_of_its_own() {
        let first = hashed("correct horse\n").unwrap();
        let second = hashed("correct horse").unwrap();

        assert_ne!(first, second);
        let hash = SecretHash::parse(first.trim_end()).unwrap();
        assert!(hash.is_slow());
        assert!(hash.matches(&Secret::new("correct horse")));
        assert!(!hash.matches(&Secret::new("correct horse\n")));
    }

    #[test]
    fn a_generated_secret_matches_the_hash_beside_it() {
        let mut out = Vec::new();
        generate(&mut out, None).unwrap();
        let printed = String::from_utf8(out).unwrap();
        let value = |key: &str| {
            let line = printed.lines().find(|line| line.starts_with(key)).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };

        let secret = Secret::new(value("secret:"));
        let hash = SecretHash::parse(&value("secret_hash:")).unwrap();

        assert_eq!(secret.expose().len(), 43);
        assert!(!hash.is_slow());
        assert!(hash.matches(&secret));
    }

    #[test]
    fn nothing_to_hash_is_refused() {
        assert!(matches!(hashed(""), Err(CliError::NoSecret)));
        assert!(matches!(hashed("\nx\n"), Err(CliError::NoSecret)));
    }
}
