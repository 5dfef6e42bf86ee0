//! Telling clients in the browser that a session ended (OpenID Connect Front-Channel Logout 1.0).
//!
//! It works as far as the browser lets it: one that keeps cookies from frames makes it useless,
//! and nobody learns whether it worked. The back channel is the one to rely on; this one is for
//! applications that live in the browser alone.

use crate::model::{ClientId, SessionId, Timestamp};
use crate::provider::Provider;
use crate::provider::pages::{Frame, Message, SignedOutPage, Texts};
use crate::provider::reply::{self, Response};

impl Provider {
    /// What the browser loads to tell `clients` that `session` ended: `iss` and `sid` go to those
    /// that need them (§3).
    ///
    /// The session has ended by now: a client that cannot be looked up is left out, and the user
    /// is not told that signing out failed.
    pub(in crate::provider) async fn frames(
        &self,
        clients: &[ClientId],
        session: &SessionId,
        now: Timestamp,
    ) -> Vec<Frame> {
        let issuer = self.settings.issuer.as_str();
        let named = [("iss", issuer), ("sid", session.as_str())];
        let mut found = Vec::with_capacity(clients.len());
        for id in clients {
            match self.clients.find(id.as_str(), now).await {
                Ok(client) => found.extend(client),
                Err(error) => tracing::error!(%error, "a client cannot be told in the browser"),
            }
        }
        found
            .iter()
            .filter_map(|client| {
                let logout = &client.logout;
                let endpoint = logout.front_channel.as_ref()?;
                let params: &[_] = if logout.front_channel_session_required {
                    &named
                } else {
                    &[]
                };
                Some(Frame {
                    src: endpoint.with_query(params),
                    origin: endpoint.origin(),
                })
            })
            .collect()
    }

    /// Says that the user is signed out, or sends the browser on to `next`. With frames to load
    /// there is a page in between: it loads them and goes on by itself.
    pub(in crate::provider) fn say_signed_out(
        &self,
        frames: Vec<Frame>,
        next: Option<String>,
        texts: &Texts,
    ) -> Response {
        match next {
            Some(next) if frames.is_empty() => reply::see_other(&next),
            None if frames.is_empty() => self.pages.show(texts, &Message::SignedOut),
            next => self.pages.show(texts, &SignedOutPage { frames, next }),
        }
    }
}
