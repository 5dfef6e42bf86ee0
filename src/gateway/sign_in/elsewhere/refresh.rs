//! Refreshing a session (OpenID Connect Core §12), of any number of requests by one.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::gateway::audit;
use crate::gateway::sign_in::SignInFault;
use crate::issuers::{Refreshing, RelyingParty, RelyingPartyError, Tokens};
use crate::model::Timestamp;
use crate::store::{IssuerSession, IssuerTokens, Store, StoreError};

/// How long one process may take; then another one may try.
const LEASE: Duration = Duration::from_secs(90);

/// After an issuer did not answer it is left alone for so long, for this session.
const PAUSE: Duration = Duration::from_secs(30);

/// How many refreshes are remembered that were made a moment ago: somebody may have read the session
/// before them.
const CAPACITY: u64 = 100_000;

/// The refreshes that are under way, and those just made.
#[derive(Debug)]
pub(in crate::gateway::sign_in) struct Refreshes {
    store: Store,
    /// By session and version: each version is refreshed once, or until it was tried again later.
    flights: Cache<(String, i64, Option<Timestamp>), Refreshed>,
}

/// What became of a session.
#[derive(Clone, Debug)]
pub(super) enum Refreshed {
    /// It goes on with what the issuer gave and said now.
    Anew(Arc<IssuerSession>),
    /// It goes on as it was: the issuer did not answer, or another process asks it.
    AsItWas,
    /// It has ended.
    Ended,
    /// Nobody can tell: the store failed.
    Failed,
}

/// When a session is to be refreshed whose tokens are good for `lifetime`: before they are not.
pub(super) fn refresh_at(lifetime: Duration, now: Timestamp) -> Timestamp {
    now.after(lifetime * 3 / 4)
}

impl Refreshes {
    pub(in crate::gateway::sign_in) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            flights: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(PAUSE)
                .build(),
        }
    }

    /// Refreshes while whoever asks goes on.
    pub(super) fn begin(&self, party: &RelyingParty, session: &IssuerSession, now: Timestamp) {
        let this = Self {
            store: self.store.clone(),
            flights: self.flights.clone(),
        };
        let (party, session) = (party.clone(), session.clone());
        drop(tokio::spawn(async move {
            drop(this.refresh(&party, &session, now).await);
        }));
    }

    /// Refreshes, or waits for whoever does. It goes on when whoever asked goes away: a refresh token
    /// that was shown is worth nothing any more.
    pub(super) async fn refresh(
        &self,
        party: &RelyingParty,
        session: &IssuerSession,
        now: Timestamp,
    ) -> Refreshed {
        let key = (session.id.clone(), session.version, session.refresh_at);
        let flight = async {
            let (store, party, session) = (self.store.clone(), party.clone(), session.clone());
            let made = tokio::spawn(async move { refresh(&store, &party, &session, now).await });
            match made.await {
                Ok(Ok(refreshed)) => refreshed,
                Ok(Err(error)) => {
                    tracing::error!(%error, "a session by another issuer cannot be refreshed");
                    Refreshed::Failed
                }
                Err(_) => Refreshed::Failed,
            }
        };
        let refreshed = self.flights.get_with(key.clone(), flight).await;
        if matches!(refreshed, Refreshed::Failed) {
            // The next one may have more luck.
            self.flights.invalidate(&key).await;
        }
        refreshed
    }
}

async fn refresh(
    store: &Store,
    party: &RelyingParty,
    session: &IssuerSession,
    now: Timestamp,
) -> Result<Refreshed, StoreError> {
    let Some(refresh_token) = &session.tokens.refresh_token else {
        return Ok(Refreshed::AsItWas);
    };
    if !store.claim_issuer_refresh(session, LEASE, now).await? {
        return Ok(Refreshed::AsItWas);
    }
    let refreshing = Refreshing {
        refresh_token,
        subject: &session.subject,
        nonce: &session.tokens.nonce,
    };
    match party.refresh(&refreshing, now).await {
        Ok(tokens) => take_over(store, session, tokens, now).await,
        Err(error) if error.is_outage() => {
            let later = now.after(PAUSE);
            store.postpone_issuer_refresh(session, later).await?;
            Ok(Refreshed::AsItWas)
        }
        Err(error) => {
            store.end_issuer_session(session, now).await?;
            if error == RelyingPartyError::OtherUser {
                // Either the issuer mixes up its users or somebody makes it.
                tracing::error!(
                    issuer = session.issuer,
                    session.id,
                    "a refresh brought another user; the session was ended"
                );
            }
            audit::session_elsewhere_ended(session, error.reason());
            Ok(Refreshed::Ended)
        }
    }
}

/// Puts what the issuer gave in the place of what it gave before. What it does not say stays.
async fn take_over(
    store: &Store,
    session: &IssuerSession,
    tokens: Tokens,
    now: Timestamp,
) -> Result<Refreshed, StoreError> {
    let before = session.tokens.clone();
    let (id_token, claims) = match tokens.user {
        Some(user) => (user.id_token, user.claims),
        None => (before.id_token, before.claims),
    };
    let refresh_at = refresh_at(tokens.lifetime, now);
    let refreshed = IssuerSession {
        tokens: IssuerTokens {
            refresh_token: tokens.refresh_token.or(before.refresh_token),
            id_token,
            nonce: before.nonce,
            scope: tokens.scope.map_or(before.scope, |scope| scope.to_string()),
            claims,
            good_until: now.after(tokens.lifetime),
        },
        version: session.version + 1,
        refresh_at: Some(refresh_at),
        ..session.clone()
    };
    let goes_on = store
        .renew_issuer_session(session, &refreshed.tokens, refresh_at)
        .await?;
    Ok(if goes_on {
        Refreshed::Anew(Arc::new(refreshed))
    } else {
        Refreshed::Ended
    })
}

impl Refreshed {
    /// The session that goes on; `None` when it has ended.
    pub(super) fn goes_on(
        self,
        before: IssuerSession,
    ) -> Result<Option<IssuerSession>, SignInFault> {
        match self {
            Self::Anew(session) => Ok(Some(Arc::unwrap_or_clone(session))),
            Self::AsItWas => Ok(Some(before)),
            Self::Ended => Ok(None),
            Self::Failed => Err(SignInFault::NotRefreshed),
        }
    }
}
