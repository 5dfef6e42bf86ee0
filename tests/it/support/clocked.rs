//! Cellgate in the process of the test, on sockets like any other, with a clock that the test moves.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use cellgate::clock::{Clock as _, ManualClock};
use cellgate::config::Config;
use cellgate::model::Timestamp;
use cellgate::server::{Server, Sockets};
use chrono::Utc;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::Answer;
use super::site::Site;
use super::tls::behind_tls;

/// A Cellgate whose time passes when the test says so.
#[derive(Debug)]
pub(crate) struct Clocked {
    site: Site,
    clock: Arc<ManualClock>,
    pub(crate) server: Server,
    pub(crate) admin: SocketAddr,
    _folder: TempDir,
}

impl Clocked {
    /// Starts Cellgate at the present with `yaml`, as
    /// [`Edge::start_with_tls`](super::Edge::start_with_tls) does.
    pub(crate) async fn start_with_tls(yaml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (yaml, authority) = behind_tls(folder.path(), yaml);
        Self::start_in(folder, (&yaml, &[]), |site| site.with_tls(authority)).await
    }

    /// The same without TLS.
    pub(crate) async fn start(yaml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(folder, (yaml, &[]), |site| site).await
    }

    /// The same in `folder`, with further listeners after the edge, whose addresses are written as in
    /// `others`.
    pub(crate) async fn start_beside(folder: TempDir, yaml: &str, others: &[&str]) -> Self {
        Self::start_in(folder, (yaml, others), |site| site).await
    }

    async fn start_in(
        folder: TempDir,
        (yaml, others): (&str, &[&str]),
        seen: impl FnOnce(Site) -> Site,
    ) -> Self {
        cellgate::server::install_crypto_provider();
        let (edge, address) = listener().await;
        let (admin, admin_address) = listener().await;
        let yaml = yaml
            .replace("127.0.0.1:9480", &address.to_string())
            .replace("127.0.0.1:9481", &admin_address.to_string())
            .replace("./data/demo", &folder.path().join("data").to_string_lossy());
        let (mut listeners, mut yaml) = (vec![edge], yaml);
        for other in others {
            let (listener, address) = listener().await;
            listeners.push(listener);
            yaml = yaml.replace(other, &address.to_string());
        }
        let config = Config::parse(&yaml, folder.path()).expect("a configuration");
        let present = u64::try_from(Utc::now().timestamp()).expect("after 1970");
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(present)));
        let sockets = Sockets {
            listeners,
            admin: Some(admin),
        };
        let server = Server::start(config, Arc::<ManualClock>::clone(&clock), sockets).await;
        Self {
            site: seen(Site::at(address)),
            clock,
            server: server.expect("it starts"),
            admin: admin_address,
            _folder: folder,
        }
    }

    /// Lets time pass, whole seconds.
    pub(crate) fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// GET `path` of the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.admin);
        self.send(self.http.get(url)).await
    }

    /// The present of its clock, seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }
}

impl Deref for Clocked {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}
