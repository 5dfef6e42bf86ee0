//! Whom a count belongs to, in 16 bytes.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;

use crate::failures::counted_as;
use crate::gateway::authentication::Principal;

/// Whose count it is. Subjects may be long and of any number, so what is kept is a hash of them.
pub(super) type Key = u128;

/// Makes keys. Its hashes are keyed, so that nobody can choose a name that counts as another.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys([RandomState; 2]);

impl Keys {
    /// IPv6 by its /64, which one customer has whole; IPv4 in IPv6 as IPv4.
    pub(super) fn of_address(&self, address: IpAddr) -> Key {
        self.hash(counted_as(address))
    }

    /// A client, as unique as its issuer makes it. Tokens that name none count as one client of
    /// their issuer.
    pub(super) fn of_client(&self, principal: &Principal) -> Key {
        let verified = principal.verified();
        let client = verified.client_id.as_ref().map(|id| id.as_str());
        self.hash((&*verified.issuer, client))
    }

    /// A subject, as unique as its issuer makes it.
    pub(super) fn of_subject(&self, principal: &Principal) -> Key {
        let verified = principal.verified();
        self.hash((&*verified.issuer, verified.subject.as_str()))
    }

    fn hash(&self, of: impl Hash) -> Key {
        let [high, low] = self.0.each_ref().map(|half| u128::from(half.hash_one(&of)));
        high << 64 | low
    }
}
