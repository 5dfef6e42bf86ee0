//! Whom a client is for, what it is told, and what is known of users.

use std::path::Path;

use super::clients::assert_clients_refused;
use super::{Row, assert_refused_at, whole};

#[test]
fn clients_whose_users_are_a_contradiction_are_refused() {
    assert_clients_refused(ACCESS);
}

const ACCESS: &[Row] = &[
    (
        "a group that is allowed and denied",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], access: {allowed_groups: [staff], denied_groups: [guests, staff]}}",
        &[(
            "provider.clients[0].access.denied_groups[1]",
            7,
            "is allowed as well, and to be denied is stronger",
        )],
    ),
    (
        "a role that is allowed and denied",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], access: {allowed_roles: [admin], denied_roles: [admin]}}",
        &[(
            "provider.clients[0].access.denied_roles[0]",
            7,
            "is allowed as well, and to be denied is stronger",
        )],
    ),
    (
        "a sector without pairwise subjects",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], sector_identifier_uri: 'https://s/'}",
        &[(
            "provider.clients[0].sector_identifier_uri",
            7,
            "is of no use without `subject_type: pairwise`",
        )],
    ),
    (
        "a sector that is no https URL",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], subject_type: pairwise, sector_identifier_uri: 'http://s/'}",
        &[(
            "provider.clients[0].sector_identifier_uri",
            7,
            "a sector identifier is an https URL",
        )],
    ),
    (
        "redirect URIs of two hosts and no sector",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/', 'https://b/'], subject_type: pairwise}",
        &[(
            "provider.clients[0].subject_type",
            7,
            "the redirect URIs do not have exactly one host",
        )],
    ),
];

#[test]
fn claims_that_cannot_be_told_are_refused() {
    assert_clients_refused(CLAIMS);
}

const CLAIMS: &[Row] = &[
    (
        "a claim without a name",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{from: email}]}",
        &[("provider.clients[0].claims[0].name", 7, "is missing")],
    ),
    (
        "a claim without a value",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: tier}]}",
        &[("provider.clients[0].claims[0]", 7, "has no value")],
    ),
    (
        "two constants",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: tier, text: gold, number: 1}]}",
        &[(
            "provider.clients[0].claims[0]",
            7,
            "has more than one value",
        )],
    ),
    (
        "a constant beside a claim",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: tier, from: email, flag: true}]}",
        &[(
            "provider.clients[0].claims[0]",
            7,
            "has more than one value",
        )],
    ),
    (
        "a value that nobody knows",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: tier, from: shoe_size}]}",
        &[(
            "provider.clients[0].claims[0].from",
            7,
            "is not a claim about users",
        )],
    ),
    (
        "one name for two",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: tier, text: gold}, {name: tier, text: tin}]}",
        &[(
            "provider.clients[0].claims[1].name",
            7,
            "is the same as provider.clients[0].claims[0].name",
        )],
    ),
    (
        "a name that is not ours to give away",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: grant_id, text: x}]}",
        &[(
            "provider.clients[0].claims[0].name",
            7,
            "only Cellgate itself sets it",
        )],
    ),
    (
        "a name with a space",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], claims: [{name: 'a b', text: x}]}",
        &[(
            "provider.clients[0].claims[0].name",
            7,
            "1 to 128 printable ASCII characters",
        )],
    ),
];

#[test]
fn lists_and_links_of_clients_that_mean_nothing_are_refused() {
    assert_clients_refused(LISTS);
}

const LISTS: &[Row] = &[
    (
        "a grant type twice",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], grant_types: [authorization_code, authorization_code]}",
        &[("provider.clients[0].grant_types[1]", 7, "is the same as")],
    ),
    (
        "a redirect URI twice",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/', 'https://a/']}",
        &[("provider.clients[0].redirect_uris[1]", 7, "is the same as")],
    ),
    (
        "an audience twice",
        "    - {id: a, secret_hash: 'sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', redirect_uris: ['https://a/'], introspection: {audiences: [x, x]}}",
        &[(
            "provider.clients[0].introspection.audiences[1]",
            7,
            "is the same as",
        )],
    ),
    (
        "an id that cannot be a subject",
        "    - {id: ' a', secret_hash: 'sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', grant_types: [client_credentials]}",
        &[(
            "provider.clients[0].grant_types",
            7,
            "an id with spaces around it cannot be a subject",
        )],
    ),
    (
        "links to nowhere",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], logo_uri: 'a.png'}\n    - {id: b, authentication: none, redirect_uris: ['https://a/'], client_uri: 'ftp://a/'}\n    - {id: c, authentication: none, redirect_uris: ['https://a/'], policy_uri: 'javascript:x'}\n    - {id: d, authentication: none, redirect_uris: ['https://a/'], tos_uri: '/tos'}",
        &[
            ("provider.clients[0].logo_uri", 7, "Write the whole address"),
            (
                "provider.clients[1].client_uri",
                8,
                "Write the whole address",
            ),
            (
                "provider.clients[2].policy_uri",
                9,
                "Write the whole address",
            ),
            ("provider.clients[3].tos_uri", 10, "Write the whole address"),
        ],
    ),
];

#[test]
fn details_of_users_that_libraries_would_reject_are_refused() {
    const HASH: &str =
        "'$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'";
    for (sentence, details, key, fragment) in [
        (
            "a number that is verified and not there",
            "phone_number_verified: true",
            "phone_number_verified",
            "says something about a number that is not there",
        ),
        (
            "a profile that is no page",
            "profile: alice",
            "profile",
            "is not the address of a web page",
        ),
        (
            "a picture that is a file",
            "picture: 'file:///a.png'",
            "picture",
            "is not the address of a web page",
        ),
        (
            "a website without a scheme",
            "website: alice.example",
            "website",
            "is not the address of a web page",
        ),
        (
            "a birthday as people write it",
            "birthdate: 31.12.1990",
            "birthdate",
            "is not a date",
        ),
        (
            "a locale of an operating system",
            "locale: fr_FR",
            "locale",
            "is not a language tag",
        ),
    ] {
        let text = whole(&format!(
            "state: {{}}\nprovider: {{issuer: 'https://f.example/'}}\nusers:\n  static:\n    - {{login: alice, password_hash: {HASH}, details: {{{details}}}}}"
        ));
        let key = format!("users.static[0].details.{key}");
        assert_refused_at(sentence, &text, Path::new(""), &[(&key, 6, fragment)]);
    }
}
