//! The web interface of the users' backend, for users who are signed in here: the gateway is its client,
//! in this process, and holds for it what a browser should not.
//!
//! The interface is given an access token of ours, which is swapped on the way to the backend. What it is
//! renewed with stays in a cookie that no script can read.

use std::net::IpAddr;

use bytes::Bytes;

use super::Provider;
use super::params::Params;
use super::request::Request;
use crate::model::{CellsClient, Client, GrantType, Timestamp};
use crate::secret::Secret;
use crate::store::StoreError;

/// What the interface signs in with.
#[derive(Clone, Copy, Debug)]
pub enum InterfaceGrant<'a> {
    /// A code that came to its callback.
    Code {
        /// The code.
        code: &'a str,
        /// What its challenge was made from (RFC 7636), as the browser keeps it.
        verifier: &'a Secret,
        /// Where it came to.
        redirect_uri: &'a str,
    },
    /// What was given with the tokens that it has.
    Renewal(&'a Secret),
}

/// What the interface goes on with.
#[derive(Debug)]
pub struct InterfaceTokens {
    /// Of ours; good for the routes to the backend.
    pub access_token: Secret,
    /// Who the user is.
    pub id_token: Option<String>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// What the next one is got with; not for scripts.
    pub renewal: Option<Secret>,
}

/// Why the interface gets no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterfaceError {
    /// What it showed is not good, or not any more: the user has to sign in.
    #[error("the user has to sign in")]
    SignInAgain,
    /// It cannot be told at the moment.
    #[error("it cannot be told at the moment")]
    Unavailable,
}

impl Provider {
    /// Tokens for the interface, from somebody at `peer`.
    ///
    /// # Errors
    ///
    /// [`InterfaceError`] when there are none.
    pub async fn sign_in_to_interface(
        &self,
        grant: InterfaceGrant<'_>,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<InterfaceTokens, InterfaceError> {
        let client = self.clients.find(CellsClient::Frontend.id(), now).await;
        let client = client.map_err(|error| failed(&error))?;
        let client = client.ok_or(InterfaceError::SignInAgain)?;
        let (grant_type, form) = match grant {
            InterfaceGrant::Code {
                code,
                verifier,
                redirect_uri,
            } => (
                GrantType::AuthorizationCode,
                Params::of(&[
                    ("code", code),
                    ("redirect_uri", redirect_uri),
                    ("code_verifier", verifier.expose()),
                ]),
            ),
            InterfaceGrant::Renewal(token) => (
                GrantType::RefreshToken,
                Params::of(&[("refresh_token", token.expose())]),
            ),
        };
        let request = Request::new(http::Request::new(Bytes::new()), peer, now);
        self.exchange_in_process((&client, grant_type), &form, &request)
            .await
    }

    /// Ends the session at the provider that the interface's tokens came of, with everything that was
    /// granted in it. What is unknown has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer; the session may go on then.
    pub async fn sign_out_of_interface(
        &self,
        renewal: &Secret,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<(), StoreError> {
        let found = self
            .parts
            .store
            .find_refresh_token(&renewal.digest())
            .await?;
        let is_its = |client: &Client| client.of_cells == Some(CellsClient::Frontend);
        let client = self.clients.find(CellsClient::Frontend.id(), now).await?;
        let (Some(found), Some(client)) = (found, client.filter(|client| is_its(client))) else {
            return Ok(());
        };
        if found.grant.client_id != client.id {
            return Ok(());
        }
        let ended = self.sign_out_of_applications(&found.grant, (peer, now));
        // Frames cannot be loaded by a script's call: who has only a front channel is not told.
        ended.await.map(drop)
    }
}

fn failed(error: &StoreError) -> InterfaceError {
    tracing::error!(%error, "the client of the interface cannot be read");
    InterfaceError::Unavailable
}
