//! Protected resources and their metadata (RFC 9728).
//!
//! A client that is refused finds in the challenge where it can read whom to ask for a token, and
//! what for. The identifier of a resource is one of the audiences of its route, because that is
//! what a token must name to be taken: whoever asks for a token with it as `resource` (RFC 8707)
//! gets one that is good here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response};
use serde_json::json;
use url::Url;

use super::authentication::ACCESS_TOKEN;
use super::canonical::{Authority, CanonicalRequest};
use super::rejection::Rejection;
use super::settings::Route;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A protected resource: what it is called, and where its metadata are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    identifier: String,
    metadata_url: String,
    /// Canonical, without a port.
    host: String,
    path: String,
}

impl Resource {
    /// The resource called `identifier`; `None` unless that is a URL with a host, and neither
    /// credentials, query nor fragment (RFC 9728 §1.2 has `https` alone; `http` is for trying
    /// out).
    pub fn parse(identifier: &str) -> Option<Self> {
        let url = Url::parse(identifier).ok()?;
        let is_plain = matches!(url.scheme(), "https" | "http")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let host = Authority::parse(url.host_str()?.as_bytes()).ok()?;
        // RFC 9728 §3.1: between host and path; a path that is only the slash is none.
        let path = Some(url.path())
            .filter(|path| *path != "/")
            .unwrap_or_default();
        let origin = url.origin().ascii_serialization();
        is_plain.then(|| Self {
            identifier: identifier.to_owned(),
            metadata_url: [&origin, WELL_KNOWN, path].concat(),
            host: host.host().to_owned(),
            path: path.to_owned(),
        })
    }

    /// Whether a route with this host and path lies at or below it. A route for any host does not
    /// say where it is, so it lies below the resource of its path.
    pub fn covers(&self, host: Option<&str>, path: &str) -> bool {
        let is_its_host = host.is_none_or(|host| host == self.host);
        let Some(rest) = path.strip_prefix(&self.path) else {
            return false;
        };
        is_its_host && (rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'))
    }

    /// Where its metadata are, for challenges.
    pub fn metadata_url(&self) -> &str {
        &self.metadata_url
    }
}

/// The metadata of all resources, by host and path.
#[derive(Debug, Default)]
pub(super) struct Resources(HashMap<String, HashMap<String, Bytes>>);

impl Resources {
    /// Writes the metadata of the resources of `routes`; those of one resource share a document.
    pub(super) fn new(routes: &[Route]) -> Self {
        let mut described: BTreeMap<&str, (&Resource, Vec<&Route>)> = BTreeMap::new();
        for route in routes {
            if let Some(resource) = &route.resource {
                let entry = described.entry(&resource.identifier);
                entry.or_insert((resource, Vec::new())).1.push(route);
            }
        }
        let mut documents = HashMap::<String, HashMap<String, Bytes>>::new();
        for (resource, routes) in described.into_values() {
            let document = document(resource, &routes);
            let of_host = documents.entry(resource.host.clone()).or_default();
            of_host.insert(resource.path.clone(), document);
        }
        Self(documents)
    }

    /// The document that `request` is for; `None` when it is for something else.
    pub(super) fn find(&self, request: &CanonicalRequest) -> Option<&Bytes> {
        let path = request.path.as_str().strip_prefix(WELL_KNOWN)?;
        let of_host = self.0.get(request.authority.host())?;
        // Clients that add or drop a last slash mean the same document.
        of_host
            .get(path)
            .or_else(|| of_host.get(path.strip_suffix('/')?))
            .or_else(|| of_host.get(&[path, "/"].concat()))
    }
}

/// RFC 9728 §2.
fn document(resource: &Resource, routes: &[&Route]) -> Bytes {
    let policies = || routes.iter().map(|route| &route.policy);
    let issuers: BTreeSet<&str> = policies()
        .flat_map(|policy| policy.issuers.iter().map(|issuer| &**issuer))
        .collect();
    let scopes: BTreeSet<&str> = policies()
        .flat_map(|policy| policy.all_scopes.iter().chain(policy.any_scope.iter()))
        .collect();
    let mut document = json!({
        "resource": resource.identifier,
        "authorization_servers": issuers,
    });
    // RFC 9728 §3.2: members without a value are left out.
    let lists = [
        ("scopes_supported", scopes),
        ("bearer_methods_supported", bearer_methods(routes)),
    ];
    if let Some(members) = document.as_object_mut() {
        for (name, list) in lists {
            if !list.is_empty() {
                members.insert(name.to_owned(), json!(list));
            }
        }
    }
    document.to_string().into()
}

/// The methods of RFC 6750 by which a token can be sent to one of `routes`: a cookie, or a field or a
/// parameter of another name, is none of them.
fn bearer_methods(routes: &[&Route]) -> BTreeSet<&'static str> {
    let places = || routes.iter().map(|route| &route.token_places);
    let by_header = places().any(|places| places.authorization);
    let by_query = places().any(|places| places.query.as_deref() == Some(ACCESS_TOKEN));
    let methods = [by_header.then_some("header"), by_query.then_some("query")];
    methods.into_iter().flatten().collect()
}

/// The answer to a request for `document`.
pub(super) fn answer(
    request: &CanonicalRequest,
    document: Bytes,
) -> Result<Response<Bytes>, Rejection> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return Err(Rejection::MethodNotAllowed {
            allow: "GET, HEAD".to_owned(),
        });
    }
    let mut response = Response::new(document);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A public document, which applications in browsers read as well.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::super::tests::support::{policy, request, route};
    use super::*;
    use crate::gateway::settings::{Policy, TokenPlaces};
    use crate::model::Scope;

    /// RFC 9728 §3.1, its examples among them.
    #[test]
    fn the_metadata_lie_between_host_and_path() {
        for (identifier, url) in [
            (
                "https://resource.example.com",
                "https://resource.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://resource.example.com/",
                "https://resource.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://resource.example.com/resource1",
                "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
            ),
            (
                "http://127.0.0.1:9480/api/",
                "http://127.0.0.1:9480/.well-known/oauth-protected-resource/api/",
            ),
        ] {
            let resource = Resource::parse(identifier).unwrap();
            assert_eq!(resource.metadata_url(), url);
        }
        for identifier in [
            "api",
            "urn:example:api",
            "https://a.example/?x=1",
            "https://a.example/#x",
            "https://user@a.example/",
            "ftp://a.example/",
        ] {
            assert_eq!(Resource::parse(identifier), None, "{identifier}");
        }
    }

    #[test]
    fn a_resource_covers_what_lies_at_or_below_it() {
        for (identifier, host, path, covers) in [
            ("https://a.test/", Some("a.test"), "/api/", true),
            ("https://a.test/api", Some("a.test"), "/api/", true),
            ("https://a.test/api/", Some("a.test"), "/api/", true),
            ("https://a.test/api/", None, "/api/x", true),
            ("https://a.test/api/", Some("a.test"), "/", false),
            ("https://a.test/api", Some("a.test"), "/apix", false),
            ("https://a.test/api", Some("b.test"), "/api", false),
            ("https://a.test/api", Some("*.test"), "/api", false),
        ] {
            let resource = Resource::parse(identifier).unwrap();
            let row = format!("{identifier} {host:?} {path}");
            assert_eq!(resource.covers(host, path), covers, "{row}");
        }
    }

    fn of_api(scope: &str, issuer: &str) -> Route {
        Route {
            resource: Resource::parse("https://a.test/api/"),
            policy: Policy {
                all_scopes: Scope::parse(scope).unwrap(),
                issuers: vec![Arc::from(issuer)],
                ..policy()
            },
            ..route("r").path("/api/").build()
        }
    }

    #[test]
    fn routes_of_one_resource_share_its_document() {
        let routes = [
            of_api("read", "https://op.test/"),
            of_api("write", "https://other.test/"),
        ];
        let resources = Resources::new(&routes);
        let find = |path| resources.find(&request("GET", path)).cloned();

        let document = find("/.well-known/oauth-protected-resource/api/").unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "resource": "https://a.test/api/",
                "authorization_servers": ["https://op.test/", "https://other.test/"],
                "scopes_supported": ["read", "write"],
                "bearer_methods_supported": ["header"],
            })
        );
        assert!(find("/.well-known/oauth-protected-resource/api").is_some());
        for path in [
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/other",
            "/api/",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    /// RFC 9728 §2: by which of the methods of RFC 6750 a token can be sent.
    #[test]
    fn the_document_says_where_a_token_may_be() {
        let places = |authorization, query: Option<&str>| TokenPlaces {
            authorization,
            cookie: Some("token".to_owned()),
            header: None,
            query: query.map(str::to_owned),
        };
        for (row, places, expected) in [
            (
                "both",
                places(true, Some("access_token")),
                json!(["header", "query"]),
            ),
            (
                "query",
                places(false, Some("access_token")),
                json!(["query"]),
            ),
            ("another parameter", places(false, Some("t")), Value::Null),
            ("a cookie", places(false, None), Value::Null),
            ("Authorization", places(true, None), json!(["header"])),
        ] {
            let route = Route {
                token_places: places,
                ..of_api("read", "https://op.test/")
            };
            let resource = Resource::parse("https://a.test/api/").unwrap();
            let document = document(&resource, &[&route]);
            let document: Value = serde_json::from_slice(&document).unwrap();
            let methods = document.get("bearer_methods_supported");
            assert_eq!(methods.cloned().unwrap_or_default(), expected, "{row}");
        }
    }

    #[test]
    fn the_document_is_read_and_nothing_else() {
        let document = || Bytes::from_static(b"{}");
        for method in ["GET", "HEAD"] {
            assert!(
                answer(&request(method, "/"), document()).is_ok(),
                "{method}"
            );
        }
        assert!(answer(&request("POST", "/"), document()).is_err());
    }
}
