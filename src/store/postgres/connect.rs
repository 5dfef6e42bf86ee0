//! New connections: how a session is set up, and how seldom a server that is away is asked.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Connection, Error, NoTls, Socket};

use super::settings::{Encryption, PostgresSettings};

/// For the connection, its handshake and its authentication.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long nobody asks again after the first failure; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest such pause: the most that a server which is back is overlooked.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Whether the database answers, as far as is known here.
///
/// While it is away one call in each pause is let through to find out, and all others are refused at
/// once: requests do not pile up behind timeouts, and a server that comes back is not met by a
/// connection from everybody who waited.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<Away>>);

#[derive(Clone, Copy, Debug)]
struct Away {
    n_failures: u32,
    until: Instant,
}

impl Health {
    /// Whether to try: always while all is well, once in each pause else.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.as_mut() {
            None => true,
            Some(away) if now < away.until => false,
            Some(away) => {
                // Whoever tries tells how it went within that time.
                away.until = now + CONNECT_TIMEOUT;
                true
            }
        }
    }

    /// The database answered.
    pub(super) fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It cannot be reached, or does not answer.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n_failures = state.map_or(0, |away| away.n_failures).saturating_add(1);
        *state = Some(Away {
            n_failures,
            until: now + pause_after(n_failures),
        });
    }
}

/// The pause after so many failures in a row.
pub(super) fn pause_after(n_failures: u32) -> Duration {
    let doublings = n_failures.saturating_sub(1).min(16);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

/// Makes connections whose sessions are set up as the store needs them.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    encryption: Option<Encryption>,
    setup: Arc<str>,
}

impl Connector {
    /// Connections by these parameters.
    pub(super) fn new(settings: &PostgresSettings) -> Self {
        let schema = settings.schema.as_deref();
        Self::with(settings, lock_shared(schema) + &setup(schema))
    }

    /// The same for a command that has the database for itself.
    pub(super) fn alone(settings: &PostgresSettings) -> Self {
        let no_timeouts = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;";
        let setup = setup(settings.schema.as_deref());
        Self::with(settings, format!("{setup} {no_timeouts}"))
    }

    fn with(settings: &PostgresSettings, setup: String) -> Self {
        Self {
            encryption: settings.encryption.clone(),
            setup: setup.into(),
        }
    }

    /// A client, the schema it works in, and what has to be polled for it to work.
    pub(super) async fn open<P: Pump>(
        &self,
        config: &Config,
        pump: P,
    ) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, task) = match &self.encryption {
            Some(Encryption { connector, .. }) => start(config, connector.clone(), pump).await?,
            None => start(config, NoTls, pump).await?,
        };
        match client.batch_execute(&self.setup).await {
            Ok(()) => Ok((client, task)),
            Err(error) => {
                task.abort();
                Err(error)
            }
        }
    }
}

/// What is done with a connection: it is polled until it ends.
pub(super) trait Pump: Send + 'static {
    /// Runs `connection`.
    fn run<T>(self, connection: Connection<Socket, T>) -> impl Future<Output = ()> + Send
    where
        T: tokio_postgres::tls::TlsStream + Unpin + Send + 'static;
}

/// Polls a connection that only answers.
#[derive(Debug)]
struct Answers;

impl Pump for Answers {
    async fn run<T>(self, connection: Connection<Socket, T>)
    where
        T: tokio_postgres::tls::TlsStream + Unpin + Send + 'static,
    {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection to the database ended");
        }
    }
}

async fn start<T, P: Pump>(
    config: &Config,
    tls: T,
    pump: P,
) -> Result<(Client, JoinHandle<()>), Error>
where
    T: MakeTlsConnect<Socket> + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    Ok((client, tokio::spawn(pump.run(connection))))
}

impl Connect for Connector {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(async move { self.open(&config, Answers).await })
    }
}

/// What every session begins with.
fn setup(schema: Option<&str>) -> String {
    // - Sequential scans of small tables would read rows of others, and every pair of changes to
    //   the table would look like a conflict.
    // - Nobody waits longer than this for whoever stopped in the middle of a change.
    // - What is acknowledged is on disk, whatever the database's default; more than that (a standby
    //   as well) stays as it is.
    let mut text = "SET enable_seqscan = off; \
         SET lock_timeout = '4s'; \
         SET statement_timeout = '10s'; \
         SET idle_in_transaction_session_timeout = '5s'; \
         SET client_min_messages = warning; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off';"
        .to_owned();
    if let Some(schema) = schema {
        text.push_str(" SET search_path = ");
        text.push_str(&quoted(schema));
        text.push(';');
    }
    text
}

/// Every session holds this lock together with all others, so that a command that has to be alone
/// with the database notices them, and they it.
fn lock_shared(schema: Option<&str>) -> String {
    let taken = format!(
        "BEGIN IF NOT pg_try_advisory_lock_shared({}) THEN RAISE lock_not_available; END IF; END",
        lock_of_state(schema)
    );
    format!("DO {};", text(&taken))
}

/// Asks for the same lock alone, and says whether it was given.
pub(super) fn lock_alone(schema: Option<&str>) -> String {
    format!("SELECT pg_try_advisory_lock({})", lock_of_state(schema))
}

/// The number of the lock: several deployments may share a database, in schemas of their own.
fn lock_of_state(schema: Option<&str>) -> String {
    let schema = schema.map_or_else(|| "coalesce(current_schema(), '')".to_owned(), text);
    format!("hashtextextended('cellgate state ' || {schema}, 0)")
}

/// A text as it is, whatever its characters.
fn text(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "''");
    format!("E'{text}'")
}

/// A name as it is, whatever its characters.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `work`, unless it takes longer than a new connection may.
pub(super) async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    timeout(CONNECT_TIMEOUT, work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_database_that_is_away_is_asked_once_in_each_pause() {
        let health = Health::default();
        let start = Instant::now();
        assert!(
            health.may_try(start) && health.may_try(start),
            "all is well"
        );

        health.failed(start);
        assert!(!health.may_try(start));
        let later = start + FIRST_PAUSE;
        assert!(health.may_try(later), "one finds out");
        assert!(!health.may_try(later), "and the others do not wait for it");

        health.succeeded();
        assert!(health.may_try(later) && health.may_try(later));
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert_eq!(pause_after(1), Duration::from_millis(100));
        assert_eq!(pause_after(2), Duration::from_millis(200));
        assert_eq!(pause_after(6), LONGEST_PAUSE);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn the_name_of_a_schema_is_no_statement() {
        let text = setup(Some("a\"; DROP TABLE grants; --"));
        assert!(
            text.ends_with(r#"SET search_path = "a""; DROP TABLE grants; --";"#),
            "{text}"
        );
    }
}
