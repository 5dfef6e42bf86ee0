//! Hostile requests, byte by byte, and what must come of them.
//!
//! Rows carry the number of the weakness they were drawn from: A paths, B hosts, C identity
//! headers, D credentials. Whatever is refused must not have reached the upstream. `README.md` tells
//! for every number, also of other sections, which tests show it.

mod credentials;
mod handshakes;
mod hosts;
mod identity_headers;
mod map;
mod paths;
mod proxies;

use crate::support::{Edge, Recorder, WireAnswer};

/// An edge with four kinds of routes to one recording upstream, and the demo's provider.
pub(super) struct Fixture {
    pub(super) edge: Edge,
    pub(super) upstream: Recorder,
}

impl Fixture {
    pub(super) async fn start() -> Self {
        Self::with("").await
    }

    /// With `more` sections in its configuration.
    pub(super) async fn with(more: &str) -> Self {
        let upstream = Recorder::start().await;
        let mut routes = format!(
            "\nupstreams:\n  - name: app\n    servers: [http://{}]\nroutes:",
            upstream.address
        );
        for (name, path, rest) in [
            ("open", "/public/", "authentication: anonymous"),
            ("optional", "/opt/", "authentication: optional"),
            ("read", "/read/", "scopes: { all: [demo.read] }"),
            ("admin", "/admin", "scopes: { all: [demo.admin] }"),
            ("passed", "/passed/", "token: pass"),
        ] {
            routes.push_str(&format!(
                "\n  - name: {name}\n    path: {path}\n    upstream: app\n    {rest}"
            ));
        }
        let demo = include_str!("../../../config/demo.yaml");
        let (rest, _) = demo
            .split_once(
                "
routes:",
            )
            .expect("the routes come last");
        let yaml = format!(
            "{more}{rest}{routes}
"
        );
        Self {
            edge: Edge::start(&yaml),
            upstream,
        }
    }

    /// Sends `head` (fields after the request line; `Host` is added unless given) on a connection
    /// of its own.
    pub(super) async fn send(&self, request_line: &str, fields: &[&str]) -> WireAnswer {
        let mut request = format!("{request_line}\r\n").into_bytes();
        if !fields
            .iter()
            .any(|field| field.to_ascii_lowercase().starts_with("host"))
        {
            request.extend_from_slice(format!("Host: {}\r\n", self.edge.address).as_bytes());
        }
        for field in fields {
            request.extend_from_slice(field.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        self.send_bytes(&request).await
    }

    /// Sends `bytes` on a connection of its own.
    pub(super) async fn send_bytes(&self, bytes: &[u8]) -> WireAnswer {
        let mut wire = self.edge.wire().await;
        wire.write(bytes).await;
        wire.read().await
    }

    /// Asserts that a request is refused with one of `statuses` and reaches nobody.
    #[track_caller]
    pub(super) fn assert_refused(&self, row: &str, answer: &WireAnswer, statuses: &[u16]) {
        assert!(statuses.contains(&answer.status), "{row}: {answer:?}");
        self.upstream.assert_untouched(row);
        assert!(
            !answer.head.to_ascii_lowercase().contains("server: pingora"),
            "{row}: {answer:?}"
        );
    }
}

/// The value of a field in a recorded head.
pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
