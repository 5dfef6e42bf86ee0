//! What tests read of the log.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that is logged on this thread, at every level, until it is dropped.
#[derive(Debug)]
pub(crate) struct Captured {
    lines: Lines,
    _guard: DefaultGuard,
}

/// While there is only one subscriber, `tracing` asks whichever thread comes first whether an
/// event interests anybody, and the threads of other tests would say no for all. It asks all
/// subscribers once there are two.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

impl Captured {
    pub(crate) fn start() -> Self {
        LazyLock::force(&SECOND);
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// All of it so far, a JSON object in each line, as the program writes them.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap()
    }

    /// The access lines so far.
    pub(crate) fn access(&self) -> Vec<Value> {
        self.of("access")
    }

    /// The audit lines so far.
    pub(crate) fn audit(&self) -> Vec<Value> {
        self.of("audit")
    }

    /// The lines of this target so far.
    pub(crate) fn of(&self, target: &str) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["target"] == target)
            .collect()
    }
}

#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
