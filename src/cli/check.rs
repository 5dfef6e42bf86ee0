//! `cellgate check`.

use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::error::CliError;
use super::output::block_on;
use super::report::{Inspected, inspected};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::gateway::{Action, Authentication, Policy, Route};
use crate::model::Client;
use crate::{server, users};

/// Does what a start does up to opening sockets, and says what the configuration comes to.
pub(super) fn check(path: &Path, out: &mut impl Write) -> Result<(), CliError> {
    let clock = SystemClock;
    let Inspected { config, warnings } = inspected(path, clock.now())?;
    block_on(server::check(&config, Arc::new(clock)))??;
    summary(out, path, &config, &warnings)?;
    Ok(())
}

fn summary(
    out: &mut impl Write,
    path: &Path,
    config: &Config,
    warnings: &[String],
) -> io::Result<()> {
    writeln!(out, "{}: good\n", path.display())?;
    listeners(out, config)?;
    provider(out, config)?;
    for trusted in &config.trusted_issuers {
        writeln!(out, "trusts     {}", trusted.issuer)?;
    }
    upstreams(out, config)?;
    routes(out, config)?;
    for danger in &config.dangers {
        writeln!(out, "\nDANGER     {danger}")?;
    }
    for warning in warnings {
        writeln!(out, "\nwarning    {warning}")?;
    }
    Ok(())
}

fn listeners(out: &mut impl Write, config: &Config) -> io::Result<()> {
    for listener in &config.listeners {
        let transport = match (&listener.tls, listener.h2c) {
            (Some(_), _) => "https",
            (None, true) => "http, h2c",
            (None, false) if listener.redirects_to_https_port.is_some() => "sends to https",
            (None, false) => "http",
        };
        writeln!(
            out,
            "listens    {} ({}, {transport})",
            listener.address, listener.name
        )?;
    }
    match config.admin {
        Some(address) => writeln!(out, "admin      {address} (/metrics, /healthz, /readyz)"),
        None => writeln!(out, "admin      off"),
    }
}

fn provider(out: &mut impl Write, config: &Config) -> io::Result<()> {
    let Some(provider) = &config.provider else {
        return writeln!(out, "issuer     none: a gateway only");
    };
    writeln!(out, "issuer     {}", provider.issuer)?;
    match &config.users {
        Some(users::Settings::Cells(cells)) => writeln!(out, "users      Cells at {}", cells.url)?,
        Some(users::Settings::Api(api)) => {
            writeln!(
                out,
                "users      asked for at {}",
                api.url.origin().ascii_serialization()
            )?;
        }
        Some(users::Settings::Static(listed)) => {
            writeln!(out, "users      {} listed", listed.len())?;
        }
        None => {}
    }
    for client in &provider.clients {
        writeln!(
            out,
            "client     {} ({}): {}",
            client.id,
            client_kind(client),
            client.scope
        )?;
    }
    Ok(())
}

const fn client_kind(client: &Client) -> &'static str {
    if client.is_public() {
        "public"
    } else {
        "confidential"
    }
}

fn upstreams(out: &mut impl Write, config: &Config) -> io::Result<()> {
    for upstream in &config.gateway.upstreams {
        let scheme = if upstream.tls.is_some() {
            "https"
        } else {
            "http"
        };
        writeln!(
            out,
            "upstream   {}: {scheme}://{}",
            upstream.name,
            upstream.servers.join(", ")
        )?;
    }
    Ok(())
}

fn routes(out: &mut impl Write, config: &Config) -> io::Result<()> {
    writeln!(
        out,
        "\nRoutes, in the order they decide; what none of them matches is refused:"
    )?;
    let rows: Vec<[String; 5]> = by_specificity(&config.gateway.routes)
        .into_iter()
        .map(row)
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    for [methods, place, name, action, who] in &rows {
        let [w0, w1, w2, w3] = widths;
        writeln!(
            out,
            "  {methods:<w0$}  {place:<w1$}  {name:<w2$}  {action:<w3$}  {who}"
        )?;
    }
    Ok(())
}

/// Routes as the gateway tries them: exact hosts before wildcards before any, long paths before
/// short ones, calls of gRPC before the rest, named methods before the rest.
pub(super) fn by_specificity(routes: &[Route]) -> Vec<&Route> {
    let mut sorted: Vec<&Route> = routes.iter().collect();
    sorted.sort_by_key(|route| {
        let (kind, suffix) = match route.host.as_deref() {
            Some(host) if host.starts_with("*.") => (1, host.len()),
            Some(_) => (0, 0),
            None => (2, 0),
        };
        (
            kind,
            Reverse(suffix),
            route.host.as_deref(),
            Reverse(route.path.len()),
            route.path.as_str(),
            !route.grpc,
            route.methods.is_empty(),
        )
    });
    sorted
}

fn row(route: &Route) -> [String; 5] {
    let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
    let methods = if methods.is_empty() {
        "*".to_owned()
    } else {
        methods.join(",")
    };
    let host = route.host.as_deref().unwrap_or("*");
    let action = match &route.action {
        Action::Whoami => "whoami".to_owned(),
        Action::Upstream(name) => format!("-> {name}"),
        Action::ForwardAuth => "(forward auth)".to_owned(),
        Action::Refuse => "(refused)".to_owned(),
    };
    [
        methods,
        format!("{host}{}", route.path),
        route.name.clone(),
        action,
        who_may_pass(&route.policy),
    ]
}

fn who_may_pass(policy: &Policy) -> String {
    let mut text = who_with_a_token(policy);
    for condition in policy.further_conditions() {
        text.push_str("; ");
        text.push_str(&condition);
    }
    text
}

fn who_with_a_token(policy: &Policy) -> String {
    let who = match policy.authentication {
        Authentication::Anonymous => return "anybody".to_owned(),
        Authentication::Optional => "anybody without a token, or with one",
        Authentication::Required => "whoever has a token",
        Authentication::SignIn => "whoever signs in or has a token",
    };
    let issuers = policy.issuers.join(" or ");
    let audience = policy.audience.join(" or ");
    let mut text = format!("{who} from {issuers} for {audience}");
    let any: Vec<&str> = policy.any_scope.iter().collect();
    for (with, scopes) in [
        (" with ", policy.all_scopes.to_string()),
        (" with one of ", any.join(", ")),
    ] {
        if !scopes.is_empty() {
            text.push_str(with);
            text.push_str(&scopes);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn shipped(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config")
            .join(name)
    }

    fn summed_up(text: &str) -> String {
        let config = Config::parse(text, Path::new("")).unwrap();
        let mut out = Vec::new();
        summary(
            &mut out,
            Path::new("cellgate.yaml"),
            &config,
            &config.warnings,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_good_file_is_summed_up() {
        server::install_crypto_provider();
        let mut out = Vec::new();

        check(&shipped("demo.yaml"), &mut out).unwrap();

        let text = String::from_utf8(out).unwrap();
        for part in [
            "demo.yaml: good",
            "listens    127.0.0.1:9480 (edge, http)",
            "issuer     http://127.0.0.1:9480/oidc/",
            "client     demo-app (public): demo.read",
            "client     demo-service (confidential): demo.read",
            "  *         */public/  public     whoami  anybody\n",
            "for http://127.0.0.1:9480/oidc/ with demo.read\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn a_bad_file_ends_with_code_2() {
        let error = check(Path::new("/nonexistent/cellgate.yaml"), &mut Vec::new()).unwrap_err();

        assert!(matches!(error, CliError::Config(_)));
        assert_eq!(error.exit_code(), std::process::ExitCode::from(2));
    }

    #[test]
    fn routes_are_listed_in_the_order_they_decide() {
        let route = |name: &str, matched: &str| {
            format!("  - {{name: {name}, whoami: true, authentication: anonymous, {matched}}}\n")
        };
        let text = [
            "listeners: [{name: edge, address: '127.0.0.1:0'}]\nroutes:\n".to_owned(),
            route("f", "path: /"),
            route("e", "path: /x"),
            route("d", "path: /x, methods: [GET]"),
            route("c", "path: /, host: '*.example'"),
            route("b", "path: /, host: '*.a.example'"),
            route("a", "path: /, host: a.example"),
        ]
        .concat();

        let shown = summed_up(&text);

        let names: Vec<&str> = shown
            .lines()
            .filter(|line| line.ends_with("anybody"))
            .filter_map(|line| line.split_whitespace().nth(2))
            .collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f"], "{shown}");
    }
}
