//! `cellgate run`.

use std::io::Write;
use std::path::Path;

use super::check::by_specificity;
use super::error::CliError;
use super::report::{Inspected, inspected};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::gateway::{Authentication, Route};
use crate::model::{Client, Issuer};
use crate::server::{self, Beginning, Listener};

/// Says where to go, then serves until told to stop.
pub(super) fn run(path: &Path, upgrade: bool, out: &mut impl Write) -> Result<(), CliError> {
    let Inspected { config, .. } = inspected(path, SystemClock.now())?;
    out.write_all(welcome(&config).as_bytes())?;
    out.flush()?;
    // The server reads the file itself, as it does again at each reload, and logs the warnings.
    drop(config);
    let beginning = match upgrade {
        true => Beginning::TakingOver,
        false => Beginning::Alone,
    };
    server::run(path, beginning)?;
    Ok(())
}

/// Where to go, with commands to copy.
fn welcome(config: &Config) -> String {
    let mut lines = vec![format!("Cellgate {}", env!("CARGO_PKG_VERSION"))];
    for listener in &config.listeners {
        lines.push(format!("  listens on  {}", base_url(listener)));
    }
    if let Some(admin) = config.admin {
        lines.push(format!("  metrics     http://{admin}/metrics"));
    }
    if let Some(provider) = &config.provider {
        let discovery = provider.issuer.endpoint(".well-known/openid-configuration");
        lines.push(format!("  discovery   {discovery}"));
    }
    if let Some(listener) = config.listeners.first() {
        lines.extend(requests(&config.gateway.routes, listener));
    }
    if let Some(provider) = &config.provider {
        lines.extend(try_out(&provider.issuer, &provider.clients));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Requests that show an open route and a guarded one.
fn requests(routes: &[Route], listener: &Listener) -> Vec<String> {
    let sorted = by_specificity(routes);
    let first = |wanted: Authentication| {
        let answers_get = |route: &&&Route| {
            route.methods.is_empty() || route.methods.contains(&http::Method::GET)
        };
        let mut candidates = sorted.iter().filter(answers_get);
        candidates.find(|route| route.policy.authentication == wanted)
    };
    let mut lines = Vec::new();
    if let Some(open) = first(Authentication::Anonymous) {
        lines.push("\n  # Anybody may pass:".to_owned());
        lines.push(format!("  curl -i {}", target(open, listener)));
    }
    if let Some(guarded) = first(Authentication::Required) {
        let target = target(guarded, listener);
        lines
            .push("\n  # 401 without a token, and what an upstream would get with one:".to_owned());
        lines.push(format!("  curl -i {target}"));
        lines.push(format!(
            "  curl -i -H \"Authorization: Bearer $TOKEN\" {target}"
        ));
    }
    lines
}

/// Arguments that make `curl` ask for `route` at `listener`, whatever the name says in DNS.
fn target(route: &Route, listener: &Listener) -> String {
    let base = base_url(listener);
    match route
        .host
        .as_deref()
        .map(|host| host.replacen('*', "any", 1))
    {
        None => format!("{base}{}", route.path),
        Some(host) => {
            let scheme = if listener.tls.is_some() {
                "https"
            } else {
                "http"
            };
            let port = listener.address.port();
            let to = base
                .trim_start_matches("https://")
                .trim_start_matches("http://");
            format!(
                "--connect-to {host}:{port}:{to} {scheme}://{host}:{port}{}",
                route.path
            )
        }
    }
}

/// The address of a listener as a URL to connect to.
fn base_url(listener: &Listener) -> String {
    let scheme = if listener.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let address = super::healthcheck::reachable(listener.address);
    format!("{scheme}://{address}")
}

/// The way to a first token, by hand, for the first public client of a provider on this machine.
///
/// The code verifier is the example of RFC 7636 appendix B, which everybody knows: fit to see how
/// it works on a loopback address, so it is printed for no other issuer.
fn try_out(issuer: &Issuer, clients: &[Client]) -> Vec<String> {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let public = clients
        .iter()
        .filter(|client| client.is_public())
        .find_map(|client| Some((client, client.redirect_uris.first()?)));
    let Some((client, redirect_uri)) = public.filter(|_| !issuer.is_https()) else {
        return Vec::new();
    };
    let (id, redirect_uri) = (client.id.as_str(), redirect_uri.as_str());
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &client.scope.to_string())
        .append_pair("state", "try-out")
        .append_pair("nonce", "try-out")
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .finish();
    vec![
        "\n  # A token by hand: sign in here, and copy `code` from the address you are sent to"
            .to_owned(),
        format!("  {}?{query}", issuer.endpoint("oauth2/auth")),
        "  # (within a minute, even if nothing answers there):".to_owned(),
        format!(
            "  curl {} -d grant_type=authorization_code -d client_id={id} \\\n    \
             -d redirect_uri={redirect_uri} -d code_verifier={VERIFIER} -d code=CODE",
            issuer.endpoint("oauth2/token"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome_of(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config")
            .join(name);
        welcome(&Config::load(&path).unwrap())
    }

    #[test]
    fn the_demo_says_where_to_go() {
        let text = welcome_of("demo.yaml");

        for part in [
            "listens on  http://127.0.0.1:9480\n",
            "http://127.0.0.1:9480/oidc/.well-known/openid-configuration\n",
            "  curl -i http://127.0.0.1:9480/public/\n",
            "  curl -i http://127.0.0.1:9480/api/\n",
            "client_id=demo-app&redirect_uri=http%3A%2F%2F127.0.0.1%3A9482%2Fcallback",
            "curl http://127.0.0.1:9480/oidc/oauth2/token -d grant_type=authorization_code",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    /// A verifier that everybody knows is no protection.
    #[test]
    fn a_known_verifier_is_shown_for_a_loopback_issuer_only() {
        assert!(welcome_of("demo.yaml").contains("code_verifier"));
        assert!(!welcome_of("minimal.yaml").contains("code_verifier"));
    }

    #[test]
    fn a_route_of_a_named_host_is_asked_for_by_that_name() {
        let text = welcome_of("minimal.yaml");

        let request =
            "curl -i --connect-to files.example:9480:127.0.0.1:9480 http://files.example:9480/";
        assert!(text.contains(request), "{text}");
    }
}
