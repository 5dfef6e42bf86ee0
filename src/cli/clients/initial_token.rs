//! `cellgate clients initial-token`.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::arguments::InitialTokenCommand;
use super::{Book, ClientsError};
use crate::cli::error::CliError;
use crate::cli::output::{length, write_json};
use crate::entropy;
use crate::model::Timestamp;
use crate::provider::RegistrationAccess;
use crate::store::InitialToken;

/// Does something with the initial access tokens.
pub(super) async fn initial_token(
    command: &InitialTokenCommand,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    match command {
        InitialTokenCommand::Create {
            config,
            uses,
            hours,
            note,
        } => {
            let book = Book::open(config).await?;
            let lifetime = Duration::from_secs(u64::from(*hours) * 3600);
            let token = InitialToken {
                id: entropy::identifier()?,
                note: note.clone(),
                uses: *uses,
                uses_left: *uses,
                created_at: now,
                expires_at: now.after(lifetime),
            };
            create(&book, &token, out).await
        }
        InitialTokenCommand::List { config, json } => {
            list(&Book::open(config).await?, *json, out, now).await
        }
        InitialTokenCommand::Revoke { id, config } => {
            revoke(&Book::open(config).await?, id, out).await
        }
    }
}

/// Makes a token and prints it.
async fn create(book: &Book, token: &InitialToken, out: &mut impl Write) -> Result<(), CliError> {
    let secret = entropy::opaque_token()?;
    let digest = secret.digest();
    book.store.add_initial_token(&digest, token).await?;
    writeln!(out, "initial_access_token: {}", secret.expose())?;
    writeln!(out, "id:                   {}", token.id)?;
    writeln!(
        out,
        "The token is shown this once. It is good for {} within {}; `initial-token revoke {}` \
         ends it earlier.",
        registrations(token.uses),
        length(token.expires_at.since(token.created_at)),
        token.id,
    )?;
    let access = &book.state.provider.registration.access;
    if !matches!(access, RegistrationAccess::InitialAccessToken(_)) {
        writeln!(
            out,
            "It has no effect yet: `provider.registration.mode` is not `initial_access_token`."
        )?;
    }
    Ok(())
}

fn registrations(n: u32) -> String {
    match n {
        1 => "one registration".to_owned(),
        n => format!("{n} registrations"),
    }
}

/// A token as JSON.
#[derive(Serialize)]
struct TokenView<'a> {
    id: &'a str,
    note: Option<&'a str>,
    uses: u32,
    uses_left: u32,
    /// Seconds since the Unix epoch.
    created_at: u64,
    /// Seconds since the Unix epoch.
    expires_at: u64,
}

impl<'a> TokenView<'a> {
    fn of(token: &'a InitialToken) -> Self {
        Self {
            id: &token.id,
            note: token.note.as_deref(),
            uses: token.uses,
            uses_left: token.uses_left,
            created_at: token.created_at.as_secs(),
            expires_at: token.expires_at.as_secs(),
        }
    }
}

/// Shows each token in a line.
async fn list(
    book: &Book,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let tokens = book.store.list_initial_tokens(now).await?;
    if json {
        let views: Vec<_> = tokens.iter().map(TokenView::of).collect();
        return write_json(out, &views);
    }
    if tokens.is_empty() {
        writeln!(
            out,
            "There is none; `cellgate clients initial-token create` makes one."
        )?;
        return Ok(());
    }
    writeln!(
        out,
        "{:<24} {:<12} {:<10} NOTE",
        "ID", "USES LEFT", "ENDS IN"
    )?;
    for token in &tokens {
        writeln!(
            out,
            "{:<24} {:<12} {:<10} {}",
            token.id,
            format!("{} of {}", token.uses_left, token.uses),
            length(token.expires_at.since(now)),
            token.note.as_deref().unwrap_or("-"),
        )?;
    }
    Ok(())
}

/// Makes a token worthless.
async fn revoke(book: &Book, id: &str, out: &mut impl Write) -> Result<(), CliError> {
    if !book.store.revoke_initial_token(id).await? {
        return Err(ClientsError::UnknownToken(id.to_owned()).into());
    }
    writeln!(out, "nobody can register with {id} any more")?;
    Ok(())
}
