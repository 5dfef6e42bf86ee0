//! Why a key or a token is not accepted.

use std::time::Duration;

use crate::entropy::EntropyError;

/// Why a key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a private key of the algorithm it was said to be for.
    #[error("the key cannot be used")]
    Unusable,
    /// The key did not sign.
    #[error("the key cannot sign")]
    Signing,
    /// Claims that have no JSON form; a fault of ours.
    #[error("the claims cannot be written as JSON")]
    Claims,
    /// Two issuers under one name, or a trusted issuer with our own name: whose keys count would
    /// depend on their order.
    #[error("there are two issuers called {0}")]
    DuplicateIssuer(String),
    /// The keys of a trusted issuer.
    #[error("issuer {issuer}: {source}")]
    TrustedIssuer {
        /// `iss`.
        issuer: String,
        /// What is wrong with its JWK Set.
        source: JwkSetError,
    },
    /// The operating system has no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Why a JWK Set (RFC 7517 §5) cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// Not a JSON object with an array of objects under `keys`, or with a member written twice.
    #[error("the JWK Set must be a JSON object with an array of keys under \"keys\"")]
    Malformed,
    /// More keys than any issuer publishes.
    #[error("the JWK Set has more than 100 keys")]
    TooManyKeys,
    /// Which of them a token means could not be told.
    #[error("two keys of the JWK Set have the key id {0:?}")]
    DuplicateKeyId(String),
    /// Every key was skipped: another type, use or algorithm, too weak, private or malformed.
    #[error("no key of the JWK Set can be used with the algorithms accepted for it")]
    NoUsableKey,
    /// A key that whoever reads the set could sign with; in a set that was handed in for
    /// registration.
    #[error("the JWK Set has a private or shared key: only public keys belong there")]
    PrivateKey,
}

/// Why an assertion does not prove that it is its client's (RFC 7523 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssertionError {
    /// Its form, its header, its times or its signature.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// `typ` is that of a token for something else.
    #[error("its type is that of another kind of token")]
    Type,
    /// `iss` and `sub` must both be the client's id.
    #[error("iss and sub are not both the id of the client")]
    Client,
    /// `aud` has somebody else, too.
    #[error("aud is not this provider, or not this provider alone")]
    Audience,
    /// `exp` is so far away that whoever finds it has too long to use it.
    #[error("exp is further away than is allowed")]
    Lifetime,
    /// `jti` is missing, not a text, empty or too long.
    #[error("jti is missing or malformed")]
    Identifier,
}

impl AssertionError {
    /// The reason as a short label, for metrics and log fields.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Jwt(error) => error.reason(),
            Self::Type => "type",
            Self::Client => "client_id",
            Self::Audience => "audience",
            Self::Lifetime => "lifetime",
            Self::Identifier => "identifier",
        }
    }
}

/// Why a token that somebody presented was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentedError {
    /// It was not looked at: too many tokens of this address had a wrong signature.
    #[error("too many tokens from this address failed verification")]
    TooManyFailures {
        /// Until the next one is looked at.
        wait: Duration,
    },
    /// It was looked at.
    #[error(transparent)]
    Token(#[from] JwtError),
}

/// Why a token was not accepted, for the log; the peer is told `invalid_token` whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JwtError {
    /// More than 16 KiB.
    #[error("the token is longer than 16384 bytes")]
    TooLong,
    /// Not three canonical base64url segments, or not JSON objects in the first two.
    #[error("the token is not a JWT in compact serialization")]
    Malformed,
    /// A member of the header or the claims is there twice: readers differ in which one counts.
    #[error("a member of the header or the claims is repeated")]
    DuplicateMember,
    /// Nested too deep, or with too many values.
    #[error("the header or the claims are nested too deep or have too many values")]
    TooComplex,
    /// `alg` is missing, not a text, or not an algorithm we verify with.
    #[error("the algorithm is missing or not accepted")]
    Algorithm,
    /// `crit` names extensions we would have to understand, and we understand none.
    #[error("the header has critical extensions")]
    CriticalExtension,
    /// The header belongs to encryption, compression or detached payloads, or is ill-typed.
    #[error("the header has a member that is not accepted")]
    Header,
    /// `typ` is not one that the issuer's access tokens carry.
    #[error("the type of the token is not that of an access token")]
    Type,
    /// `iss` is missing or not a text.
    #[error("the issuer is missing or not a text")]
    IssuerClaim,
    /// `iss` is nobody we accept tokens from.
    #[error("the issuer is not accepted")]
    UnknownIssuer,
    /// The issuer has no such key (any more), or several that the token might mean.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The keys of the issuer are not known at the moment; the token may be good.
    #[error("the keys of the issuer are not known at the moment")]
    KeysUnavailable,
    /// The key is used with another algorithm than the header's.
    #[error("the key is for another algorithm")]
    KeyAlgorithm,
    /// The signature is not the key's.
    #[error("signature does not match")]
    Signature,
    /// `sub` is missing or not a subject.
    #[error("the subject is missing or malformed")]
    Subject,
    /// `aud` is missing, or neither a text nor a list of texts.
    #[error("the audience is missing or malformed")]
    Audience,
    /// `aud` has none of the audiences that the issuer is trusted for.
    #[error("the token is for none of the audiences that its issuer is trusted for")]
    OtherAudience,
    /// The claims are those of an ID token or a logout token.
    #[error("the claims are those of a token for another purpose")]
    OtherPurpose,
    /// `exp` is missing, or not a whole number of seconds after `iat`.
    #[error("the expiry is missing or malformed")]
    Expiry,
    /// `nbf` is not a whole number of seconds.
    #[error("the start of validity is malformed")]
    NotBefore,
    /// `iat` is missing or not a whole number of seconds.
    #[error("the time of issue is missing or malformed")]
    IssuedAt,
    /// `exp` has come.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` is still to come.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// `scope` is not a space-separated text.
    #[error("the scope is malformed")]
    Scope,
    /// `client_id` is not a client identifier.
    #[error("the client id is malformed")]
    ClientId,
    /// `jti` or `grant_id` is not a text.
    #[error("the token id or the grant id is malformed")]
    Identifier,
    /// `cnf`: only with a proof of possession, which was not given (RFC 9449 §7.1, RFC 8705 §3).
    #[error("the token is bound to a key or certificate, and that was not proven")]
    SenderConstrained,
}

impl JwtError {
    /// The reason as a short label, for metrics and log fields.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::DuplicateMember => "duplicate_member",
            Self::TooComplex => "too_complex",
            Self::Algorithm => "algorithm",
            Self::CriticalExtension => "critical_extension",
            Self::Header => "header",
            Self::Type => "type",
            Self::IssuerClaim => "issuer_claim",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
            Self::KeysUnavailable => "keys_unavailable",
            Self::KeyAlgorithm => "key_algorithm",
            Self::Signature => "signature",
            Self::Subject => "subject",
            Self::Audience => "audience",
            Self::OtherAudience => "other_audience",
            Self::OtherPurpose => "other_purpose",
            Self::Expiry => "expiry",
            Self::NotBefore => "not_before",
            Self::IssuedAt => "issued_at",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::Scope => "scope",
            Self::ClientId => "client_id",
            Self::Identifier => "identifier",
            Self::SenderConstrained => "sender_constrained",
        }
    }

    /// Whether nothing but time was against the token: the honest client's everyday refusal.
    pub const fn is_expired(&self) -> bool {
        matches!(self, Self::Expired)
    }
}
