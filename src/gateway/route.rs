//! Which route a request takes.
//!
//! The most specific one, whatever the order in the file: an exact host before a wildcard before
//! any host; within a host the longest path prefix; within a prefix, of a call of gRPC, a route for
//! such before others; then a route that names the method before one that takes all. Where nothing matches, nothing is served.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use super::canonical::CanonicalRequest;
use super::settings::Route;

/// All routes, compiled for look-up.
#[derive(Debug, Default)]
pub struct Routes {
    exact: HashMap<Box<str>, HostRoutes>,
    /// Keyed by what stands behind the `*`: `.example.com`.
    wildcard: HashMap<Box<str>, HostRoutes>,
    any: HostRoutes,
}

/// What the table says about a request.
#[derive(Clone, Debug)]
pub enum Match {
    /// This route.
    Found(Arc<Route>),
    /// There are routes for host and path, none of them for the method; the value is for `Allow`.
    MethodNotAllowed(String),
    /// No route.
    NotFound,
}

impl Routes {
    /// Compiles `routes`; their order carries no meaning.
    ///
    /// Of two routes with one host, path and method (which the configuration refuses) the one
    /// whose name comes first in the alphabet wins, so that the outcome is the same at every start.
    pub fn new(routes: &[Route]) -> Self {
        let mut sorted: Vec<Arc<Route>> = routes.iter().cloned().map(Arc::new).collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let mut table = Self::default();
        for route in sorted {
            let host = match route.host.as_deref() {
                None => &mut table.any,
                Some(host) => match host.strip_prefix('*') {
                    Some(suffix) => table.wildcard.entry(suffix.into()).or_default(),
                    None => table.exact.entry(host.into()).or_default(),
                },
            };
            host.add(route);
        }
        table
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Route> {
        let named = self.exact.values().chain(self.wildcard.values());
        let hosts = named.chain([&self.any]);
        hosts
            .flat_map(|host| host.prefixes.values())
            .flat_map(|prefix| &prefix.0)
            .map(|route| &**route)
    }

    /// Finds the route of `request`.
    ///
    /// Cost: one hash look-up for each label of the host and for each length that a configured
    /// prefix has, whatever the request's length.
    pub fn find(&self, request: &CanonicalRequest) -> Match {
        let host = request.authority.host();
        let path = request.path.as_str();
        let wildcards = host
            .match_indices('.')
            .filter_map(|(at, _)| self.wildcard.get(host.get(at..)?));
        self.exact
            .get(host)
            .into_iter()
            .chain(wildcards)
            .chain([&self.any])
            .find_map(|routes| routes.find(path, request.is_grpc))
            .map_or(Match::NotFound, |prefix| {
                prefix.choose(&request.method, request.is_grpc)
            })
    }
}

/// The routes of one host.
#[derive(Debug, Default)]
struct HostRoutes {
    prefixes: HashMap<Box<str>, PrefixRoutes>,
    /// The lengths that occur among the prefixes, longest first.
    lengths: Vec<usize>,
}

impl HostRoutes {
    fn add(&mut self, route: Arc<Route>) {
        let length = route.path.len();
        if let Err(at) = self.lengths.binary_search_by(|known| length.cmp(known)) {
            self.lengths.insert(at, length);
        }
        self.prefixes
            .entry(route.path.as_str().into())
            .or_default()
            .0
            .push(route);
    }

    /// The routes of the longest prefix that `path` begins with.
    fn find(&self, path: &str, is_grpc: bool) -> Option<&PrefixRoutes> {
        self.lengths
            .iter()
            .filter_map(|length| segment_prefix(path, *length))
            .filter_map(|prefix| self.prefixes.get(prefix))
            .find(|routes| routes.has_some(is_grpc))
    }
}

/// The first `length` bytes of `path` if they end where a segment does: `/api` or `/api/` of
/// `/api/x`, never `/ap`.
fn segment_prefix(path: &str, length: usize) -> Option<&str> {
    let (prefix, rest) = path.split_at_checked(length)?;
    (prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/')).then_some(prefix)
}

/// The routes of one host and prefix, by name.
#[derive(Debug, Default)]
struct PrefixRoutes(Vec<Arc<Route>>);

impl PrefixRoutes {
    /// Whether there is any for a request that is, or is not, a call of gRPC.
    fn has_some(&self, is_grpc: bool) -> bool {
        self.0.iter().any(|route| is_grpc || !route.grpc)
    }

    fn choose(&self, method: &Method, is_grpc: bool) -> Match {
        let of_kind = |grpc| self.0.iter().filter(move |route| route.grpc == grpc);
        let choose = |grpc| {
            let naming = of_kind(grpc).find(|route| route.methods.contains(method));
            naming.or_else(|| of_kind(grpc).find(|route| route.methods.is_empty()))
        };
        let found = is_grpc.then(|| choose(true)).flatten();
        match found.or_else(|| choose(false)) {
            Some(route) => Match::Found(Arc::clone(route)),
            None => Match::MethodNotAllowed(self.allow(is_grpc)),
        }
    }

    /// The methods there are, for `Allow` (RFC 9110 §10.2.1).
    fn allow(&self, is_grpc: bool) -> String {
        let mut methods: Vec<&str> = self
            .0
            .iter()
            .filter(|route| is_grpc || !route.grpc)
            .flat_map(|route| &route.methods)
            .map(Method::as_str)
            .collect();
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::canonical::{Claimed, Scheme};
    use super::super::tests::support::route;
    use super::*;

    fn request(method: &Method, host: &str, target: &str) -> CanonicalRequest {
        let claimed = Claimed {
            method,
            target: target.as_bytes(),
            authority: Some(host.as_bytes()),
            scheme: Scheme::Http,
        };
        CanonicalRequest::parse(claimed, 8192).unwrap()
    }

    /// The name of the route, `405 …` or `404`.
    fn found(routes: &[Route], method: &Method, host: &str, target: &str) -> String {
        match Routes::new(routes).find(&request(method, host, target)) {
            Match::Found(route) => route.name.clone(),
            Match::MethodNotAllowed(allow) => format!("405 {allow}"),
            Match::NotFound => "404".to_owned(),
        }
    }

    fn fixture() -> Vec<Route> {
        vec![
            route("public").path("/public/").build(),
            route("exact").path("/exact").build(),
            route("api-read")
                .host("a.test")
                .path("/api/")
                .methods(&["GET", "HEAD"])
                .build(),
            route("api-write")
                .host("a.test")
                .path("/api/")
                .methods(&["POST"])
                .build(),
            route("api-any-host").path("/api/").build(),
            route("admin")
                .host("a.test")
                .path("/api/admin/")
                .methods(&["GET"])
                .build(),
            route("dav").host("a.test").path("/dav/").build(),
            route("dav-lock")
                .host("a.test")
                .path("/dav/")
                .methods(&["LOCK"])
                .build(),
            route("wild").host("*.test").path("/").build(),
            route("deep-wild").host("*.b.test").path("/").build(),
            route("b").host("b.test").path("/x").build(),
        ]
    }

    const ROWS: &[(&str, &str, &str, &str)] = &[
        ("GET", "other", "/public/x", "public"),
        ("GET", "other", "/public/", "public"),
        ("GET", "other", "/public", "404"),
        ("GET", "other", "/publicity", "404"),
        ("GET", "other", "/exact", "exact"),
        ("GET", "other", "/exact/x", "exact"),
        ("GET", "other", "/exactly", "404"),
        ("GET", "other", "/ADMIN/x", "404"),
        ("GET", "other", "/exact;x=1/y", "404"),
        ("GET", "a.test", "/api/x", "api-read"),
        ("POST", "a.test", "/api/x", "api-write"),
        ("DELETE", "a.test", "/api/x", "405 GET, HEAD, POST"),
        ("DELETE", "other", "/api/x", "api-any-host"),
        ("GET", "a.test", "/api/admin/x", "admin"),
        ("POST", "a.test", "/api/admin/x", "405 GET"),
        ("LOCK", "a.test", "/dav/x", "dav-lock"),
        ("PROPFIND", "a.test", "/dav/x", "dav"),
        ("GET", "a.test", "/elsewhere", "wild"),
        ("GET", "c.b.test", "/elsewhere", "deep-wild"),
        ("GET", "b.test", "/x", "b"),
        ("GET", "b.test", "/y", "wild"),
        ("GET", "test", "/y", "404"),
        ("OPTIONS", "other", "*", "404"),
    ];

    /// A10, A16, A22.
    #[test]
    fn the_most_specific_route_wins() {
        for (method, host, target, expected) in ROWS {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(
                found(&fixture(), &method, host, target),
                *expected,
                "{method} {host} {target}"
            );
        }
    }

    /// Upstreams choose the service of gRPC by the type of the body; so do routes, at their path.
    #[test]
    fn a_route_for_grpc_takes_only_such_and_before_others_of_its_path() {
        let routes = [
            route("site").path("/").build(),
            route("grpc").path("/").grpc().build(),
            route("only").path("/only").grpc().build(),
            route("api").path("/a").build(),
        ];
        let table = Routes::new(&routes);
        for (target, content_type, expected) in [
            ("/x.Service/Call", "application/grpc", "grpc"),
            ("/x.Service/Call", "application/grpc+proto", "grpc"),
            ("/x.Service/Call", "Application/GRPC", "grpc"),
            ("/x.Service/Call", "application/json", "site"),
            ("/x.Service/Call", "text/application/grpc", "site"),
            ("/a/x", "application/grpc", "api"),
            ("/only/x", "application/grpc", "only"),
            ("/only/x", "application/json", "site"),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", content_type.parse().unwrap());
            let request = request(&Method::POST, "a.test", target).with_fields(&headers);
            let Match::Found(route) = table.find(&request) else {
                panic!("{target}: no route");
            };
            assert_eq!(route.name, expected, "{target} {content_type}");
        }
    }

    proptest! {
        /// A29.
        #[test]
        fn the_order_in_the_file_carries_no_meaning(routes in Just(fixture()).prop_shuffle()) {
            for (method, host, target, expected) in ROWS {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                prop_assert_eq!(&found(&routes, &method, host, target), expected);
            }
        }
    }
}
