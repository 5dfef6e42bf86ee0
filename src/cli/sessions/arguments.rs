//! What can be asked of `cellgate sessions`. The doc comments are the text of `--help`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with the sessions.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SessionsCommand {
    /// List who is signed in: user, since when, last seen, from where, and to which applications.
    ///
    /// A line without an address is a session that ended by itself, while an application goes on
    /// with its refresh token, or has an access token that may still be good. Users of other issuers
    /// follow, who have a session at each application; their name is what the issuer calls them.
    List {
        /// Only those of this user: the login, in any letter case, or the subject.
        #[arg(value_name = "USER")]
        user: Option<String>,
        /// The configuration whose state holds the sessions.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print a JSON array, with the browsers and all times (seconds since 1970).
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known of one session.
    Show {
        /// Its id, as `sessions list` shows it.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        session: String,
        /// The configuration whose state holds the sessions.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print a JSON object, with all times in seconds since 1970.
        #[arg(long)]
        json: bool,
    },
    /// End all sessions of a user, or one session.
    ///
    /// As the account page does: refresh tokens and access tokens of it are refused, and the
    /// applications that registered for it are told. A running Cellgate follows within seconds.
    /// It keeps nobody from signing in again: lock the user at the users' backend for that, or at the
    /// issuer, first. One session of a user of another issuer ends together with those at other
    /// applications that are the same session at the issuer, which is not told.
    End {
        #[command(flatten)]
        target: EndTarget,
        /// The configuration whose state holds the sessions.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// What to end.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct EndTarget {
    /// Everything of this user: the login, in any letter case, or the subject.
    #[arg(value_name = "USER")]
    pub(super) user: Option<String>,
    /// Only the session of this id, as `sessions list` shows it.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(super) session: Option<String>,
}
