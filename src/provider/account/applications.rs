//! The applications with access to an account: those that its user consented to, and those that
//! hold something which still works.

use std::collections::BTreeMap;

use crate::model::{Allowance, ClientId, Subject, Timestamp};
use crate::provider::Provider;
use crate::provider::claims;
use crate::provider::pages::{ApplicationRow, Moment};
use crate::store::StoreError;

/// What is known of one application's access.
struct Access {
    since: Timestamp,
    allowed: Allowance,
}

impl Provider {
    /// The applications of `subject`, in the order of their names.
    pub(super) async fn applications_of(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<ApplicationRow>, StoreError> {
        let store = &self.parts.store;
        let consents = store.consents_of(subject).await?;
        let consents = consents
            .into_iter()
            .map(|consent| (consent.client_id, consent.allowed, consent.given_at));
        let granted = store.granted_by(subject, now).await?.into_iter();
        let granted = granted.map(|grant| {
            let allowed = Allowance {
                claims: claims::beside_scope(&grant.claims, &grant.scope),
                scope: grant.scope,
            };
            (grant.client_id, allowed, grant.granted_at)
        });
        let mut applications = BTreeMap::<ClientId, Access>::new();
        for (client, allowed, since) in consents.chain(granted) {
            applications
                .entry(client)
                .and_modify(|access| {
                    access.since = access.since.min(since);
                    access.allowed = access.allowed.union(&allowed);
                })
                .or_insert(Access { since, allowed });
        }
        let mut rows = Vec::with_capacity(applications.len());
        for (client, access) in &applications {
            rows.push(self.application(client, access, now).await?);
        }
        rows.sort_by_cached_key(|row| row.name.to_lowercase());
        Ok(rows)
    }

    async fn application(
        &self,
        id: &ClientId,
        access: &Access,
        now: Timestamp,
    ) -> Result<ApplicationRow, StoreError> {
        // A client may be gone while what it was granted is still there to be withdrawn.
        let client = self.clients.find(id.as_str(), now).await?;
        let client = client.as_deref();
        Ok(ApplicationRow {
            client_id: id.as_str().to_owned(),
            name: client.map_or(id.as_str(), |client| &client.name).to_owned(),
            open_uri: client
                .and_then(|client| client.initiate_login_uri.as_ref())
                .map(|uri| uri.with_query(&[("iss", self.settings.issuer.as_str())])),
            since: Moment::new(access.since, now),
            scope: access.allowed.scope.iter().map(str::to_owned).collect(),
            claims: access
                .allowed
                .claims
                .iter()
                .map(|claim| claim.as_str())
                .collect(),
        })
    }
}
