//! What other processes changed, as the database announces it.
//!
//! An announcement is a hint to look earlier than one would anyway: whoever listens also looks from
//! time to time, since announcements made while the connection is down are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::poll_fn;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};

use super::connect::{Connector, Pump, in_time, pause_after, quoted};
use super::failure::cause;
use crate::store::Changed;

/// A connection that listens; it ends with this.
#[derive(Debug)]
pub(crate) struct Announcements {
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

/// What was announced and not looked at yet.
#[derive(Debug, Default)]
struct Heard {
    what: AtomicU8,
    is_there: Notify,
}

const KEYS: u8 = 1;
const REVOCATIONS: u8 = 2;

impl Announcements {
    pub(super) fn start(config: Config, connector: Connector) -> Self {
        let heard = Arc::<Heard>::default();
        let task = tokio::spawn(listen(config, connector, Arc::clone(&heard)));
        Self { heard, task }
    }

    /// Waits for the next announcement, or several that came at once.
    pub(crate) async fn next(&self) -> Changed {
        loop {
            let what = self.heard.what.swap(0, Ordering::AcqRel);
            if what != 0 {
                return Changed {
                    keys: what & KEYS != 0,
                    revocations: what & REVOCATIONS != 0,
                };
            }
            self.heard.is_there.notified().await;
        }
    }
}

impl Drop for Announcements {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Heard {
    fn note(&self, what: u8) {
        self.what.fetch_or(what, Ordering::AcqRel);
        self.is_there.notify_one();
    }
}

/// Listens, and begins again when the connection ends.
async fn listen(config: Config, connector: Connector, heard: Arc<Heard>) {
    let mut n_failures = 0_u32;
    loop {
        let pump = Listening(Arc::clone(&heard));
        match in_time(subscribe(&connector, &config, pump)).await {
            Some(Ok((client, connection))) => {
                if n_failures > 0 {
                    tracing::info!("the database announces changes again");
                }
                n_failures = 0;
                // What was announced before is lost.
                heard.note(KEYS | REVOCATIONS);
                drop(connection.await);
                drop(client);
            }
            Some(Err(error)) if n_failures == 0 => {
                let error = cause(&error);
                tracing::warn!(%error, "the database cannot be asked to announce changes");
            }
            Some(Err(_)) | None => {}
        }
        n_failures = n_failures.saturating_add(1);
        sleep_until(Instant::now() + pause_after(n_failures)).await;
    }
}

async fn subscribe(
    connector: &Connector,
    config: &Config,
    pump: Listening,
) -> Result<(Client, JoinHandle<()>), Error> {
    let (client, connection) = connector.open(config, pump).await?;
    // The name of the channel is that of the schema: several may share a database.
    let schema = client.query_one("SELECT current_schema()", &[]).await?;
    let schema: &str = schema.try_get(0)?;
    let channel = quoted(&format!("cellgate.{schema}"));
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    Ok((client, connection))
}

/// Polls a connection, and notes what is announced over it.
#[derive(Debug)]
struct Listening(Arc<Heard>);

impl Pump for Listening {
    async fn run<T>(self, mut connection: Connection<Socket, T>)
    where
        T: TlsStream + Unpin + Send + 'static,
    {
        let mut messages = poll_fn(move |cx| connection.poll_message(cx));
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notification(announced)) => match announced.payload() {
                    "signing_keys" => self.0.note(KEYS),
                    "revocations" => self.0.note(REVOCATIONS),
                    // A newer program may announce more.
                    _ => {}
                },
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the database announces nothing at the moment");
                    return;
                }
            }
        }
    }
}
