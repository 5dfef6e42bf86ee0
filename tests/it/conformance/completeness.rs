//! Every module of the plans has its test, and every test is of a module: a name that is missing,
//! or misspelled and so tests something else, is found.

/// A plan, the source of its tests, and its modules as the suite names them.
struct Plan {
    name: &'static str,
    source: &'static str,
    modules: &'static [&'static str],
}

/// The modules of Basic, which Form Post Basic runs once more.
const BASIC: [&str; 38] = [
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-idtoken-unsigned",
    "oidcc-userinfo-get",
    "oidcc-userinfo-post-header",
    "oidcc-userinfo-post-body",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-alternate-happy-flow",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-post-request-succeeds",
    "oidcc-server-client-secret-post",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
];

/// The plans that a provider of the code flow can have in full.
const PLANS: [Plan; 7] = [
    Plan {
        name: "oidcc-basic-certification-test-plan",
        source: include_str!("basic.rs"),
        modules: &BASIC,
    },
    Plan {
        name: "oidcc-formpost-basic-certification-test-plan",
        source: include_str!("form_post_basic.rs"),
        modules: &BASIC,
    },
    Plan {
        name: "oidcc-config-certification-test-plan",
        source: include_str!("config.rs"),
        modules: &["oidcc-discovery-endpoint-verification"],
    },
    Plan {
        name: "oidcc-rp-initiated-logout-certification-test-plan",
        source: include_str!("rp_initiated_logout.rs"),
        modules: &[
            "oidcc-rp-initiated-logout-discovery-endpoint-verification",
            "oidcc-rp-initiated-logout",
            "oidcc-rp-initiated-logout-no-state",
            "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-modified-id-token-hint",
            "oidcc-rp-initiated-logout-bad-id-token-hint",
            "oidcc-rp-initiated-logout-no-id-token-hint",
            "oidcc-rp-initiated-logout-no-params",
            "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-only-state",
        ],
    },
    Plan {
        name: "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        source: include_str!("backchannel_logout.rs"),
        modules: &[
            "oidcc-backchannel-logout-discovery-endpoint-verification",
            "oidcc-backchannel-rp-initiated-logout",
        ],
    },
    Plan {
        name: "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
        source: include_str!("frontchannel_logout.rs"),
        modules: &[
            "oidcc-frontchannel-logout-discovery-endpoint-verification",
            "oidcc-frontchannel-rp-initiated-logout",
        ],
    },
    Plan {
        name: "oidcc-3rdparty-init-login-certification-test-plan",
        source: include_str!("third_party_initiated_login.rs"),
        modules: &[
            "oidcc-3rd_party-init-login",
            "oidcc-3rd_party-init-login-nohttps",
        ],
    },
];

/// The names of the tests in a file: its own functions, and those that `plan!` declares.
fn tests(source: &str) -> Vec<&str> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = source.lines().filter_map(|line| {
        let line = line.trim();
        let rest = line.strip_prefix("async fn ").unwrap_or(line);
        let end = rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len());
        rest.get(..end).filter(|name| name.starts_with("oidcc_"))
    });
    names.collect()
}

#[test]
fn every_module_of_a_plan_has_a_test_and_every_test_a_module() {
    for plan in PLANS {
        let mut modules: Vec<String> = plan
            .modules
            .iter()
            .map(|name| name.to_ascii_lowercase().replace('-', "_"))
            .collect();
        let mut tests = tests(plan.source);
        modules.sort_unstable();
        tests.sort_unstable();
        assert_eq!(tests, modules, "{}", plan.name);
    }
}
