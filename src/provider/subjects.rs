//! What clients call a user: `sub` (OpenID Connect Core §8).
//!
//! Inside, a user is who the users' backend says. A client of the type `pairwise` is told another
//! name, which only the clients of its sector share, so that two sites cannot find out that they
//! have the same user. Everything that leaves for such a client goes through a [`SubjectNaming`]:
//! ID tokens, userinfo, access tokens, introspection answers, logout tokens, and hints on their
//! way back.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Provider;
use crate::model::{Client, Sector, Subject, SubjectType};
use crate::secret::Secret;
use crate::store::StoreError;

/// The key that pairwise names are made under. It is kept in the store for good: with another one,
/// every user would be a stranger to every such client.
#[derive(Clone)]
pub(crate) struct PairwiseKey(hmac::Key);

impl PairwiseKey {
    /// Takes the stored secret.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret.expose().as_bytes(),
        ))
    }

    /// HMAC-SHA256 over the sector and the user, the third way of §8.1. A host has no zero byte,
    /// so that no two pairs are the same text.
    fn name(&self, sector: &Sector, user: &Subject) -> Subject {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(sector.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(user.as_str().as_bytes());
        let text = URL_SAFE_NO_PAD.encode(mac.sign().as_ref());
        // 43 letters, digits, `-` and `_` are a subject.
        Subject::parse(&text).unwrap_or_else(|_| user.clone())
    }
}

impl std::fmt::Debug for PairwiseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairwiseKey(..)")
    }
}

/// How one client's users are named to it.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each request, on its stack"
)]
pub(crate) enum SubjectNaming {
    /// As they are.
    Public,
    /// For its sector alone.
    Pairwise(PairwiseKey, Sector),
}

impl SubjectNaming {
    /// `sub` of `user`.
    pub(crate) fn name(&self, user: &Subject) -> Subject {
        match self {
            Self::Public => user.clone(),
            Self::Pairwise(key, sector) => key.name(sector, user),
        }
    }
}

impl Provider {
    /// How users are named to `client`.
    pub(crate) async fn naming(&self, client: &Client) -> Result<SubjectNaming, StoreError> {
        match &client.subject_type {
            SubjectType::Public => Ok(SubjectNaming::Public),
            SubjectType::Pairwise(sector) => {
                let key = self.pairwise_key.get_or_try_init(|| async {
                    let secret = self.parts.store.secret("pairwise-subjects").await?;
                    Ok::<_, StoreError>(PairwiseKey::new(&secret))
                });
                Ok(SubjectNaming::Pairwise(key.await?.clone(), sector.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairwise_name_depends_on_key_sector_and_user() {
        let name = |key: &str, sector: &str, user: &str| {
            let sector = Sector::of_identifier(&format!("https://{sector}/")).unwrap();
            let key = PairwiseKey::new(&Secret::new(key));
            let naming = SubjectNaming::Pairwise(key, sector);
            naming.name(&Subject::parse(user).unwrap())
        };
        let alice = name("k", "a.example", "alice");

        assert_eq!(alice, name("k", "a.example", "alice"));
        assert_eq!(alice.as_str().len(), 43);
        for (row, other) in [
            ("key", name("l", "a.example", "alice")),
            ("sector", name("k", "b.example", "alice")),
            ("user", name("k", "a.example", "bob")),
            ("boundary", name("k", "a.exampl", "ealice")),
        ] {
            assert_ne!(alice, other, "{row}");
        }
    }
}
