//! What the operating system tells us to do.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// A signal, by what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGHUP: load the configuration anew.
    Reload,
    /// SIGTERM, SIGQUIT: finish what is in flight, then exit.
    Drain,
    /// SIGINT: exit.
    Stop,
}

/// The signals we listen for; from [`Self::listen`] on none of them kills the process.
#[derive(Debug)]
pub(super) struct Signals {
    hangup: Stream,
    terminate: Stream,
    quit: Stream,
    interrupt: Stream,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal. Cancel safe.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Drain,
            _ = self.quit.recv() => Signal::Drain,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}
