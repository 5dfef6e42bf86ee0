//! What of Cells' clients is carried over, and what is said of the rest.

use super::*;

const LIST: &str = r##"[
  {"client_id": "cells-frontend", "client_name": "Cells",
   "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
   "redirect_uris": ["#default_bind#/auth/callback"],
   "post_logout_redirect_uris": ["#default_bind#/auth/logout"],
   "scope": "openid email profile pydio offline", "audience": null,
   "token_endpoint_auth_method": "none", "subject_type": "public", "created_at": "2020-01-01"},
  {"client_id": "cells-sync", "redirect_uris": ["http://localhost:3000/servers/callback",
   "http://localhost:[3636-3666]/servers/callback"]},
  {"client_id": "cells-client", "redirect_uris": ["#binds...#/oauth2/oob"]},
  {"client_id": "wiki", "client_secret": "s3cret", "grant_types": ["implicit", "authorization_code"],
   "response_types": ["code", "id_token"], "token_endpoint_auth_method": "tls_client_auth",
   "redirect_uris": ["#insecure_binds...#/cb", "https://*.example/", "https://wiki.example/cb"],
   "logo_uri": "https://wiki.example/logo.png", "tos_uri": "http://wiki.example/terms",
   "allowed_cors_origins": ["https://wiki.example"], "revokeRefreshTokenAfterInactivity": "2h",
   "jwks": {"keys": [{"kty": "EC"}]}},
  {"client_id": "reports", "client_secret": "old", "grant_types": ["client_credentials"],
   "token_endpoint_auth_method": "private_key_jwt", "jwks": {},
   "jwks_uri": "https://reports.example/jwks.json"}
]"##;

fn read(json: &str) -> Vec<CellsClient> {
    let others = ["http://10.0.0.1:8080".to_owned()];
    parse(json, &Sites::new("https://files.example", &others)).unwrap()
}

fn uris_of(client: &CellsClient) -> Vec<&str> {
    let uris = client.metadata.redirect_uris.iter().flatten();
    uris.map(String::as_str).collect()
}

#[test]
fn redirect_uris_are_those_that_cells_accepts() {
    let clients = read(LIST);
    let [frontend, sync, client, wiki, _] = &clients[..] else {
        panic!("{clients:?}")
    };

    assert_eq!(uris_of(frontend), ["https://files.example/auth/callback"]);
    assert_eq!(
        frontend.metadata.post_logout_redirect_uris.as_deref(),
        Some(&["https://files.example/auth/logout".to_owned()][..])
    );
    assert_eq!(
        uris_of(sync),
        [
            "http://localhost:3000/servers/callback",
            "http://localhost:[3636-3666]/servers/callback",
        ]
    );
    assert_eq!(uris_of(client), ["https://files.example/oauth2/oob"]);
    assert_eq!(uris_of(wiki), ["https://wiki.example/cb"]);
}

#[test]
fn nothing_is_said_of_a_client_that_is_carried_over_whole() {
    let clients = read(LIST);

    assert!(clients[0].notes.is_empty(), "{:?}", clients[0].notes);
    assert!(clients[1].notes.is_empty(), "{:?}", clients[1].notes);
}

#[test]
fn what_is_left_out_is_said() {
    let notes = &read(LIST)[3].notes;

    for part in [
        "the grant type implicit",
        "the response type id_token",
        "token_endpoint_auth_method tls_client_auth",
        "its keys",
        "http://10.0.0.1:8080/cb",
        "https://*.example/",
        "tos_uri http://wiki.example/terms",
        "allowed_cors_origins",
        "revokeRefreshTokenAfterInactivity",
    ] {
        let said = notes.iter().filter(|note| note.contains(part)).count();
        assert_eq!(said, 1, "{part}: {notes:#?}");
    }
    assert_eq!(notes.len(), 9, "{notes:#?}");
    let [note] = &read(LIST)[4].notes[..] else {
        panic!("one note")
    };
    assert!(note.contains("its secret"), "{note}");
}

#[test]
fn a_client_without_a_secret_is_public_unless_it_has_keys() {
    let clients = read(LIST);

    for (n, method, secret) in [
        (0, AuthenticationMethod::None, None),
        (1, AuthenticationMethod::None, None),
        (3, AuthenticationMethod::ClientSecretBasic, Some("s3cret")),
        (4, AuthenticationMethod::PrivateKeyJwt, None),
    ] {
        let client = &clients[n];
        assert_eq!(client.metadata.authentication_method(), method, "{n}");
        assert_eq!(client.secret.as_ref().map(Secret::expose), secret, "{n}");
    }
}

#[test]
fn the_list_is_found_wherever_cells_has_it() {
    let data = Value::from(LIST);
    for json in [
        format!(r#"{{"FullPath": "services/pydio.web.oauth/staticClients", "Data": {data}}}"#),
        format!(r#"{{"staticClients": {LIST}}}"#),
        format!(r#"{{"services": {{"pydio.web.oauth": {{"staticClients": {LIST}}}, "x": 1}}}}"#),
    ] {
        assert_eq!(read(&json).len(), 5, "{json}");
    }
}

#[test]
fn what_is_no_list_of_clients_is_refused_with_its_place() {
    for (json, reason) in [
        ("{}", "not the `staticClients`"),
        ("7", "not the `staticClients`"),
        ("[", "EOF"),
        (r#"{"Data": "["}"#, "EOF"),
        (
            r#"{"services": {"pydio.web.oauth": {}}}"#,
            "not the `staticClients`",
        ),
        (r#"[{"client_id": "a"}, {}]"#, "client_id"),
        (
            r#"[{"client_id": "a", "redirect_uris": "x"}]"#,
            "[0].redirect_uris",
        ),
        (r#"[{"client_id": ""}]"#, "printable"),
    ] {
        let error = parse(json, &Sites::new("https://files.example", &[])).unwrap_err();
        assert!(error.to_string().contains(reason), "{json}: {error}");
    }
}
