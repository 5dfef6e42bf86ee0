//! The life of the process: start, signals, end.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Builder;

use super::control::{Asked, Control, Reloaded};
use super::error::StartError;
use super::handover::Predecessor;
use super::inspection::{Severity, inspect, settle};
use super::notify;
use super::running::{Server, threads};
use super::signals::{Signal, Signals};
use super::sockets::Sockets;
use super::tls::install_crypto_provider;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::telemetry;

/// How a process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Alone.
    Alone,
    /// On the sockets of a running process, which leaves once this one serves.
    TakingOver,
}

/// Serves what the configuration at `path` says until a signal ends it, or a successor serves.
///
/// SIGHUP, or a question at the control socket, loads the file anew; SIGTERM and SIGQUIT finish what is in flight first, at most for
/// the configured time; SIGINT, or a second signal, ends at once.
///
/// # Errors
///
/// [`StartError`] when it cannot start; once it serves there is none.
pub fn run(path: &Path, beginning: Beginning) -> Result<(), StartError> {
    let started = Instant::now();
    // As long as it is this one: the file may be replaced before a successor is started from it.
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cellgate"));
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
    let life = Life {
        path,
        program: &program,
        started,
    };
    let outcome = runtime.block_on(life.serve(config, beginning));
    // What is still in flight has had its time.
    runtime.shutdown_background();
    outcome
}

/// What stays the same for as long as the process lives.
struct Life<'a> {
    path: &'a Path,
    program: &'a Path,
    started: Instant,
}

impl Life<'_> {
    async fn serve(&self, config: Config, beginning: Beginning) -> Result<(), StartError> {
        // First of all: a signal that comes during the start must not kill the process.
        let mut signals = Signals::listen().map_err(refused("signals"))?;
        let mut predecessor = match beginning {
            Beginning::Alone => None,
            Beginning::TakingOver => Some(Inheritance::ask(&config).await?),
        };
        let sockets = predecessor
            .as_mut()
            .map(|it| std::mem::take(&mut it.sockets));
        let sockets = Sockets::bind_or_take(&config, sockets.unwrap_or_default())?;
        log_choices(&config);
        let socket = config.control_socket.clone();
        let patience = config.drain.timeout;
        let server = Server::start(config, Arc::new(SystemClock), sockets).await?;
        // After the start, which makes the folder of the state.
        let (mut control, _beside) = match predecessor {
            None => {
                let control = Control::listen(socket.as_deref()).await;
                (control.map_err(refused("control socket"))?, None)
            }
            Some(predecessor) => {
                let beside = server.work_beside_another(patience);
                (predecessor.relieve().await?, beside)
            }
        };
        self.announce(&server);
        loop {
            let signal = tokio::select! {
                signal = signals.next() => signal,
                asked = control.asked() => match asked {
                    Asked::Reload(asker) => {
                        asker.tell(reload(&server, self.path).await);
                        continue;
                    }
                    Asked::Upgrade(asker) => {
                        asker.tell(self.start_successor());
                        continue;
                    }
                    Asked::Sockets(asker) => {
                        asker.tell(server.inheritance());
                        continue;
                    }
                    Asked::Relieved => {
                        control.leave();
                        break end(&server, &mut signals, End::Relieved).await;
                    }
                },
            };
            match signal {
                Signal::Reload => drop(reload(&server, self.path).await),
                Signal::Drain => {
                    // Nothing is loaded any more.
                    drop(control);
                    break end(&server, &mut signals, End::Drained).await;
                }
                Signal::Stop => break tracing::info!("stopped"),
            }
        }
        Ok(())
    }

    /// Says where it serves, to the log and to whoever started it.
    fn announce(&self, server: &Server) {
        for address in server.addresses() {
            tracing::info!(%address, "listening");
        }
        if let Some(address) = server.admin_address() {
            tracing::info!(%address, "metrics and health");
        }
        let took_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let pid = std::process::id();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), took_ms, pid, "serving");
        notify::ready();
    }

    /// Starts the program that is there now as a successor of this process; its number.
    fn start_successor(&self) -> io::Result<u32> {
        let mut successor = Command::new(self.program)
            .args(["run", "--upgrade", "--config"])
            .arg(self.path)
            .stdin(Stdio::null())
            .spawn()?;
        let pid = successor.id();
        tracing::info!(pid, "a successor starts");
        // Waited for, so that one that fails does not stay around as a number.
        tokio::task::spawn_blocking(move || match successor.wait() {
            Ok(status) => tracing::warn!(pid, %status, "the successor has ended"),
            Err(error) => tracing::warn!(pid, %error, "the successor cannot be waited for"),
        });
        Ok(pid)
    }
}

/// What another process hands over.
struct Inheritance {
    predecessor: Predecessor,
    path: PathBuf,
    /// What it listens on, except for its control socket.
    sockets: Vec<OwnedFd>,
    control: OwnedFd,
}

impl Inheritance {
    async fn ask(config: &Config) -> Result<Self, StartError> {
        let path = config.control_socket.clone();
        let path = path.ok_or(StartError::NothingToTakeOver)?;
        let asked = Predecessor::ask(&path).await;
        let refused = |source| StartError::TakeOver {
            socket: path.clone(),
            source,
        };
        let (predecessor, mut sockets) = asked.map_err(refused)?;
        let control = sockets.pop();
        let control = control.ok_or_else(|| refused(io::ErrorKind::UnexpectedEof.into()))?;
        Ok(Self {
            predecessor,
            path,
            sockets,
            control,
        })
    }

    /// Goes on at its control socket, and lets it go.
    async fn relieve(self) -> Result<Control, StartError> {
        let control = Control::take(&self.path, self.control);
        let control = control.map_err(refused("control socket"))?;
        if let Err(error) = self.predecessor.relieve().await {
            tracing::warn!(%error, "the process before this one did not say that it leaves");
        }
        Ok(control)
    }
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

/// Why a process ends.
enum End {
    /// It was told to, and nobody takes its place.
    Drained,
    /// A successor serves.
    Relieved,
}

async fn end(server: &Server, signals: &mut Signals, end: End) {
    let patience = server.drain_timeout().await;
    let ending = async {
        match end {
            End::Drained => {
                tracing::info!(patience_s = patience.as_secs(), "draining");
                server.drain(patience).await
            }
            End::Relieved => {
                tracing::info!(
                    patience_s = patience.as_secs(),
                    "a successor serves; leaving"
                );
                server.leave(patience).await
            }
        }
    };
    let again = async { while signals.next().await == Signal::Reload {} };
    tokio::select! {
        is_idle = ending => tracing::info!(is_idle, "drained"),
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
