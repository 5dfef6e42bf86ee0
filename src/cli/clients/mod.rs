//! `cellgate clients`: the clients in the state, beside those of the configuration.
//!
//! Every command works while a server runs on the same state, and the server follows within
//! seconds.

mod arguments;

mod add;
mod import;
mod initial_token;
mod list;
mod remove;
mod rotate_secret;
mod view;

pub(super) use arguments::ClientsCommand;

use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::output::block_on;
use super::state::State;
use crate::clock::{Clock as _, SystemClock};
use crate::config::ConfigError;
use crate::model::{Client, ClientId, ClientIdError, RegisteredBy};
use crate::provider::clients::{MetadataError, Rules};
use crate::store::{ClientRecord, Store};

/// Why a command for clients did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientsError {
    /// Not an identifier.
    #[error(transparent)]
    Id(#[from] ClientIdError),
    /// Nothing of this name.
    #[error("no client is registered under {0:?}; `cellgate clients list` shows those that are")]
    Unknown(String),
    /// It belongs to the configuration.
    #[error("the client {0:?} is in the configuration: change it there, under `provider.clients`")]
    Configured(ClientId),
    /// The id is taken.
    #[error("a client {0:?} is registered already; `cellgate clients show {0}` shows it")]
    Taken(ClientId),
    /// What it should be registered with.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// What should be imported.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// No initial access token of this name.
    #[error(
        "there is no initial access token {0:?}; `cellgate clients initial-token list` shows \
         those there are"
    )]
    UnknownToken(String),
    /// A public client, or one with a key.
    #[error("the client {0:?} has no secret: it is public, or signs with a key of its own")]
    NoSecret(ClientId),
    /// Keys for a method that needs none.
    #[error(
        "--jwks, --jwks-uri and --authentication-alg are of no use without --authentication \
         private-key-jwt"
    )]
    KeysWithoutUse,
    /// The file of `--jwks`.
    #[error("--jwks: {0}")]
    KeyFile(String),
}

/// Does something with the clients.
pub(super) fn clients(command: &ClientsCommand, out: &mut impl Write) -> Result<(), CliError> {
    block_on(execute(command, out))?
}

async fn execute(command: &ClientsCommand, out: &mut impl Write) -> Result<(), CliError> {
    let now = SystemClock.now();
    match command {
        ClientsCommand::Add(new) => add::add(new, out, now).await,
        ClientsCommand::List { config, json } => {
            let book = Book::open(config).await?;
            list::list(&book, *json, out, now).await
        }
        ClientsCommand::Show { id, config, json } => {
            let book = Book::open(config).await?;
            list::show(&book, id, *json, out, now).await
        }
        ClientsCommand::RotateSecret { id, config } => {
            let book = Book::open(config).await?;
            rotate_secret::rotate_secret(&book, id, out).await
        }
        ClientsCommand::Import(from) => import::import(from, out, now).await,
        ClientsCommand::InitialToken(command) => {
            initial_token::initial_token(command, out, now).await
        }
        ClientsCommand::Remove { id, config } => {
            let book = Book::open(config).await?;
            remove::remove(&book, id, out, now).await
        }
    }
}

/// All clients of a deployment.
struct Book {
    state: State,
    store: Store,
}

impl Book {
    async fn open(config: &Path) -> Result<Self, CliError> {
        let state = State::of(config)?;
        let store = Store::open(&state.store).await?;
        Ok(Self { state, store })
    }

    /// The client of the configuration under `id`.
    fn configured(&self, id: &ClientId) -> Option<&Client> {
        let mut clients = self.state.provider.clients.iter();
        clients.find(|client| client.id == *id)
    }

    /// The client in the state under `id`: the one that may be changed here.
    async fn find(&self, id: &str) -> Result<ClientRecord, CliError> {
        let id = ClientId::parse(id).map_err(ClientsError::from)?;
        if self.configured(&id).is_some() {
            return Err(ClientsError::Configured(id).into());
        }
        let unknown = || ClientsError::Unknown(id.to_string()).into();
        self.store.find_client(&id).await?.ok_or_else(unknown)
    }

    /// What a client must keep to that an administrator registers.
    const fn rules(&self, registered_by: RegisteredBy) -> Rules<'_> {
        Rules {
            registered_by,
            scope: &self.state.provider.registration.scope,
            id_token_algorithm: self.state.provider.id_token_algorithm,
            authentication: &self.state.provider.client_authentication,
        }
    }
}

#[cfg(test)]
mod tests;
