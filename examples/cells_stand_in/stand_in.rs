//! An imitation of Pydio Cells' front-end session and user endpoints, over real sockets.
//!
//! It does what Cells does as far as a caller can see: counts failures and locks at ten, gives
//! opaque access tokens for ten minutes and a session cookie, answers errors in the shape of its
//! version. Its API takes these tokens and no others, on each path where Cells looks for them. It keeps
//! everything in memory and verifies nothing that Cells would not.

mod accounts;
mod answers;
mod discovery;
mod endpoints;
mod events;
mod files;
mod grpc;
mod oauth;
mod signatures;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::ValueEnum;
use hyper::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use accounts::Accounts;
use oauth::Flows;

/// A personal access token of an administrator, who sees all of every user.
pub(crate) const SERVICE_TOKEN: &str = "cells-demo-service-token";

/// Whose error answers are imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Version {
    /// Cells 2: the internal error as a text of JSON.
    V2,
    /// Cells 3 to 4.2: status and sentence.
    #[default]
    V4,
    /// Cells 4.9 and 5: codes; an unknown user is 404.
    V5,
}

/// What `POST /a/frontend/session` does with right credentials. The failures strike before the
/// credentials are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionSwitch {
    /// Signs in.
    #[default]
    Works,
    /// Gives the token under its old name only.
    JwtOnly,
    /// Gives the token without an ID token.
    WithoutIdToken,
    /// Asks for a second factor.
    Trigger,
    /// Names an error in an answer of status 200.
    ErrorField,
    /// Gives an object without any member.
    Empty,
    /// Signs in, and refuses to renew what that brought.
    RefusesRenewal,
    /// 500 with a JSON error.
    Down,
    /// 503 with a plain text.
    Unavailable,
    /// 429: the rate limit is shared by everybody behind one proxy.
    RateLimited,
    /// 200 with a web page.
    Garbage,
    /// 404 with a web page, as from a server that is not Cells.
    NotCells,
    /// A JSON text that does not end for two megabytes.
    Endless,
    /// 302 to another place.
    Redirect,
    /// No answer.
    Hang,
}

/// What `GET /a/user/{login}` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProfileSwitch {
    /// Shows the user.
    #[default]
    Works,
    /// Shows what everybody may see: no email, no locks.
    PublicOnly,
    /// Shows another user.
    Another,
    /// 500 with a JSON error.
    Down,
    /// 200 with a web page.
    Garbage,
    /// No answer.
    Hang,
}

/// How the stand-in behaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    pub(crate) version: Version,
    pub(crate) session: SessionSwitch,
    /// How long a password check takes.
    pub(crate) session_delay_ms: u64,
    pub(crate) profile: ProfileSwitch,
    pub(crate) token_lifetime_s: u64,
    /// Users of public links: may not sign in on the main site.
    pub(crate) hidden_users: Vec<String>,
    /// Users with the lock `pass_change`: may sign in, but must choose a new password.
    pub(crate) pass_change_users: Vec<String>,
    /// Users whom an administrator has deleted.
    pub(crate) removed_users: Vec<String>,
    /// Whether its OpenID Provider knows none of its clients, as after a change of its list.
    pub(crate) forgets_clients: bool,
    /// Whether its token endpoint fails.
    pub(crate) token_endpoint_is_down: bool,
    /// Whether `/io` and `/data` verify signatures before they look at the key, as some versions do.
    pub(crate) checks_signatures: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            version: Version::default(),
            session: SessionSwitch::default(),
            session_delay_ms: 0,
            profile: ProfileSwitch::default(),
            token_lifetime_s: 600,
            hidden_users: Vec::new(),
            pass_change_users: Vec::new(),
            removed_users: Vec::new(),
            forgets_clients: false,
            token_endpoint_is_down: false,
            checks_signatures: false,
        }
    }
}

/// What all connections share.
#[derive(Debug, Default)]
struct State {
    switches: Switches,
    accounts: Accounts,
    flows: Flows,
    /// `Host` of the last request.
    last_host: String,
    /// All fields of the last request.
    last_fields: HeaderMap,
    /// How many passwords came to `/dav`.
    n_dav_passwords: usize,
    /// The last text on `/ws/event`.
    last_message: String,
    /// Texts on `/ws/event` that were longer than Cells reads.
    n_long_messages: usize,
    /// Signatures of files that were verified and found right.
    n_right_signatures: usize,
}

type Shared = Arc<Mutex<State>>;

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running stand-in; stops accepting when dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    state: Shared,
    acceptor: JoinHandle<()>,
}

impl StandIn {
    /// Starts on a free port of the loopback address.
    pub(crate) async fn start(switches: Switches) -> io::Result<Self> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), switches).await
    }

    /// Starts on `address`.
    pub(crate) async fn listen(address: SocketAddr, switches: Switches) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Shared::default();
        lock(&state).switches = switches;
        let shared = Arc::clone(&state);
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self {
            address,
            state,
            acceptor,
        })
    }

    /// Root of the site.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Changes how it behaves from the next request on.
    pub(crate) fn set(&self, switches: Switches) {
        lock(&self.state).switches = switches;
    }

    /// `failedConnections` of a user.
    pub(crate) fn failures(&self, login: &str) -> u32 {
        lock(&self.state).accounts.failures(login)
    }

    /// Whether a user is locked out until an administrator acts.
    pub(crate) fn is_locked(&self, login: &str) -> bool {
        lock(&self.state).accounts.is_locked(login)
    }

    /// How many credentials were presented, right or wrong.
    pub(crate) fn n_sign_ins(&self) -> usize {
        lock(&self.state).accounts.n_sign_ins
    }

    /// How many sessions are open: signed in, and not ended since.
    pub(crate) fn n_sessions(&self) -> usize {
        lock(&self.state).accounts.n_sessions()
    }

    /// How often a session was renewed.
    pub(crate) fn n_renewals(&self) -> usize {
        lock(&self.state).accounts.n_renewals
    }

    /// Ends every session and takes every token back, as an administrator may.
    pub(crate) fn revoke_everything(&self) {
        let mut state = lock(&self.state);
        state.accounts.revoke_everything();
        state.flows.revoke_everything();
    }

    /// How many refresh tokens of applications are good.
    pub(crate) fn n_refresh_tokens(&self) -> usize {
        lock(&self.state).flows.n_refresh_tokens()
    }

    /// A personal access token of a user.
    pub(crate) fn personal_token(&self, login: &str) -> String {
        let token = lock(&self.state).accounts.give_personal_token(login);
        token.unwrap_or_default()
    }

    /// Locks a user out, as an administrator may.
    pub(crate) fn lock_out(&self, login: &str) {
        lock(&self.state).accounts.lock(login);
    }

    /// Every token and cookie that was ever given.
    pub(crate) fn given(&self) -> Vec<String> {
        lock(&self.state).accounts.given.clone()
    }

    /// How many passwords came to `/dav`, where nobody counts what is wrong.
    pub(crate) fn n_dav_passwords(&self) -> usize {
        lock(&self.state).n_dav_passwords
    }

    /// The last text that came by `/ws/event`.
    pub(crate) fn last_message(&self) -> String {
        lock(&self.state).last_message.clone()
    }

    /// How many texts came by `/ws/event` that Cells does not read to their end.
    pub(crate) fn n_long_messages(&self) -> usize {
        lock(&self.state).n_long_messages
    }

    /// How many signatures of files were right; others were refused.
    pub(crate) fn n_right_signatures(&self) -> usize {
        lock(&self.state).n_right_signatures
    }

    /// The values of a field of the last request.
    pub(crate) fn last_field(&self, name: &str) -> Vec<String> {
        let state = lock(&self.state);
        let values = state.last_fields.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// `Host` of the last request.
    pub(crate) fn last_host(&self) -> String {
        lock(&self.state).last_host.clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn serve(stream: TcpStream, shared: Shared) {
    if grpc::is_grpc(&stream).await {
        return grpc::serve(stream, shared).await;
    }
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(endpoints::answer(&shared, request).await) }
    });
    // A caller that goes away in the middle is no concern of a stand-in.
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await,
    );
}
