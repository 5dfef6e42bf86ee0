//! Requests to a directory (RFC 8555 §6.2): who signs, and what for.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The public key of an account (RFC 7518 §6.2.1).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AccountKey {
    x: String,
    y: String,
}

/// A request whose signature is right.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) key: AccountKey,
    pub(super) kid: Option<String>,
    pub(super) nonce: String,
    pub(super) url: String,
    /// `Null` for a POST-as-GET.
    pub(super) payload: Value,
}

impl AccountKey {
    fn parse(jwk: &Value) -> Option<Self> {
        if jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
            return None;
        }
        Some(Self {
            x: jwk["x"].as_str()?.to_owned(),
            y: jwk["y"].as_str()?.to_owned(),
        })
    }

    /// RFC 7638.
    pub(super) fn thumbprint(&self) -> String {
        let Self { x, y } = self;
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
    }
}

impl Signed {
    /// Reads `body`; `find` knows accounts by their address.
    pub(super) fn read(body: &[u8], find: impl FnOnce(&str) -> Option<AccountKey>) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let decode = |name: &str| URL_SAFE_NO_PAD.decode(body[name].as_str()?).ok();
        let header: Value = serde_json::from_slice(&decode("protected")?).ok()?;
        // RFC 8555 §6.2: one of the two, and the algorithm of the key.
        let key = match (&header["jwk"], &header["kid"]) {
            (jwk, Value::Null) => AccountKey::parse(jwk)?,
            (Value::Null, Value::String(kid)) => find(kid)?,
            _ => return None,
        };
        if header["alg"] != "ES256" {
            return None;
        }
        let part = |name: &str| body[name].as_str();
        let message = format!("{}.{}", part("protected")?, part("payload")?);
        let (x, y) = (
            URL_SAFE_NO_PAD.decode(&key.x).ok()?,
            URL_SAFE_NO_PAD.decode(&key.y).ok()?,
        );
        let point = [&[4], x.as_slice(), &y].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(message.as_bytes(), &decode("signature")?)
            .ok()?;
        let payload = decode("payload")?;
        Some(Self {
            key,
            kid: header["kid"].as_str().map(str::to_owned),
            nonce: header["nonce"].as_str()?.to_owned(),
            url: header["url"].as_str()?.to_owned(),
            payload: match payload.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&payload).ok()?,
            },
        })
    }
}
