//! Why a command did not do what it was asked.

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use miette::GraphicalTheme;

use super::clients::ClientsError;
use super::explain::RequestError;
use super::report::Refusal;
use super::sessions::SessionsError;
use crate::entropy::EntropyError;
use crate::jose::KeyError;
use crate::model::LoginError;
use crate::server::StartError;
use crate::store::{StoreError, UpkeepError};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The configuration is refused.
    #[error("{0}")]
    Config(Box<Refusal>),
    /// The server could not start, or stopped for a reason.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A command for the provider, and a configuration without one.
    #[error(
        "the configuration has no `provider`, so there are no keys, clients, sessions or sign-ins \
         here; name the configuration that has one"
    )]
    NoProvider,
    /// `keys` before the first start.
    #[error("{0} does not exist yet: `cellgate run` creates it, with the first keys")]
    NoState(PathBuf),
    /// `--algorithm` that nothing is signed with.
    #[error("nothing is signed with {0}; `cellgate keys list` shows what is used")]
    UnusedAlgorithm(String),
    /// `--algorithm` that nobody can sign with.
    #[error("{0} is no algorithm that keys sign with: ES256, RS256, PS256 or EdDSA")]
    UnknownAlgorithm(String),
    /// `keys public` of what is no key.
    #[error("{0}")]
    KeyFile(String),
    /// The state cannot be read or written.
    #[error("state: {0}")]
    Store(#[from] StoreError),
    /// The state cannot be backed up or brought back.
    #[error("state: {0}")]
    Upkeep(#[from] UpkeepError),
    /// `users unlock` with what cannot be a login.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// `clients` with what cannot be done.
    #[error(transparent)]
    Clients(#[from] ClientsError),
    /// `sessions` with what cannot be done.
    #[error(transparent)]
    Sessions(#[from] SessionsError),
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// `import-cells` of a file that does not say where Cells is.
    #[error(
        "the file does not say where Cells is reached; name it with --site https://files.example"
    )]
    NoSite,
    /// `hash-secret` without input.
    #[error("standard input has no secret in its first line; pipe one in, or use --generate")]
    NoSecret,
    /// The hash function refuses, which it does for absurd lengths only.
    #[error("the secret cannot be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    /// `healthcheck --config` without an admin listener.
    #[error("the configuration has no `admin.address` to ask")]
    NoAdmin,
    /// `reload` without a socket to ask at.
    #[error(
        "the configuration has no `server.control_socket` to ask at; send SIGHUP to the process, \
         which tells its log what came of it"
    )]
    NoSocket,
    /// `reload`: nobody listens there.
    #[error("{} does not answer: {source}; is cellgate running?", socket.display())]
    NoControl {
        /// Where it was asked.
        socket: PathBuf,
        /// Why there is no answer.
        source: io::Error,
    },
    /// `reload`: the process refuses its file.
    #[error("{} is refused, and the configuration before stays in force:\n{error}", config.display())]
    NotReloaded {
        /// Which file.
        config: PathBuf,
        /// Every problem.
        error: String,
    },
    /// It answered that it is not ready.
    #[error("{url} answers {status}: not ready")]
    NotReady {
        /// Who was asked.
        url: String,
        /// What came back.
        status: http::StatusCode,
    },
    /// It did not answer.
    #[error("{url} does not answer: {}", innermost(source))]
    NoAnswer {
        /// Who was asked.
        url: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// `explain` with arguments that are no request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// `explain`: the request would be refused, as standard output says.
    #[error("the request would be refused")]
    Refused,
    /// Standard output or input failed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// 3: `explain` says no; 2: the operator wrote something wrong; 1: something went wrong.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::Refused => 3,
            Self::Config(_)
            | Self::Start(StartError::Config(_))
            | Self::NoProvider
            | Self::UnusedAlgorithm(_)
            | Self::UnknownAlgorithm(_)
            | Self::KeyFile(_)
            | Self::Login(_)
            | Self::Clients(_)
            | Self::Sessions(_)
            | Self::NoSite
            | Self::NoSecret
            | Self::Request(_)
            | Self::NoSocket
            | Self::NotReloaded { .. }
            | Self::NoAdmin => 2,
            Self::Start(_)
            | Self::NoState(_)
            | Self::Store(_)
            | Self::Upkeep(_)
            | Self::Key(_)
            | Self::Entropy(_)
            | Self::Hash(_)
            | Self::NoControl { .. }
            | Self::NotReady { .. }
            | Self::NoAnswer { .. }
            | Self::Output(_) => 1,
        }
    }

    /// Tells the operator.
    pub(super) fn show(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Config(refusal) => {
                let theme = if io::stderr().is_terminal() {
                    GraphicalTheme::unicode()
                } else {
                    GraphicalTheme::none()
                };
                refusal.write(to, &theme)
            }
            // Standard output has the whole story.
            Self::Refused => Ok(()),
            other => writeln!(to, "cellgate: {other}"),
        }
    }
}

/// The first cause of an error, which says more than the layers around it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
