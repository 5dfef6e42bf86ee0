//! What is printed of a file of Cells, and what is said of the rest.

use std::path::Path;

use super::*;
use crate::model::{ClientAuthentication, ClientId};
use crate::users::Settings;

const PYDIO_JSON: &str = r##"{
  "defaults": {"sites": [{"Binds": ["0.0.0.0:8080"], "ReverseProxyURL": "https://files.example"}]},
  "services": {"pydio.grpc.user": {"x": 1}, "pydio.web.oauth": {
    "accessTokenLifespan": "15m", "refreshTokenLifespan": "720h", "authCodeLifespan": "soon",
    "secret": "hydra-secret", "insecureRedirects": ["#insecure_binds...#/auth/callback"],
    "connectors": [
      {"type": "pydio", "id": "pydio", "name": "Pydio Cells"},
      {"type": "ldap", "id": "corp"},
      {"type": "oidc", "id": "keycloak", "config": {"clientSecret": "connector-secret"}}],
    "staticClients": [
      {"client_id": "cells-frontend", "redirect_uris": ["#default_bind#/auth/callback"]},
      {"client_id": "cells-sync", "redirect_uris": ["http://localhost:3000/servers/callback"]},
      {"client_id": "cells-client", "redirect_uris": ["#binds...#/oauth2/oob"]},
      {"client_id": "cells-mobile", "redirect_uris": ["cellsauth://callback"]},
      {"client_id": "grafana", "client_name": "Grafana: \"ours\"", "client_secret": "s3cret",
       "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
       "redirect_uris": ["https://grafana.example/login", "https://*.example/"],
       "post_logout_redirect_uris": ["#default_bind#/bye"],
       "scope": "openid email profile pydio offline", "audience": ["https://api.example"]},
      {"client_id": "desktop", "redirect_uris": ["http://localhost:[4000-4010]/cb"]},
      {"client_id": "lost", "redirect_uris": ["https://*.example/"]}]}}
}"##;

/// What is printed, and what is said.
fn import(json: &str, more: impl FnOnce(&mut ImportCells)) -> Result<(String, String), CliError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pydio.json");
    std::fs::write(&file, json).unwrap();
    let mut arguments = ImportCells {
        file,
        sites: Vec::new(),
        upstream: Some("https://cells.internal:8443/".to_owned()),
    };
    more(&mut arguments);
    let (mut out, mut report) = (Vec::new(), Vec::new());
    import_cells(&arguments, &mut out, &mut report)?;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ok((text(out), text(report)))
}

fn loaded(yaml: &str) -> Config {
    let others = "listeners: [{ name: edge, address: 127.0.0.1:9480 }]\nstate: {}\n\
                  routes: [{ name: all, path: /, whoami: true, authentication: anonymous }]\n";
    Config::parse(&format!("{yaml}{others}"), Path::new("")).unwrap()
}

#[test]
fn what_is_printed_is_a_configuration_with_the_clients_of_cells() {
    // `lost` has nowhere to go, and would stop a start.
    let json = PYDIO_JSON.replace(
        r#""lost", "redirect_uris": ["https://*.example/"]"#,
        r#""lost", "redirect_uris": ["https://lost.example/"]"#,
    );

    let config = loaded(&import(&json, |_| {}).unwrap().0);

    let provider = config.provider.unwrap();
    assert_eq!(provider.issuer.as_str(), "https://files.example/oidc/");
    assert_eq!(provider.access_token_lifetime.as_secs(), 900);
    assert_eq!(provider.refresh_tokens.idle_lifetime.as_secs(), 720 * 3600);
    let find = |id: &str| {
        let id = ClientId::parse(id).unwrap();
        provider
            .clients
            .iter()
            .find(|client| client.id == id)
            .unwrap()
    };
    let grafana = find("grafana");
    assert_eq!(grafana.name, "Grafana: \"ours\"");
    let ClientAuthentication::SecretBasic(hash) = &grafana.authentication else {
        panic!("{grafana:?}")
    };
    assert!(hash.is_slow() && hash.matches(&crate::secret::Secret::new("s3cret")));
    assert!(
        grafana
            .redirect_uri("https://grafana.example/login")
            .is_some()
    );
    assert!(
        grafana
            .post_logout_redirect_uri("https://files.example/bye")
            .is_some()
    );
    assert_eq!(grafana.audience, ["https://api.example"]);
    let desktop = find("desktop");
    assert!(desktop.is_public() && desktop.must_send_challenge());
    assert!(desktop.redirect_uri("http://localhost:4007/cb").is_some());
    for own in CellsClient::ALL {
        assert_eq!(find(own.id()).of_cells, Some(own));
    }
    let Some(Settings::Cells(cells)) = config.users else {
        panic!("Cells")
    };
    assert_eq!(cells.url.as_str(), "https://cells.internal:8443/");
    assert_eq!(cells.host.as_deref(), Some("files.example"));
}

#[test]
fn what_could_not_be_carried_over_is_said_and_no_secret_is() {
    let (yaml, report) = import(PYDIO_JSON, |_| {}).unwrap();

    for part in [
        "left out cells-frontend",
        "grafana: left out the redirect URI https://*.example/",
        "left out authCodeLifespan",
        "left out secret",
        "left out insecureRedirects",
        "the connector corp (ldap)",
        "left out the connector keycloak (oidc)",
        "to be mended: ",
        "3 clients and 3 of Cells' own",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    for secret in ["s3cret", "hydra-secret", "connector-secret"] {
        assert!(
            !report.contains(secret) && !yaml.contains(secret),
            "{secret}"
        );
    }
}

#[test]
fn a_list_alone_needs_to_be_told_the_address_of_cells() {
    let list = r##"[{"client_id": "cells-sync"},
        {"client_id": "wiki", "redirect_uris": ["#default_bind#/wiki"]}]"##;

    let refused = import(list, |_| {}).unwrap_err();
    assert!(refused.to_string().contains("--site"), "{refused}");

    let sites = |arguments: &mut ImportCells| {
        arguments.sites = vec!["https://files.example".to_owned()];
        arguments.upstream = None;
    };
    let (yaml, report) = import(list, sites).unwrap();
    let provider = loaded(&yaml).provider.unwrap();
    assert_eq!(provider.clients.len(), 2);
    assert!(report.contains("users.cells.url"), "{report}");
}

#[test]
fn what_is_no_file_of_cells_is_refused() {
    let sites = |arguments: &mut ImportCells| {
        arguments.sites = vec!["https://files.example".to_owned()];
    };
    for json in ["{}", "7", "[", r#"{"services": {}}"#] {
        assert!(import(json, sites).is_err(), "{json}");
    }
}
