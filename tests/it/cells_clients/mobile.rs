//! The mobile applications (D.4).

use super::{assert_reaches_cells, code, site, text, whole};
use crate::support::claims;

/// D.4: discovery is required, the secret is empty, the redirection goes to its own scheme.
#[tokio::test(flavor = "multi_thread")]
async fn cells_mobile_signs_in_with_what_it_requires_of_discovery() {
    let (_cells, edge) = site().await;
    let path = "/oidc/.well-known/openid-configuration";
    let document = edge.get(path).await.assert_status(200).json();
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
    ] {
        assert!(
            text(&document, name).starts_with(&edge.url("/oidc/")),
            "{document}"
        );
    }
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-mobile"),
        ("redirect_uri", "cellsauth://callback"),
        ("scope", "openid email offline profile pydio"),
        ("state", "qwertyuiop"),
    ];
    for with_header in [false, true] {
        let code = code(&edge, &request, "cellsauth://callback").await;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", &code)
            .append_pair("redirect_uri", "cellsauth://callback")
            .append_pair("client_id", "cells-mobile")
            .append_pair("client_secret", "")
            .finish();
        let exchange = edge
            .http
            .post(text(&document, "token_endpoint"))
            .header("content-type", "application/x-www-form-urlencoded");
        let exchange = match with_header {
            true => exchange
                .basic_auth("cells-mobile", Some(""))
                .body(form.replace("&client_secret=", "")),
            false => exchange.body(form),
        };
        let tokens = whole(&edge.send(exchange).await);
        assert_eq!(text(&tokens, "id_token").split('.').count(), 3);
        assert_eq!(claims(text(&tokens, "id_token"))["name"], "alice");
        assert_reaches_cells(&edge, &tokens).await;

        let refresh_token = text(&tokens, "refresh_token");
        let form = [("token", refresh_token), ("client_id", "cells-mobile")];
        edge.post_form("/oidc/oauth2/revoke", &form)
            .await
            .assert_status(200);
        let refresh = [
            ("grant_type", "refresh_token"),
            ("client_id", "cells-mobile"),
            ("refresh_token", refresh_token),
        ];
        edge.token(&refresh)
            .await
            .assert_refused(400, "invalid_grant");
    }
}
