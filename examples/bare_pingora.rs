//! The plainest Pingora proxy: no TLS, no routes, no authentication.
//!
//! It is the floor that Cellgate's cost per request is measured against:
//!
//! ```text
//! cargo run --release --example bare_pingora -- --listen 127.0.0.1:8000 --origin 127.0.0.1:9000 --threads 1
//! ```

use std::net::SocketAddr;

use async_trait::async_trait;
use clap::Parser;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

/// The plainest Pingora proxy.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to accept connections.
    #[arg(long)]
    listen: SocketAddr,
    /// Where every request goes.
    #[arg(long)]
    origin: SocketAddr,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

#[derive(Debug)]
struct Bare {
    origin: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        _ctx: &mut Self::CTX,
    ) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.origin, false, String::new())))
    }
}

fn main() {
    let arguments = Arguments::parse();
    let conf = ServerConf {
        threads: arguments.threads,
        // At SIGTERM Pingora sleeps for as long as this says, five minutes by default.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let origin = arguments.origin;
    let mut service = http_proxy_service(&server.configuration, Bare { origin });
    service.add_tcp(&arguments.listen.to_string());
    server.add_service(service);
    server.run_forever();
}
