//! Whole servers in this process, on ports chosen by the system and with a clock that stands.

mod admin;
mod end;
mod inspection;
mod reload;
mod start;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Server, Sockets, install_crypto_provider};
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::model::Timestamp;

/// A server that runs on `config/demo.yaml`, with what a test changes in it.
struct Demo {
    server: Server,
    address: SocketAddr,
    admin: SocketAddr,
    folder: TempDir,
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)))
}

/// `config/demo.yaml` with its state in `folder`.
fn demo_config(folder: &Path) -> Config {
    let yaml =
        include_str!("../../../config/demo.yaml").replace("./data/demo", folder.to_str().unwrap());
    Config::parse(&yaml, folder).unwrap()
}

impl Demo {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(TempDir::new().unwrap(), change).await
    }

    /// One over the state that another may have left in `folder`.
    async fn start_in(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        install_crypto_provider();
        let mut config = demo_config(folder.path());
        change(&mut config);
        let sockets = Sockets {
            listeners: vec![TcpListener::bind("127.0.0.1:0").await.unwrap()],
            admin: Some(TcpListener::bind("127.0.0.1:0").await.unwrap()),
        };
        let server = Server::start(config, clock(), sockets).await.unwrap();
        Self {
            address: server.addresses()[0],
            admin: server.admin_address().unwrap(),
            server,
            folder,
        }
    }

    /// The demo's configuration again, changed, for a reload.
    fn config_with(&self, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = demo_config(self.folder.path());
        change(&mut config);
        config
    }

    /// The whole answer to `GET path` on a connection of its own.
    async fn get(&self, path: &str) -> String {
        exchange(self.address, "GET", path).await
    }
}

/// The whole answer to a request without a body, after which the connection is closed.
async fn exchange(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Fails unless `answer` begins with this status.
#[track_caller]
fn assert_status(answer: &str, status: u16) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
}
