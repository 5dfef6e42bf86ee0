//! The keys we sign with.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{PrivateSigningKey, SigningError};
use serde::Serialize;
use serde_json::{Map, Value};
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::error::KeyError;
use super::jwk;
use super::key_pair::KeyPair;
use super::verification_key::VerificationKey;
use crate::model::SigningAlgorithm;
use crate::secret::Digest;

/// The label of a private key in PKCS#8 (RFC 7468 §10).
const PKCS8_LABEL: &str = "PRIVATE KEY";

/// A private key kept parsed, its `kid` and its public JWK.
pub struct SigningKey {
    pair: KeyPair,
    algorithm: SigningAlgorithm,
    id: String,
    public_jwk: Value,
    for_openid: CoreJsonWebKey,
    verification_key: Arc<VerificationKey>,
}

/// The header of what we sign (RFC 7515 §4.1).
#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'static str,
    kid: &'a str,
}

impl SigningKey {
    /// Makes a new key. For RSA this takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`KeyError::Entropy`] when the operating system has no randomness.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        Self::new(algorithm, KeyPair::generate(algorithm)?, None)
    }

    /// Parses a PKCS#8 document (RFC 5208).
    ///
    /// # Errors
    ///
    /// [`KeyError::Unusable`] when it is malformed, for another algorithm, or an RSA key of fewer
    /// than 2048 bits.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::new(algorithm, KeyPair::from_pkcs8(algorithm, der)?, None)
    }

    /// Reads a key that somebody else knows us by from a PEM file (RFC 7468 §10): for `algorithm`, or
    /// for what such keys are used with as a rule, which are ES256, `EdDSA` and RS256. `id` is its `kid`
    /// there, if that is not its thumbprint.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unusable`] when it holds no such key.
    pub fn from_pem(
        pem: &str,
        algorithm: Option<SigningAlgorithm>,
        id: Option<&str>,
    ) -> Result<Self, KeyError> {
        let blocks = Pem::iter_from_buffer(pem.as_bytes()).filter_map(Result::ok);
        let ders = blocks.filter_map(|block| {
            let der = Zeroizing::new(block.contents);
            (block.label == PKCS8_LABEL).then_some(der)
        });
        let der = ders.take(1).next().ok_or(KeyError::Unusable)?;
        let usual = [
            SigningAlgorithm::Es256,
            SigningAlgorithm::EdDsa,
            SigningAlgorithm::Rs256,
        ];
        let algorithms = algorithm.map_or(usual.to_vec(), |algorithm| vec![algorithm]);
        let read = |algorithm| {
            let pair = KeyPair::from_pkcs8(algorithm, &der).ok()?;
            Some((algorithm, pair))
        };
        let (algorithm, pair) = algorithms
            .into_iter()
            .find_map(read)
            .ok_or(KeyError::Unusable)?;
        Self::new(algorithm, pair, id)
    }

    /// `id`: its `kid`, if that is not its thumbprint.
    fn new(algorithm: SigningAlgorithm, pair: KeyPair, id: Option<&str>) -> Result<Self, KeyError> {
        let defining = pair.public_members()?;
        let id = id.map_or_else(|| thumbprint(&defining), str::to_owned);
        let mut members: Map<String, Value> = defining
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        for (name, value) in [
            ("kid", id.as_str()),
            ("use", "sig"),
            ("alg", algorithm.as_str()),
        ] {
            members.insert(name.to_owned(), Value::from(value));
        }
        // Our own key goes through the same checks as the keys of others.
        let verification_key = jwk::parse_public(&members, &[algorithm.verification()])
            .map_err(|_| KeyError::Unusable)?;
        let public_jwk = Value::Object(members);
        let for_openid =
            serde_json::from_value(public_jwk.clone()).map_err(|_| KeyError::Unusable)?;
        Ok(Self {
            pair,
            algorithm,
            id,
            public_jwk,
            for_openid,
            verification_key: Arc::new(verification_key),
        })
    }

    /// The PKCS#8 document, to be encrypted and stored.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unusable`] when the library cannot write the key.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.pair.to_pkcs8()
    }

    /// `kid`. Of a key of our own that is the SHA-256 thumbprint of its public half (RFC 7638), 43
    /// characters of base64url.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `alg`.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half as a JWK object with `kid`, `use: sig`, `alg`.
    pub const fn public_jwk(&self) -> &Value {
        &self.public_jwk
    }

    /// The public half, ready to verify with.
    pub(super) const fn verification_key(&self) -> &Arc<VerificationKey> {
        &self.verification_key
    }

    /// Signs header and claims into a compact JWS (RFC 7515 §7.1). `typ` goes into the header.
    ///
    /// # Errors
    ///
    /// [`KeyError::Claims`] when the claims have no JSON form, [`KeyError::Signing`] when the
    /// library does not sign.
    pub fn sign_jwt(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = Header {
            typ,
            alg: self.algorithm.as_str(),
            kid: &self.id,
        };
        let header = serde_json::to_vec(&header).map_err(|_| KeyError::Claims)?;
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Claims)?;
        self.sign_compact(&header, &claims)
    }

    /// Signs a header and a payload as they are.
    pub(crate) fn sign_compact(&self, header: &[u8], payload: &[u8]) -> Result<String, KeyError> {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.pair.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// For ID tokens: `openidconnect::IdToken::new` takes the key and `algorithm().into()`.
impl PrivateSigningKey for SigningKey {
    type VerificationKey = CoreJsonWebKey;

    fn sign(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        if *algorithm != self.algorithm.into() {
            return Err(SigningError::UnsupportedAlg(format!("{algorithm:?}")));
        }
        self.pair
            .sign(message)
            .map_err(|_| SigningError::CryptoError)
    }

    fn as_verification_key(&self) -> CoreJsonWebKey {
        self.for_openid.clone()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// RFC 7638 §3: the SHA-256 of the defining members as JSON without white space. They come in
/// order, and neither base64url nor the names of types and curves need escapes.
fn thumbprint(defining: &[(&'static str, String)]) -> String {
    let members: Vec<_> = defining
        .iter()
        .map(|(name, value)| format!(r#""{name}":"{value}""#))
        .collect();
    Digest::of(format!("{{{}}}", members.join(",")).as_bytes()).to_base64url()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 §3.1 and RFC 8037 appendix A.3.
    #[test]
    fn the_thumbprints_are_those_of_the_examples_in_the_rfcs() {
        let rsa = [
            ("e", "AQAB"),
            ("kty", "RSA"),
            (
                "n",
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            ),
        ];
        let ed25519 = [
            ("crv", "Ed25519"),
            ("kty", "OKP"),
            ("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        ];
        let of = |members: &[(&'static str, &str)]| {
            let owned: Vec<_> = members.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
            thumbprint(&owned)
        };

        assert_eq!(of(&rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(of(&ed25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    /// The private key of RFC 8410 §10.3, with what `OpenSSL` writes around it.
    const ED25519: &str = "Bag Attributes
    friendlyName: intranet
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

    #[test]
    fn a_key_from_a_file_says_itself_what_it_is_for() {
        let key = SigningKey::from_pem(ED25519, None, None).unwrap();
        assert_eq!(key.algorithm(), SigningAlgorithm::EdDsa);
        let x = "GbnQtcfkOgqQ3p9hLNuPBfFnP4Eu6rQnOsjbgAb5t-8".len();
        assert_eq!(key.public_jwk()["x"].as_str().unwrap().len(), x);
        assert_eq!(key.public_jwk()["kid"], key.id());

        let named = SigningKey::from_pem(ED25519, None, Some("intranet-1")).unwrap();
        assert_eq!(named.id(), "intranet-1");
        assert_eq!(named.public_jwk()["kid"], "intranet-1");
        assert_eq!(named.public_jwk()["x"], key.public_jwk()["x"]);

        for (text, algorithm) in [
            (ED25519, Some(SigningAlgorithm::Es256)),
            (&*ED25519.replace("PRIVATE", "PUBLIC"), None),
            (&*ED25519.replace("MC4C", "MC4D"), None),
            ("", None),
        ] {
            let read = SigningKey::from_pem(text, algorithm, None);
            assert!(matches!(read, Err(KeyError::Unusable)), "{text}");
        }
    }
}
