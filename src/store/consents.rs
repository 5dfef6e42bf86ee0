//! Consents: what users allowed clients, until they withdraw it.

use super::db::{Row, Statement};
use super::grants::{read_client_id, revoke_grants};
use super::revocations::{grant_revoked_until, revocation_columns};
use super::{Store, StoreError, to_the_end};
use crate::model::{Allowance, ClientId, Consent, IdentityClaim, Scope, Subject, Timestamp};

/// `kind` of a row whose value is a scope value.
const SCOPE: &str = "scope";
/// `kind` of a row whose value is the name of a claim.
const CLAIM: &str = "claim";

impl Store {
    /// Adds to what `consent.subject` allowed `consent.client_id`; what was allowed before stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn save_consent(&self, consent: &Consent) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO consents (subject, client_id, kind, value, given_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (subject, client_id, kind, value)
             DO UPDATE SET given_at = excluded.given_at",
        );
        let Allowance { scope, claims } = &consent.allowed;
        let scope = scope.iter().map(|value| (SCOPE, value));
        let claims = claims.iter().map(|claim| (CLAIM, claim.as_str()));
        let inserts = scope.chain(claims).map(|(kind, value)| {
            insert
                .clone()
                .bind(consent.subject.as_str())
                .bind(consent.client_id.as_str())
                .bind(kind)
                .bind(value)
                .bind(consent.given_at)
        });
        self.db.batch(inserts.collect()).await.map(drop)
    }

    /// What `subject` allowed `client`; `None` when nothing, or when it was withdrawn.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_consent(
        &self,
        subject: &Subject,
        client: &ClientId,
    ) -> Result<Option<Consent>, StoreError> {
        let select = Statement::new(
            "SELECT client_id, kind, value, given_at FROM consents
             WHERE subject = $1 AND client_id = $2",
        );
        let select = select.bind(subject.as_str()).bind(client.as_str());
        let rows = self.run(select).await?.read_all(read_row)?;
        Ok(gather(subject, rows).into_iter().next())
    }

    /// Everything `subject` allowed, client by client in the order of their identifiers.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn consents_of(&self, subject: &Subject) -> Result<Vec<Consent>, StoreError> {
        let select = Statement::new(
            "SELECT client_id, kind, value, given_at FROM consents WHERE subject = $1
             ORDER BY client_id",
        );
        let rows = self.run(select.bind(subject.as_str())).await?;
        Ok(gather(subject, rows.read_all(read_row)?))
    }

    /// Forgets what `subject` allowed `client`, and revokes every grant that came of it, in one
    /// batch. Durable before it returns, seen by [`Self::revocations`] at once, and done even if
    /// the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; nothing may be withdrawn then.
    pub async fn withdraw_consent(
        &self,
        subject: &Subject,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (store, subject, client) = (self.clone(), subject.clone(), client.clone());
        to_the_end(async move { store.withdraw_now(&subject, &client, now).await }).await
    }

    async fn withdraw_now(
        &self,
        subject: &Subject,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expires_at = grant_revoked_until(now);
        let forget = Statement::new("DELETE FROM consents WHERE subject = $1 AND client_id = $2");
        let [remember, revoke] = revoke_grants!("subject = $1 AND client_id = $3");
        let (subject, client) = (subject.as_str(), client.as_str());
        let [_, revoked, _] = self
            .run_all([
                forget.bind(subject).bind(client),
                remember.bind(subject).bind(expires_at).bind(client),
                revoke.bind(subject).bind(now).bind(client),
            ])
            .await?;
        self.revocations.take(revoked).map(drop)
    }
}

/// One thing that was allowed: to which client, what, when.
type ConsentRow = (ClientId, Allowance, Timestamp);

fn read_row(mut row: Row) -> Result<ConsentRow, StoreError> {
    let client = read_client_id(&mut row)?;
    let (kind, value) = (row.text()?, row.text()?);
    let allowed = match kind.as_str() {
        SCOPE => Allowance {
            scope: Scope::parse(&value).map_err(|_| StoreError::Corrupt("a scope"))?,
            ..Allowance::default()
        },
        // One that another version knows is one that is never asked for.
        CLAIM => Allowance {
            claims: IdentityClaim::parse(&value).into_iter().collect(),
            ..Allowance::default()
        },
        _ => return Err(StoreError::Corrupt("a consent")),
    };
    Ok((client, allowed, row.timestamp()?))
}

/// Puts the rows of each client together; they come client by client.
fn gather(subject: &Subject, rows: Vec<ConsentRow>) -> Vec<Consent> {
    let mut consents: Vec<Consent> = Vec::new();
    for (client_id, allowed, given_at) in rows {
        match consents.last_mut() {
            Some(last) if last.client_id == client_id => {
                last.allowed = last.allowed.union(&allowed);
                last.given_at = last.given_at.max(given_at);
            }
            _ => consents.push(Consent {
                subject: subject.clone(),
                client_id,
                allowed,
                given_at,
            }),
        }
    }
    consents
}
