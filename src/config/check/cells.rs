//! `cells`: the routes to a site of Pydio Cells, as if they were written one by one.
//!
//! What Cells serves, whom it lets in by itself, and where it looks for a token, is the same at every
//! site; so it stands here. The tables that are made are checked like those of the file.

use std::time::Duration;

use url::{Host, Url};

use super::{Checker, host, upstreams};
use crate::config::defaults;
use crate::config::file::{
    AuthenticationMode, CellsSiteTable, OtherTokensMode, PasswordsMode, RouteTable, TokenMode,
    TokenPlacesTable, WebSocketsMode,
};
use crate::config::key_path::KeyPath;
use crate::gateway::{Balance, Upstream, UpstreamTls};
use crate::model::Issuer;
use crate::users::{CellsSettings, Settings};

/// The upstream that is made of `users.cells`.
const UPSTREAM: &str = "cells";

/// How the S3 client of Cells' own synchronization names itself. Cells takes whoever does so and has
/// no token for its internal system user.
const PRIVILEGED_AGENT: &str = "pydio.sync.client.s3";

/// The routes of a site, without those that the file has itself, on the host of our issuer unless it
/// says another; the upstreams that they need are added to `upstreams`. `None` where there is no site.
pub(super) fn routes(
    checker: &mut Checker,
    table: Option<&CellsSiteTable>,
    around: (Option<&Issuer>, Option<&Settings>, &[RouteTable]),
    upstreams: &mut upstreams::Checked,
) -> Option<Vec<RouteTable>> {
    let (issuer, users, written) = around;
    let site = site(checker, table?, (issuer, users), upstreams);
    let mut routes = site.map(|site| site.routes()).unwrap_or_default();
    routes.retain(|route| !written.iter().any(|own| takes_place(own, route)));
    Some(routes)
}

/// Where the Cells of the site has a sign-in page of its own.
pub(super) fn sign_in_page(table: &CellsSiteTable, issuer: &Issuer) -> Option<String> {
    let mut url = Url::parse(issuer.as_str()).ok()?;
    if let Some(host) = &table.host {
        url.set_host(Some(host)).ok()?;
    }
    url.set_path(SIGN_IN_PAGE);
    // Without a query browsers are led past it.
    url.set_query(table.interface_sign_in.then_some("form"));
    Some(url.into())
}

/// The site that `table` describes.
fn site(
    checker: &mut Checker,
    table: &CellsSiteTable,
    (issuer, users): (Option<&Issuer>, Option<&Settings>),
    upstreams: &mut upstreams::Checked,
) -> Option<Site> {
    let at = KeyPath::root().key("cells");
    if let Some(Err(error)) = table.host.as_deref().map(host::check_pattern) {
        checker.refuse(&at.key("host"), error.to_string(), "");
        return None;
    }
    let cells = match users {
        Some(Settings::Cells(cells)) => cells,
        None if checker.problems.is_broken(&KeyPath::root().key("users")) => return None,
        _ => {
            checker.refuse(
                &at,
                "needs a provider with `users.cells`, the Cells that its users sign in at",
                "Add them, or write the routes yourself.",
            );
            return None;
        }
    };
    let of_issuer = || issuer.map(|issuer| issuer.host().to_owned());
    let host = table.host.clone().or_else(of_issuer)?;
    let upstream = upstream(checker, table, cells, upstreams, &at)?;
    let grpc = table
        .grpc
        .then(|| grpc_upstream(checker, &upstream, upstreams, &at));
    Some(Site {
        is_provider: issuer.is_some_and(|issuer| {
            issuer.host() == host && issuer.path().trim_end_matches('/') == OIDC
        }),
        has_interface_sign_in: table.interface_sign_in,
        host,
        upstream,
        grpc,
    })
}

/// Whether `own` matches what `route` would at the same place.
fn takes_place(own: &RouteTable, route: &RouteTable) -> bool {
    let names = |table: &RouteTable| table.methods.clone().unwrap_or_default();
    let (own_names, names) = (names(own), names(route));
    let meets = own_names.iter().any(|name| names.contains(name));
    own.host == route.host
        && own.path == route.path
        && own.grpc == route.grpc
        && (own_names.is_empty() || meets)
}

/// The name of the upstream that is this Cells.
fn upstream(
    checker: &mut Checker,
    table: &CellsSiteTable,
    cells: &CellsSettings,
    upstreams: &mut upstreams::Checked,
    at: &KeyPath,
) -> Option<String> {
    if let Some(name) = &table.upstream {
        return Some(name.clone());
    }
    let is_there = upstreams.names.iter().any(|name| name == UPSTREAM);
    if !is_there {
        let made = made_of(cells);
        if made.is_none() {
            checker.refuse(
                at,
                "cannot make an upstream of `users.cells`: there is no name in its URL that the \
                 certificate could be verified against",
                "Add one under `upstreams:`, with a `server_name`, and write its name as `upstream` here.",
            );
        }
        upstreams.names.take_label(checker, UPSTREAM, at);
        upstreams.settings.push(made?);
    }
    Some(UPSTREAM.to_owned())
}

fn made_of(cells: &CellsSettings) -> Option<Upstream> {
    let host = cells.url.host()?;
    let port = cells.url.port_or_known_default()?;
    let tls = match (cells.url.scheme(), &host) {
        ("https", Host::Domain(name)) => Some(UpstreamTls {
            server_name: (*name).to_owned(),
            ca_pem: cells.ca_pem.clone(),
            client_certificate: None,
        }),
        ("https", Host::Ipv4(_) | Host::Ipv6(_)) => return None,
        _ => None,
    };
    Some(Upstream {
        name: UPSTREAM.to_owned(),
        servers: vec![format!("{host}:{port}")],
        tls,
        http2: false,
        host: None,
        health_check: None,
        connect_timeout: Duration::from_millis(defaults::CONNECT_TIMEOUT_MS),
        // A large upload is put together before it is answered.
        read_timeout: Duration::from_secs(defaults::CELLS_READ_TIMEOUT_S),
        write_timeout: Duration::from_secs(defaults::WRITE_TIMEOUT_S),
        idle_timeout: Duration::from_secs(defaults::IDLE_TIMEOUT_S),
        retries: defaults::RETRIES,
        balance: Balance::RoundRobin,
        passive_health: None,
        max_in_flight: None,
    })
}

/// The name of the same servers by HTTP/2, which gRPC needs.
fn grpc_upstream(
    checker: &mut Checker,
    name: &str,
    upstreams: &mut upstreams::Checked,
    at: &KeyPath,
) -> String {
    let same = upstreams.settings.iter().find(|same| same.name == name);
    let Some(same) = same.filter(|same| !same.http2).cloned() else {
        return name.to_owned();
    };
    let name = format!("{name}-grpc");
    upstreams.names.take_label(checker, &name, at);
    upstreams.settings.push(Upstream {
        name: name.clone(),
        http2: true,
        ..same
    });
    name
}

/// Where Cells shows its own sign-in page.
const SIGN_IN_PAGE: &str = "/login";

/// Where Cells has its own OpenID Provider.
const OIDC: &str = "/oidc";

/// A site.
struct Site {
    host: String,
    upstream: String,
    grpc: Option<String>,
    /// Whether we are the OpenID Provider of the site, at the paths of Cells' own.
    is_provider: bool,
    /// Whether browsers come into the interface as who they are here.
    has_interface_sign_in: bool,
}

impl Site {
    fn routes(&self) -> Vec<RouteTable> {
        let mut routes = vec![
            // The interface, its sign-in page, and whatever else Cells shows to everybody.
            RouteTable {
                passwords: match self.has_interface_sign_in {
                    true => PasswordsMode::Page,
                    false => PasswordsMode::Unseen,
                },
                ..self.public("cells-site", "/")
            },
            self.public("cells-links", "/public"),
            // Plugins that other servers call with a token of Cells in the query, as WOPI clients.
            RouteTable {
                token: TokenMode::Pass,
                ..self.public("cells-wopi", "/wopi")
            },
            // Without a token at first; one that came in a message ends no socket by its expiry, as at
            // Cells, whose pages would all come back at once.
            RouteTable {
                websockets: WebSocketsMode::Subscribe,
                outlives_token: true,
                ..self.api("cells-events", "/ws")
            },
            RouteTable {
                passwords: PasswordsMode::Basic,
                allow_encoded_slash: true,
                outlives_token: true,
                ..self.api("cells-dav", "/dav")
            },
            self.api("cells-api", "/a"),
            // Where its own interface signs in.
            RouteTable {
                methods: Some(vec!["POST".to_owned(), "OPTIONS".to_owned()]),
                passwords: PasswordsMode::Session,
                ..self.api("cells-sign-in", "/a/frontend/session")
            },
            // Logins may have a slash. Elsewhere an encoded one would let a path pass for another.
            RouteTable {
                allow_encoded_slash: true,
                ..self.api("cells-users", "/a/user")
            },
            self.files("cells-io", "/io"),
            self.files("cells-data", "/data"),
            self.refused("cells-oidc-admin", "/oidc/admin"),
        ];
        routes.push(match self.is_provider {
            // What is left of it there would give out tokens beside ours.
            true => self.refused("cells-oidc", OIDC),
            false => RouteTable {
                token: TokenMode::Pass,
                ..self.public("cells-oidc", OIDC)
            },
        });
        routes.extend(self.grpc.as_ref().map(|upstream| RouteTable {
            grpc: true,
            upstream: Some(upstream.clone()),
            ..self.files("cells-grpc", "/")
        }));
        routes
    }

    fn at(&self, name: &str, path: &str) -> RouteTable {
        RouteTable {
            name: Some(name.to_owned()),
            host: Some(self.host.clone()),
            path: Some(path.to_owned()),
            ..RouteTable::default()
        }
    }

    fn refused(&self, name: &str, path: &str) -> RouteTable {
        RouteTable {
            refuse: true,
            authentication: AuthenticationMode::Anonymous,
            ..self.at(name, path)
        }
    }

    /// For everybody; Cells says itself what they may.
    fn public(&self, name: &str, path: &str) -> RouteTable {
        RouteTable {
            upstream: Some(self.upstream.clone()),
            authentication: AuthenticationMode::Anonymous,
            refused_user_agents: vec![PRIVILEGED_AGENT.to_owned()],
            ..self.at(name, path)
        }
    }

    /// For whoever has a token of ours, which is swapped, or what Cells may have given itself.
    fn api(&self, name: &str, path: &str) -> RouteTable {
        RouteTable {
            authentication: AuthenticationMode::Optional,
            token: TokenMode::Swap,
            other_tokens: OtherTokensMode::Pass,
            ..self.public(name, path)
        }
    }

    /// The same for what takes long, and where Cells looks for a token in more places.
    fn files(&self, name: &str, path: &str) -> RouteTable {
        RouteTable {
            token_from: TokenPlacesTable {
                header: Some("X-Pydio-Bearer".to_owned()),
                query: Some("pydio_jwt".to_owned()),
                ..TokenPlacesTable::default()
            },
            allow_encoded_slash: true,
            outlives_token: true,
            ..self.api(name, path)
        }
    }
}
