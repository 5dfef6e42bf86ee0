//! The operator's file: YAML text → file structs → [`Config`], checked.
//!
//! Every problem is found in one run, with its key path, its line and what to write instead.
//! Start-up, reload and `cellgate check` call the same function. Paths of files that are read
//! (certificates, secrets, key sets, templates) start at the folder of the configuration; paths of
//! files that are written (`state`) start at the working directory.
//!
//! *Invariant:* whoever holds a [`Config`] need not check any value of it again, and no file or
//! environment variable is read for the configuration outside `files.rs`.

mod defaults;
mod file;
mod schema;

mod document;
mod key_path;
mod problem;

mod check;
mod files;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::telemetry::traces::TraceSettings;
use crate::{gateway, issuers, provider, server, store, users};

pub(crate) use defaults::HTTPS_PORT;
pub(crate) use files::notify_socket;
pub(crate) use key_path::KeyPath;
pub use problem::{ConfigError, Place, Problem};
pub use schema::schema;

/// A whole, checked configuration: what each part runs on.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where we listen.
    pub listeners: Vec<server::Listener>,
    /// How certificates are ordered; `None`: none are.
    pub acme: Option<server::Acme>,
    /// Metrics and health; `None`: off.
    pub admin: Option<SocketAddr>,
    /// Worker threads; `None`: one per core.
    pub threads: Option<usize>,
    /// What SIGTERM leads to.
    pub drain: server::Drain,
    /// Where a reload can be asked for; `None`: nowhere.
    pub control_socket: Option<PathBuf>,
    /// `tracing` filter (default `info`).
    pub log_filter: String,
    /// Where traces go; `None`: there are none.
    pub traces: Option<TraceSettings>,
    /// Where state lives; present exactly when `provider` is.
    pub store: Option<store::Settings>,
    /// The OpenID Provider; `None`: gateway only.
    pub provider: Option<provider::Settings>,
    /// The users' backend; present exactly when `provider` is.
    pub users: Option<users::Settings>,
    /// Limits of sign-ins.
    pub sign_in: users::SignInLimits,
    /// Issuers accepted besides our own.
    pub trusted_issuers: Vec<issuers::TrustedIssuer>,
    /// The gateway.
    pub gateway: gateway::Settings,
    /// Unsafe choices (`danger_…` keys) in force, to be logged at each start.
    pub dangers: Vec<String>,
    /// What is allowed but probably not meant, to be shown at each start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and checks the configuration at `path`, and every file it names.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all problems at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read_text(path)?, base(path))
    }

    /// Checks the configuration `text`, whose files are named relative to the folder `base`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all problems at once.
    pub fn parse(text: &str, base: &Path) -> Result<Self, ConfigError> {
        let (file, problems) = document::read(text)?;
        check::check(file, problems, files::Files::relative_to(base))
    }
}

/// The text of the configuration at `path`, to be parsed or quoted.
///
/// # Errors
///
/// [`ConfigError`] when it cannot be read.
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    files::read_text(path).map_err(|error| {
        ConfigError::whole(error.to_string(), "Check the path and who may read it.")
    })
}

/// Problems of what the configuration `text` names, given as key path, reason and advice, with their
/// places in it.
pub(crate) fn located(
    text: &str,
    found: impl IntoIterator<Item = (KeyPath, String, String)>,
) -> ConfigError {
    let (_, mut problems) = match document::read(text) {
        Ok(read) => read,
        Err(error) => return error,
    };
    for (at, reason, advice) in found {
        problems.add(&at, reason, advice);
    }
    problems.into_error()
}

/// The folder that the configuration at `path` names its files relative to.
pub fn base(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}
