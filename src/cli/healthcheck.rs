//! `cellgate healthcheck`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::arguments::HealthcheckTarget;
use super::error::CliError;
use super::output::block_on;
use super::report::load;

/// How long a Cellgate that is well may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks for `/readyz`.
pub(super) fn healthcheck(
    target: &HealthcheckTarget,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let url = url(target)?;
    let status = block_on(status(&url))?.map_err(|source| CliError::NoAnswer {
        url: url.clone(),
        // The URL is in our text already.
        source: source.without_url(),
    })?;
    if !status.is_success() {
        return Err(CliError::NotReady { url, status });
    }
    writeln!(out, "ready")?;
    Ok(())
}

fn url(target: &HealthcheckTarget) -> Result<String, CliError> {
    if let Some(url) = &target.url {
        return Ok(url.clone());
    }
    let admin = match &target.config {
        Some(path) => load(path)?.admin,
        None => None,
    };
    let address = admin.ok_or(CliError::NoAdmin)?;
    Ok(format!("http://{}/readyz", reachable(address)))
}

/// An address to connect to, for one to listen on.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn status(url: &str) -> Result<http::StatusCode, reqwest::Error> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(client.get(url).send().await?.status())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;

    /// Answers one request with `status` and returns what was asked for.
    fn answer_once(listener: TcpListener, status: &'static str) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            lines.read_line(&mut request).unwrap();
            while lines.read_line(&mut String::new()).unwrap() > 2 {}
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            request
        })
    }

    fn ask(status: &'static str) -> (Result<(), CliError>, String) {
        crate::server::install_crypto_provider();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        let server = answer_once(listener, status);
        let target = HealthcheckTarget {
            config: None,
            url: Some(url),
        };
        let result = healthcheck(&target, &mut Vec::new());
        (result, server.join().unwrap())
    }

    #[test]
    fn ready_is_what_answers_with_success() {
        let (result, request) = ask("200 OK");

        result.unwrap();
        assert_eq!(request, "GET /readyz HTTP/1.1\r\n");
    }

    #[test]
    fn a_server_that_is_draining_is_not_ready() {
        let (result, _) = ask("503 Service Unavailable");

        assert!(matches!(result, Err(CliError::NotReady { .. })));
    }

    #[test]
    fn an_address_to_listen_on_becomes_one_to_connect_to() {
        let reachable = |text: &str| reachable(text.parse().unwrap()).to_string();

        assert_eq!(reachable("0.0.0.0:9481"), "127.0.0.1:9481");
        assert_eq!(reachable("[::]:9481"), "[::1]:9481");
        assert_eq!(reachable("10.0.0.1:9481"), "10.0.0.1:9481");
    }
}
