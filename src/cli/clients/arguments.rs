//! What can be asked of `cellgate clients`. The doc comments are the text of `--help`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What to do with the clients.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ClientsCommand {
    /// Register an application; prints its id and, once, its secret.
    ///
    /// A running Cellgate knows it within seconds. Only the hash of the secret is kept (of
    /// `client-secret-jwt` itself, encrypted): who loses it makes another with `rotate-secret`.
    #[command(after_long_help = ADD_EXAMPLES)]
    Add(Box<NewClient>),
    /// List the clients: those of the configuration and those registered while running.
    List {
        /// The configuration whose clients and state are listed.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show everything about a client but its secret.
    Show {
        /// Its `client_id`.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
        /// The configuration whose clients and state are searched.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Make a client another secret and print it; the old one is worth nothing within seconds.
    ///
    /// Tokens that it has stay good: they were given for the secret that was right then. If a thief
    /// may have had that one, remove the client and add it again, which ends every token.
    RotateSecret {
        /// Its `client_id`.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
        /// The configuration whose state holds the client.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Take over the clients that are registered in Pydio Cells, and say what became of each.
    ///
    /// FILE is a pydio.json, its `staticClients` alone, or what Cells answers at
    /// /a/config/services/pydio.web.oauth/staticClients. What cannot be registered here is left
    /// out and named. Doing it again brings changes and leaves alone what was registered by other
    /// ways. Of secrets only hashes are kept.
    Import(Import),
    /// Make, list and revoke tokens with which applications register themselves (RFC 7591 §3).
    ///
    /// Of use with `provider.registration.mode: initial_access_token`.
    #[command(subcommand)]
    InitialToken(InitialTokenCommand),
    /// Remove a client, and revoke everything that users granted it and that it got for itself.
    ///
    /// Its refresh and access tokens are refused within seconds, here and at the gateway, and stay
    /// so when a client is added under the same id.
    Remove {
        /// Its `client_id`.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
        /// The configuration whose state holds the client.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// What to do with the initial access tokens.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum InitialTokenCommand {
    /// Make a token and print it; only its hash is kept.
    Create {
        /// The configuration whose state keeps the hash of the token.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// How many registrations it is good for.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        uses: u32,
        /// How many hours it is good for.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
        hours: u32,
        /// Whom it is for, so that the list can be read.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// List the tokens that have not expired.
    List {
        /// The configuration whose state is searched.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Make a token worthless at once; what was registered with it stays.
    Revoke {
        /// Its id, as the list shows it; not the token itself.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
        /// The configuration whose state keeps the hash of the token.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

const ADD_EXAMPLES: &str = "\
Examples:
  Grafana, a web application on a server, which can keep a secret:
      cellgate clients add --config cellgate.yaml --id grafana --name Grafana \\
          --redirect-uri https://grafana.example/login/generic_oauth

  A service that signs with a key of its own, so that there is no secret to keep here:
      cellgate clients add --config cellgate.yaml --id reports --grant-type client_credentials \\
          --authentication private-key-jwt --jwks-uri https://reports.example/jwks.json

  A program on its users' computers, which cannot keep a secret; its port is free to choose:
      cellgate clients add --config cellgate.yaml --id backup --name 'Backup tool' --native \\
          --redirect-uri http://127.0.0.1/callback --redirect-uri com.example.backup:/callback";

/// Clients to take over.
#[derive(Args, Debug)]
pub(in crate::cli) struct Import {
    /// Where Cells' clients are, as JSON.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The configuration whose state the clients are added to.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// What `#default_bind#` in redirect URIs stands for, and, given again, the further addresses
    /// of `#binds...#`; left out: that of the issuer.
    #[arg(long = "site", value_name = "URL")]
    pub(super) sites: Vec<String>,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// An application to register.
#[derive(Args, Debug)]
pub(in crate::cli) struct NewClient {
    /// The configuration whose state the client is added to.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Its `client_id`; left out: a random one.
    #[arg(long, allow_hyphen_values = true)]
    pub(super) id: Option<String>,
    /// What users read.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Where answers may go, compared character by character; may be given several times.
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub(super) redirect_uris: Vec<String>,
    /// Where a user may be sent after signing out; may be given several times.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub(super) post_logout_redirect_uris: Vec<String>,
    /// How it proves who it is.
    #[arg(long, value_enum, default_value = "client-secret-basic")]
    pub(super) authentication: Authentication,
    /// With `private-key-jwt`: the file with its public keys, a JSON Web Key Set; read once, now.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    pub(super) jwks: Option<PathBuf>,
    /// With `private-key-jwt`: where it publishes them, instead; they are fetched when needed.
    #[arg(long, value_name = "URI")]
    pub(super) jwks_uri: Option<String>,
    /// With `private-key-jwt`: what it signs its assertions with; left out: what each key says.
    #[arg(long = "authentication-alg", value_name = "ALG")]
    pub(super) authentication_algorithm: Option<String>,
    /// What its ID tokens are signed with: `RS256`, `ES256`, `PS256` or `EdDSA`; left out: as the
    /// configuration has it.
    #[arg(long = "id-token-alg", value_name = "ALG")]
    pub(super) id_token_algorithm: Option<String>,
    /// Has userinfo answer with a JWT signed so; left out: plain JSON.
    #[arg(long = "userinfo-alg", value_name = "ALG")]
    pub(super) userinfo_algorithm: Option<String>,
    /// It is installed on its users' machines: no secret, PKCE, any port of a loopback URI.
    #[arg(long, conflicts_with = "authentication")]
    pub(super) native: bool,
    /// Scope values it may ask for, a space apart.
    #[arg(long)]
    pub(super) scope: Option<String>,
    /// A grant type it may use; may be given several times; left out: `authorization_code`, and
    /// `refresh_token`.
    #[arg(long = "grant-type", value_name = "NAME")]
    pub(super) grant_types: Vec<String>,
    /// `aud` of its access tokens; may be given several times; left out: that of the
    /// configuration.
    #[arg(long, value_name = "URL")]
    pub(super) audience: Vec<String>,
    /// When users are asked whether it may have what it asks for: `required`, `remembered` or
    /// `implicit`.
    #[arg(long)]
    pub(super) consent: Option<String>,
    /// Whom to write to about it; may be given several times.
    #[arg(long = "contact", value_name = "ADDRESS")]
    pub(super) contacts: Vec<String>,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Authentication {
    /// Not at all: a public client, in a browser or on its user's machine.
    None,
    /// A secret in the `Authorization` header.
    ClientSecretBasic,
    /// A secret in the form.
    ClientSecretPost,
    /// An assertion signed with a key that only the application has; give `--jwks` or
    /// `--jwks-uri`.
    PrivateKeyJwt,
    /// An assertion under a MAC with its secret; where the configuration allows it
    /// (`provider.client_authentication.client_secret_jwt`).
    ClientSecretJwt,
}
