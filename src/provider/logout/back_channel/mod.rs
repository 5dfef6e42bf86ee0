//! Telling clients that a session ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! Whom to tell is in the store's outbox since the session ended. A client that does not answer
//! is tried again, ever more rarely, until it is given up; one that answers 400 has understood
//! and refused (§2.8), and is not asked again.

mod courier;
mod token;

pub use courier::LogoutCourier;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use http::StatusCode;

use crate::model::{Client, ClientEndpoint, Reach, Timestamp};
use crate::outbound::{FormPoster, OutboundError};
use crate::provider::Provider;
use crate::provider::audit;
use crate::store::{LogoutNotice, StoreError};
use token::LogoutTokenError;

/// Notices claimed, and clients called, at once.
const BATCH: u32 = 64;

/// Until the second attempt; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Why a client could not be told.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// Its answer says that telling it again is no use.
    #[error("the client refused the logout token")]
    Refused,
    /// Its answer is another than the specification has.
    #[error("the client answered {0}")]
    Answer(StatusCode),
    /// It did not answer.
    #[error(transparent)]
    NoAnswer(#[from] OutboundError),
    /// We could not write the token.
    #[error(transparent)]
    Token(#[from] LogoutTokenError),
}

impl Provider {
    /// Tells every client that is to be told now, once; returns how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the outbox cannot be read; nobody was told then.
    pub(crate) async fn deliver_logouts(
        &self,
        poster: &dyn FormPoster,
    ) -> Result<usize, StoreError> {
        let store = &self.parts.store;
        // Longer than a delivery can take, so that no two processes tell one client at once.
        let lease = self.settings.back_channel_logout.timeout * 2 + FIRST_PAUSE;
        let now = self.parts.clock.now();
        let notices = store.claim_logout_notices(BATCH, lease, now).await?;
        let n_notices = notices.len();
        stream::iter(notices)
            .for_each_concurrent(None, |notice| self.deliver(notice, poster))
            .await;
        let pending = store.count_logout_notices().await?;
        self.parts.metrics.logout_tokens_pending(pending);
        Ok(n_notices)
    }

    async fn deliver(&self, notice: LogoutNotice, poster: &dyn FormPoster) {
        let now = self.parts.clock.now();
        let client = match self.clients.find(notice.client_id.as_str(), now).await {
            Ok(client) => client,
            Err(error) => {
                // The claim runs out, and the client is told then.
                tracing::error!(%error, "the client of a logout token cannot be looked up");
                return;
            }
        };
        let client = client.as_deref();
        let endpoint =
            client.and_then(|client| Some((client, client.logout.back_channel.as_ref()?)));
        let kept = match endpoint {
            Some((client, endpoint)) => {
                let told = self.tell(&notice, client, endpoint, poster).await;
                self.conclude(&notice, told).await
            }
            // Most clients are not to be told, or not any more.
            None => self.parts.store.close_logout_notice(&notice).await,
        };
        if let Err(error) = kept {
            // The claim runs out, and the client is told once more.
            tracing::error!(%error, "the outbox of logout tokens cannot be written");
        }
    }

    async fn tell(
        &self,
        notice: &LogoutNotice,
        client: &Client,
        endpoint: &ClientEndpoint,
        poster: &dyn FormPoster,
    ) -> Result<(), Undelivered> {
        let now = self.parts.clock.now();
        let token = self.issue_logout_token(notice, client, now).await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", &token)
            .finish();
        let reach = match client.logout.reach {
            Reach::Anywhere => Reach::Anywhere,
            Reach::Public => self.settings.back_channel_logout.reach_of_registered,
        };
        match poster.post(endpoint, reach, form).await? {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST => Err(Undelivered::Refused),
            status => Err(Undelivered::Answer(status)),
        }
    }

    /// Closes the notice, or puts it off.
    async fn conclude(
        &self,
        notice: &LogoutNotice,
        told: Result<(), Undelivered>,
    ) -> Result<(), StoreError> {
        let (store, metrics) = (&self.parts.store, &self.parts.metrics);
        let reason = match told {
            Ok(()) => {
                metrics.logout_token("delivered");
                audit::client_told(notice);
                return store.close_logout_notice(notice).await;
            }
            Err(reason) => reason,
        };
        let now = self.parts.clock.now();
        let give_up_at = notice
            .ended_at
            .after(self.settings.back_channel_logout.give_up_after);
        if matches!(reason, Undelivered::Refused) || give_up_at <= now {
            metrics.logout_token("failed");
            audit::client_not_told(notice, &reason);
            return store.close_logout_notice(notice).await;
        }
        metrics.logout_token("postponed");
        tracing::warn!(
            client.id = %notice.client_id,
            attempts = notice.attempts,
            %reason,
            "a client could not be told that a session ended; it will be tried again"
        );
        let next = next_attempt_at(notice.attempts, now).min(give_up_at);
        store.postpone_logout_notice(notice, next).await
    }
}

/// When a client is tried again after `attempts` in vain.
fn next_attempt_at(attempts: u32, now: Timestamp) -> Timestamp {
    let doublings = attempts.saturating_sub(1).min(16);
    now.after((FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let pause = |attempts| {
            let now = Timestamp::from_secs(1000);
            next_attempt_at(attempts, now).since(now).as_secs()
        };

        let pauses = [1, 2, 3, 9, 10, 1000, u32::MAX].map(pause);

        assert_eq!(pauses, [10, 20, 40, 2560, 3600, 3600, 3600]);
    }
}
