//! Trusted issuers and their keys.

use super::{assert_refused_at, folder, whole};
use crate::config::Config;
use crate::issuers::{self, KeyLocation};
use crate::jose::ClaimPath;

fn trusted(rest: &str) -> String {
    whole(&format!(
        "trusted_issuers:
  - issuer: https://login.example/
    {rest}
routes: [{{name: r, path: /, whoami: true, audience: [api]}}]"
    ))
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"1","alg":"EdDSA"}]}"#;

#[test]
fn a_trusted_issuer_comes_with_its_keys() {
    let folder = folder(&[("jwks.json", JWKS)]);
    let text =
        trusted("jwks_file: jwks.json\n    algorithms: [EdDSA, RS256]\n    types: [at+jwt, '']");

    let config = Config::parse(&text, folder.path()).unwrap();

    let issuer = &config.trusted_issuers[0];
    assert_eq!(issuer.keys, issuers::KeySource::File(JWKS.to_owned()));
    assert_eq!(issuer.terms.types, ["at+jwt", ""]);
    assert_eq!(issuer.algorithms.len(), 2);
    let policy = &config.gateway.routes[0].policy;
    assert_eq!(&*policy.issuers[0], "https://login.example/");
    assert_eq!(policy.audience, ["api"]);
}

#[test]
fn key_sets_that_cannot_be_trusted_are_refused() {
    let folder = folder(&[
        ("text.json", "no JSON"),
        ("empty.json", r#"{"keys":[]}"#),
        ("private.json", r#"{"keys":[{"kty":"OKP","d":"x"}]}"#),
        ("shared.json", r#"{"keys":[{"kty":"oct","k":"x"}]}"#),
    ]);
    for (file, fragment) in [
        ("text.json", "is no JSON Web Key Set"),
        ("empty.json", "a key set without a key"),
        ("private.json", "a private or shared key"),
        ("shared.json", "a private or shared key"),
        ("none.json", "cannot be read"),
    ] {
        let text = trusted(&format!("jwks_file: {file}\n    algorithms: [RS256]"));
        let expected = [("trusted_issuers[0].jwks_file", 4, fragment)];
        assert_refused_at(file, &text, folder.path(), &expected);
    }
}

#[test]
fn a_trusted_issuer_is_trusted_on_the_terms_of_the_file() {
    let folder = folder(&[("secret", "s3cret\n")]);
    let text = trusted(
        "discovery: oauth
    algorithms: [RS256]
    audience: [api, files]
    claims: {groups: [realm_access, roles], client_id: [azp]}
    key_refresh: {interval_s: 60, min_interval_s: 5}
    timeout_s: 3
    introspection:
      url: https://login.example/introspect
      client_id: cellgate
      client_secret_file: secret
      authentication: client_secret_post
      assumed_audience: [api]",
    )
    .replace(", audience: [api]}]", "}]");

    let config = Config::parse(&text, folder.path()).unwrap();

    let issuer = &config.trusted_issuers[0];
    let metadata = "https://login.example/.well-known/oauth-authorization-server";
    let issuers::KeySource::Fetched(keys) = &issuer.keys else {
        panic!("{:?}", issuer.keys);
    };
    assert_eq!(
        keys.location,
        KeyLocation::Metadata(metadata.parse().unwrap())
    );
    assert_eq!(
        (keys.interval.as_secs(), keys.min_interval.as_secs()),
        (60, 5)
    );
    assert_eq!(keys.outage_grace.as_secs(), 86_400, "the default");
    let path = |names: &[&str]| ClaimPath(names.iter().map(ToString::to_string).collect());
    assert_eq!(
        issuer.terms.claims,
        [
            ("client_id".to_owned(), path(&["azp"])),
            ("groups".to_owned(), path(&["realm_access", "roles"])),
        ]
    );
    let endpoint = issuer.introspection.as_ref().unwrap();
    assert_eq!(endpoint.client_secret.expose(), "s3cret");
    assert_eq!(
        endpoint.authentication,
        issuers::ClientAuthentication::SecretPost
    );
    let policy = &config.gateway.routes[0].policy;
    assert_eq!(
        policy.audience,
        ["api", "files"],
        "what the issuer is trusted for"
    );
}

/// H33 cannot even be written: there is no shared secret to configure.
#[test]
fn sources_of_keys_that_nobody_could_trust_are_refused() {
    let folder = folder(&[("jwks.json", JWKS), ("secret", "s3cret")]);
    for (rest, key, fragment) in [
        ("algorithms: [RS256]", "", "has no keys"),
        (
            "discovery: openid, jwks_file: jwks.json, algorithms: [RS256]",
            ".jwks_file",
            "is a second source of keys, besides `discovery`",
        ),
        (
            "jwks_url: 'http://login.example/keys', algorithms: [RS256]",
            ".jwks_url",
            "is not an https address",
        ),
        (
            "jwks: no JSON, algorithms: [RS256]",
            ".jwks",
            "is a text that is no JSON Web Key Set",
        ),
        ("discovery: openid", ".algorithms", "is missing"),
        (
            "discovery: webfinger, algorithms: [RS256]",
            ".discovery",
            "`openid`",
        ),
        (
            "discovery: openid, algorithms: [RS256], claims: {aud: [azp]}",
            ".claims.aud",
            "which no other can stand for",
        ),
        (
            "introspection: {url: 'https://a.example/', client_id: c}",
            ".introspection",
            "has no secret",
        ),
        (
            "introspection: {url: 'http://a.example/', client_id: c, client_secret_file: secret}",
            ".introspection.url",
            "is not an https address",
        ),
        (
            "introspection: {url: 'https://a.example/', client_secret_file: secret}",
            ".introspection.client_id",
            "is missing",
        ),
        (
            "introspection: {url: 'https://a.example/', client_id: c, client_secret_file: secret, client_secret_env: X}",
            ".introspection.client_secret_env",
            "is a second secret",
        ),
    ] {
        let text = format!(
            "trusted_issuers: [{{issuer: 'https://login.example/', {rest}}}]
routes: [{{name: r, path: /, whoami: true, audience: [api]}}]"
        );
        let expected = [(&*format!("trusted_issuers[0]{key}"), 2, fragment)];
        assert_refused_at(rest, &whole(&text), folder.path(), &expected);
    }
}

#[test]
fn trusted_issuers_that_contradict_the_rest_are_refused() {
    let folder = folder(&[("jwks.json", JWKS)]);
    let text = "trusted_issuers:
  - {issuer: 'https://a.example/', jwks_file: jwks.json, algorithms: [RS256]}
  - {issuer: 'https://a.example/', jwks_file: jwks.json, algorithms: [HS256, RS256, RS256]}
  - {issuer: 'https://b example/', jwks_file: jwks.json}
routes:
  - {name: a, path: /a/, whoami: true}
  - {name: b, path: /b/, whoami: true, audience: [x], issuers: ['https://a.example']}";
    assert_refused_at(
        "issuers",
        &whole(text),
        folder.path(),
        &[
            (
                "trusted_issuers[1].issuer",
                4,
                "is the same as trusted_issuers[0].issuer in line 3",
            ),
            ("trusted_issuers[1].algorithms[0]", 4, "Did you mean"),
            ("trusted_issuers[1].algorithms[2]", 4, "is the same as"),
            ("trusted_issuers[2].algorithms", 5, "is missing"),
            ("trusted_issuers[2].issuer", 5, "has spaces"),
            ("routes[0].audience", 7, "is missing: without it"),
            (
                "routes[1].issuers[0]",
                8,
                "Did you mean `https://a.example/`? Every character counts.",
            ),
        ],
    );
}
