//! `cellgate keys public`.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::output::write_json;
use crate::config::read_text;
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::secret::Secret;

/// Prints the JWK Set with the public half of the key in `file`.
pub(super) fn public(
    file: &Path,
    (algorithm, id): (Option<&str>, Option<&str>),
    out: &mut impl Write,
) -> Result<(), CliError> {
    let named = |name: &str| {
        let mut all = SigningAlgorithm::ALL.into_iter();
        let found = all.find(|it| it.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| CliError::UnknownAlgorithm(name.to_owned()))
    };
    let algorithm = algorithm.map(named).transpose()?;
    let text = read_text(file).map_err(|error| CliError::KeyFile(error.to_string()))?;
    let text = Secret::new(text);
    let key = SigningKey::from_pem(text.expose(), algorithm, id);
    let key = key.map_err(|_| {
        let what = algorithm.map_or("that can sign", |it| it.as_str());
        CliError::KeyFile(format!(
            "{} has no private key {what}, in PKCS#8; `openssl pkey -in KEY -out KEY.pem` writes that",
            file.display()
        ))
    })?;
    write_json(out, &json!({ "keys": [key.public_jwk()] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(pem: &str, algorithm: Option<&str>, id: Option<&str>) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let mut out = Vec::new();
        public(file.path(), (algorithm, id), &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_public_half_is_printed_and_nothing_of_the_other() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let pem = pair.serialize_pem();

        let said = printed(&pem, Some("es256"), Some("intranet-1")).unwrap();

        let document: serde_json::Value = serde_json::from_str(&said).unwrap();
        let key = document["keys"][0].as_object().unwrap();
        let names: Vec<&str> = key.keys().map(String::as_str).collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(
            (&key["alg"], &key["kid"]),
            (&json!("ES256"), &json!("intranet-1"))
        );
    }

    #[test]
    fn what_is_no_key_is_refused_in_words() {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (text, algorithm, part) in [
            ("no key", None, "has no private key that can sign"),
            (pem.as_str(), Some("PS256"), "has no private key PS256"),
            (pem.as_str(), Some("HS256"), "HS256"),
        ] {
            let error = printed(text, algorithm, None).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
