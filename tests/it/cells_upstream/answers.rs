//! Ways in which Cells can answer (fact sheet, end of section I) that have no test elsewhere.

use crate::cells::stand_in::{Switches, Version};
use crate::cells_site::{own_token, site};
use crate::support::claims;

const VERSIONS: [Version; 3] = [Version::V2, Version::V4, Version::V5];

/// E.1: the one endpoint where a bad token of Cells is no token; one of ours is refused before.
#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_the_interface_is_that_of_whoever_has_a_token() {
    let (cells, edge) = site("").await;
    let ours = edge.sign_in("alice").tokens().await.access_token;
    let own = own_token(&cells, &edge, "bob").await;
    let personal = cells.personal_token("carol@example.com");
    let state = "/a/frontend/state";

    let anonymous = edge.get(state).await.assert_status(200);
    assert!(!anonymous.body.contains("<user"), "{}", anonymous.body);
    for (token, login) in [
        (&ours, Some("alice")),
        (&own, Some("bob")),
        (&personal, Some("carol@example.com")),
        (&"no.such".to_owned(), None),
    ] {
        let seen = edge.get_with(state, token).await.assert_status(200);
        let expected = login.map(|login| format!("<user id=\"{login}\">"));
        match expected {
            Some(user) => assert!(seen.body.contains(&user), "{}", seen.body),
            None => assert_eq!(seen.body, anonymous.body),
        }
    }
    let form = [("client_id", "demo-app"), ("token", &ours)];
    edge.post_form("/oidc/oauth2/revoke", &form)
        .await
        .assert_status(200);
    edge.get_with(state, &ours)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// E.1: Cells 2 and 3 take any `Authorization` for a token of theirs and answer in plain text; what is no
/// bearer token does not come so far.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_a_header_is_refused_before_any_cells_sees_it() {
    for version in VERSIONS {
        let (cells, edge) = site("").await;
        cells.set(Switches {
            version,
            ..Switches::default()
        });
        for path in ["/a/user/alice", "/a/frontend/state"] {
            let request = edge.http.get(edge.url(path));
            let request = request.basic_auth("alice", Some("cells-demo-password"));
            let refused = edge.send(request).await;
            refused.assert_challenged(401, None);
        }
        assert!(cells.last_field("host").is_empty(), "nothing arrived");
    }
}

/// A.5: the challenge of Cells' own userinfo is not one (RFC 6750 §3); the edge's is.
#[tokio::test(flavor = "multi_thread")]
async fn userinfo_refuses_as_the_standard_says() {
    let (cells, edge) = site("").await;
    let of_cells = format!("{}oidc/userinfo", cells.url());
    let odd = edge.send(edge.http.get(of_cells)).await.assert_status(401);
    assert!(odd.header("www-authenticate").starts_with("error="));

    let path = "/oidc/userinfo";
    edge.get(path).await.assert_challenged(401, None);
    let own = own_token(&cells, &edge, "bob").await;
    edge.get_with(path, &own)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let tokens = edge.sign_in("alice").tokens().await;
    let told = edge.get_with(path, &tokens.access_token).await;
    let id_token = claims(tokens.id_token.as_deref().expect("asked for"));
    assert_eq!(told.assert_status(200).json()["sub"], id_token["sub"]);
}
