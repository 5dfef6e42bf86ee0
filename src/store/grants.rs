//! Grants: what users granted, and the parents of codes and tokens.

use super::db::{Row, Statement};
use super::revocations::{Revoked, grant_revoked_until};
use super::{Store, StoreError, profile, requested_claims, to_the_end};
use crate::model::{ClientId, Grant, GrantId, Resource, Scope, SessionId, Subject, Timestamp};

/// The columns that [`read_grant`] reads, of a table named `g`.
macro_rules! grant_columns {
    () => {
        "g.id, g.client_id, g.profile, g.session_id, g.scope, g.authenticated_at, g.nonce, \
         g.granted_at, g.resources, g.claims"
    };
}
pub(super) use grant_columns;

/// The statements that revoke the grants of a condition, which may use any parameter but `$2`: that
/// is until when it is remembered in the one, and the moment in the other. The first returns the
/// revocations.
macro_rules! revoke_grants {
    ($($condition:tt)+) => {
        [
            Statement::new(concat!(
                "INSERT INTO revocations (kind, id, expires_at)
                 SELECT 'grant', id, $2 FROM grants WHERE revoked_at IS NULL AND ",
                $($condition)+,
                " ON CONFLICT (kind, id) DO NOTHING RETURNING ",
                revocation_columns!(),
            )),
            Statement::new(concat!(
                "UPDATE grants SET revoked_at = $2 WHERE revoked_at IS NULL AND ",
                $($condition)+,
            )),
        ]
    };
}
pub(super) use revoke_grants;

impl Store {
    /// The grant, unless revoked or unknown.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_grant(&self, grant: &GrantId) -> Result<Option<Grant>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            " FROM grants g WHERE g.id = $1 AND g.revoked_at IS NULL"
        ));
        let rows = self.run(select.bind(grant.as_str())).await?;
        rows.first().as_mut().map(read_grant).transpose()
    }

    /// What `subject` granted and what still works at `now`: given in a session that goes on, with a
    /// refresh token, or for a session at an application.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn granted_by(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<Grant>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            " FROM grants g
             WHERE g.subject = $1 AND g.revoked_at IS NULL
               AND (EXISTS (SELECT 1 FROM refresh_tokens t
                            WHERE t.grant_id = g.id AND t.expires_at > $2)
                 OR EXISTS (SELECT 1 FROM application_sessions a
                            WHERE a.grant_id = g.id AND a.idle_until > $2 AND a.expires_at > $2)
                 OR EXISTS (SELECT 1 FROM sessions s
                            WHERE s.id = g.session_id AND s.ended_at IS NULL
                              AND s.idle_until > $2 AND s.expires_at > $2))"
        ));
        let rows = self.run(select.bind(subject.as_str()).bind(now)).await?;
        rows.read_all(|mut row| read_grant(&mut row))
    }

    /// Revokes a grant with all its tokens. Durable before it returns, and seen by
    /// [`Self::revocations`] at once. Done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the grant may not be revoked then.
    pub async fn revoke_grant(&self, grant: &GrantId, now: Timestamp) -> Result<(), StoreError> {
        let (store, grant) = (self.clone(), grant.clone());
        to_the_end(async move {
            let expires_at = grant_revoked_until(now);
            let revoke = Statement::new(
                "UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            );
            let remember = Statement::new(
                "INSERT INTO revocations (kind, id, expires_at) VALUES ('grant', $1, $2)
                 ON CONFLICT (kind, id) DO NOTHING",
            );
            store
                .run_all([
                    revoke.bind(grant.as_str()).bind(now),
                    remember.bind(grant.as_str()).bind(expires_at),
                ])
                .await?;
            store.revocations.insert(Revoked::Grant(grant), expires_at);
            Ok(())
        })
        .await
    }
}

/// Stores a grant. One that is given in a session that has just ended is born revoked, so that
/// signing out cannot be outrun by a page that was still open. The same holds for a client that
/// was removed a moment ago, by another process perhaps, and is not there again.
pub(super) fn insert_grant(grant: &Grant) -> Result<Statement, StoreError> {
    let insert = Statement::new(
        "INSERT INTO grants (id, client_id, profile, session_id, scope, authenticated_at, nonce,
                             granted_at, subject, resources, claims, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                 coalesce((SELECT ended_at FROM sessions WHERE sessions.id = $4),
                          (SELECT $8 FROM revocations r WHERE r.kind = 'client' AND r.id = $2)))",
    );
    Ok(insert
        .bind(grant.id.as_str())
        .bind(grant.client_id.as_str())
        .bind(profile::to_json(&grant.user)?)
        .bind(grant.session_id.as_str())
        .bind(grant.scope.to_string())
        .bind(grant.authenticated_at)
        .bind(grant.nonce.as_deref())
        .bind(grant.granted_at)
        .bind(grant.user.subject.as_str())
        .bind(write_resources(&grant.resources))
        .bind(requested_claims::to_json(&grant.claims)?))
}

/// Reads a column with a client's identifier.
pub(super) fn read_client_id(row: &mut Row) -> Result<ClientId, StoreError> {
    ClientId::parse(&row.text()?).map_err(|_| StoreError::Corrupt("a client id"))
}

/// Reads the columns of [`grant_columns`].
pub(super) fn read_grant(row: &mut Row) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: GrantId::new(row.text()?),
        client_id: read_client_id(row)?,
        user: profile::from_json(&row.text()?)?,
        session_id: SessionId::new(row.text()?),
        scope: Scope::parse(&row.text()?).map_err(|_| StoreError::Corrupt("a scope"))?,
        authenticated_at: row.timestamp()?,
        nonce: row.optional_text()?,
        granted_at: row.timestamp()?,
        resources: read_resources(row.optional_text()?)?,
        claims: requested_claims::from_json(row.optional_text()?.as_deref())?,
    })
}

/// A resource has no space in it, so that a space can stand between two.
fn write_resources(resources: &[Resource]) -> Option<String> {
    let texts: Vec<&str> = resources.iter().map(Resource::as_str).collect();
    Some(texts.join(" ")).filter(|text| !text.is_empty())
}

fn read_resources(text: Option<String>) -> Result<Vec<Resource>, StoreError> {
    let text = text.unwrap_or_default();
    text.split_terminator(' ')
        .map(|text| Resource::parse(text).map_err(|_| StoreError::Corrupt("a resource")))
        .collect()
}
