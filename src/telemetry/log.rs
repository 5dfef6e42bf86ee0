//! The log: one JSON object a line on standard output.
//!
//! Lines with target `access` (one for each request) and `audit` (one for each decision of
//! consequence) are written whatever level the operator asks for, unless the filter names them.
//! Of other people's code only warnings are heard, and of Pingora's request path nothing: it
//! writes query strings at `error` and whole request heads at `debug`, and both carry tokens.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// A subscriber was installed earlier.
    #[error(transparent)]
    AlreadyInitialized(#[from] TryInitError),
}

/// Starts logging to standard output what `filter` lets through, for the whole process.
///
/// `filter` is a list of `target=level` directives, as `info` or `warn,cellgate::provider=debug`.
///
/// # Errors
///
/// [`LogError`] when the filter cannot be read, or on a second call.
pub fn init(filter: &str) -> Result<(), LogError> {
    subscriber(filter, std::io::stdout)?.try_init()?;
    Ok(())
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
        .with_current_span(false)
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

/// Whether a line of `target` at `level` can be trusted to hold no secret.
fn may_log(target: &str, level: Level) -> bool {
    let is_of = |module: &str| {
        target
            .strip_prefix(module)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
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
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
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
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(check_filter("info,cellgate=debug").is_ok());
        assert!(check_filter("cellgate=loud").is_err());
    }
}
