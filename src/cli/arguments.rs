//! What can be asked for on the command line. The doc comments are the text of `--help`.

use std::net::IpAddr;
use std::path::PathBuf;

use super::clients::ClientsCommand;
use super::sessions::SessionsCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// An OpenID Provider and a token-checking reverse proxy in one process.
///
/// Cellgate stands at the edge, in front of Pydio Cells or any other web application. It signs
/// users in (the password is checked by the users' backend), gives tokens to the applications you
/// register, and forwards a request only when the policy of its route allows it, with the caller's
/// identity in headers that nobody else can set. One YAML file says all of it.
#[derive(Debug, Parser)]
#[command(name = "cellgate", version, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  Try it out, with two users and two routes that answer by themselves:
      cellgate run --config config/demo.yaml

  Begin a configuration of your own, and see everything that is wrong with it at once:
      cp config/minimal.yaml cellgate.yaml
      cellgate check cellgate.yaml

  Make the secret of a new client, and hash a password for the list of users:
      cellgate hash-secret --generate
      cellgate hash-secret < password.txt

  See why a request is refused, with each step of the decision:
      cellgate explain --config cellgate.yaml --url https://files.example/api/x --token -

  Keep a copy of the state while Cellgate runs, and bring it back while it does not:
      cellgate backup --config cellgate.yaml backup.db
      cellgate restore --config cellgate.yaml backup.db

  Let an editor complete the file (VS Code, YAML extension): put this in its first line, after
      cellgate schema > cellgate.schema.json
      # yaml-language-server: $schema=cellgate.schema.json

Signals (run):
  SIGTERM  stop accepting, let requests in flight end, exit
  SIGHUP   load the configuration again: whole, or not at all (`cellgate reload` says what came
           of it)
  For a new version of the program see `cellgate upgrade`.

Exit codes:
  0  done
  1  failed: the reason is on standard error
  2  the configuration or the arguments are wrong
  3  explain: the request would be refused, or only the issuer of its token can say";

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve, until SIGTERM.
    ///
    /// Checks the configuration first and says on standard error where to go. Logs are JSON lines on
    /// standard output; the level is `log.filter` in the configuration.
    Run {
        /// The configuration, a YAML file; config/reference.yaml explains every key.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Take over the sockets of the process that runs, which leaves once this one serves.
        ///
        /// Needs `server.control_socket`. `cellgate upgrade` has the running process start this.
        #[arg(long)]
        upgrade: bool,
    },
    /// Say everything that is wrong with a configuration, or what it comes to.
    ///
    /// Does what a start does up to opening sockets: reads the file and all files it names, and
    /// checks each value and all of them together. Every problem is shown at once, with its line
    /// and what to write instead. A good file is summed up: who listens where, which routes there
    /// are in the order they decide, and who may pass them.
    Check {
        /// The configuration, a YAML file.
        #[arg(value_name = "FILE")]
        config: PathBuf,
    },
    /// Say what would become of a request, and why; or show all routes.
    ///
    /// Takes the steps that a running Cellgate takes, with the same code: the form the request is
    /// judged in, its route, its credential, revocation (with the state the configuration names),
    /// each condition of the route, and what the upstream would get. The request is sent nowhere,
    /// and no credential is sent or shown; the keys of trusted issuers are fetched from them.
    ///
    /// Exit code 0: it would be allowed. 3: it would be refused, or only its issuer can say (503).
    /// 1 or 2: that cannot be said.
    Explain(ExplainArguments),
    /// Print the JSON Schema of the configuration, for editors.
    Schema,
    /// Hash a password or secret for the configuration, or make a secret.
    ///
    /// Reads the first line of standard input and prints its hash. With --generate it makes a
    /// secret of 256 random bits and prints the secret (for the application) and its hash (for
    /// `secret_hash`); nothing is kept.
    HashSecret {
        /// How to hash; left out: argon2id, and sha256 for a generated secret.
        ///
        /// What a person chose needs the slow argon2id. For 256 random bits there is nothing to
        /// guess, and sha256 saves the time at each token request.
        #[arg(long, value_enum)]
        kind: Option<HashKind>,
        /// Make a secret instead of reading one.
        #[arg(long)]
        generate: bool,
    },
    /// Bring the tables of the database to what this program needs.
    ///
    /// A start does that by itself, unless `state.postgres.migrate_at_start` is false. Safe while
    /// other nodes run or start. Nothing is ever brought back: keep a backup.
    Migrate {
        /// The configuration that names the database.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Copy the state to a new file, while Cellgate runs.
    ///
    /// For state in a SQLite file. The copy is one moment of it, is checked, and is one file that only
    /// its owner may read; nothing is overwritten. The key file is not in it: keep that in another
    /// place.
    Backup {
        /// The configuration that names the state.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The file to make.
        #[arg(value_name = "DEST")]
        destination: PathBuf,
    },
    /// Put a backup in the place of the state, while nothing runs.
    ///
    /// The backup has to be whole, no newer than this program, and of the key file that the
    /// configuration names. The state before is kept beside it, under a name that is said. Either
    /// all of this happens or nothing.
    ///
    /// What happened after the backup is undone: somebody who signed out since is signed in again, and
    /// what was revoked since is good again. With --end-sessions nobody is signed in afterwards.
    Restore(RestoreArguments),
    /// Copy the state of one configuration to the empty database of another.
    ///
    /// From a SQLite file to PostgreSQL, or any other way, while nothing runs on either. Everybody
    /// stays signed in. What is encrypted comes under the key that the target's configuration names.
    ///
    /// Nothing starts on a copy that is not whole; run the command again then, and it begins anew. The
    /// source stays as it is. Do not start the old configuration again: a code or token that is used up
    /// at one place would still be good at the other.
    CopyState {
        /// The configuration of the state there is.
        #[arg(long, value_name = "CONFIG")]
        from: PathBuf,
        /// The configuration of the database to fill.
        #[arg(long, value_name = "CONFIG")]
        to: PathBuf,
    },
    /// List or rotate the keys that sign tokens.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Register, import, list, show and remove applications while the server runs; make their
    /// secrets and initial access tokens.
    ///
    /// Applications can also stand in the configuration, under `provider.clients`; those are
    /// listed and shown here, and changed there.
    Clients {
        /// What to do with them.
        #[command(subcommand)]
        command: ClientsCommand,
    },
    /// Make the sections `provider` and `users` of a configuration of a `pydio.json` of Cells.
    ///
    /// Prints them; what could not be carried over, and what a start would refuse of them, is said on
    /// standard error. Of secrets only hashes are printed. Nothing is written anywhere.
    ImportCells(ImportCells),
    /// Show who is signed in, and sign users out.
    Sessions {
        /// What to do with them.
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// Let a user sign in again who typed too many wrong passwords.
    Users {
        /// What to do.
        #[command(subcommand)]
        command: UsersCommand,
    },
    /// Have a running Cellgate load its configuration again: whole, or not at all.
    ///
    /// Asks at `server.control_socket`, waits, and says what is in force now, or every problem for
    /// which the configuration before stays. Requests go on meanwhile. SIGHUP does the same without
    /// an answer.
    ///
    /// Exit code 0: in force, 1: nobody answers, 2: refused.
    Reload(ReloadTarget),
    /// Have a running Cellgate start the program that is installed now in its place, without a request
    /// lost.
    ///
    /// Asks at `server.control_socket`. The new process starts with the file as it is now, on the
    /// sockets of the old one, which leaves when the new one serves; both use the state meanwhile. If
    /// the new one fails, the old one goes on.
    ///
    /// Exit code 0: the new process serves, 1: nobody answers, or it failed and its log says why.
    Upgrade(ReloadTarget),
    /// Ask a running Cellgate whether it is ready; for containers and monitors.
    ///
    /// Asks the admin listener for `/readyz`. Exit code 0: ready, 1: not ready or not there.
    Healthcheck(HealthcheckTarget),
}

/// What is restored.
#[derive(Args, Debug)]
pub(super) struct RestoreArguments {
    /// The configuration that names the state to replace.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// A file that `cellgate backup` made.
    #[arg(value_name = "SRC")]
    pub(super) backup: PathBuf,
    /// End every session, token, application password and signing key that the backup holds: for a backup that is old, or
    /// when somebody may have got in.
    #[arg(long)]
    pub(super) end_sessions: bool,
}

/// What a configuration is made of.
#[derive(Args, Debug)]
pub(super) struct ImportCells {
    /// The `pydio.json` of Cells, or its `staticClients` alone.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The external URL of Cells, if the file does not say it; can be repeated, the default first.
    #[arg(long = "site", value_name = "URL")]
    pub(super) sites: Vec<String>,
    /// Where Cellgate reaches Cells.
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<String>,
}

/// Which request to explain.
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    /// The configuration that decides.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Show the routes instead, in the order they decide, with everything each of them asks.
    #[arg(long, conflicts_with_all = ["url", "token", "headers"])]
    pub(super) routes: bool,
    /// The method of the request.
    #[arg(long, default_value = "GET")]
    pub(super) method: String,
    /// The whole URL, as a downstream would ask for it; it is not mended.
    #[arg(long, required_unless_present = "routes")]
    pub(super) url: Option<String>,
    /// A bearer token; `-` reads it from standard input, so that it stands in no history.
    #[arg(long)]
    pub(super) token: Option<String>,
    /// A further field, `Name: value`; can be repeated.
    #[arg(long = "header", value_name = "FIELD")]
    pub(super) headers: Vec<String>,
    /// The address it would come from.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) source: IpAddr,
    /// The certificate it would show, a PEM file; it is not verified here.
    #[arg(long, value_name = "FILE")]
    pub(super) client_certificate: Option<PathBuf>,
    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// How a secret is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum HashKind {
    /// Slow, for what a person chose.
    Argon2id,
    /// Fast, for generated secrets only.
    Sha256,
}

/// What to do for a user.
#[derive(Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// Forget the wrong passwords counted for a login, in a running Cellgate too.
    ///
    /// After `provider.sign_in.ceiling` wrong passwords in a row no further one is passed on, so
    /// that Cells never locks the user for good. Only this command, or three months, end that.
    Unlock {
        /// The login, as it is typed on the sign-in page.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// The configuration whose state holds the count.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// What to do with the signing keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Show each key: its id, algorithm, age and what it is used for.
    List {
        /// The configuration whose state holds the keys.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Make a new key; the old one stays published until the last token it signed has expired.
    ///
    /// A running Cellgate picks the new key up within seconds and signs with it half a minute
    /// later, so that whoever reads the key set sees the key before its first token.
    Rotate {
        /// The configuration whose state holds the keys.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Rotate the key of this algorithm only: `ES256`, `RS256`, `PS256` or `EdDSA`.
        #[arg(long, value_name = "NAME")]
        algorithm: Option<String>,
        /// Somebody may have the old key: withdraw it at once.
        ///
        /// Every token it signed is refused from then on; users and applications ask for new ones
        /// with their sessions and refresh tokens.
        #[arg(long)]
        compromised: bool,
    },
    /// Print the public half of a private key as a JWK Set, to be registered where Cellgate is a client.
    ///
    /// For `trusted_issuers[].sign_in_clients` with `authentication: private_key_jwt`. Nothing secret is
    /// printed, and no state is needed.
    Public {
        /// The PEM file with the private key.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What is signed with: `ES256`, `RS256`, `PS256` or `EdDSA`; left out: by the key.
        #[arg(long, value_name = "NAME")]
        algorithm: Option<String>,
        /// What the key is called (`kid`), as `private_key_id` says; left out: its thumbprint.
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// Encrypt everything in the state that is encrypted under another key, while nothing runs.
    ///
    /// All of it changes in one transaction, or nothing. Afterwards the key before opens nothing in the
    /// database, and every configuration has to name the new one; backups made before still need the
    /// old one. Nobody has to sign in again.
    Rekey {
        /// The configuration of the state, with the key there is.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The file with the key to change to; made, readable for its owner alone, when missing.
        #[arg(long, value_name = "KEY")]
        new_key_file: PathBuf,
    },
}

/// Whom to ask for a reload.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct ReloadTarget {
    /// Check this configuration, and ask at its `server.control_socket`.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Ask here; the process reads its file and its environment itself.
    #[arg(long, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
}

/// Whom to ask.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct HealthcheckTarget {
    /// Ask the `admin.address` of this configuration.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Ask this URL.
    #[arg(long)]
    pub(super) url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_says_what_cellgate_is_and_how_it_exits() {
        let help = Arguments::command().render_long_help().to_string();

        for part in [
            "OpenID Provider",
            "cellgate run --config",
            "Exit codes:",
            "SIGHUP",
        ] {
            assert!(help.contains(part), "{part}");
        }
    }

    #[test]
    fn healthcheck_asks_exactly_one() {
        let parse = |arguments: &[&str]| Arguments::try_parse_from(arguments).is_ok();

        assert!(parse(&[
            "cellgate",
            "healthcheck",
            "--url",
            "http://127.0.0.1:1/readyz"
        ]));
        assert!(!parse(&["cellgate", "healthcheck"]));
        assert!(!parse(&[
            "cellgate",
            "healthcheck",
            "--url",
            "x",
            "--config",
            "y"
        ]));
    }
}
