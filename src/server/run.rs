//! The life of the process: start, signals, end.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Builder;

use super::control::{Control, Reloaded};
use super::error::StartError;
use super::inspection::{Severity, inspect, settle};
use super::running::{Server, threads};
use super::signals::{Signal, Signals};
use super::sockets::Sockets;
use super::tls::install_crypto_provider;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::telemetry;

/// Serves what the configuration at `path` says until a signal ends it.
///
/// SIGHUP, or a question at the control socket, loads the file anew; SIGTERM and SIGQUIT finish what is in flight first, at most for
/// the configured time; SIGINT, or a second signal, ends at once.
///
/// # Errors
///
/// [`StartError`] when it cannot start; once it serves there is none.
pub fn run(path: &Path) -> Result<(), StartError> {
    let started = Instant::now();
    install_crypto_provider();
    let config = Config::load(path)?;
    // Before the log, whose lines would repeat what the building of the pieces says.
    let found = inspect(&config, SystemClock.now());
    // Kept until the end, whichever: its drop waits until the last line is written.
    let _log = telemetry::log::init(&config.log_filter)?;
    log_panics();
    settle(&found, |severity| severity != Severity::Doubtful)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads(&config))
        .thread_name("cellgate")
        .enable_all()
        .build()
        .map_err(refused("threads"))?;
    let outcome = runtime.block_on(serve(path, config, started));
    // What is still in flight has had its time.
    runtime.shutdown_background();
    outcome
}

async fn serve(path: &Path, config: Config, started: Instant) -> Result<(), StartError> {
    // First of all: a signal that comes during the start must not kill the process.
    let mut signals = Signals::listen().map_err(refused("signals"))?;
    let sockets = Sockets::bind(&config)?;
    log_choices(&config);
    let socket = config.control_socket.clone();
    let server = Server::start(config, Arc::new(SystemClock), sockets).await?;
    // After the start, which makes the folder of the state.
    let control = Control::listen(socket.as_deref()).await;
    let mut control = control.map_err(refused("control socket"))?;
    for address in server.addresses() {
        tracing::info!(%address, "listening");
    }
    if let Some(address) = server.admin_address() {
        tracing::info!(%address, "metrics and health");
    }
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), took_ms, "serving");
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            asker = control.asked() => {
                asker.tell(reload(&server, path).await);
                continue;
            }
        };
        match signal {
            Signal::Reload => drop(reload(&server, path).await),
            Signal::Drain => {
                // Nothing is loaded any more.
                drop(control);
                break drain(&server, &mut signals).await;
            }
            Signal::Stop => break tracing::info!("stopped"),
        }
    }
    Ok(())
}

/// Loads the file anew; says what came of it to the log, and to the caller.
async fn reload(server: &Server, path: &Path) -> Reloaded {
    let file = path.to_owned();
    let loaded = tokio::task::spawn_blocking(move || Config::load(&file)).await;
    let mut warnings = Vec::new();
    let outcome = match loaded {
        Ok(Ok(config)) => {
            log_choices(&config);
            warnings.clone_from(&config.warnings);
            // A certificate that ended must not keep what else changed from being put in force.
            let found = inspect(&config, SystemClock.now());
            match settle(&found, |severity| severity == Severity::Unusable) {
                Ok(()) => server.reload(config).await,
                Err(error) => {
                    server.reload_failed();
                    Err(error.into())
                }
            }
        }
        Ok(Err(error)) => {
            server.reload_failed();
            Err(error.into())
        }
        Err(gone) => {
            server.reload_failed();
            Err(StartError::System {
                what: "the configuration",
                source: gone.into(),
            })
        }
    };
    let config = path.to_owned();
    match outcome {
        Ok(needs_restart) => {
            tracing::info!("configuration loaded");
            Reloaded::Loaded {
                config,
                needs_restart: needs_restart.into_iter().map(str::to_owned).collect(),
                warnings,
            }
        }
        Err(error) => {
            tracing::error!(%error, "configuration refused; the one before stays in force");
            let error = error.to_string();
            Reloaded::Refused { config, error }
        }
    }
}

async fn drain(server: &Server, signals: &mut Signals) {
    let patience = server.drain_timeout().await;
    tracing::info!(patience_s = patience.as_secs(), "draining");
    let again = async { while signals.next().await == Signal::Reload {} };
    tokio::select! {
        is_idle = server.drain(patience) => tracing::info!(is_idle, "drained"),
        () = again => tracing::info!("stopped before all requests had ended"),
    }
}

/// Logs what the operator may not have meant, or has to answer for.
fn log_choices(config: &Config) {
    for key in &config.dangers {
        tracing::warn!(key, "an unsafe choice is in force");
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// Has a panic logged by its place only: its text may quote a request.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a task panicked; this is a bug of cellgate");
    }));
}

fn refused(what: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError::System { what, source }
}
