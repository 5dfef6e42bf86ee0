//! What we sign with.

/// A signature algorithm we sign with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256: signs fastest of what everyone reads, and makes short tokens.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 bits: what every OpenID client must know.
    Rs256,
    /// RSASSA-PSS with SHA-256 and a key of 2048 bits, which is never one of [`Self::Rs256`].
    Ps256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// Every algorithm we sign with, in the order the discovery document lists them.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    /// `alg` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads `alg`, which is case-sensitive.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
    }
}

/// What a client wants signed, and how (OpenID Connect Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientSigning {
    /// `id_token_signed_response_alg`; `None`: what the provider signs ID tokens with by default.
    /// Logout tokens are signed the same way (OpenID Connect Back-Channel Logout §2.4).
    pub id_token: Option<SigningAlgorithm>,
    /// `userinfo_signed_response_alg`; `None`: userinfo is plain JSON.
    pub userinfo: Option<SigningAlgorithm>,
}

impl ClientSigning {
    /// The algorithms it names.
    pub fn algorithms(self) -> impl Iterator<Item = SigningAlgorithm> {
        self.id_token.into_iter().chain(self.userinfo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_what_it_names() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.as_str()), Some(algorithm));
        }
    }

    /// RFC 8725 §3.1 and §3.2.
    #[test]
    fn neither_none_nor_a_shared_secret_nor_another_spelling_signs() {
        for name in [
            "", "none", "None", "NONE", "HS256", "HS512", "es256", "RS256 ", "RS512",
        ] {
            assert_eq!(SigningAlgorithm::parse(name), None, "{name:?}");
        }
    }
}
