//! The log: one JSON object a line on standard output.
//!
//! Lines with target `access` (one for each request) and `audit` (one for each decision of
//! consequence) are written whatever level the operator asks for, unless the filter names them.
//! Of other people's code only warnings are heard, and of Pingora's request path nothing: it
//! writes query strings at `error` and whole request heads at `debug`, and both carry tokens.
//!
//! Nobody who logs waits for the reader of standard output: a thread of its own writes (`queue`
//! says what happens when that falls behind). [`Log`] sees to it at the end of the process, however
//! that comes about, that what waits is written.

mod queue;
#[cfg(test)]
pub(crate) mod testing;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

pub use queue::Lost;
use queue::{Importance, Queue, Room};

/// Access lines of about a second under the heaviest load, and audit lines of many minutes.
const ROOM: Room = Room {
    expendable: 4 << 20,
    kept: 32 << 20,
};

/// How long the end of the process may be held up by whoever reads the log.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue of this process, as there is one subscriber of this process.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// A subscriber was installed earlier.
    #[error(transparent)]
    AlreadyInitialized(#[from] TryInitError),
    /// No thread, or no second handle of standard output.
    #[error("the log cannot be written: {0}")]
    Writer(#[from] io::Error),
}

/// A log at work. Dropped last in the process, it waits until all lines are written.
#[derive(Debug)]
#[must_use = "what waits to be written is lost unless this is kept until the end"]
pub struct Log(Arc<Queue>);

/// Starts logging to standard output what `filter` lets through, for the whole process.
///
/// `filter` is a list of `target=level` directives, as `info` or `warn,cellgate::provider=debug`.
///
/// # Errors
///
/// [`LogError`] when the filter cannot be read, when the system has no thread for the writer, or
/// on a second call.
pub fn init(filter: &str) -> Result<Log, LogError> {
    let queue = Arc::new(Queue::new(ROOM));
    subscriber(filter, Writer(Arc::clone(&queue)))?.try_init()?;
    // Not `io::stdout()`: whoever ends the process flushes that, and would wait for its lock.
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let from = Arc::clone(&queue);
    thread::Builder::new()
        .name("cellgate-log".to_owned())
        .spawn(move || from.write_to(&mut out, tell_dropped))?;
    let queue = QUEUE.get_or_init(|| queue);
    Ok(Log(Arc::clone(queue)))
}

/// Lines that never reached standard output; none before [`init`].
pub fn lost() -> Lost {
    QUEUE.get().map(|queue| queue.lost()).unwrap_or_default()
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.0.flush(PATIENCE) {
            return;
        }
        // Standard error may be the very pipe that nobody reads, so this is not waited for either.
        let (done, is_done) = sync_channel::<()>(1);
        let teller = thread::Builder::new().spawn(move || {
            let mut err = io::stderr();
            let text = "cellgate: the last lines of the log are lost: nobody reads standard output";
            // There is nobody left to tell when one of these fails.
            let _ignored = writeln!(err, "{text}");
            let _ignored = done.send(());
        });
        if teller.is_ok() {
            // Told or not, the process ends.
            let _ignored = is_done.recv_timeout(Duration::from_millis(200));
        }
    }
}

fn tell_dropped(n_lines: u64) {
    tracing::warn!(
        n_lines,
        "lines of the log were dropped: standard output is read too slowly"
    );
}

/// Puts lines into the queue.
#[derive(Debug)]
struct Writer(Arc<Queue>);

/// One line on its way into the queue.
struct Line<'q> {
    queue: &'q Queue,
    importance: Importance,
}

impl<'q> MakeWriter<'q> for Writer {
    type Writer = Line<'q>;

    fn make_writer(&'q self) -> Line<'q> {
        Line {
            queue: &self.0,
            importance: Importance::Kept,
        }
    }

    fn make_writer_for(&'q self, metadata: &Metadata<'_>) -> Line<'q> {
        Line {
            queue: &self.0,
            importance: importance(metadata.target(), *metadata.level()),
        }
    }
}

impl Write for Line<'_> {
    /// The layer formats a line first and writes it at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, self.importance);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether `filter` can be read, for `check`.
///
/// # Errors
///
/// [`LogError::Filter`] says where it cannot.
pub fn check_filter(filter: &str) -> Result<(), LogError> {
    parse(filter)?;
    Ok(())
}

fn subscriber<W>(filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // The provider's lines say in it which request they are about.
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer);
    Ok(tracing_subscriber::registry()
        .with(filter_fn(is_fit_to_log))
        .with(parse(filter)?)
        .with(lines))
}

fn parse(filter: &str) -> Result<EnvFilter, ParseError> {
    // What comes later overrides: an operator may still turn these off by name.
    EnvFilter::builder().parse(format!("access=info,audit=info,{filter}"))
}

fn is_fit_to_log(metadata: &Metadata<'_>) -> bool {
    may_log(metadata.target(), *metadata.level())
}

/// What becomes of a line of `target` at `level` when nobody reads.
///
/// Expendable is what a stranger can cause as often as there are requests and nobody has to answer
/// by: access lines, the mistakes of those who ask the provider, and what is there for debugging.
fn importance(target: &str, level: Level) -> Importance {
    let is_of = |module: &str| is_of(target, module);
    let is_kept = level <= Level::WARN
        || is_of("audit")
        || level == Level::INFO && !is_of("access") && !is_of("cellgate::provider");
    if is_kept {
        Importance::Kept
    } else {
        Importance::Expendable
    }
}

/// Whether `target` is `module` or in it.
fn is_of(target: &str, module: &str) -> bool {
    target
        .strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether a line of `target` at `level` can be trusted to hold no secret.
fn may_log(target: &str, level: Level) -> bool {
    let is_of = |module: &str| is_of(target, module);
    if is_of("cellgate") || is_of("access") || is_of("audit") {
        return true;
    }
    if target.starts_with("pingora") {
        // These speak of addresses, sockets and certificates only.
        let is_quiet = is_of("pingora_core::listeners")
            || is_of("pingora_core::server")
            || is_of("pingora_core::services")
            || is_of("pingora_load_balancing");
        return is_quiet && level <= Level::WARN;
    }
    level <= Level::WARN
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `events` leave in the log under `filter`, line by line.
    fn lines(filter: &str, events: impl FnOnce()) -> Vec<serde_json::Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(filter, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_one_flat_json_object_whatever_it_holds() {
        let hostile = "\r\n\u{1b}[2J\"} {\"forged\": 1";
        let lines = lines(
            "info",
            || tracing::info!(target: "access", path = hostile, status = 200, "request"),
        );

        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["target"], "access");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["message"], "request");
        assert_eq!(lines[0]["path"], hostile);
        assert_eq!(lines[0]["status"], 200);
    }

    #[test]
    fn access_and_audit_lines_outlive_a_high_level_unless_named() {
        let events = || {
            tracing::info!(target: "access", "request");
            tracing::info!(target: "audit", "sign-in");
            tracing::info!(target: "cellgate::server", "chatter");
        };

        assert_eq!(lines("error", events).len(), 2);
        assert_eq!(lines("error,access=off", events).len(), 1);
    }

    #[test]
    fn no_filter_opens_modules_that_print_requests() {
        let opened = lines("trace,pingora_proxy=trace,hyper=trace", || {
            tracing::error!(target: "pingora_proxy", "Fail to proxy: GET /?access_token=S3CR3T");
            tracing::debug!(target: "pingora_core::protocols::http::v1::server", "S3CR3T");
            tracing::debug!(target: "pingora_core::server", "S3CR3T");
            tracing::debug!(target: "hyper::proto::h1::io", "S3CR3T");
            tracing::trace!(target: "cellgate::gateway", "ours");
        });

        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0]["message"], "ours");
    }

    #[test]
    fn whose_lines_are_written_at_which_level() {
        for (target, level, expected) in [
            ("cellgate::gateway", Level::TRACE, true),
            ("access", Level::INFO, true),
            ("accessory", Level::INFO, false),
            ("cellgate_other", Level::INFO, false),
            ("pingora_core::listeners::tls", Level::ERROR, true),
            ("pingora_core::listeners::tls", Level::INFO, false),
            ("pingora_core::apps", Level::ERROR, false),
            ("pingora_proxy", Level::ERROR, false),
            ("h2::codec", Level::WARN, true),
            ("h2::codec", Level::DEBUG, false),
        ] {
            assert_eq!(may_log(target, level), expected, "{target} at {level}");
        }
    }

    #[test]
    fn what_somebody_answers_by_is_kept_when_nobody_reads() {
        for (target, level, expected) in [
            ("audit", Level::INFO, Importance::Kept),
            ("audit", Level::WARN, Importance::Kept),
            ("cellgate::server::run", Level::INFO, Importance::Kept),
            ("cellgate::provider::reply", Level::ERROR, Importance::Kept),
            ("h2::codec", Level::WARN, Importance::Kept),
            (
                "cellgate::provider::error::page",
                Level::INFO,
                Importance::Expendable,
            ),
            (
                "cellgate::server::run",
                Level::DEBUG,
                Importance::Expendable,
            ),
            ("access", Level::INFO, Importance::Expendable),
        ] {
            assert_eq!(importance(target, level), expected, "{target} at {level}");
        }
    }

    /// A panic unwinds the thread that holds the log, which then waits for its lines.
    #[test]
    fn what_was_logged_before_a_panic_is_written_before_the_thread_ends() {
        let captured = Captured::default();
        let queue = Arc::new(Queue::new(ROOM));
        let (from, mut out) = (Arc::clone(&queue), captured.clone());
        let (begin, is_begun) = sync_channel::<()>(0);
        thread::spawn(move || {
            // The writer is late: nothing is written before the panic.
            let _ignored = is_begun.recv();
            from.write_to(&mut out, |_| ());
        });

        let outcome = thread::spawn(move || {
            let log = Log(queue);
            log.0.push(b"the last words\n", Importance::Kept);
            // Dropped by the unwinding, before the log is: the writer begins then.
            let _begin = begin;
            std::panic::resume_unwind(Box::new("a bug"));
        })
        .join();

        assert!(outcome.is_err());
        let written = captured.0.lock().unwrap().clone();
        assert_eq!(written, b"the last words\n");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(check_filter("info,cellgate=debug").is_ok());
        assert!(check_filter("cellgate=loud").is_err());
    }
}
